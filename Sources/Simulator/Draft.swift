import Gossip
import Market
import NodeCore
import NodeCrypto
import OrderBook
import Settlement

/// A feed in the making.
struct Draft {
  let identity: Identity
  let genesis: Genesis
  private(set) var entries: [SignedEntry] = []

  init(identity: Identity, genesis: Genesis) {
    self.identity = identity
    self.genesis = genesis
  }

  var head: Head { entries.last?.head ?? .origin(of: genesis.networkID) }

  /// The order that the first entry places.
  var orderID: OrderID {
    Place(author: identity.nodeID, time: .zero, sequence: 1, index: 0).orderID(network: genesis.networkID)
  }

  @discardableResult
  mutating func append(_ operations: [Operation], at time: Timestamp) -> SignedEntry {
    let codec = OperationCodec(genesis: genesis)
    let entry = SignedEntry(
      after: head, time: max(time, head.time), payload: operations.flatMap { codec.encode($0) }, identity: identity,
      network: genesis.networkID)
    entries.append(entry)
    return entry
  }

  /// A proposal of this renter's for one GPU during the window.
  func propose(
    offer: OrderID, bid: OrderID, provider: NodeID, _ window: SlotRange, at time: Timestamp, nonce: UInt64
  ) -> SignedTerms {
    let price = Price(micros: 500_000_000)
    let terms = Terms(
      offer: offer, bid: bid, provider: provider, buyer: identity.nodeID, takerSide: .bid,
      gpuClass: genesis.gpuClass(at: GPUClassIndex(0)).id, gpus: 1, start: genesis.start(of: window.start),
      end: genesis.start(of: window.end), price: price,
      total: genesis.total(price, gpus: 1, slots: window.count) ?? Amount(micros: 0), currency: genesis.currency,
      deadline: time + genesis.limits.proposalMilliseconds, makerSequence: 0,
      makerHead: Head.origin(of: genesis.networkID).entry, nonce: Terms.Nonce(high: 0, low: nonce))
    let bytes = terms.encoded()
    return SignedTerms(
      terms: terms, bytes: bytes, signature: identity.sign(bytes, domain: .terms, network: genesis.networkID))
  }

  /// This provider's acceptance at the next place.
  func accept(_ signed: SignedTerms, at time: Timestamp) -> SignedAcceptance {
    let acceptance = Acceptance(
      trade: Blake2b.hash(signed.bytes), time: time, sequence: head.sequence + 1, previous: head.entry)
    let bytes = acceptance.encoded()
    return SignedAcceptance(
      acceptance: acceptance, bytes: bytes,
      signature: identity.sign(bytes, domain: .acceptance, network: genesis.networkID), maker: identity.nodeID)
  }

  /// A checkpoint at the next place that has the order of the first entry, and nothing taken of it.
  func checkpoint(of order: OrderBody, at time: Timestamp) -> CheckpointPart {
    var counts = FeedCounts()
    counts.since = entries.first?.time
    (counts.accepts, counts.settled) = (1, 1)
    var items = CheckpointItems()
    let place = OrderPlace(sequence: 1, index: 0)
    items.orders = [CheckpointItems.LiveOrder(place: place, time: time, priority: place, body: order)]
    return CheckpointPart(
      first: head.sequence + 1, totals: CheckpointTotals(rateLeft: 1000, counts: counts), items: items, isLast: true)
  }

  /// The legs of a purchase, signed, whose terms say all but the purchase's name.
  func purchase(_ terms: [Terms]) -> [SignedTerms] {
    let name = Confirmation.purchase(of: terms.map(\.legDigest), network: genesis.networkID)
    return terms.map { terms in
      var terms = terms
      terms.leg?.purchase = name
      let bytes = terms.encoded()
      return SignedTerms(
        terms: terms, bytes: bytes, signature: identity.sign(bytes, domain: .terms, network: genesis.networkID))
    }
  }

  /// This buyer's confirmation of some legs, at the next place.
  func confirm(_ legs: [(terms: Terms, accepted: SignedAcceptance)], at time: Timestamp) -> Operation? {
    guard let purchase = legs.first?.terms.leg?.purchase else { return nil }
    let confirmation = Confirmation(
      purchase: purchase, time: max(time, head.time), sequence: head.sequence + 1, previous: head.entry,
      legs: legs.map { Confirmation.Leg(terms: $0.terms.legDigest, acceptance: Blake2b.hash($0.accepted.bytes)) })
    let bytes = confirmation.encoded()
    let signature = identity.sign(bytes, domain: .confirmation, network: genesis.networkID)
    let signed = SignedConfirmation(
      confirmation: confirmation, signed: Receipt.SignedConfirmation(bytes: bytes, signature: signature),
      taker: identity.nodeID)
    return .confirm(signed, legs.map(\.accepted))
  }
}
