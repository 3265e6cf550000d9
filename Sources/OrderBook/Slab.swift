import CMemory
import Glibc

/// A growing array of trivial values that are named by 32-bit indexes: the one type of the book that holds pointers.
///
/// Invariants:
///
/// 1. While `mappedBytes` is 0, `base` lies `lead` bytes into memory from `realloc` that has room for `capacity` elements
///    behind it, at the beginning of a cache line; or it dangles while `capacity` is 0. Otherwise `base` is the beginning
///    of a mapping of its own of so many bytes, which hold `capacity` elements. `deinit` gives the memory back once.
/// 2. Elements below `count` are initialized; `0 <= count <= capacity`.
/// 3. Every access checks its index against `count`: an index from a bug ends the process instead of reading elsewhere.
/// 4. No pointer leaves a method.
///
/// An element needs no destruction and can be moved as bytes, which `BitwiseCopyable` guarantees. Small slabs grow
/// by doubling, larger ones by a sixteenth. The large ones have address space for several times as much, of which only the
/// pages that hold something take memory: they grow in place, most in huge pages where the system has them, of which a random
/// access misses fewer translations. When the space is full their pages move to another; no element is copied.
struct Slab<Element: BitwiseCopyable>: ~Copyable {
  private var base: UnsafeMutablePointer<Element>
  /// The number of elements.
  private(set) var count: Int32 = 0
  private var capacity: Int32 = 0
  private var lead = 0
  private var mappedBytes = 0
  private let isHuge: Bool

  private static var lineBytes: Int { 64 }
  /// A slab that needs more bytes has a mapping. Its beginning is copied there, which takes longer into small pages.
  private var mappedFrom: Int { isHuge ? 4 << 20 : 1 << 20 }
  private static var hugePageBytes: Int { 2 << 20 }

  /// An empty slab, which owns no memory.
  ///
  /// - Parameter isHuge: whether it asks for huge pages when it has grown large. The last of them is half empty, which is
  ///   little where there are many.
  init(isHuge: Bool = true) {
    base = UnsafeMutablePointer(bitPattern: MemoryLayout<Element>.alignment)!
    self.isHuge = isHuge
  }

  /// A slab with the same elements in memory of its own. O(count).
  init(copying other: borrowing Slab) {
    self.init(isHuge: other.isHuge)
    guard other.count > 0 else { return }
    reserve(other.count)
    base.initialize(from: other.base, count: Int(other.count))
    count = other.count
  }

  deinit {
    release()
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

  /// Asks the processor to bring the element at `index`, if there is one, near.
  @inline(__always)
  func prefetch(_ index: Int32) {
    if UInt32(bitPattern: index) < UInt32(bitPattern: count) { prefetch_line(base + Int(index)) }
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

  private func release() {
    if mappedBytes > 0 {
      munmap(base, mappedBytes)
    } else if capacity > 0 {
      free(UnsafeMutableRawPointer(base) - lead)
    }
  }

  @inline(never)
  private mutating func reserve(_ wanted: Int32) {
    precondition(wanted > 0 && wanted <= 1 << 30, "a slab has room for 2^30 elements")
    if Int(wanted) * MemoryLayout<Element>.stride > mappedFrom { return map(wanted) }
    let larger = max(wanted, min(capacity < 4096 ? 2 * max(capacity, 8) : capacity + capacity / 16, 1 << 30))
    let bytes = Int(larger) * MemoryLayout<Element>.stride + Self.lineBytes
    guard let memory = realloc(capacity > 0 ? UnsafeMutableRawPointer(base) - lead : nil, bytes) else {
      fatalError("there is no memory for \(larger) elements of \(MemoryLayout<Element>.stride) bytes")
    }
    // An element as large as a cache line lies in one, not in two. The allocator may have moved the bytes to a place
    // that is not as far from a line's beginning as the old one was.
    let newLead = (0 &- Int(bitPattern: memory)) & (Self.lineBytes - 1)
    if newLead != lead {
      memmove(memory + newLead, memory + lead, Int(count) * MemoryLayout<Element>.stride)
      lead = newLead
    }
    base = (memory + lead).bindMemory(to: Element.self, capacity: Int(larger))
    capacity = larger
  }

  /// Moves the elements into a mapping that has address space for four times `wanted` elements.
  private mutating func map(_ wanted: Int32) {
    let stride = MemoryLayout<Element>.stride
    let larger = min(4 * Int(wanted), 1 << 30)
    let bytes = Self.roundedUp(larger * stride)
    guard
      let space = mmap(
        nil, bytes + Self.hugePageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
      space != MAP_FAILED
    else { fatalError("there is no memory for \(larger) elements of \(stride) bytes") }
    // A huge page lies at a multiple of its size. What is left over at both ends goes back.
    let head = (0 &- Int(bitPattern: space)) & (Self.hugePageBytes - 1)
    let start = space + head
    if head > 0 { munmap(space, head) }
    munmap(start + bytes, Self.hugePageBytes - head)
    // A wish, which a system without huge pages does not grant. Some use them wherever they are not asked not to.
    madvise(start, bytes, isHuge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE)
    let used = Self.roundedUp(Int(count) * stride)
    if mappedBytes > 0, move_pages_to(base, used, start) != 0 {
      if used < mappedBytes { munmap(UnsafeMutableRawPointer(base) + used, mappedBytes - used) }
    } else {
      start.copyMemory(from: base, byteCount: Int(count) * stride)
      release()
    }
    lead = 0
    mappedBytes = bytes
    base = start.bindMemory(to: Element.self, capacity: larger)
    capacity = Int32(larger)
  }

  private static func roundedUp(_ bytes: Int) -> Int { (bytes + hugePageBytes - 1) & ~(hugePageBytes - 1) }
}

extension Slab where Element == Int32 {
  /// How many of the 32 elements from `first` on, a multiple of 4, are at most `value`. They ascend.
  @inline(__always)
  func countAtMost(_ value: Int32, first: Int32) -> Int32 {
    precondition(0 <= first && first &+ 32 <= count && first & 3 == 0, "a slab has no such elements")
    let greater = UInt64(greater_of_32(base + Int(first), value)) | 1 &<< 32
    return Int32(truncatingIfNeeded: greater.trailingZeroBitCount)
  }

  /// Adds `difference` to those of the 32 elements from `first` on, a multiple of 4, that are not the greatest value.
  @inline(__always)
  mutating func add(_ difference: Int32, first: Int32) {
    precondition(0 <= first && first &+ 32 <= count && first & 3 == 0, "a slab has no such elements")
    add_to_32(base + Int(first), difference)
  }

  /// Takes out the first of the 32 elements from `first` on, a multiple of 4: the others move down, the last becomes the
  /// greatest value. Adds `difference` to those that are not the greatest value.
  @inline(__always)
  mutating func removeFirst(first: Int32, adding difference: Int32) {
    precondition(0 <= first && first &+ 32 <= count && first & 3 == 0, "a slab has no such elements")
    remove_first_of_32(base + Int(first), difference)
  }

  /// Where in the 32 elements from `first` on, a multiple of 4, `value` stands first. It is there.
  @inline(__always)
  func offset(of value: Int32, first: Int32) -> Int32 {
    precondition(0 <= first && first &+ 32 <= count && first & 3 == 0, "a slab has no such elements")
    let equal = equal_of_32(base + Int(first), value)
    precondition(equal != 0, "a slab has no such value there")
    return Int32(truncatingIfNeeded: equal.trailingZeroBitCount)
  }
}

extension Slab where Element == Int32 {
  /// Of four columns of 32 elements from `first` on, starts, ends, lengths and numbers of GPUs: a bit for each line in
  /// which all four are as demanded. Takes no branch.
  @inline(__always)
  func places(first: Int32, startingBy start: Int32, endingFrom end: Int32, length: Int32, gpus: Int32) -> UInt32 {
    precondition(0 <= first && first &+ 128 <= count, "a slab has no such elements")
    let elements = base + Int(first)
    var found: UInt32 = 0
    for line in 0..<32 {
      let late: UInt32 = elements[line] > start ? 1 : 0
      let early: UInt32 = elements[line &+ 32] < end ? 1 : 0
      let short: UInt32 = elements[line &+ 64] < length ? 1 : 0
      let small: UInt32 = elements[line &+ 96] < gpus ? 1 : 0
      found |= (1 &- (late | early | short | small)) &<< UInt32(truncatingIfNeeded: line)
    }
    return found
  }
}

extension Slab where Element == UInt64 {
  /// Makes all elements 0.
  @inline(__always)
  mutating func clear() { base.update(repeating: 0, count: Int(count)) }

  /// The first place from `first` on whose element is at least `least`; there is one.
  @inline(__always)
  func firstPlace(from first: Int32, atLeast least: UInt64) -> Int32 {
    let elements = base
    let count = UInt32(bitPattern: count)
    var place = first
    while true {
      precondition(UInt32(bitPattern: place) < count, "a slab has no such element")
      if elements[Int(place)] >= least { return place }
      place &+= 1
    }
  }

  /// Puts in `element` at `place`; what was there and behind it moves one place up, up to the first `gap`, which is
  /// overwritten. There is one.
  ///
  /// - Returns: where that was.
  @inline(__always)
  mutating func push(_ element: UInt64, at place: Int32, upTo gap: UInt64) -> Int32 {
    let elements = base
    let count = UInt32(bitPattern: count)
    var (carried, place) = (element, place)
    while true {
      precondition(UInt32(bitPattern: place) < count, "a slab has no such element")
      let next = elements[Int(place)]
      elements[Int(place)] = carried
      if next == gap { return place }
      carried = next
      place &+= 1
    }
  }

  /// Takes out the element at `place`; what is behind it moves one place down, up to the first element that `stays` where
  /// it is. The place that comes free becomes a `gap`.
  @inline(__always)
  mutating func close(_ place: Int32, with gap: UInt64, _ stays: (_ element: UInt64, _ place: Int32) -> Bool) {
    let elements = base
    let count = UInt32(bitPattern: count)
    var place = place
    precondition(place >= 0, "a slab has no such element")
    while true {
      precondition(UInt32(bitPattern: place &+ 1) < count, "a slab has no such element")
      let next = elements[Int(place &+ 1)]
      if stays(next, place &+ 1) { break }
      elements[Int(place)] = next
      place &+= 1
    }
    elements[Int(place)] = gap
  }

  /// Whether a byte reaches a threshold (``Bytes``) in the words from `low` to `high` of the 32 from `first` on, which follow
  /// each other in a ring: of the first and the last of them only where a mask has bits.
  @inline(__always)
  func reach(
    _ threshold: UInt64, first: Int32, from low: Int64, to high: Int64, firstMask: UInt64, lastMask: UInt64
  ) -> Bool {
    precondition(0 <= first && first &+ 32 <= count, "a slab has no such elements")
    let row = base + Int(first)
    var word = low
    var mask = firstMask
    while word < high {
      if Bytes.reach(threshold, row[Int(word & 31)] & mask) { return true }
      mask = .max
      word &+= 1
    }
    return Bytes.reach(threshold, row[Int(word & 31)] & mask & lastMask)
  }

  /// Raises each byte of the 32 elements from `first` on to at least that of `other`'s from `place` on.
  @inline(__always)
  mutating func raise(_ first: Int32, to other: borrowing Slab, _ place: Int32) {
    precondition(0 <= first && first &+ 32 <= count && 0 <= place && place &+ 32 <= other.count, "no such elements")
    Self.raise(base + Int(first), to: other.base + Int(place))
  }

  /// The same with two places of one slab.
  @inline(__always)
  mutating func raise(_ first: Int32, to place: Int32) {
    precondition(0 <= first && first &+ 32 <= count && 0 <= place && place &+ 32 <= count, "no such elements")
    Self.raise(base + Int(first), to: base + Int(place))
  }

  /// Lowers each byte of the 32 elements from `first` on to at most that of `other`'s from `place` on.
  @inline(__always)
  mutating func lower(_ first: Int32, to other: borrowing Slab, _ place: Int32) {
    precondition(0 <= first && first &+ 32 <= count && 0 <= place && place &+ 32 <= other.count, "no such elements")
    let (target, bounds) = (UnsafeMutableRawPointer(base + Int(first)), UnsafeRawPointer(other.base + Int(place)))
    for offset in 0..<16 {
      let one = target.loadUnaligned(fromByteOffset: 16 &* offset, as: SIMD16<UInt8>.self)
      let bound = bounds.loadUnaligned(fromByteOffset: 16 &* offset, as: SIMD16<UInt8>.self)
      target.storeBytes(
        of: one.replacing(with: bound, where: bound .< one), toByteOffset: 16 &* offset, as: SIMD16<UInt8>.self)
    }
  }

  @inline(__always)
  private static func raise(_ target: UnsafeMutableRawPointer, to bounds: UnsafeRawPointer) {
    for offset in 0..<16 {
      let one = target.loadUnaligned(fromByteOffset: 16 &* offset, as: SIMD16<UInt8>.self)
      let bound = bounds.loadUnaligned(fromByteOffset: 16 &* offset, as: SIMD16<UInt8>.self)
      target.storeBytes(
        of: one.replacing(with: bound, where: one .< bound), toByteOffset: 16 &* offset, as: SIMD16<UInt8>.self)
    }
  }
}

/// The memory is the slab's alone.
extension Slab: @unchecked Sendable where Element: Sendable {}
