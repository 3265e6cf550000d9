import Gossip
import Market
import NodeCore
import NodeCrypto
import Settlement

/// A plain model of the market: what the published entries say of orders and trades, with no code of the product's in
/// it but the reading of operations.
///
/// It judges honest owners only. A hostile one may sell what it does not have.
struct MarketModel {
  struct KnownOrder {
    let owner: NodeID
    var body: OrderBody
    /// GPUs that trades take, by slot; of a bid, all in slot 0.
    var taken: [Int64: Int64] = [:]
  }

  struct KnownTrade {
    let terms: Terms
    var isProposed = false
    var isAccepted = false
    var isRejected = false
    var isReleased = false
    /// Of a leg: whether its maker has settled or freed it.
    var isConcluded = false
  }

  /// A purchase that an honest taker has published.
  struct KnownPurchase {
    enum State { case open, confirmed, void }
    let taker: NodeID
    let legs: [TradeID]
    let confirmBy: Timestamp
    var state = State.open
  }

  let genesis: Genesis
  var honest: Set<NodeID> = []
  private var orders: [OrderID: KnownOrder] = [:]
  var trades: [TradeID: KnownTrade] = [:]
  var purchases: [PurchaseID: KnownPurchase] = [:]
  /// Trades that an honest maker has accepted, in a durable entry, or of which an honest taker has published the receipt;
  /// legs that an honest taker has confirmed.
  var settled: Set<TradeID> = []

  init(genesis: Genesis) { self.genesis = genesis }

  /// All orders, ascending by id.
  var sortedOrders: [(OrderID, KnownOrder)] { orders.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }

  typealias Finding = (rule: Violation.Rule, details: String)

  /// Whether a node is one of the two parties of a trade.
  func isParty(_ node: NodeID, of trade: TradeID) -> Bool {
    trades[trade].map { $0.terms.provider == node || $0.terms.buyer == node } ?? false
  }

  /// How many trades there have been.
  var tradeCount: Int { trades.count }

  /// Applies a published entry; returns which rules that breaks.
  mutating func apply(_ entry: SignedEntry, _ operations: [Operation]) -> [Finding] {
    var findings = enter(entry.author, at: entry.time)
    for (index, operation) in operations.enumerated() {
      findings += apply(operation, of: entry, at: UInt32(index))
    }
    return findings
  }

  private mutating func apply(_ operation: Operation, of entry: SignedEntry, at index: UInt32) -> [Finding] {
    switch operation {
    case .place(let body):
      let id = orderID(author: entry.author, sequence: entry.sequence, index: index)
      orders[id] = KnownOrder(owner: entry.author, body: body)
    case .amend(let id, let body): if orders[id]?.owner == entry.author { orders[id]?.body = body }
    case .cancel: break
    case .propose(let signed): return propose(signed, by: entry.author)
    case .accept(let signed, _): return accept(signed, by: entry.author)
    case .reject(let id, _, _):
      if trades[id]?.terms.maker == entry.author { trades[id]?.isRejected = true }
    case .receipt(let acceptance):
      if honest.contains(entry.author) { settled.insert(acceptance.acceptance.trade) }
    case .release(let id, _): return release(id, by: entry.author)
    // It restates what the entries before it say.
    case .checkpoint: break
    case .rotate: break
    case .purchase(let legs): return purchase(legs, by: entry.author, at: entry.time)
    case .confirm(let confirmation, _): return confirm(confirmation.confirmation, by: entry.author, at: entry.time)
    case .withdraw(let id, _): return withdraw(id, by: entry.author)
    case .settle(let id, _): return settle(id, by: entry.author)
    case .free(let id, _): return free(id, by: entry.author)
    }
    return []
  }

  mutating func note(_ signed: SignedTerms) -> TradeID {
    let id: TradeID = Blake2b.hash(signed.bytes)
    if trades[id] == nil { trades[id] = KnownTrade(terms: signed.terms) }
    return id
  }

  private mutating func propose(_ signed: SignedTerms, by author: NodeID) -> [Finding] {
    guard signed.terms.taker == author, honest.contains(author) else { return [] }
    let id = note(signed)
    guard trades[id]?.isProposed == false else { return [] }
    trades[id]?.isProposed = true
    return take(signed.terms, of: signed.terms.takerOrder, sign: 1)
  }

  private mutating func accept(_ signed: SignedTerms, by author: NodeID) -> [Finding] {
    guard signed.terms.maker == author else { return [] }
    let id = note(signed)
    guard honest.contains(author), let trade = trades[id], !trade.isAccepted, !trade.isRejected else { return [] }
    trades[id]?.isAccepted = true
    if signed.terms.leg == nil { settled.insert(id) }
    var findings = take(signed.terms, of: signed.terms.makerOrder, sign: 1)
    if trade.isReleased, signed.terms.leg == nil { findings.append(releasedAccepted(id)) }
    return findings
  }

  private mutating func release(_ id: TradeID, by author: NodeID) -> [Finding] {
    guard let trade = trades[id], trade.terms.taker == author, honest.contains(author), trade.isProposed,
      !trade.isReleased
    else { return [] }
    trades[id]?.isReleased = true
    var findings = take(trade.terms, of: trade.terms.takerOrder, sign: -1)
    if trade.isAccepted { findings.append(releasedAccepted(id)) }
    return findings
  }

  private func releasedAccepted(_ id: TradeID) -> Finding {
    (.releasedAccepted, "trade \(id.short(6)), which its honest maker accepted")
  }

  mutating func take(_ terms: Terms, of id: OrderID, sign: Int64) -> [Finding] {
    guard let order = orders[id], honest.contains(order.owner) else { return [] }
    var slots: Range<Int64> = 0..<1
    if order.body.side == .offer {
      slots = genesis.slot(containing: terms.start).index..<genesis.slot(containing: terms.end).index
    }
    var most: Int64 = 0
    for slot in slots {
      let taken = order.taken[slot, default: 0] + sign * Int64(terms.gpus)
      orders[id]?.taken[slot] = taken
      most = max(most, taken)
    }
    guard sign > 0, most > Int64(order.body.gpus) else { return [] }
    return [(.oversold, "\(order.body.side) \(id.short(6)): \(most) of \(order.body.gpus) GPUs taken")]
  }

  /// The name of the order that an operation places: see the protocol's document.
  private func orderID(author: NodeID, sequence: UInt64, index: UInt32) -> OrderID {
    var bytes = Array("p2pnode/order/v1".utf8) + [0]
    genesis.networkID.append(to: &bytes)
    author.append(to: &bytes)
    withUnsafeBytes(of: sequence.bigEndian) { bytes += $0 }
    withUnsafeBytes(of: index.bigEndian) { bytes += $0 }
    return Blake2b.hash(bytes)
  }

  /// Trades between honest parties that their maker has not answered and their taker not released, or that their maker
  /// rejected and their taker has not released, with the taker's order not yet over at `now`.
  func undecided(at now: Timestamp, among present: Set<NodeID>) -> [TradeID] {
    trades.filter { id, trade in
      guard trade.terms.leg == nil, trade.isProposed, !trade.isAccepted, !trade.isReleased, !settled.contains(id),
        present.contains(trade.terms.maker), present.contains(trade.terms.taker),
        let order = orders[trade.terms.takerOrder]
      else { return false }
      return order.body.expiry > now
    }.map(\.key).sorted() + undecidedLegs(at: now, among: present)
  }
}
