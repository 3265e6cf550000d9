import Glibc

/// A growing array of trivial values that are named by 32-bit indexes: the one type of the book that holds pointers.
///
/// Invariants:
///
/// 1. `base` is memory from `realloc` for `capacity` elements, or dangles while `capacity` is 0; `deinit` frees it once.
/// 2. Elements below `count` are initialized; `0 <= count <= capacity`.
/// 3. Every access checks its index against `count`: an index from a bug ends the process instead of reading elsewhere.
/// 4. No pointer leaves a method.
///
/// An element needs no destruction and can be moved as bytes, which `BitwiseCopyable` guarantees. Small slabs grow
/// by doubling, large ones by a sixteenth: `realloc` then moves pages instead of copying bytes.
struct Slab<Element: BitwiseCopyable>: ~Copyable {
  private var base: UnsafeMutablePointer<Element>
  /// The number of elements.
  private(set) var count: Int32 = 0
  private var capacity: Int32 = 0

  /// An empty slab, which owns no memory.
  init() { base = UnsafeMutablePointer(bitPattern: MemoryLayout<Element>.alignment)! }

  /// A slab with the same elements in memory of its own. O(count).
  init(copying other: borrowing Slab) {
    self.init()
    guard other.count > 0 else { return }
    reserve(other.count)
    base.initialize(from: other.base, count: Int(other.count))
    count = other.count
  }

  deinit {
    if capacity > 0 { free(base) }
  }

  /// The bytes of memory that hold elements.
  var usedBytes: Int { Int(count) * MemoryLayout<Element>.stride }

  /// The element at `index`, which must be below ``count``.
  subscript(index: Int32) -> Element {
    @inline(__always)
    unsafeAddress { UnsafePointer(address(index)) }
    @inline(__always)
    unsafeMutableAddress { address(index) }
  }

  /// Adds an element at the end and gives its index. O(1) amortized.
  @inline(__always)
  mutating func append(_ element: Element) -> Int32 {
    if count == capacity { reserve(count + 1) }
    (base + Int(count)).initialize(to: element)
    count += 1
    return count - 1
  }

  /// Adds `length` elements and gives the index of the first. O(length).
  mutating func appendRun(_ length: Int32, repeating element: Element) -> Int32 {
    if count + length > capacity { reserve(count + length) }
    (base + Int(count)).initialize(repeating: element, count: Int(length))
    count += length
    return count - length
  }

  /// Moves the elements from `start` up to `end`, all but the last of them, one place up: the last one is overwritten.
  @inline(__always)
  mutating func moveUp(from start: Int32, to end: Int32) {
    precondition(0 <= start && start < end && end <= count, "a slab has no such elements")
    (base + Int(start) + 1).update(from: base + Int(start), count: Int(end - start) - 1)
  }

  /// Moves the elements from `start` up to `end`, all but the first of them, one place down: the first is overwritten.
  @inline(__always)
  mutating func moveDown(from start: Int32, to end: Int32) {
    precondition(0 <= start && start < end && end <= count, "a slab has no such elements")
    (base + Int(start)).update(from: base + Int(start) + 1, count: Int(end - start) - 1)
  }

  @inline(__always)
  private func address(_ index: Int32) -> UnsafeMutablePointer<Element> {
    precondition(UInt32(bitPattern: index) < UInt32(bitPattern: count), "a slab has no such element")
    return base + Int(index)
  }

  @inline(never)
  private mutating func reserve(_ wanted: Int32) {
    precondition(wanted > 0 && wanted <= 1 << 30, "a slab has room for 2^30 elements")
    let larger = max(wanted, min(capacity < 4096 ? 2 * max(capacity, 8) : capacity + capacity / 16, 1 << 30))
    guard
      let memory = realloc(
        capacity > 0 ? UnsafeMutableRawPointer(base) : nil, Int(larger) * MemoryLayout<Element>.stride)
    else { fatalError("there is no memory for \(larger) elements of \(MemoryLayout<Element>.stride) bytes") }
    base = memory.bindMemory(to: Element.self, capacity: Int(larger))
    capacity = larger
  }
}

extension Slab where Element == UInt32 {
  /// How many of the 32 elements from `first` on are at most `value`. Looks at all alike, which takes no branch.
  @inline(__always)
  func countAtMost(_ value: UInt32, first: Int32) -> Int32 {
    precondition(0 <= first && first + 32 <= count, "a slab has no such elements")
    let elements = base + Int(first)
    var found: UInt32 = 0
    for offset in 0..<32 { found &+= elements[offset] <= value ? 1 : 0 }
    return Int32(truncatingIfNeeded: found)
  }

  /// Where in the 32 elements from `first` on `value` stands, which is there once.
  @inline(__always)
  func offset(of value: UInt32, first: Int32) -> Int32 {
    precondition(0 <= first && first + 32 <= count, "a slab has no such elements")
    let elements = base + Int(first)
    // The sum of the one offset and zeros: like the count, this takes no branch.
    var found: UInt32 = 0
    for offset in 0..<32 { found &+= elements[offset] == value ? UInt32(truncatingIfNeeded: offset) : 0 }
    precondition(found < 32 && elements[Int(found)] == value, "a slab has no such value there")
    return Int32(truncatingIfNeeded: found)
  }
}

/// The memory is the slab's alone.
extension Slab: @unchecked Sendable where Element: Sendable {}
