import Market
import NodeCrypto
import Settlement

let networkID = NetworkID(word0: 1, word1: 2, word2: 3, word3: 4)
let provider = Identity(seed: [UInt8](repeating: 1, count: 32))
let buyer = Identity(seed: [UInt8](repeating: 2, count: 32))

/// The moment `milliseconds` after the epoch.
func at(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

/// Terms of 4 GPUs for a minute at 2 dollars, in which the buyer takes, unless told otherwise.
func makeTerms(_ change: (inout Terms) -> Void = { _ in }) -> Terms {
  var terms = Terms(
    offer: OrderID(word0: 0, word1: 0, word2: 0, word3: 1), bid: OrderID(word0: 0, word1: 0, word2: 0, word3: 2),
    provider: provider.nodeID, buyer: buyer.nodeID, takerSide: .bid, gpuClass: "h100-sxm-80g", gpus: 4,
    start: at(1_700_000_060_000), end: at(1_700_000_120_000), price: Price(micros: 2_000_000),
    total: Amount(micros: 133_334), currency: "USD", deadline: at(1_700_000_010_000), makerSequence: 7,
    makerHead: EntryID(word0: 5, word1: 6, word2: 7, word3: 8), nonce: Terms.Nonce(high: 9, low: 10))
  change(&terms)
  return terms
}

/// An acceptance of `terms` at the given place of the maker's feed.
func makeAcceptance(of terms: Terms, sequence: UInt64 = 8, time: Timestamp = at(1_700_000_001_000)) -> Acceptance {
  Acceptance(
    trade: Blake2b.hash(terms.encoded()), time: time, sequence: sequence,
    previous: EntryID(word0: 5, word1: 6, word2: 7, word3: 8))
}

/// The receipt that both sign.
func makeReceipt(_ terms: Terms, _ acceptance: Acceptance, network: NetworkID = networkID) -> Receipt {
  let (taker, maker) = terms.takerSide == .bid ? (buyer, provider) : (provider, buyer)
  return Receipt(
    termsBytes: terms.encoded(), takerSignature: taker.sign(terms.encoded(), domain: .terms, network: network),
    acceptanceBytes: acceptance.encoded(),
    makerSignature: maker.sign(acceptance.encoded(), domain: .acceptance, network: network))
}
