import Gossip
import Market
import NodeCrypto
import Settlement
import Simulator

@testable import NodeCore

/// Makes the operations of trades by hand, whatever an honest node would do.
struct DealBuilder {
  let genesis: Genesis

  /// A proposal of some GPUs in slots given in seconds from the virtual clock's start, signed by the taker.
  func propose(
    offer: OrderID, bid: OrderID, provider: Identity, buyer: Identity, takerSide: Side = .bid, gpus: Int32,
    from start: Int64, until end: Int64, at dollars: Double = 2.00, deadline: Timestamp, nonce: UInt64 = 0
  ) -> SignedTerms {
    let price = Price(micros: Int64(dollars * 1_000_000))
    let terms = Terms(
      offer: offer, bid: bid, provider: provider.nodeID, buyer: buyer.nodeID, takerSide: takerSide,
      gpuClass: "h100-sxm-80g", gpus: gpus, start: epoch + start * 1000, end: epoch + end * 1000, price: price,
      total: price.total(gpus: Int64(gpus), seconds: end - start) ?? Amount(micros: 0), currency: "USD",
      deadline: deadline, makerSequence: 0, makerHead: Head.origin(of: genesis.networkID).entry,
      nonce: Terms.Nonce(high: 0, low: nonce))
    let taker = takerSide == .bid ? buyer : provider
    return SignedTerms(
      terms: terms, bytes: terms.encoded(),
      signature: taker.sign(terms.encoded(), domain: .terms, network: genesis.networkID))
  }

  /// The maker's accept, as an operation of the next entry of its feed.
  func accept(_ signed: SignedTerms, in feed: HandwrittenFeed, at time: Timestamp) -> Operation {
    let acceptance = Acceptance(
      trade: Blake2b.hash(signed.bytes), time: time, sequence: feed.head.sequence + 1, previous: feed.head.entry)
    let bytes = acceptance.encoded()
    return .accept(
      signed,
      SignedAcceptance(
        acceptance: acceptance, bytes: bytes,
        signature: feed.identity.sign(bytes, domain: .acceptance, network: genesis.networkID),
        maker: feed.identity.nodeID))
  }
}

/// A leg to be: which GPUs of whose offer.
struct LegDraft {
  let offer: OrderID
  let provider: Identity
  let gpus: Int32
}

extension DealBuilder {
  /// The signed legs of a purchase of slots given in seconds from the virtual clock's start.
  func purchase(
    _ drafts: [LegDraft], bid: OrderID, buyer: Identity, from start: Int64 = 60, until end: Int64 = 120,
    deadline: Timestamp, confirmBy: Timestamp, nonce: UInt64 = 0
  ) -> [SignedTerms] {
    var legs = drafts.map { draft in
      var terms = propose(
        offer: draft.offer, bid: bid, provider: draft.provider, buyer: buyer, gpus: draft.gpus, from: start, until: end,
        deadline: deadline, nonce: nonce
      ).terms
      terms.leg = Terms.Leg(purchase: Blake2b.hash([]), confirmBy: confirmBy)
      return terms
    }
    let purchase = Confirmation.purchase(of: legs.map(\.legDigest), network: genesis.networkID)
    for index in legs.indices { legs[index].leg?.purchase = purchase }
    return legs.map { terms in
      SignedTerms(
        terms: terms, bytes: terms.encoded(),
        signature: buyer.sign(terms.encoded(), domain: .terms, network: genesis.networkID))
    }
  }

  /// The taker's confirmation, as it stands in the next entry of its feed.
  func confirmation(
    of legs: [SignedTerms], accepted: [SignedAcceptance], in feed: HandwrittenFeed, at time: Timestamp
  ) -> SignedConfirmation {
    let confirmation = Confirmation(
      purchase: Confirmation.purchase(of: legs.map(\.terms.legDigest), network: genesis.networkID), time: time,
      sequence: feed.head.sequence + 1, previous: feed.head.entry,
      legs: zip(legs, accepted).map {
        Confirmation.Leg(terms: $0.terms.legDigest, acceptance: Blake2b.hash($1.bytes))
      })
    let bytes = confirmation.encoded()
    return SignedConfirmation(
      confirmation: confirmation,
      signed: Receipt.SignedConfirmation(
        bytes: bytes, signature: feed.identity.sign(bytes, domain: .confirmation, network: genesis.networkID)),
      taker: feed.identity.nodeID)
  }
}

extension Operation {
  /// The acceptance of an accept.
  var acceptance: SignedAcceptance? {
    guard case .accept(_, let acceptance) = self else { return nil }
    return acceptance
  }
}
