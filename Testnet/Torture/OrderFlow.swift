import Foundation
import Market
import NodeAPI
import NodeClient
import Synchronization

/// Orders without end on all nodes of a market, through the API that the console uses, until it is told to stop.
final class OrderFlow: Sendable {
  /// What is traded.
  static let gpuClass = "h100-sxm-80g"
  private static let hourMilliseconds: Int64 = 3_600_000
  private static let runMilliseconds: Int64 = 600_000
  /// An order that nobody takes leaves the book after this time.
  private static let restMilliseconds: Int64 = 20_000
  /// How long a node's owner waits between two orders.
  private static let pauseMilliseconds: ClosedRange<Int64> = 40...200

  /// Orders that each node's owner has for one cycle: more than a cycle takes on a machine of its own. On a busy one the
  /// market must not grow while a node takes long to start, or the next one takes longer still.
  static let ordersPerCycle = 15

  private struct Counts {
    var answered: [Int: Set<String>] = [:]
    var left: [Int: Int] = [:]
    var tasks: [Task<Void, Never>] = []
  }

  private let counts = Mutex(Counts())

  /// Starts to place orders on `members`.
  func start(on members: [Member], seed: UInt64) {
    let tasks = members.map { member in
      Task {
        var generator = SplitMix64(seed: seed &+ UInt64(member.number))
        while !Task.isCancelled {
          let order = Self.order(sells: member.number <= members.count / 2, using: &generator)
          // A node that is down or refuses now gets the next order after the same pause.
          if self.takeOne(of: member), let placed = try? await member.client.place(order) {
            self.counts.withLock { _ = $0.answered[member.number, default: []].insert(placed.id) }
          }
          let pause = Int64.random(in: Self.pauseMilliseconds, using: &generator)
          try? await Task.sleep(for: .milliseconds(pause))
        }
      }
    }
    counts.withLock { $0.tasks = tasks }
  }

  /// Gives each owner the orders of one more cycle.
  func goOn() { counts.withLock { $0.left = [:] } }

  private func takeOne(of member: Member) -> Bool {
    counts.withLock { counts in
      let left = counts.left[member.number] ?? Self.ordersPerCycle
      counts.left[member.number] = max(0, left - 1)
      return left > 0
    }
  }

  /// Places no more orders, and waits for the answers to those under way.
  func stop() async {
    let tasks = counts.withLock { $0.tasks }
    for task in tasks { task.cancel() }
    for task in tasks { await task.value }
  }

  /// The orders for which `member` has answered that they are placed.
  func answered(by member: Member) -> Set<String> { counts.withLock { $0.answered[member.number] ?? [] } }

  /// An order that meets others: one in five goes the other way than the node's usual one, so that each node is now the
  /// maker and now the taker; one bid in three may be filled from several offers at once.
  static func order(sells: Bool, using generator: inout SplitMix64) -> OrderRequest {
    let isOffer = sells != (Int.random(in: 0..<5, using: &generator) == 0)
    let cents = Int64.random(in: 100...200, using: &generator)
    let now = Int64(Date().timeIntervalSince1970 * 1000)
    var request = OrderRequest(
      side: isOffer ? "offer" : "bid", gpuClasses: [gpuClass], gpus: Int64.random(in: 1...4, using: &generator),
      priceMicros: (isOffer ? cents : cents + 40) * 10_000)
    if isOffer {
      request.durationMs = hourMilliseconds
    } else {
      request.durationMs = runMilliseconds
      request.withinMs = hourMilliseconds
    }
    switch Int.random(in: 0..<(isOffer ? 1 : 3), using: &generator) {
    case 1:
      request.gpus += 4
      request.split = true
      request.allOrNone = Bool.random(using: &generator)
      request.expiryMs = now + restMilliseconds
    case 2: request.timeInForce = "ioc"
    default: request.expiryMs = now + restMilliseconds
    }
    return request
  }
}
