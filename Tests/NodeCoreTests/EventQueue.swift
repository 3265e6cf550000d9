import Market

/// What is to happen, by time; of two things at one moment the one scheduled first.
struct EventQueue {
  private struct Item {
    let time: Timestamp
    let order: UInt64
    let action: () -> Void

    func precedes(_ other: Item) -> Bool { time == other.time ? order < other.order : time < other.time }
  }

  private var heap: [Item] = []
  private var nextOrder: UInt64 = 0

  var nextTime: Timestamp? { heap.first?.time }

  mutating func insert(at time: Timestamp, _ action: @escaping () -> Void) {
    heap.append(Item(time: time, order: nextOrder, action: action))
    nextOrder += 1
    var child = heap.count - 1
    while child > 0, heap[child].precedes(heap[(child - 1) / 2]) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func popFirst() -> (time: Timestamp, action: () -> Void)? {
    guard let first = heap.first else { return nil }
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].precedes(heap[least]) {
        least = child
      }
      if least == parent { break }
      heap.swapAt(parent, least)
      parent = least
    }
    return (first.time, first.action)
  }
}

/// A fingerprint of everything that happened, in its order: FNV-1a.
struct Trace: Equatable {
  private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  mutating func note(_ kind: StaticString, _ numbers: UInt64..., bytes: [UInt8] = []) {
    kind.withUTF8Buffer { for byte in $0 { mix(byte) } }
    for number in numbers {
      for shift in stride(from: 0, to: 64, by: 8) { mix(UInt8(truncatingIfNeeded: number >> shift)) }
    }
    for byte in bytes { mix(byte) }
  }

  private mutating func mix(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
}
