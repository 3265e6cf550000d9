/// Runs of 2^k trivial values in one ``Slab``, reused by size.
struct RunPool<Element: BitwiseCopyable>: ~Copyable {
  private var slab: Slab<Element>
  private let filler: Element
  /// By k: the free runs of 2^k elements.
  private var free: [[Int32]] = []

  /// An empty pool. New runs hold `filler`.
  init(filler: Element) {
    slab = Slab()
    self.filler = filler
  }

  /// A pool with the same runs in memory of its own.
  init(copying other: borrowing RunPool) {
    slab = Slab(copying: other.slab)
    filler = other.filler
    free = other.free
  }

  /// The bytes allocated.
  var usedBytes: Int { slab.usedBytes + free.reduce(0) { $0 + $1.capacity * MemoryLayout<Int32>.stride } }

  /// The k of the smallest run that holds `count` elements.
  static func exponent(for count: Int) -> Int {
    count <= 1 ? 0 : Int.bitWidth - (count - 1).leadingZeroBitCount
  }

  /// A run of 2^`exponent` elements, each of them the filler. O(length).
  mutating func allocate(exponent: Int) -> Int32 {
    let run = take(exponent: exponent)
    for offset in 0..<Int32(1 << exponent) { slab[run + offset] = filler }
    return run
  }

  /// A run of 2^`exponent` elements that hold whatever they held. O(1) when one is free.
  mutating func take(exponent: Int) -> Int32 {
    while free.count <= exponent { free.append([]) }
    return free[exponent].popLast() ?? slab.appendRun(1 << Int32(exponent), repeating: filler)
  }

  /// Gives back a run that `allocate` gave.
  mutating func release(_ run: Int32, exponent: Int) {
    free[exponent].append(run)
  }

  /// The element at `index`: a run's first index plus an offset.
  subscript(index: Int32) -> Element {
    @inline(__always)
    _read { yield slab[index] }
    @inline(__always)
    _modify { yield &slab[index] }
  }
}

extension RunPool where Element == UInt64 {
  /// Asks the processor to bring the element at `index` near.
  @inline(__always)
  func prefetch(_ index: Int32) { slab.prefetch(index) }

  /// Whether a byte of a row reaches a threshold: see ``Slab/reach(_:first:from:to:firstMask:lastMask:)``.
  @inline(__always)
  func reach(
    _ threshold: UInt64, inRow first: Int32, from low: Int64, to high: Int64, firstMask: UInt64, lastMask: UInt64
  ) -> Bool {
    slab.reach(threshold, first: first, from: low, to: high, firstMask: firstMask, lastMask: lastMask)
  }

  /// Raises each byte of the 32 elements from `first` on to at least that of the 32 from `place` on.
  @inline(__always)
  mutating func raise(_ first: Int32, to place: Int32) { slab.raise(first, to: place) }

  /// Lowers each byte of the 32 elements from `first` on to at most that of `row`.
  @inline(__always)
  mutating func lower(_ first: Int32, to row: borrowing SummaryRow) { slab.lower(first, to: row.words, 0) }

  /// Raises each byte of `row` to at least that of the 32 elements from `first` on.
  @inline(__always)
  func raise(_ row: inout SummaryRow, to first: Int32) { row.words.raise(0, to: slab, first) }
}

extension RunPool: @unchecked Sendable where Element: Sendable {}
