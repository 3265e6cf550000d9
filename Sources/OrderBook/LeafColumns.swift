/// What a bid compares first with the offers of a leaf, side by side: 32 starts, 32 ends, 32 lengths and 32 numbers of
/// GPUs.
///
/// The records of a leaf's offers lie anywhere in memory, and of most of them no more than this is needed to see that
/// they have nothing for a bid. A search copies it from the records of a leaf that it had to read; from then on it is kept
/// as orders enter the leaf and leave it, until leaves are split or joined.
struct LeafColumns: ~Copyable, Sendable {
  /// In runs of four times 32.
  private var cells = Slab<Int32>()
  /// The first of the vacant runs, each of which begins with the next one; or -1.
  private var vacant: Int32 = -1
  /// By leaf: where its run begins, or -1.
  private var runs = Slab<Int32>()

  private static var runLength: Int32 { 4 * Leaf.capacity }

  init() {}

  /// The same columns in memory of their own.
  init(copying other: borrowing LeafColumns) {
    cells = Slab(copying: other.cells)
    vacant = other.vacant
    runs = Slab(copying: other.runs)
  }

  /// The bytes allocated.
  var usedBytes: Int { cells.usedBytes + runs.usedBytes }

  /// Whether a leaf's columns are known.
  @inline(__always)
  func has(_ leaf: Int32) -> Bool { leaf < runs.count && runs[leaf] >= 0 }

  /// Makes room for the columns of a leaf that has none, without any offer.
  mutating func make(_ leaf: Int32) {
    while runs.count <= leaf { _ = runs.append(-1) }
    if vacant >= 0 {
      runs[leaf] = vacant
      vacant = cells[vacant]
    } else {
      runs[leaf] = cells.appendRun(Self.runLength, repeating: 0)
    }
    let gpus = runs[leaf] + 3 * Leaf.capacity
    for position in 0..<Leaf.capacity { cells[gpus + position] = 0 }
  }

  /// Notes the offer at `position` of a leaf that has columns.
  @inline(__always)
  mutating func set(_ leaf: Int32, _ position: Int32, _ offer: borrowing OrderRecord) {
    let cell = runs[leaf] + position
    cells[cell] = Self.signed(offer.start)
    cells[cell + Leaf.capacity] = Self.signed(offer.end)
    cells[cell + 2 * Leaf.capacity] = offer.length
    cells[cell + 3 * Leaf.capacity] = offer.gpus
  }

  /// Makes room at `position` of a leaf that has fewer offers than it can hold, and notes the offer that comes there, if the
  /// leaf's columns are known.
  @inline(__always)
  mutating func insert(_ leaf: Int32, _ position: Int32, _ offer: borrowing OrderRecord) {
    guard has(leaf) else { return }
    for column in 0..<4 as Range<Int32> {
      let first = runs[leaf] &+ column &* Leaf.capacity
      cells.moveUp(from: first &+ position, to: first &+ Leaf.capacity)
    }
    set(leaf, position, offer)
  }

  /// Takes out the offer at `position` of a leaf, if the leaf's columns are known.
  @inline(__always)
  mutating func remove(_ leaf: Int32, _ position: Int32) {
    guard has(leaf) else { return }
    for column in 0..<4 as Range<Int32> {
      let first = runs[leaf] &+ column &* Leaf.capacity
      cells.moveDown(from: first &+ position, to: first &+ Leaf.capacity)
    }
    // No offer has less than one GPU, and no bid wants less.
    cells[runs[leaf] &+ 4 &* Leaf.capacity &- 1] = 0
  }

  /// Forgets a leaf's columns, if they are known.
  @inline(__always)
  mutating func forget(_ leaf: Int32) {
    guard has(leaf) else { return }
    cells[runs[leaf]] = vacant
    vacant = runs[leaf]
    runs[leaf] = -1
  }

  /// The positions of the offers of a leaf, whose columns are known, that share with a bid at least all that are able to
  /// serve it: a bit for each.
  @inline(__always)
  func places(_ leaf: Int32, for bid: borrowing Need) -> UInt32 {
    cells.places(
      first: runs[leaf], startingBy: Self.signed(UInt32(clamping: bid.lastStart)),
      endingFrom: Self.signed(UInt32(clamping: bid.earliestEnd)), length: bid.slots, gpus: bid.gpus)
  }

  /// The positions of the offers of a leaf, whose columns are known, that have at least `gpus` GPUs: a bit for each.
  @inline(__always)
  func places(_ leaf: Int32, gpus: Int32) -> UInt32 {
    cells.places(first: runs[leaf], startingBy: .max, endingFrom: .min, length: .min, gpus: gpus)
  }

  /// A number that compares with a sign as `value` does without.
  @inline(__always)
  private static func signed(_ value: UInt32) -> Int32 { Int32(bitPattern: value ^ 1 << 31) }
}
