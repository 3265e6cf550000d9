/// A 32-byte name: a public key or a BLAKE2b-256 digest, told apart by `Tag` so that the compiler keeps them apart.
///
/// Stored as four big-endian words: no allocation, equality in four compares, and `<` is the lexicographic order of
/// the bytes, the order in which every protocol rule that needs one sorts identifiers.
@frozen
public struct Identifier<Tag>: Hashable, Comparable, Sendable {
  /// Bytes 0 to 7, most significant first.
  public let word0: UInt64
  /// Bytes 8 to 15, most significant first.
  public let word1: UInt64
  /// Bytes 16 to 23, most significant first.
  public let word2: UInt64
  /// Bytes 24 to 31, most significant first.
  public let word3: UInt64

  /// The identifier's length in bytes, 32.
  @inlinable public static var byteCount: Int { 32 }

  /// An identifier from its four big-endian words.
  @inlinable
  public init(word0: UInt64, word1: UInt64, word2: UInt64, word3: UInt64) {
    self.word0 = word0
    self.word1 = word1
    self.word2 = word2
    self.word3 = word3
  }

  /// An identifier from exactly 32 bytes; nil for any other count.
  @inlinable
  public init?(bytes: some Collection<UInt8>) {
    let contiguous = bytes.withContiguousStorageIfAvailable { Self(loading: UnsafeRawBufferPointer($0)) }
    guard let identifier = contiguous ?? Array(bytes).withUnsafeBytes({ Self(loading: $0) }) else { return nil }
    self = identifier
  }

  /// The loading half of `init(bytes:)`, on memory.
  @inlinable
  init?(loading memory: UnsafeRawBufferPointer) {
    guard memory.count == Self.byteCount else { return nil }
    self.init(
      word0: UInt64(bigEndian: memory.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
      word1: UInt64(bigEndian: memory.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
      word2: UInt64(bigEndian: memory.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
      word3: UInt64(bigEndian: memory.loadUnaligned(fromByteOffset: 24, as: UInt64.self)))
  }

  /// An identifier from 64 hexadecimal digits of either case; nil for anything else.
  public init?(hex: some StringProtocol) {
    guard let value = Hex.withDigits(of: hex, { Self(hexDigits: $0) }) else { return nil }
    self = value
  }

  /// An identifier from the bytes of as many digits; nil for anything else.
  public init?(hexDigits digits: UnsafeRawBufferPointer) {
    guard let value = Hex.value(ofDigits: digits, byteCount: Self.byteCount, Self.init(loading:)) else { return nil }
    self = value
  }

  /// The 32 bytes.
  @inlinable
  public var bytes: [UInt8] { withBytes { Array($0) } }

  /// Appends the 32 bytes to `buffer`.
  @inlinable
  public func append(to buffer: inout [UInt8]) {
    withBytes { buffer.append(contentsOf: $0) }
  }

  /// The 64 lowercase hexadecimal digits.
  public var hex: String { withBytes { Hex.encode($0) } }

  /// The first `digits` hexadecimal digits: enough for a person to tell two identifiers apart, never for a program.
  public func short(_ digits: Int = 10) -> String { String(hex.prefix(digits)) }

  /// The lexicographic order of the bytes.
  @inlinable
  public static func < (left: Self, right: Self) -> Bool {
    if left.word0 != right.word0 { return left.word0 < right.word0 }
    if left.word1 != right.word1 { return left.word1 < right.word1 }
    if left.word2 != right.word2 { return left.word2 < right.word2 }
    return left.word3 < right.word3
  }
}

extension Identifier: ByteSource {
  /// Calls `body` with the bytes, which are valid only until it returns.
  @inlinable
  public func withBytes<Output, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Output
  ) throws(Failure) -> Output {
    let memory = (word0.bigEndian, word1.bigEndian, word2.bigEndian, word3.bigEndian)
    return try withUnsafeBytes(of: memory) { (bytes) throws(Failure) in try body(bytes) }
  }
}

extension Identifier: CustomStringConvertible {
  /// The 64 hexadecimal digits.
  public var description: String { hex }
}

/// Marks an Ed25519 public key that names a node.
public enum NodeTag {}
/// Marks the BLAKE2b-256 of a genesis file.
public enum NetworkTag {}
/// Marks the BLAKE2b-256 of an entry's bytes.
public enum EntryTag {}
/// Marks an order's position-derived name.
public enum OrderTag {}
/// Marks the BLAKE2b-256 of a trade's terms.
public enum TradeTag {}
/// Marks the hash of a purchase's legs.
public enum PurchaseTag {}
/// Marks an X25519 public key of the Noise handshake.
public enum NoiseKeyTag {}
/// Marks any other BLAKE2b-256 digest.
public enum DigestTag {}

/// A node's Ed25519 public key.
public typealias NodeID = Identifier<NodeTag>
/// The BLAKE2b-256 of the genesis file's exact bytes.
public typealias NetworkID = Identifier<NetworkTag>
/// The BLAKE2b-256 of an entry's exact bytes.
public typealias EntryID = Identifier<EntryTag>
/// An order's name, derived from the position of the operation that placed it.
public typealias OrderID = Identifier<OrderTag>
/// The BLAKE2b-256 of a trade's terms bytes.
public typealias TradeID = Identifier<TradeTag>
/// A purchase's name, which commits to all its legs.
public typealias PurchaseID = Identifier<PurchaseTag>
/// A node's X25519 public key in the Noise handshake.
public typealias NoisePublicKey = Identifier<NoiseKeyTag>
/// A BLAKE2b-256 digest with no narrower name.
public typealias Digest = Identifier<DigestTag>
