import HeapModule
import Market
import NodeCrypto
import Settlement

/// What one author's entries add up to: a function of its feed alone, whatever is known of others. Therefore a checkpoint
/// can restate it, and feeds may arrive in any order.
struct AuthorState: Sendable {
  /// A proposal of the author's that it has neither released nor copied the acceptance of.
  struct Proposal: Sendable {
    let signed: SignedTerms
    /// Whether it takes from the author's order: only from one that was live when it was made.
    let isTaken: Bool
  }

  /// The purchase of the author's that it has neither confirmed nor withdrawn. There is one at a time.
  struct Purchase: Sendable {
    let id: PurchaseID
    let legs: [SignedTerms]
    /// The legs' names.
    let trades: [TradeID]
    /// The latest entry time of its confirm: any later entry brings it to nothing.
    let confirmBy: Timestamp
    /// Whether it takes from the author's bid.
    let isTaken: Bool

    /// A purchase of these legs; nil unless they are ones.
    init?(legs: [SignedTerms], isTaken: Bool) {
      guard let leg = legs.first?.terms.leg else { return nil }
      id = leg.purchase
      confirmBy = leg.confirmBy
      self.legs = legs
      self.isTaken = isTaken
      trades = legs.map { Blake2b.hash($0.bytes) }
    }

    /// The bid for which it is.
    var bid: OrderID { legs[0].terms.bid }
  }

  /// A purchase that the author has confirmed, as long as a lease of it is not over.
  struct Confirmed: Equatable, Sendable {
    /// The digest of the confirmation.
    let confirmation: Digest
    /// From this entry time on nobody needs to know of it any more.
    let until: Timestamp
  }

  /// What the author holds for a leg: it has accepted it, and neither settled nor freed it.
  struct Hold: Sendable {
    let signed: SignedTerms
    let decision: SignedAcceptance
    /// Whether it takes from the author's order.
    let isTaken: Bool
  }

  /// A checkpoint of which parts have come.
  struct Unfinished: Sendable {
    let first: UInt64
    let totals: CheckpointTotals
    var items: CheckpointItems
  }

  /// What the author says of another node: that it did not answer proposals, as maker, and that it let holds for
  /// purchases of its own lapse, as taker.
  struct Complaint: Hashable, Sendable {
    var expiries = 0
    var lapses = 0
  }

  /// The nodes of whom an author can complain; complaints of more are not counted.
  static let maximumComplaints = 1024

  var orders = AuthorOrders()
  /// For look-up only.
  private(set) var proposals: [TradeID: Proposal] = [:]
  /// The open purchase.
  var purchase: Purchase?
  /// The purchases that it has confirmed. For look-up only.
  private(set) var confirmed: [PurchaseID: Confirmed] = [:]
  private var confirmedUntil = Heap<Ending<PurchaseID>>()
  /// The open holds. For look-up only.
  private(set) var holds: [TradeID: Hold] = [:]
  /// Which of those are of purchases of one taker. For look-up only.
  private(set) var holdsByTaker: [NodeID: Set<TradeID>] = [:]
  /// How many GPUs of an order they hold, whatever the slots. For look-up only.
  private(set) var heldGPUs: [OrderID: Int64] = [:]
  private var holdsUntil = Heap<Ending<TradeID>>()
  /// What it adds up to in the author's public record.
  var counts = FeedCounts()
  /// What it says of others in their public records.
  private(set) var complaints: [NodeID: Complaint] = [:]
  var unfinished: Unfinished?
  /// Whether the entries before the unfinished checkpoint are not all known, so that it cannot be checked.
  var isJump = false

  /// Trades that it has answered, released or copied lately: the first time counts.
  private var done: Set<TradeID> = []
  private var doneUntil = Heap<Ending<TradeID>>()

  /// Forgets what does not matter any more at the time of an entry of the author's; true when its open purchase is over.
  @discardableResult
  mutating func expire(at time: Timestamp) -> Bool {
    orders.expire(at: time)
    while let next = doneUntil.min, next.until < time {
      done.remove(next.name)
      doneUntil.removeMin()
    }
    // What was held for a lease that is over is nobody's any more.
    while let next = holdsUntil.min, next.until <= time {
      _ = endHold(next.name)
      holdsUntil.removeMin()
    }
    while let next = confirmedUntil.min, next.until <= time {
      confirmed[next.name] = nil
      confirmedUntil.removeMin()
    }
    guard let purchase else { return false }
    return purchase.confirmBy < time
  }

  /// Notes an order that the author places.
  ///
  /// - Parameter limits: what the author may have open; nil where that is taken for granted.
  /// - Returns: whether it fits into that; otherwise it counts for nothing.
  mutating func place(_ order: Order, limits: GenesisLimits?) -> Bool {
    if let limits, room(for: order.body, limits: limits) != .enough { return false }
    let place = OrderPlace(sequence: order.priority.sequence, index: order.priority.index)
    orders.add(order.id, order.body, at: place)
    return true
  }

  /// Notes that a trade has been answered, released or copied; false when it was already.
  mutating func finish(_ trade: TradeID, until: Timestamp) -> Bool {
    guard done.insert(trade).inserted else { return false }
    doneUntil.insert(Ending(until: until, name: trade))
    return true
  }

  /// Whether a proposal of the author's would be a new one.
  func isNew(_ trade: TradeID) -> Bool { proposals[trade] == nil && !done.contains(trade) }

  mutating func open(_ trade: TradeID, _ proposal: Proposal) { proposals[trade] = proposal }

  /// Ends a proposal that is open.
  mutating func close(_ trade: TradeID) -> Proposal? {
    guard let proposal = proposals.removeValue(forKey: trade) else { return nil }
    _ = finish(trade, until: proposal.signed.terms.deadline)
    return proposal
  }

  mutating func hold(_ trade: TradeID, _ hold: Hold) {
    _ = endHold(trade)
    holds[trade] = hold
    let terms = hold.signed.terms
    holdsByTaker[terms.taker, default: []].insert(trade)
    heldGPUs[terms.makerOrder, default: 0] += Int64(terms.gpus)
    holdsUntil.insert(Ending(until: hold.signed.terms.end, name: trade))
  }

  /// Ends a hold that is open.
  mutating func endHold(_ trade: TradeID) -> Hold? {
    guard let hold = holds.removeValue(forKey: trade) else { return nil }
    let terms = hold.signed.terms
    holdsByTaker[terms.taker]?.remove(trade)
    if holdsByTaker[terms.taker]?.isEmpty == true { holdsByTaker[terms.taker] = nil }
    let left = heldGPUs[terms.makerOrder, default: 0] - Int64(terms.gpus)
    heldGPUs[terms.makerOrder] = left == 0 ? nil : left
    return hold
  }

  /// Ends the open purchase.
  mutating func endPurchase() -> Purchase? {
    guard let ended = purchase else { return nil }
    purchase = nil
    for trade in ended.trades { _ = finish(trade, until: ended.confirmBy) }
    return ended
  }

  /// Notes a purchase that is confirmed; it is kept until so long after its last lease.
  mutating func confirm(_ signed: SignedConfirmation, of legs: [SignedTerms], keptMilliseconds: Int64) {
    guard let end = legs.map(\.terms.end).max() else { return }
    let id = signed.confirmation.purchase
    confirmed[id] = Confirmed(confirmation: Blake2b.hash(signed.signed.bytes), until: end + keptMilliseconds)
    confirmedUntil.insert(Ending(until: end + keptMilliseconds, name: id))
  }

  /// Counts complaints of a node; false when they are of one too many.
  mutating func complain(of node: NodeID, _ complaint: Complaint) -> Bool {
    guard complaints[node] != nil || complaints.count < Self.maximumComplaints else { return false }
    complaints[node, default: Complaint()].expiries += complaint.expiries
    complaints[node, default: Complaint()].lapses += complaint.lapses
    return true
  }

  /// Counts a trade that the author's own word has settled.
  mutating func settle(_ terms: Terms, by author: NodeID) {
    counts.settled += 1
    let time = GPUTime(gpus: terms.gpus, from: terms.start, until: terms.end)
    if terms.provider == author { counts.sold += time } else { counts.bought += time }
  }
}
