import Market
import NodeCrypto

/// The orders of a book in an array with reused positions: the indexes refer to an order by its position, 4 bytes.
struct OrderTable: Sendable {
  /// An order's place in the table, from its insertion to its removal.
  typealias Position = Int32

  /// By position; stale where the position is vacant. Apart from the states because every comparison reads them.
  private(set) var priorities: [OrderPriority] = []
  private var states: [OrderState?] = []
  private var vacant: [Position] = []
  /// For look-up only: its order differs from process to process.
  private var positionByID: [OrderID: Position] = [:]

  /// The number of orders.
  var count: Int { positionByID.count }

  /// The position of the order named `id`, or nil.
  func position(of id: OrderID) -> Position? { positionByID[id] }

  /// The state of the order at `position`, which must be occupied.
  subscript(position: Position) -> OrderState {
    guard let state = states[Int(position)] else { preconditionFailure("an index refers to a vacant position") }
    return state
  }

  /// Puts in an order whose id is not in the table.
  mutating func insert(_ state: OrderState) -> Position {
    let position: Position
    if let reused = vacant.popLast() {
      position = reused
      states[Int(position)] = state
      priorities[Int(position)] = state.priority
    } else {
      position = Position(states.count)
      states.append(state)
      priorities.append(state.priority)
    }
    positionByID[state.id] = position
    return position
  }

  /// Takes out the order at `position`, which is vacant from then on.
  mutating func remove(at position: Position) {
    guard let state = states[Int(position)] else { preconditionFailure("an index refers to a vacant position") }
    states[Int(position)] = nil
    positionByID[state.id] = nil
    vacant.append(position)
  }

  /// Takes `gpus` GPUs of the order at `position`.
  mutating func take(gpus: Int32, slots: SlotRange, at position: Position) {
    states[Int(position)]?.take(gpus: gpus, slots: slots)
  }

  /// Undoes a `take` of the same GPUs and slots.
  mutating func putBack(gpus: Int32, slots: SlotRange, at position: Position) {
    states[Int(position)]?.putBack(gpus: gpus, slots: slots)
  }

  /// The state of the order at `position`, or nil where it is vacant.
  func stateIfOccupied(at position: Position) -> OrderState? { states[Int(position)] }

  /// The occupied positions, ascending. O(positions).
  var positions: [Position] {
    states.indices.compactMap { states[$0] == nil ? nil : Position($0) }
  }
}
