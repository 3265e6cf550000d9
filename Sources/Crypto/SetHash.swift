import CSodium

/// A collision-resistant hash of a set that follows insertions and removals one element at a time: two sets are equal
/// exactly if their hashes are, whatever the order in which they came about.
///
/// This is LtHash16 with 1024 lanes (Lewi, Kim, Maykov, Weis: "Securing Update Propagation with Homomorphic Hashing",
/// 2019, after Bellare and Micciancio: "A New Paradigm for Collision-Free Hashing", 1997): the state is the sum of the
/// elements' vectors, lane by lane modulo 2^16. Finding two sets with one sum is a short-integer-solution problem in
/// dimension 1024, with more than 200 bits of security.
///
/// An element's vector, with D the 18 bytes of "p2pnode/sethash/v1" in ASCII and integers in little-endian order:
///
///     seed     = BLAKE2b-512(D ‖ 0x00 ‖ element)
///     block(i) = BLAKE2b-512(D ‖ 0x01 ‖ i in 2 bytes ‖ seed)          for i = 0 ... 31
///     lane(32i + j) = bytes 2j and 2j + 1 of block(i) as an integer     for j = 0 ... 31
///     digest   = BLAKE2b-256(D ‖ 0x02 ‖ the 1024 lanes in 2 bytes each)
///
/// It hashes sets, not multisets: the caller adds an element that is not in the set and removes one that is. An element
/// added 65,536 times would vanish.
public struct SetHash: Equatable, Sendable {
  /// The number of 16-bit lanes.
  public static let laneCount = 1024

  private static let domain: StaticString = "p2pnode/sethash/v1"
  private static let blockCount = laneCount / lanesInBlock
  private static let lanesInBlock = 32
  private static let blockByteCount = 64

  private var lanes: [UInt16]

  /// The hash of the empty set.
  public init() {
    lanes = [UInt16](repeating: 0, count: Self.laneCount)
  }

  /// Adds an element that is not in the set. Costs 33 BLAKE2b compressions and one more per 128 bytes of element.
  @inlinable
  public mutating func add(_ element: some ByteSource) {
    element.withBytes { accumulate($0, isAddition: true) }
  }

  /// Removes an element that is in the set: the inverse of `add`, at the same cost.
  @inlinable
  public mutating func remove(_ element: some ByteSource) {
    element.withBytes { accumulate($0, isAddition: false) }
  }

  /// Adds all elements of a set that has none in common with this one. Costs 1024 additions.
  public mutating func formUnion(disjoint other: SetHash) {
    for lane in 0..<Self.laneCount { lanes[lane] &+= other.lanes[lane] }
  }

  /// The set's name in 32 bytes.
  public var digest: Digest {
    let domain = UnsafeRawBufferPointer(start: Self.domain.utf8Start, count: Self.domain.utf8CodeUnitCount)
    let headerByteCount = domain.count + 1
    let byteCount = headerByteCount + 2 * Self.laneCount
    return withUnsafeTemporaryAllocation(byteCount: byteCount, alignment: 8) { input in
      input.copyMemory(from: domain)
      input[domain.count] = 2
      for lane in 0..<Self.laneCount {
        input.storeBytes(of: lanes[lane].littleEndian, toByteOffset: headerByteCount + 2 * lane, as: UInt16.self)
      }
      return Blake2b.hash(UnsafeRawBufferPointer(input))
    }
  }

  @usableFromInline
  mutating func accumulate(_ element: UnsafeRawBufferPointer, isAddition: Bool) {
    withUnsafeTemporaryAllocation(of: UInt16.self, capacity: Self.laneCount) { vector in
      Self.expand(element, into: UnsafeMutableRawBufferPointer(vector))
      lanes.withUnsafeMutableBufferPointer { lanes in
        // Two loops without a branch inside, which the compiler turns into vector instructions.
        if isAddition {
          for lane in 0..<Self.laneCount { lanes[lane] &+= UInt16(littleEndian: vector[lane]) }
        } else {
          for lane in 0..<Self.laneCount { lanes[lane] &-= UInt16(littleEndian: vector[lane]) }
        }
      }
    }
  }

  /// Writes the element's 2048 bytes to `vector`.
  private static func expand(_ element: UnsafeRawBufferPointer, into vector: UnsafeMutableRawBufferPointer) {
    let domain = UnsafeRawBufferPointer(start: Self.domain.utf8Start, count: Self.domain.utf8CodeUnitCount)
    let seedOffset = domain.count + 3
    withUnsafeTemporaryAllocation(byteCount: seedOffset + blockByteCount, alignment: 8) { input in
      input.copyMemory(from: domain)
      withUnsafeTemporaryAllocation(byteCount: domain.count + 1 + element.count, alignment: 8) { seedInput in
        seedInput.copyMemory(from: domain)
        seedInput[domain.count] = 0
        seedInput.part(from: domain.count + 1, count: element.count).copyMemory(from: element)
        Blake2b.digest512(UnsafeRawBufferPointer(seedInput), into: input.part(from: seedOffset, count: blockByteCount))
      }
      input[domain.count] = 1
      input[domain.count + 2] = 0
      for block in 0..<blockCount {
        input[domain.count + 1] = UInt8(block)
        Blake2b.digest512(
          UnsafeRawBufferPointer(input), into: vector.part(from: block * blockByteCount, count: blockByteCount))
      }
    }
  }
}
