import Gossip
import Market
import NodeCore
import NodeCrypto
import Settlement
import Simulator
import Testing

extension VirtualNetwork {
  /// Runs until nothing is under way, and checks that all agree.
  func settleDown() {
    runUntilQuiet()
    // What follows from the last decision, such as the cancel of what is left, comes in an entry after it.
    run(for: 500)
    runUntilQuiet()
    checkAgreement()
  }

  /// Runs until every node is connected to every other and writes.
  func settleIn(sourceLocation: SourceLocation = #_sourceLocation) {
    let isReady = run(for: 30_000) { isMeshed && nodes.allSatisfy { $0.core == nil || $0.core?.state == .running } }
    #expect(isReady, "not meshed", sourceLocation: sourceLocation)
  }

  /// Runs until nothing is under way.
  func runUntilQuiet(within span: Int64 = 60_000, sourceLocation: SourceLocation = #_sourceLocation) {
    // What has just been commanded needs a moment before it shows.
    run(for: 100)
    let hasCome = run(for: span) { self.isQuiet }
    #expect(hasCome, "\(disquiet)", sourceLocation: sourceLocation)
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
}

extension VirtualNode {
  /// The settled trades that this node knows, ascending by id.
  var settled: [Trade] { core?.ledger.sorted.filter { $0.state == .settled } ?? [] }

  /// The node's core, which must be running.
  func running(sourceLocation: SourceLocation = #_sourceLocation) throws -> NodeCore {
    try #require(core, sourceLocation: sourceLocation)
  }

  /// What became of an own order.
  func ownState(_ order: OrderID) -> OwnOrderState? { core?.ownOrderState(order, now: time)?.state }

  /// The state of an order in this node's book.
  func remaining(_ order: OrderID) -> Int32? { core?.book.state(of: order)?.remainingGPUs }
}
