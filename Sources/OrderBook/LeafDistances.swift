/// How far the ranks of a leaf's orders are from its base, in runs of 32: behind the last order the greatest value.
struct LeafDistances: ~Copyable, Sendable {
  private var cells = Slab<Int32>(isHuge: false)
  /// The first of the vacant runs, each of which begins with the next one; or -1.
  private var vacant: Int32 = -1

  init() {}

  /// The same distances in memory of their own.
  init(copying other: borrowing LeafDistances) {
    cells = Slab(copying: other.cells)
    vacant = other.vacant
  }

  /// The bytes allocated.
  var usedBytes: Int { cells.usedBytes }

  /// The distance of the order at `position`.
  @inline(__always)
  subscript(run: Int32, position: Int32) -> Int32 { cells[run &+ position] }

  /// Adds to the distances of all orders.
  @inline(__always)
  mutating func add(_ difference: Int32, in run: Int32) { cells.add(difference, first: run) }

  /// Asks the processor to bring a run near.
  @inline(__always)
  func prefetch(_ run: Int32) {
    cells.prefetch(run)
    cells.prefetch(run &+ 16)
  }

  /// A run in which `count` orders have the distance 0.
  mutating func make(count: Int32) -> Int32 {
    let run = vacant
    guard run >= 0 else {
      let new = cells.appendRun(Leaf.capacity, repeating: .max)
      for position in 0..<count { cells[new &+ position] = 0 }
      return new
    }
    vacant = cells[run]
    for position in 0..<Leaf.capacity { cells[run &+ position] = position < count ? 0 : .max }
    return run
  }

  /// Gives back a run.
  mutating func release(_ run: Int32) {
    cells[run] = vacant
    vacant = run
  }

  /// How many of the orders have at most a distance, which is not the greatest value.
  @inline(__always)
  func countAtMost(_ distance: Int32, in run: Int32) -> Int32 { cells.countAtMost(distance, first: run) }

  /// Puts in a distance at `position` of a run of `count` orders.
  @inline(__always)
  mutating func insert(_ distance: Int32, into run: Int32, at position: Int32, of count: Int32) {
    if position < count { cells.moveUp(from: run &+ position, to: run &+ count &+ 1) }
    cells[run &+ position] = distance
  }

  /// Takes out the distance at `position` of a run of `count` orders.
  @inline(__always)
  mutating func remove(_ position: Int32, from run: Int32, of count: Int32) {
    let last = run &+ count &- 1
    if run &+ position < last { cells.moveDown(from: run &+ position, to: last &+ 1) }
    cells[last] = .max
  }

  /// Takes out the first distance of a run of several orders, and counts the others from the second.
  ///
  /// - Returns: how far that was from the first.
  @inline(__always)
  mutating func removeFirst(from run: Int32) -> Int32 {
    let difference = cells[run &+ 1]
    cells.removeFirst(first: run, adding: 0 &- difference)
    return difference
  }

  /// Takes `count` distances from `position` on out of a run, which has no others behind them, and gives a run with them.
  mutating func divide(_ run: Int32, from position: Int32, count: Int32) -> Int32 {
    let new = make(count: 0)
    for index in 0..<count {
      cells[new &+ index] = cells[run &+ position &+ index]
      cells[run &+ position &+ index] = .max
    }
    return new
  }
}
