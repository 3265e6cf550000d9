import HeapModule
import Market
import NodeCrypto

/// What this node still has to do about trades and orders of its own. Derived from the feeds: lost in a crash and
/// worked out again after it.
struct Duties: Sendable {
  /// An own order and a counter-order with which a trade failed.
  struct Pair: Hashable, Comparable, Sendable {
    let own: OrderID
    let counter: OrderID
    static func < (left: Self, right: Self) -> Bool {
      left.own == right.own ? left.counter < right.counter : left.own < right.own
    }
  }

  /// A proposal of somebody else to an own order.
  struct OpenProposal: Sendable {
    let taker: NodeID
    let deadline: Timestamp
  }

  /// Proposals of others to own orders.
  var decide = TakerQueue()
  /// Own proposals that were accepted and whose receipt is not in the own feed yet.
  var copy = TradeQueue()
  /// Own proposals that came to nothing and whose reservation is to be taken back.
  var release = TradeQueue()
  /// Legs that are held and whose purchase is decided: to be settled or freed.
  var conclude = TradeQueue()
  /// Own bids that wait until the open purchase is decided, since there is one at a time.
  private(set) var waiting: Set<OrderID> = []
  /// Legs that their makers freed, to be checked.
  var frees = FreeChecks()
  /// Own proposals without an answer, by maker.
  private(set) var undecided: [NodeID: Set<TradeID>] = [:]
  /// Own proposals of orders that have expired since, by maker. Nothing is kept waiting by them; a closure still ends them.
  private(set) var moot: [NodeID: Set<TradeID>] = [:]
  /// The makers' orders that those are for: at most one proposal at a time to each.
  private(set) var proposedTo: Set<OrderID> = []
  /// Owners whose feeds have been silent for three ticks; their orders are not taken.
  var staleOwners: Set<NodeID> = []
  /// When ``staleOwners`` was worked out.
  var staleCheckedAt = Timestamp.zero
  /// Others' proposals to own orders that have come to no end yet. Their takers wait for this node's feed to reach past
  /// their deadlines.
  private(set) var open: [TradeID: OpenProposal] = [:]
  private var openUntil = Heap<Ending<TradeID>>()
  /// How many of those each taker has.
  private var openByTaker: [NodeID: Int] = [:]
  /// Whether ``counterparties`` has changed since it was last taken.
  private var hasNewCounterparties = true
  /// Own accepts of which the takers' feeds, as far as they are held, have no receipt yet.
  private(set) var owed: Set<TradeID> = []
  /// Own orders to match again.
  private(set) var rematch: Set<OrderID> = []
  /// Own orders in the book that never rest there. They are matched once, when they are placed, and cancelled when none
  /// of their trades is undecided.
  private(set) var immediate: Set<OrderID> = []
  /// Those of them that are still to be matched. Lost in a crash, and with it the match.
  private(set) var unmatched: Set<OrderID> = []
  /// Those of them that are to be cancelled.
  private(set) var spent: Set<OrderID> = []
  /// Own bids in the book that demand something of a provider's record.
  private(set) var recordBids: Set<OrderID> = []
  /// Own bids in the book that want all or nothing, of several offers.
  private(set) var wholeBids: Set<OrderID> = []
  /// The own record when it was last looked at.
  var ownRecord = PublicRecord()
  /// Pairs left alone until a moment.
  private(set) var failures: [Pair: Timestamp] = [:]
  /// Makers that did not answer lately, whose orders are not taken for a while.
  var silent = SilentMakers()
  /// What is known of the answers to undecided proposals.
  private var waits: [TradeID: Wait] = [:]

  /// An undecided own proposal.
  private struct Wait {
    let maker: NodeID
    /// When the own order expires: what the proposal holds is of no use after that, so nothing is kept waiting by it any
    /// longer. It is not released: only a reject or a closure allows that.
    var expiry: Timestamp
    /// From when on the maker counts as one that does not answer; nil when it has been counted or has answered.
    var answerDue: Timestamp?
    var isAnswered = false

    var nextDue: Timestamp { answerDue.map { min($0, expiry) } ?? expiry }
  }

  mutating func awaitAnswer(
    _ id: TradeID, maker: NodeID, makerOrder: OrderID, expiry: Timestamp, answerDue: Timestamp
  ) {
    if undecided[maker] == nil { hasNewCounterparties = true }
    undecided[maker, default: []].insert(id)
    proposedTo.insert(makerOrder)
    waits[id, default: Wait(maker: maker, expiry: expiry, answerDue: answerDue)].expiry = expiry
  }

  /// Notes that the maker has answered an own proposal; true the first time, if the answer was waited for.
  mutating func noteAnswer(_ id: TradeID) -> Bool {
    guard waits[id]?.isAnswered == false else { return false }
    waits[id]?.isAnswered = true
    waits[id]?.answerDue = nil
    return true
  }

  /// The makers that should have answered by `now` and have not, ascending, each proposal's once.
  mutating func takeOverdueMakers(now: Timestamp) -> [NodeID] {
    let overdue = waits.filter { $0.value.answerDue.map { $0 <= now } ?? false }
    for id in overdue.keys { waits[id]?.answerDue = nil }
    return Set(overdue.values.map(\.maker)).sorted()
  }

  mutating func answered(_ id: TradeID, maker: NodeID, makerOrder: OrderID) {
    moot[maker]?.remove(id)
    if moot[maker]?.isEmpty == true { moot[maker] = nil }
    guard undecided[maker]?.remove(id) != nil else { return }
    if undecided[maker]?.isEmpty == true {
      undecided[maker] = nil
      hasNewCounterparties = true
    }
    proposedTo.remove(makerOrder)
    waits[id] = nil
  }

  mutating func opened(_ id: TradeID, taker: NodeID, deadline: Timestamp) {
    let before = open.updateValue(OpenProposal(taker: taker, deadline: deadline), forKey: id)
    if before?.deadline != deadline { openUntil.insert(Ending(until: deadline, name: id)) }
    guard before == nil else { return }
    openByTaker[taker, default: 0] += 1
    if openByTaker[taker] == 1 { hasNewCounterparties = true }
  }

  mutating func closed(_ id: TradeID) {
    guard let taker = open.removeValue(forKey: id)?.taker, let count = openByTaker[taker] else { return }
    openByTaker[taker] = count == 1 ? nil : count - 1
    if count == 1 { hasNewCounterparties = true }
  }

  mutating func owe(_ id: TradeID, _ isOwed: Bool) { if isOwed { owed.insert(id) } else { owed.remove(id) } }

  /// Notes that nothing is known any more of somebody's proposal to an own order.
  mutating func forgotten(_ id: TradeID) {
    decide.remove(id)
    conclude.remove(id)
    closed(id)
  }

  /// Forgets proposals whose deadline the own feed, which ends at `head`, has passed: that is their closure.
  mutating func closeOpen(head: Timestamp) {
    while let next = openUntil.min, next.until < head {
      if open[next.name]?.deadline == next.until { closed(next.name) }
      openUntil.removeMin()
    }
  }

  /// The nodes with which trades are undecided, ascending, when they are others than the last time.
  mutating func takeCounterparties() -> [NodeID]? {
    guard hasNewCounterparties else { return nil }
    hasNewCounterparties = false
    return Set(undecided.keys).union(openByTaker.keys).sorted()
  }

  /// Notes that an own bid has to wait until the open purchase is decided.
  mutating func wait(_ id: OrderID) {
    rematch.remove(id)
    waiting.insert(id)
  }

  /// No purchase is open any more: matches the bids that have waited.
  mutating func endWait() {
    for id in waiting { match(id) }
    waiting = []
  }

  var undecidedCount: Int { undecided.values.reduce(0) { $0 + $1.count } }

  /// Undecided proposals of orders that have expired at `now`, ascending.
  func expired(now: Timestamp) -> [TradeID] { waits.filter { $0.value.expiry <= now }.keys.sorted() }

  /// The order of an undecided proposal has expired.
  mutating func giveUp(_ id: TradeID, maker: NodeID, makerOrder: OrderID) {
    answered(id, maker: maker, makerOrder: makerOrder)
    moot[maker, default: []].insert(id)
  }

  /// The own proposals that a closure of this maker's feed ends, ascending.
  func unanswered(by maker: NodeID) -> [TradeID] {
    (undecided[maker] ?? []).union(moot[maker] ?? []).sorted()
  }

  mutating func failed(own: OrderID, counter: OrderID, until: Timestamp) {
    failures[Pair(own: own, counter: counter)] = until
  }

  /// Forgets failures whose time is up; their orders are matched again.
  mutating func retry(now: Timestamp) {
    guard failures.contains(where: { $0.value <= now }) else { return }
    for (pair, until) in failures where until <= now {
      failures[pair] = nil
      match(pair.own)
    }
  }

  /// Notes that an own order is to be matched, unless it has had its only match.
  mutating func match(_ id: OrderID) {
    if !immediate.contains(id) || unmatched.contains(id) { rematch.insert(id) }
  }

  /// Notes that the own bids that want all or nothing, of several offers, are to be matched.
  mutating func matchWholeBids() { for id in wholeBids { match(id) } }

  /// Notes that an own order has been matched as far as it can be now.
  mutating func matched(_ id: OrderID) {
    rematch.remove(id)
    waiting.remove(id)
    unmatched.remove(id)
  }

  /// Notes an own order that is in the book now, or has other terms there.
  mutating func note(_ order: Order) {
    if order.body.timeInForce.isImmediate { immediate.insert(order.id) }
    if order.body.demandsRecord { recordBids.insert(order.id) } else { recordBids.remove(order.id) }
    if order.body.isWhole { wholeBids.insert(order.id) } else { wholeBids.remove(order.id) }
  }

  /// Notes that an own order which never rests is about to be placed, and to be matched then.
  mutating func expect(_ id: OrderID) {
    immediate.insert(id)
    unmatched.insert(id)
  }

  /// Notes whether an own order that never rests has anything undecided; when not, and it has been matched, it is spent.
  mutating func review(immediate id: OrderID, isUndecided: Bool) {
    guard immediate.contains(id) else { return }
    if isUndecided || unmatched.contains(id) { spent.remove(id) } else { spent.insert(id) }
  }

  /// Gives up matching orders that have not been matched yet, and returns them.
  mutating func giveUpMatching() -> [OrderID] {
    let given = unmatched.sorted()
    for id in given { matched(id) }
    return given
  }

  /// Notes that an own order is not in the book any more.
  mutating func left(_ id: OrderID) {
    matched(id)
    immediate.remove(id)
    spent.remove(id)
    recordBids.remove(id)
    wholeBids.remove(id)
  }

  /// The next moment at which one of these has to be looked at.
  var nextDue: Timestamp? {
    [failures.values.min(), waits.values.lazy.map(\.nextDue).min(), silent.nextDue].compactMap { $0 }.min()
  }

  /// The moments after which makers count as silent, ascending by trade.
  var answersDue: [(trade: TradeID, due: Timestamp)] {
    waits.compactMap { id, wait in wait.answerDue.map { (id, $0) } }.sorted { $0.0 < $1.0 }
  }
}
