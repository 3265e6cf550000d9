import CSodium

/// A collision-resistant hash of a set that follows insertions and removals one element at a time: two sets are equal
/// exactly if their hashes are, whatever the order in which they came about.
///
/// This is LtHash16 with 1024 lanes (Lewi, Kim, Maykov, Weis: "Securing Update Propagation with Homomorphic Hashing",
/// 2019, after Bellare and Micciancio: "A New Paradigm for Collision-Free Hashing", 1997): the state is the sum of the
/// elements' vectors, lane by lane modulo 2^16. Finding two sets with one sum is a short-integer-solution problem in
/// dimension 1024, with more than 200 bits of security.
///
/// An element's vector, with D the 18 bytes of "p2pnode/sethash/v2" in ASCII and integers in little-endian order:
///
///     key      = BLAKE2b-256(D ‖ 0x00 ‖ element)
///     stream   = the first 2048 bytes of ChaCha20 (RFC 8439) under key, its counter 0, its nonce 12 zero bytes
///     lane(i)  = bytes 2i and 2i + 1 of stream as an integer              for i = 0 ... 1023
///     digest   = BLAKE2b-256(D ‖ 0x01 ‖ the 1024 lanes in 2 bytes each)
///
/// The vectors have to be as if drawn by chance, one for each element: that is what the reduction to short integer
/// solutions asks for. BLAKE2b gives each element a key of its own, unless two collide, which takes about 2^128 hashes as
/// it does for the digest itself; and nobody can choose a key. From the key on ChaCha20 is used as a hash of a short
/// input, as MuHash3072 of Bitcoin Core does: its block function, which adds its input to what its rounds make of it, is
/// one-way and has been looked at for that. It takes a sixth of the time that BLAKE2b takes for as many bytes.
///
/// It hashes sets, not multisets: the caller adds an element that is not in the set and removes one that is. An element
/// added 65,536 times would vanish.
public struct SetHash: Equatable, Sendable {
  /// The number of 16-bit lanes.
  public static let laneCount = 1024

  private static let domain: StaticString = "p2pnode/sethash/v2"

  private var lanes: [UInt16]

  /// The hash of the empty set.
  public init() {
    lanes = [UInt16](repeating: 0, count: Self.laneCount)
  }

  /// Adds an element that is not in the set. Costs 32 blocks of ChaCha20, and a BLAKE2b compression for
  /// each 128 bytes of element.
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
      input[domain.count] = 1
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
    let key: Digest = withUnsafeTemporaryAllocation(byteCount: domain.count + 1 + element.count, alignment: 8) {
      input in
      input.copyMemory(from: domain)
      input[domain.count] = 0
      input.part(from: domain.count + 1, count: element.count).copyMemory(from: element)
      return Blake2b.hash(UnsafeRawBufferPointer(input))
    }
    ChaCha20.writeKeystream(under: key, to: vector)
  }
}
