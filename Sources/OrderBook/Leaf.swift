import Market

/// Up to 32 orders of a ladder that follow each other in price-time priority. The orders themselves are in ``Leaves``.
struct Leaf: BitwiseCopyable, Sendable {
  /// The most orders in a leaf.
  static var capacity: Int32 { 32 }

  /// The rank of the first order, from which the distances of the others are counted; of an empty leaf the greatest.
  var base = Int64.max
  /// At least the time of the latest order: one that is later comes behind all of its price.
  var latest: UInt64 = 0
  /// The shelf on which the leaf stands; of a vacant leaf -1.
  var shelf: Int32 = -1
  /// The leaf behind this one on the ladder, or -1; of a vacant leaf the next vacant one.
  var next: Int32 = -1
  /// The ladder.
  var ladder: Int32 = -1
  /// How far from the base the rank of the next leaf's first order is at least.
  var ceiling: Int32 = .max
  /// Where the orders' distances from the base are; -1 while the base is the rank of all.
  var distances: Int32 = -1
  /// What a search may hope to find here.
  var hints = Hints()
  private var orderCount: Int8 = 0

  init() {}

  /// The number of orders.
  @inline(__always) var count: Int32 {
    get { Int32(orderCount) }
    set { orderCount = Int8(truncatingIfNeeded: newValue) }
  }

  /// One order more, the latest.
  @inline(__always)
  mutating func noteLatest(_ time: UInt64) {
    count &+= 1
    latest = time
  }
}

/// The leaves of all ladders, each with its orders sorted by rank, then priority.
///
/// A leaf's orders lie in two runs of 32: their slots, and how far their ranks are from the leaf's base, which is less
/// than 2^31 - 1, so that a position is found by comparing all of them at once. Where many orders have one price most
/// leaves do without the second.
struct Leaves: ~Copyable, Sendable {
  private var leaves = Slab<Leaf>()
  private var distances = LeafDistances()
  /// By leaf and position: the order's slot; behind the last order -1.
  private var slots = Slab<Int32>(isHuge: false)
  /// By leaf: the time of its first order, of an empty leaf the greatest.
  private var firstTimes = Slab<UInt64>()

  init() {}

  /// The same leaves in memory of their own.
  init(copying other: borrowing Leaves) {
    leaves = Slab(copying: other.leaves)
    distances = LeafDistances(copying: other.distances)
    slots = Slab(copying: other.slots)
    firstTimes = Slab(copying: other.firstTimes)
  }

  /// The bytes allocated.
  var usedBytes: Int { leaves.usedBytes + distances.usedBytes + slots.usedBytes + firstTimes.usedBytes }

  /// The number of leaves, vacant ones included.
  var count: Int32 { leaves.count }

  /// The leaf named `leaf`.
  @inline(__always)
  subscript(leaf: Int32) -> Leaf {
    _read { yield leaves[leaf] }
    _modify { yield &leaves[leaf] }
  }

  /// Asks the processor to bring a leaf near.
  @inline(__always)
  func prefetch(_ leaf: Int32) {
    leaves.prefetch(leaf)
    firstTimes.prefetch(leaf)
    slots.prefetch(leaf &* 32)
    slots.prefetch(leaf &* 32 &+ 16)
  }

  /// Asks the processor to bring near the distances of a leaf, which is near itself.
  @inline(__always)
  func prefetchDistances(of leaf: Int32) {
    let run = leaves[leaf].distances
    if run >= 0 { distances.prefetch(run) }
  }

  /// Asks the processor to bring the hints of a leaf near.
  @inline(__always)
  func prefetchHints(of leaf: Int32) { leaves.prefetch(leaf) }

  /// A new, empty leaf.
  mutating func append() -> Int32 {
    _ = slots.appendRun(Leaf.capacity, repeating: -1)
    _ = firstTimes.append(.max)
    return leaves.append(Leaf())
  }

  /// Makes a leaf that has no orders a new one, which stands nowhere.
  mutating func renew(_ leaf: Int32) {
    leaves[leaf] = Leaf()
    firstTimes[leaf] = .max
  }

  /// The time of the first order of `leaf`.
  @inline(__always)
  func firstTime(_ leaf: Int32) -> UInt64 { firstTimes[leaf] }

  /// Whether the first order of `leaf`, which is not vacant, is before any with that rank and a later time than `time`, or
  /// has that time; of an empty leaf false.
  @inline(__always)
  func begins(_ leaf: Int32, before rank: Int64, _ time: UInt64) -> Bool {
    let first = leaves[leaf].base
    return first < rank || first == rank && firstTimes[leaf] <= time
  }

  /// Notes the time of the first order of `leaf` after it has changed.
  mutating func noteFirst(of leaf: Int32, records: borrowing Slab<OrderRecord>) {
    firstTimes[leaf] = records[slot(leaf, 0)].time
  }

  /// The slot of the order at `position` of `leaf`.
  @inline(__always)
  func slot(_ leaf: Int32, _ position: Int32) -> Int32 { slots[leaf &* 32 &+ position] }

  /// The rank of the order at `position` of `leaf`.
  @inline(__always)
  func rank(_ leaf: Int32, _ position: Int32) -> Int64 {
    let run = leaves[leaf].distances
    return run < 0 ? leaves[leaf].base : leaves[leaf].base &+ Int64(distances[run, position])
  }

  /// Whether an order with `rank` fits beside those that are in `leaf`.
  @inline(__always)
  func canHold(_ leaf: Int32, _ rank: Int64) -> Bool {
    let count = leaves[leaf].count
    if count == 0 { return true }
    let low = min(rank, leaves[leaf].base)
    let high = max(rank, self.rank(leaf, count - 1))
    let (span, overflow) = high.subtractingReportingOverflow(low)
    return !overflow && span < Int64(Int32.max)
  }

  /// The number of orders of `leaf` that have at most `rank`.
  @inline(__always)
  func positionBehind(_ rank: Int64, in leaf: Int32) -> Int32 {
    let base = leaves[leaf].base
    if rank < base { return 0 }
    let (distance, overflow) = rank.subtractingReportingOverflow(base)
    let run = leaves[leaf].distances
    if run < 0 || overflow || distance >= Int64(Int32.max) { return leaves[leaf].count }
    return distances.countAtMost(Int32(truncatingIfNeeded: distance), in: run)
  }

  /// The position of the order in `slot`, which is in `leaf`.
  @inline(__always)
  func position(of slot: Int32, in leaf: Int32) -> Int32 {
    slots.offset(of: slot, first: leaf &* 32)
  }

  /// Puts an order into `leaf` if it belongs there behind others, there is room, and it is the latest of all that were ever
  /// in it, as nearly every order is: then its rank alone gives its position.
  ///
  /// - Returns: its position, or -1 where it was not put in.
  @inline(__always)
  mutating func insertLatest(_ slot: Int32, rank: Int64, time: UInt64, into leaf: Int32, of ladder: Int32) -> Int32 {
    let old = leaves[leaf]
    let distance = rank &- old.base
    // A leaf that is vacant has no shelf. The distance of a rank from a base that is not above it is exact without a sign.
    guard old.ladder == ladder, old.shelf >= 0, UInt32(bitPattern: old.count &- 1) < UInt32(Leaf.capacity &- 1),
      time > old.latest, rank >= old.base,
      UInt64(bitPattern: distance) < UInt64(UInt32(bitPattern: old.ceiling))
    else { return -1 }
    let first = leaf &* 32
    let narrow = Int32(truncatingIfNeeded: distance)
    var position = old.count
    if old.distances >= 0 {
      position = distances.countAtMost(narrow, in: old.distances)
      if position < old.count { slots.moveUp(from: first &+ position, to: first &+ old.count &+ 1) }
      distances.insert(narrow, into: old.distances, at: position, of: old.count)
    } else if narrow > 0 {
      distances.insert(narrow, into: makeDistances(of: leaf), at: position, of: old.count)
    }
    slots[first &+ position] = slot
    leaves[leaf].noteLatest(time)
    return position
  }

  /// Puts an order into `leaf` at `position`; there is room, and the leaf can hold the rank.
  @inline(__always)
  mutating func insert(_ slot: Int32, rank: Int64, into leaf: Int32, at position: Int32) {
    let count = leaves[leaf].count
    if count == 0 {
      leaves[leaf].base = rank
      refreshCeiling(of: leaf)
    } else if rank != leaves[leaf].base {
      if leaves[leaf].distances < 0 { _ = makeDistances(of: leaf) }
      if rank < leaves[leaf].base {
        rebase(leaf, to: rank)
      }
    }
    let run = leaves[leaf].distances
    if run >= 0 {
      let distance = Int32(truncatingIfNeeded: rank &- leaves[leaf].base)
      distances.insert(distance, into: run, at: position, of: count)
    }
    let first = leaf &* 32
    slots.moveUp(from: first + position, to: first + count + 1)
    slots[first + position] = slot
    leaves[leaf].count = count + 1
  }

  /// Puts the orders of `leaf` from `position` on into `target`, which is empty, and takes them out of `leaf`.
  mutating func divide(_ leaf: Int32, from position: Int32, to target: Int32) {
    let count = leaves[leaf].count &- position
    let (first, new) = (leaf &* 32 &+ position, target &* 32)
    for index in 0..<count {
      slots[new &+ index] = slots[first &+ index]
      slots[first &+ index] = -1
    }
    leaves[target].base = leaves[leaf].base
    leaves[target].count = count
    leaves[leaf].count = position
    let run = leaves[leaf].distances
    guard run >= 0 else { return }
    leaves[target].distances = distances.divide(run, from: position, count: count)
    rebase(target, to: rank(target, 0))
    dropDistances(of: target)
    dropDistances(of: leaf)
  }

  /// Gives a leaf that does without them distances.
  private mutating func makeDistances(of leaf: Int32) -> Int32 {
    let run = distances.make(count: leaves[leaf].count)
    leaves[leaf].distances = run
    return run
  }

  /// Lets a leaf do without distances where its orders have one rank, or where it has none.
  private mutating func dropDistances(of leaf: Int32) {
    let (run, count) = (leaves[leaf].distances, leaves[leaf].count)
    guard count == 0 || distances[run, count &- 1] == 0 else { return }
    distances.release(run)
    leaves[leaf].distances = -1
  }

  /// Brings the ceiling of `leaf` up to date with the next leaf, which may be new and empty. Where the next leaf loses its
  /// first order the ceiling may stay: it is a lower bound.
  mutating func refreshCeiling(of leaf: Int32) {
    let next = leaves[leaf].next
    guard next >= 0 else {
      leaves[leaf].ceiling = .max
      return
    }
    let (distance, overflow) = leaves[next].base.subtractingReportingOverflow(leaves[leaf].base)
    leaves[leaf].ceiling = overflow ? .max : Int32(clamping: max(0, distance))
  }

  /// Takes the order at `position` out of `leaf`.
  @inline(__always)
  mutating func remove(at position: Int32, from leaf: Int32) {
    let first = leaf &* 32
    let count = leaves[leaf].count &- 1
    let last = first &+ count
    if position < count { slots.moveDown(from: first &+ position, to: last &+ 1) }
    slots[last] = -1
    leaves[leaf].count = count
    let run = leaves[leaf].distances
    if run >= 0 {
      if position == 0 {
        // A leaf of one order has no distances.
        leaves[leaf].base &+= Int64(distances.removeFirst(from: run))
        refreshCeiling(of: leaf)
      } else {
        distances.remove(position, from: run, of: count &+ 1)
      }
      if position == 0 || position == count { dropDistances(of: leaf) }
    }
  }

  /// Counts the distances of a leaf, which has them, from another base.
  private mutating func rebase(_ leaf: Int32, to base: Int64) {
    distances.add(Int32(truncatingIfNeeded: leaves[leaf].base &- base), in: leaves[leaf].distances)
    leaves[leaf].base = base
    refreshCeiling(of: leaf)
  }
}

/// Up to 32 leaves of a ladder that follow each other.
struct Shelf: BitwiseCopyable, Sendable {
  /// The most leaves on a shelf.
  static var capacity: Int32 { 32 }

  /// The number of leaves.
  var count: Int32 = 0
  /// The ladder of the shelf; of a vacant shelf the next vacant one.
  var ladder: Int32 = -1
  /// What a search may hope to find here.
  var hints = Hints()

  init() {}
}

/// The shelves of all ladders.
struct Shelves: ~Copyable, Sendable {
  private var shelves = Slab<Shelf>()
  /// By shelf and position: the leaf.
  private var leaves = Slab<Int32>()

  init() {}

  /// The same shelves in memory of their own.
  init(copying other: borrowing Shelves) {
    shelves = Slab(copying: other.shelves)
    leaves = Slab(copying: other.leaves)
  }

  /// The bytes allocated.
  var usedBytes: Int { shelves.usedBytes + leaves.usedBytes }

  /// The shelf named `shelf`.
  @inline(__always)
  subscript(shelf: Int32) -> Shelf {
    _read { yield shelves[shelf] }
    _modify { yield &shelves[shelf] }
  }

  /// A new, empty shelf.
  mutating func append() -> Int32 {
    _ = leaves.appendRun(Shelf.capacity, repeating: -1)
    return shelves.append(Shelf())
  }

  /// The leaf at `position` of `shelf`.
  @inline(__always)
  func leaf(_ shelf: Int32, _ position: Int32) -> Int32 { leaves[shelf &* 32 &+ position] }

  /// The position of `leaf`, which stands on `shelf`.
  @inline(__always)
  func position(of leaf: Int32, on shelf: Int32) -> Int32 {
    // Behind the last leaf may be what stood there once, which comes after where it stands now.
    let position = leaves.offset(of: leaf, first: shelf &* 32)
    precondition(position < shelves[shelf].count, "a leaf that is not on its shelf")
    return position
  }

  /// Puts a leaf on `shelf` at `position`; there is room.
  mutating func insert(_ leaf: Int32, onto shelf: Int32, at position: Int32) {
    let first = shelf &* 32
    leaves.moveUp(from: first + position, to: first + shelves[shelf].count + 1)
    leaves[first + position] = leaf
    shelves[shelf].count += 1
  }

  /// Takes the leaf at `position` off `shelf`.
  mutating func remove(at position: Int32, from shelf: Int32) {
    let first = shelf &* 32
    leaves.moveDown(from: first + position, to: first + shelves[shelf].count)
    shelves[shelf].count -= 1
  }
}

/// What a search may hope to find in a leaf or on a shelf: never less than there is. See ``StartSummary`` for the rows.
struct Hints: BitwiseCopyable, Sendable {
  /// Of offers: the most GPUs of one of them.
  var mostGPUs: Int32 = 0
  /// Of bids: the fewest GPUs that one of them takes, and the fewest slots.
  var leastGPUs: Int32 = .max
  var leastSlots: Int32 = .max
  /// The earliest start and the latest end of a window.
  var earliestStart: UInt32 = .max
  var latestEnd: UInt32 = 0
  /// Of offers: the summary's rows, if there are any. Behind the rest, so that a leaf's count fits into its cache line.
  var rows = StartSummary()
}
