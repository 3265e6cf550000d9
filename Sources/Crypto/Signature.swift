/// An Ed25519 signature (RFC 8032): R, the encoding of a point, in the first 32 bytes, and the scalar S in the others.
///
/// Any 64 bytes are a `Signature`; whether it is a valid one is for `VerifyingKey.isValid` to say. Stored as eight
/// big-endian words, so that it needs no allocation and compares in eight steps.
@frozen
public struct Signature: Hashable, Sendable {
  /// Bytes 0 to 7, most significant first.
  public let word0: UInt64
  /// Bytes 8 to 15, most significant first.
  public let word1: UInt64
  /// Bytes 16 to 23, most significant first.
  public let word2: UInt64
  /// Bytes 24 to 31, most significant first.
  public let word3: UInt64
  /// Bytes 32 to 39, most significant first.
  public let word4: UInt64
  /// Bytes 40 to 47, most significant first.
  public let word5: UInt64
  /// Bytes 48 to 55, most significant first.
  public let word6: UInt64
  /// Bytes 56 to 63, most significant first.
  public let word7: UInt64

  /// The signature's length in bytes, 64.
  @inlinable public static var byteCount: Int { 64 }

  /// A signature from exactly 64 bytes; nil for any other count.
  @inlinable
  public init?(bytes: some Collection<UInt8>) {
    let contiguous = bytes.withContiguousStorageIfAvailable { Self(loading: UnsafeRawBufferPointer($0)) }
    guard let signature = contiguous ?? Array(bytes).withUnsafeBytes({ Self(loading: $0) }) else { return nil }
    self = signature
  }

  /// A signature from 128 hexadecimal digits of either case; nil for anything else.
  public init?(hex: some StringProtocol) {
    guard let value = Hex.withDigits(of: hex, { Self(hexDigits: $0) }) else { return nil }
    self = value
  }

  /// A signature from the bytes of as many digits; nil for anything else.
  public init?(hexDigits digits: UnsafeRawBufferPointer) {
    guard let value = Hex.value(ofDigits: digits, byteCount: Self.byteCount, Self.init(loading:)) else { return nil }
    self = value
  }

  /// The loading half of `init(bytes:)`, on memory.
  @inlinable
  init?(loading memory: UnsafeRawBufferPointer) {
    guard memory.count == Self.byteCount else { return nil }
    word0 = UInt64(bigEndian: memory.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
    word1 = UInt64(bigEndian: memory.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    word2 = UInt64(bigEndian: memory.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
    word3 = UInt64(bigEndian: memory.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
    word4 = UInt64(bigEndian: memory.loadUnaligned(fromByteOffset: 32, as: UInt64.self))
    word5 = UInt64(bigEndian: memory.loadUnaligned(fromByteOffset: 40, as: UInt64.self))
    word6 = UInt64(bigEndian: memory.loadUnaligned(fromByteOffset: 48, as: UInt64.self))
    word7 = UInt64(bigEndian: memory.loadUnaligned(fromByteOffset: 56, as: UInt64.self))
  }

  /// The 64 bytes.
  @inlinable
  public var bytes: [UInt8] { withBytes { Array($0) } }

  /// Appends the 64 bytes to `buffer`.
  @inlinable
  public func append(to buffer: inout [UInt8]) {
    withBytes { buffer.append(contentsOf: $0) }
  }

  /// The 128 lowercase hexadecimal digits.
  public var hex: String { withBytes { Hex.encode($0) } }
}

extension Signature: ByteSource {
  /// Calls `body` with the bytes, which are valid only until it returns.
  @inlinable
  public func withBytes<Output, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Output
  ) throws(Failure) -> Output {
    let memory = (
      word0.bigEndian, word1.bigEndian, word2.bigEndian, word3.bigEndian,
      word4.bigEndian, word5.bigEndian, word6.bigEndian, word7.bigEndian
    )
    return try withUnsafeBytes(of: memory) { (bytes) throws(Failure) in try body(bytes) }
  }
}

extension Signature: CustomStringConvertible {
  /// The 128 hexadecimal digits.
  public var description: String { hex }
}
