import Market

/// Up to 32 orders of a ladder that follow each other in price-time priority.
struct Leaf: BitwiseCopyable, Sendable {
  /// The most orders in a leaf.
  static var capacity: Int { 32 }

  /// By position: the order's rank less `base`; behind the last order the greatest value, which no order has.
  private var distances = InlineArray<32, UInt32>(repeating: .max)
  /// By position: the order's slot; behind the last order -1.
  private var slots = InlineArray<32, Int32>(repeating: -1)
  /// What the distances are counted from: at most the rank of the first order.
  private var base: Int64 = 0
  private(set) var count: Int32 = 0
  /// The shelf in which the leaf stands; of a vacant leaf the next vacant one.
  var shelf: Int32 = -1
  /// What a search may hope to find here.
  var hints = Hints()

  init() {}

  /// The slot of the order at `position`.
  @inline(__always)
  subscript(position: Int32) -> Int32 { slots[Int(position)] }

  /// The rank of the order at `position`.
  @inline(__always)
  func rank(_ position: Int32) -> Int64 { base &+ Int64(distances[Int(position)]) }

  /// Whether an order with `rank` fits beside those that are here.
  @inline(__always)
  func canHold(_ rank: Int64) -> Bool {
    if count == 0 { return true }
    let low = min(rank, self.rank(0))
    let high = max(rank, self.rank(count - 1))
    let (span, overflow) = high.subtractingReportingOverflow(low)
    return !overflow && span < Int64(UInt32.max)
  }

  /// The number of orders that have at most `rank`. Looks at all distances alike, which takes no branch.
  @inline(__always)
  func positionBehind(_ rank: Int64) -> Int32 {
    if count == 0 || rank < base { return 0 }
    let distance = UInt32(clamping: min(rank &- base, Int64(UInt32.max) - 1))
    var behind: Int32 = 0
    for position in 0..<Self.capacity { behind &+= distances[position] <= distance ? 1 : 0 }
    return behind
  }

  /// The position of the order in `slot`, which is here.
  @inline(__always)
  func position(of slot: Int32) -> Int32 {
    var found: Int32 = 0
    for position in 0..<Self.capacity {
      found &+= slots[position] == slot ? Int32(truncatingIfNeeded: position) : 0
    }
    return found
  }

  /// Puts in an order at `position`; there is room, and the leaf can hold the rank.
  @inline(__always)
  mutating func insert(_ slot: Int32, rank: Int64, at position: Int32) {
    if count == 0 {
      base = rank
    } else if rank < base || rank &- base >= Int64(UInt32.max) {
      rebase(to: min(rank, self.rank(0)))
    }
    var index = Int(count)
    while index > Int(position) {
      distances[index] = distances[index - 1]
      slots[index] = slots[index - 1]
      index -= 1
    }
    distances[index] = UInt32(truncatingIfNeeded: rank &- base)
    slots[index] = slot
    count += 1
  }

  /// Takes out the order at `position`.
  @inline(__always)
  mutating func remove(at position: Int32) {
    var index = Int(position)
    let last = Int(count) - 1
    while index < last {
      distances[index] = distances[index + 1]
      slots[index] = slots[index + 1]
      index += 1
    }
    distances[last] = .max
    slots[last] = -1
    count -= 1
  }

  private mutating func rebase(to newBase: Int64) {
    for position in 0..<Int(count) {
      distances[position] = UInt32(truncatingIfNeeded: rank(Int32(position)) &- newBase)
    }
    base = newBase
  }
}

/// Up to 32 leaves of a ladder that follow each other.
struct Shelf: BitwiseCopyable, Sendable {
  /// The most leaves on a shelf.
  static var capacity: Int { 32 }

  /// By position: the leaf.
  private var leaves = InlineArray<32, Int32>(repeating: -1)
  private(set) var count: Int32 = 0
  /// The ladder of the shelf; of a vacant shelf the next vacant one.
  var ladder: Int32 = -1
  /// What a search may hope to find here.
  var hints = Hints()

  init() {}

  /// The leaf at `position`.
  @inline(__always)
  subscript(position: Int32) -> Int32 { leaves[Int(position)] }

  /// The position of `leaf`, which stands here.
  func position(of leaf: Int32) -> Int32 {
    for position in 0..<count where leaves[Int(position)] == leaf { return position }
    preconditionFailure("a leaf that is not on its shelf")
  }

  /// Puts in a leaf at `position`; there is room.
  mutating func insert(_ leaf: Int32, at position: Int32) {
    var index = Int(count)
    while index > Int(position) {
      leaves[index] = leaves[index - 1]
      index -= 1
    }
    leaves[index] = leaf
    count += 1
  }

  /// Takes out the leaf at `position`.
  mutating func remove(at position: Int32) {
    for index in Int(position)..<Int(count) - 1 { leaves[index] = leaves[index + 1] }
    count -= 1
    leaves[Int(count)] = -1
  }
}

/// What a search may hope to find in a leaf or on a shelf: never less than there is. See ``StartSummary`` for the rows.
struct Hints: BitwiseCopyable, Sendable {
  /// Of offers: the summary's rows.
  var rows = StartSummary()
  /// Of bids: the fewest GPUs that one of them takes, the fewest slots, the earliest start and the latest end.
  var leastGPUs: Int32 = .max
  var leastSlots: Int32 = .max
  var earliestStart: UInt32 = .max
  var latestEnd: UInt32 = 0
}
