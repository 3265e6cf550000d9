import Market
import NodeCore
import NodeCrypto
import Synchronization

/// Commands that the core has not answered yet, and who waits for the answers.
final class PendingCommands: Sendable {
  private struct State {
    var next: CommandID = 1
    var orders: [CommandID: CheckedContinuation<Result<OrderID, CommandRefusal>, Never>] = [:]
    var names: [CommandID: OrderName] = [:]
    var rotations: [CommandID: CheckedContinuation<Result<UInt64, CommandRefusal>, Never>] = [:]

    mutating func name() -> CommandID {
      defer { next += 1 }
      return next
    }
  }

  private let state = Mutex(State())

  /// How many are not answered.
  var count: Int { state.withLock { $0.orders.count + $0.rotations.count } }

  /// Names a command about an order, has it given, and waits for the answer.
  func answerToOrder(as name: OrderName?, _ give: (CommandID) -> Void) async -> Result<OrderID, CommandRefusal> {
    await withCheckedContinuation { continuation in
      give(
        state.withLock { state in
          let id = state.name()
          state.orders[id] = continuation
          state.names[id] = name
          return id
        })
    }
  }

  /// Under which key a client places the order of a command.
  func name(of id: CommandID) -> OrderName? { state.withLock { $0.names[id] } }

  /// Names a handover, has it given, and waits for the answer.
  func answerToRotation(_ give: (CommandID) -> Void) async -> Result<UInt64, CommandRefusal> {
    await withCheckedContinuation { continuation in
      give(
        state.withLock { state in
          let id = state.name()
          state.rotations[id] = continuation
          return id
        })
    }
  }

  /// Answers a command about an order; one that nobody waits for is ignored.
  func answer(_ id: CommandID, _ result: Result<OrderID, CommandRefusal>) {
    let waiting = state.withLock { state in
      state.names[id] = nil
      return state.orders.removeValue(forKey: id)
    }
    waiting?.resume(returning: result)
  }

  /// Answers a handover; one that nobody waits for is ignored.
  func answer(_ id: CommandID, _ result: Result<UInt64, CommandRefusal>) {
    state.withLock { $0.rotations.removeValue(forKey: id) }?.resume(returning: result)
  }
}
