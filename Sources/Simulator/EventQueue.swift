/// What a scheduled event is; what it carries lies in the pools of ``VirtualNetwork``.
enum EventKind: UInt8 {
  /// The moment for which a node asked to be woken.
  case wake
  /// An event for a node's core, in the pool.
  case post
  /// A node handles the events that it has collected.
  case drain
  /// A node's running commit ends.
  case commit
  /// A node goes on answering out of its store; the job is in the pool.
  case serve
  /// A dial reaches its address, or finds out that it does not; in the pool.
  case dial
  /// The next item of a lane arrives at the other end.
  case arrive
  /// A lane's line is free for what waits in its queue.
  case transmit
  /// A closure of a test or a scenario, in the pool.
  case action
}

/// One event of the simulation: a small record without references, so that moving it about costs nothing.
struct Event {
  /// When, in microseconds since the virtual clock's start.
  var time: Int64
  /// Of two events at one moment the one scheduled first comes first.
  var order: UInt64
  /// The participant, or the lane.
  var subject: Int32
  /// The start of the node that it is for; what was under way in an earlier life reaches nobody.
  var life: Int32
  /// The place in the kind's pool.
  var payload: Int32
  var kind: EventKind

  func precedes(_ other: Event) -> Bool { time == other.time ? order < other.order : time < other.time }
}

/// The events to come, in a heap with four children a node: half the depth of a binary one, and siblings share a cache
/// line. O(log n) to insert and to take.
struct EventQueue {
  private var heap: ContiguousArray<Event> = []
  private var nextOrder: UInt64 = 0

  var count: Int { heap.count }
  var nextTime: Int64? { heap.first?.time }

  mutating func insert(_ kind: EventKind, at time: Int64, subject: Int32, life: Int32 = 0, payload: Int32 = 0) {
    let event = Event(time: time, order: nextOrder, subject: subject, life: life, payload: payload, kind: kind)
    nextOrder += 1
    heap.append(event)
    heap.withUnsafeMutableBufferPointer { heap in
      var child = heap.count - 1
      while child > 0 {
        let parent = (child - 1) >> 2
        guard event.precedes(heap[parent]) else { break }
        heap[child] = heap[parent]
        child = parent
      }
      heap[child] = event
    }
  }

  mutating func popFirst() -> Event? {
    guard let first = heap.first, let last = heap.popLast() else { return nil }
    guard !heap.isEmpty else { return first }
    heap.withUnsafeMutableBufferPointer { heap in
      var parent = 0
      while true {
        let firstChild = parent << 2 + 1
        guard firstChild < heap.count else { break }
        var least = firstChild
        for child in firstChild + 1..<max(firstChild + 1, min(firstChild + 4, heap.count))
        where heap[child].precedes(heap[least]) { least = child }
        guard heap[least].precedes(last) else { break }
        heap[parent] = heap[least]
        parent = least
      }
      heap[parent] = last
    }
    return first
  }
}

/// Values that events carry, by a small number; places of values that were taken out are used again.
struct Pool<Value> {
  private var values: ContiguousArray<Value?> = []
  private var free: ContiguousArray<Int32> = []

  mutating func put(_ value: Value) -> Int32 {
    if let place = free.popLast() {
      values[Int(place)] = value
      return place
    }
    values.append(value)
    return Int32(values.count - 1)
  }

  mutating func take(_ place: Int32) -> Value {
    guard let value = values[Int(place)] else { preconditionFailure("an event's value was taken before") }
    values[Int(place)] = nil
    free.append(place)
    return value
  }
}
