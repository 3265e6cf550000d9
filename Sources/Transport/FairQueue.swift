import NIOCore

/// What waits of several connections for one place that takes it, in fair turns: deficit round robin (Shreedhar and
/// Varghese, "Efficient Fair Queuing using Deficit Round-Robin", SIGCOMM 1995).
///
/// A connection whose turn it is may have ``quantumByteCount`` more taken, and keeps what it does not use while it
/// waits for a larger message's. However much one connection has waiting, a small message of another one waits for one
/// turn of each. What one connection sent is taken in the order in which it came.
///
/// Inlinable, because it stands on the way of every entry: a queue that is not specialized for its elements takes two
/// microseconds for each.
///
/// All operations are O(1) for each element, and O(longest message / quantum) for a turn; `removeAll` is O(connections),
/// too.
public struct FairQueue<Element> {
  /// What a turn is worth, in bytes.
  @inlinable
  public static var quantumByteCount: Int { 2 << 10 }

  /// What an element costs besides its bytes: to take a message of a few bytes is work, too.
  @inlinable
  static var elementByteCount: Int { 512 }

  @usableFromInline
  struct Lane {
    @usableFromInline var waiting = CircularBuffer<(element: Element, cost: Int)>()
    @usableFromInline var allowance = 0

    @inlinable
    init() {}
  }

  @usableFromInline var lanes: [ConnectionID: Lane] = [:]
  /// The connections that have something waiting, each once, the next to have its turn first.
  @usableFromInline var turns = CircularBuffer<ConnectionID>()

  /// How many elements wait.
  @usableFromInline var elementCount = 0

  /// How many elements wait.
  @inlinable
  public var count: Int { elementCount }

  /// An empty queue.
  @inlinable
  public init() {}

  /// Whether nothing waits.
  @inlinable
  public var isEmpty: Bool { turns.isEmpty }

  /// Adds what came from a connection.
  ///
  /// - Parameter byteCount: its length, which it costs, together with what every message costs.
  @inlinable
  public mutating func append(_ element: Element, from connection: ConnectionID, byteCount: Int) {
    if lanes[connection] == nil { turns.append(connection) }
    let cost = byteCount + Self.elementByteCount
    lanes[connection, default: Lane()].waiting.append((element, cost))
    elementCount += 1
  }

  /// Takes out all that waits of a connection, in the order in which it came.
  @inlinable
  public mutating func removeAll(from connection: ConnectionID) -> [Element] {
    guard let lane = lanes.removeValue(forKey: connection) else { return [] }
    turns.removeAll { $0 == connection }
    elementCount -= lane.waiting.count
    return lane.waiting.map(\.element)
  }

  /// Moves what is next to the end of `batch`: at least one element, if any waits, and no more turns when the bytes
  /// exceed `limitByteCount`.
  @inlinable
  public mutating func removeFirst(upTo limitByteCount: Int, into batch: inout [Element]) {
    var byteCount = 0
    while byteCount <= limitByteCount, let connection = turns.popFirst() {
      // A lane is there as long as its connection has a turn.
      guard var lane = lanes.removeValue(forKey: connection) else { continue }
      lane.allowance += Self.quantumByteCount
      while let next = lane.waiting.first, next.cost <= lane.allowance {
        lane.waiting.removeFirst()
        elementCount -= 1
        lane.allowance -= next.cost
        byteCount += next.cost
        batch.append(next.element)
      }
      guard !lane.waiting.isEmpty else { continue }
      lanes[connection] = lane
      turns.append(connection)
    }
  }
}
