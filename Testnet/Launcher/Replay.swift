import NodeAPI
import NodeClient
import Synchronization

/// Carries out a plan: each node places its orders one after the other, all nodes at the same time.
final class Replay: Sendable {
  private let plan: ReplayPlan
  private let fleet: Fleet
  private let offers = Atomic<Int>(0)
  private let bids = Atomic<Int>(0)

  /// How long a node that has gone away may take to come back before its order is given up, in seconds.
  static let patienceSeconds: Int64 = 60

  /// A replay of `plan` on the nodes of `fleet`, which must be started.
  init(plan: ReplayPlan, fleet: Fleet) {
    self.plan = plan
    self.fleet = fleet
  }

  /// Offers that were placed so far.
  var offersPlaced: Int { offers.load(ordering: .relaxed) }
  /// Bids that were placed so far.
  var bidsPlaced: Int { bids.load(ordering: .relaxed) }

  /// Places all offers at once, then the bids at their times.
  func run() async throws {
    try await deal(plan.offers, to: fleet.providers) { node, offer in
      try await Self.place(offer.request, on: node)
      self.offers.add(1, ordering: .relaxed)
    }
    let start = ContinuousClock.now
    try await deal(plan.bids, to: fleet.renters) { node, bid in
      try await Task.sleep(until: start + .milliseconds(bid.offsetMilliseconds))
      try await Self.place(bid.request, on: node)
      self.bids.add(1, ordering: .relaxed)
    }
  }

  private func deal<Item: Sendable>(
    _ items: [Item], to nodes: [TestnetNode], _ body: @escaping @Sendable (TestnetNode, Item) async throws -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (node, items) in zip(nodes, ReplayPlan.deal(items, to: nodes.count)) {
        group.addTask { for item in items { try await body(node, item) } }
      }
      try await group.waitForAll()
    }
  }

  /// Places one order. A node that does not answer may have been killed on purpose and be started again, so the order
  /// waits for it; one whose answer was lost may then stand twice in the book, as two orders of a hasty person would.
  private static func place(_ order: OrderRequest, on node: TestnetNode) async throws {
    let deadline = ContinuousClock.now + .seconds(patienceSeconds)
    while true {
      do {
        _ = try await node.client.place(order)
        return
      } catch {
        guard mayPass(error), ContinuousClock.now < deadline else {
          try Task.checkCancellation()
          let what = "\(order.side) of \(order.gpus) \(order.gpuClasses.joined(separator: ","))"
          throw TestnetError.refused(node: node.number, order: what, reason: error)
        }
      }
      try await Task.sleep(for: .milliseconds(250))
    }
  }

  private static func mayPass(_ error: NodeClientError) -> Bool {
    switch error {
    case .noNode, .connectionLost, .timeout: true
    case .problem(let problem): problem.status == 503
    case .noDataDirectory, .socket, .notPermitted, .cancelled, .unexpectedAnswer: false
    }
  }
}
