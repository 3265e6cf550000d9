import Gossip
import Market
import NodeCore
import NodeCrypto
import Settlement
import Testing

extension VirtualNetwork {
  private var running: [NodeCore] { nodes.compactMap(\.core) }

  /// Whether every node that runs is connected to every other.
  var isMeshed: Bool {
    let names = Set(running.map(\.own))
    return running.allSatisfy { core in names.subtracting([core.own]).isSubset(of: core.peers.map(\.node)) }
  }

  /// Whether nothing is under way: every feed is everywhere, everything is on disk, and no trade is in doubt.
  var isQuiet: Bool {
    let cores = running
    guard let first = cores.first else { return true }
    return cores.allSatisfy {
      $0.undecidedCount == 0 && $0.state != .recovering && $0.feeds.entryCount == first.feeds.entryCount
    } && nodes.allSatisfy { $0.core == nil || $0.store.isIdle } && haveEqualFeeds
  }

  private var haveEqualFeeds: Bool {
    let heads = running.map { core in core.feeds.sorted.map(\.feed.head).filter { $0.sequence > 0 } }
    return heads.allSatisfy { $0 == heads[0] }
  }

  /// Runs until every node is connected to every other and writes.
  func settleIn(sourceLocation: SourceLocation = #_sourceLocation) {
    let isReady = run(for: 30_000) { isMeshed && running.allSatisfy { $0.state == .running } }
    #expect(isReady, "not meshed", sourceLocation: sourceLocation)
  }

  /// Runs until nothing is under way.
  func runUntilQuiet(within span: Int64 = 60_000, sourceLocation: SourceLocation = #_sourceLocation) {
    // What has just been commanded needs a moment before it shows.
    run(for: 100)
    let hasCome = run(for: span) { self.isQuiet }
    #expect(hasCome, "\(disquiet)", sourceLocation: sourceLocation)
  }

  /// What is under way, for people.
  var disquiet: String {
    nodes.map { node in
      guard let core = node.core else { return "\(node.index): down" }
      let heads = core.feeds.sorted.map { "\($0.author.short(4)):\($0.feed.head.sequence)" }.joined(separator: " ")
      return "\(node.index)=\(node.nodeID.short(4)): \(core.state) undecided \(core.undecidedCount) "
        + "peers \(core.peers.count) feeds \(heads)"
    }.joined(separator: "\n")
  }

  /// Places an order on a node and runs until the node has answered.
  @discardableResult
  func place(
    _ body: OrderBody, on node: VirtualNode, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> OrderID {
    let command = node.command(.place(body))
    run(for: 10_000) { node.replies[command] != nil }
    return try #require(node.replies[command], sourceLocation: sourceLocation).get()
  }

  /// Cancels an order of a node and runs until the node has answered.
  func cancel(
    _ order: OrderID, on node: VirtualNode, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let command = node.command(.cancel(order))
    run(for: 10_000) { node.replies[command] != nil }
    _ = try #require(node.replies[command], sourceLocation: sourceLocation).get()
  }

  /// Amends an order of a node and runs until the node has answered.
  func amend(
    _ order: OrderID, to body: OrderBody, on node: VirtualNode, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let command = node.command(.amend(order, body))
    run(for: 10_000) { node.replies[command] != nil }
    _ = try #require(node.replies[command], sourceLocation: sourceLocation).get()
  }

  /// Checks what must hold on all running nodes when nothing is under way: equal feeds, one digest, trades alike,
  /// receipts that verify, nothing sold twice.
  func checkAgreement(sourceLocation: SourceLocation = #_sourceLocation) {
    for problem in disagreements { Issue.record("\(problem)", sourceLocation: sourceLocation) }
  }

  /// What does not hold that should.
  var disagreements: [String] { disagreements(isPruned: false) }

  /// What does not hold that should. Nodes that have pruned feeds differ in trades that are over and not their own.
  func disagreements(isPruned: Bool) -> [String] {
    var problems: [String] = []
    if !haveEqualFeeds { problems.append("feeds differ:\n\(disquiet)") }
    var digests: Set<Digest> = []
    for node in nodes {
      guard var core = node.core else { continue }
      let digest = core.bookDigest()
      digests.insert(digest)
      if digest != core.book.digestFromScratch() { problems.append("the digest of node \(node.index) has drifted") }
      if core.undecidedCount != 0 { problems.append("node \(node.index) has \(core.undecidedCount) undecided") }
      if node.busyWakes != 0 { problems.append("node \(node.index) asked \(node.busyWakes) times for a past moment") }
    }
    if digests.count > 1 { problems.append("\(digests.count) digests") }
    problems += isPruned ? ownTradeDisagreements : tradeDisagreements
    let records = running.map(\.records)
    if !records.allSatisfy({ $0 == records[0] }) { problems.append("records differ: \(records)") }
    let doubted = running.flatMap(\.doubtedAuthors)
    if !doubted.isEmpty { problems.append("the checkpoints of \(doubted.map { $0.short(4) }) were called false") }
    return problems
  }

  /// Settled trades that one of their parties does not know as such, and what is sold by all that any node knows.
  private var ownTradeDisagreements: [String] {
    var problems: [String] = []
    for trade in allSettled {
      for core in running where core.own == trade.terms.provider || core.own == trade.terms.buyer {
        guard core.ledger[trade.id]?.receipt != trade.receipt else { continue }
        problems.append("trade \(trade.id.short()) is \(core.ledger[trade.id]?.state as Any) for \(core.own.short(4))")
      }
    }
    return problems + (running.first.map(capacityDisagreements) ?? [])
  }

  /// The trades that some node knows as settled, ascending by id.
  private var allSettled: [Trade] {
    var trades: [TradeID: Trade] = [:]
    for core in running { for trade in core.ledger.sorted where trade.state == .settled { trades[trade.id] = trade } }
    return trades.keys.sorted().compactMap { trades[$0] }
  }

  private var tradeDisagreements: [String] {
    guard let first = running.first else { return [] }
    var problems: [String] = []
    for core in running.dropFirst() where Self.trades(core) != Self.trades(first) {
      problems.append("trades differ between \(first.own.short(4)) and \(core.own.short(4))")
    }
    for trade in first.ledger.sorted where trade.state == .settled {
      do { _ = try trade.receipt?.verify(network: genesis.networkID) } catch { problems.append("receipt: \(error)") }
    }
    return problems + capacityDisagreements(first)
  }

  /// Orders of which more is sold than there is, or of which the book holds another remainder than the trades leave.
  private func capacityDisagreements(_ core: NodeCore) -> [String] {
    var used: [OrderID: [Slot: Int64]] = [:]
    for trade in allSettled {
      let terms = trade.terms
      for slot in genesis.slot(containing: terms.start).index..<genesis.slot(containing: terms.end).index {
        used[terms.offer, default: [:]][Slot(slot), default: 0] += Int64(terms.gpus)
      }
      used[terms.bid, default: [:]][Slot(0), default: 0] += Int64(terms.gpus)
    }
    var problems: [String] = []
    for own in running.flatMap({ $0.ownOrders(now: now) }) {
      let order = own.order
      let slots = used[order.id] ?? [:]
      let most = slots.values.max() ?? 0
      if most > Int64(order.body.gpus) {
        problems.append("\(order.side) \(order.id.short()): sold \(most) of \(order.body.gpus) GPUs")
      }
      guard let state = core.book.state(of: order.id) else { continue }
      let isAsTraded: Bool
      if let calendar = state.calendar {
        isAsTraded = calendar.runs.allSatisfy { run in
          (run.slots.start.index..<run.slots.end.index).allSatisfy { slots[Slot($0), default: 0] == run.used }
        }
      } else {
        isAsTraded = Int64(state.remainingGPUs) == Int64(order.body.gpus) - most
      }
      if !isAsTraded { problems.append("\(order.side) \(order.id.short()): the book does not follow the trades") }
    }
    return problems
  }

  private static func trades(_ core: NodeCore) -> [String] {
    core.ledger.sorted.map { trade in
      let receipt = trade.receipt.map { "\($0.acceptanceBytes)\($0.makerSignature.bytes)" } ?? ""
      return "\(trade.id) \(trade.state) \(trade.isProposed) \(trade.isCopied) \(trade.isReleased) \(receipt)"
    }
  }
}

extension VirtualNode {
  /// The settled trades that this node knows, ascending by id.
  var settled: [Trade] { core?.ledger.sorted.filter { $0.state == .settled } ?? [] }

  /// The node's core, which must be running.
  func running(sourceLocation: SourceLocation = #_sourceLocation) throws -> NodeCore {
    try #require(core, sourceLocation: sourceLocation)
  }

  /// What became of an own order.
  func ownState(_ order: OrderID) -> OwnOrderState? { core?.ownOrderState(order, now: now)?.state }

  /// The state of an order in this node's book.
  func remaining(_ order: OrderID) -> Int32? { core?.book.state(of: order)?.remainingGPUs }
}
