/// Memory for trivial values that are named by 32-bit indexes: the one type of the book that holds pointers.
///
/// The elements lie in chunks of 2^`shift` that never move, so that growing copies nothing. Invariants:
///
/// 1. `allocations` owns the memory: each is freed once, by `deinit`.
/// 2. `chunks[k]` points to room for elements `k << shift` up to `(k + 1) << shift`, inside one of the allocations.
///    Chunks that were allocated together follow each other in memory.
/// 3. Elements below `count` are initialized; `count <= chunkCount << shift`.
/// 4. Every access checks its index against `count`: an index from a bug ends the process instead of reading elsewhere.
///
/// An element needs no destruction, which `BitwiseCopyable` guarantees.
struct Slab<Element: BitwiseCopyable>: ~Copyable {
  /// The number of elements.
  private(set) var count = 0

  private let shift: Int
  private let mask: Int
  private var chunks: UnsafeMutablePointer<UnsafeMutablePointer<Element>>
  private var chunkCount = 0
  private var directoryCapacity: Int
  private var allocations: [UnsafeMutableBufferPointer<Element>] = []

  /// An empty slab in chunks of 2^`shift` elements; memory is allocated when the first element comes.
  init(shift: Int) {
    self.shift = shift
    mask = (1 << shift) - 1
    directoryCapacity = 4
    chunks = .allocate(capacity: directoryCapacity)
  }

  /// A slab with the same elements in memory of its own. O(count).
  init(copying other: borrowing Slab) {
    self.init(shift: other.shift)
    for allocation in other.allocations {
      let copy = UnsafeMutableBufferPointer<Element>.allocate(capacity: allocation.count)
      let used = max(0, min(allocation.count, other.count - chunkCount << shift))
      copy.baseAddress?.initialize(from: allocation.baseAddress!, count: used)
      adopt(copy)
    }
    count = other.count
  }

  deinit {
    for allocation in allocations { allocation.deallocate() }
    chunks.deallocate()
  }

  /// The bytes allocated.
  var allocatedBytes: Int {
    allocations.reduce(0) { $0 + $1.count } * MemoryLayout<Element>.stride
      + directoryCapacity * MemoryLayout<UnsafeMutablePointer<Element>>.stride
  }

  /// The element at `index`, which must be below ``count``.
  subscript(index: Int32) -> Element {
    @inline(__always)
    _read { yield address(index).pointee }
    @inline(__always)
    _modify { yield &address(index).pointee }
  }

  /// Adds an element at the end and gives its index. O(1).
  @inline(__always)
  mutating func append(_ element: Element) -> Int32 {
    if count == chunkCount << shift { grow(by: 1) }
    chunks[count >> shift].advanced(by: count & mask).initialize(to: element)
    count += 1
    return Int32(truncatingIfNeeded: count - 1)
  }

  /// Adds `length` elements, a power of two, that lie next to each other, and gives the index of the first, which is a
  /// multiple of `length`. Gaps that the alignment leaves are initialized and never used. O(length).
  mutating func appendRun(_ length: Int, repeating element: Element) -> Int32 {
    let first = (count + length - 1) & ~(length - 1)
    let end = first + length
    if end > chunkCount << shift { grow(by: max(1, length >> shift)) }
    while count < end {
      chunks[count >> shift].advanced(by: count & mask).initialize(to: element)
      count += 1
    }
    return Int32(truncatingIfNeeded: first)
  }

  @inline(__always)
  private func address(_ index: Int32) -> UnsafeMutablePointer<Element> {
    let index = Int(truncatingIfNeeded: UInt32(bitPattern: index))
    precondition(index < count, "a slab has no such element")
    return chunks[index >> shift] + (index & mask)
  }

  @inline(never)
  private mutating func grow(by chunkCount: Int) {
    precondition((self.chunkCount + chunkCount) << shift <= Int(Int32.max), "a slab has room for 2^31 elements")
    adopt(.allocate(capacity: chunkCount << shift))
  }

  /// Takes over an allocation of whole chunks.
  private mutating func adopt(_ allocation: UnsafeMutableBufferPointer<Element>) {
    let added = allocation.count >> shift
    if chunkCount + added > directoryCapacity {
      let capacity = max(2 * directoryCapacity, chunkCount + added)
      let larger = UnsafeMutablePointer<UnsafeMutablePointer<Element>>.allocate(capacity: capacity)
      larger.moveInitialize(from: chunks, count: chunkCount)
      chunks.deallocate()
      chunks = larger
      directoryCapacity = capacity
    }
    for chunk in 0..<added {
      chunks.advanced(by: chunkCount).initialize(to: allocation.baseAddress! + chunk << shift)
      chunkCount += 1
    }
    allocations.append(allocation)
  }
}

/// The slab is memory that it alone owns.
extension Slab: @unchecked Sendable where Element: Sendable {}
