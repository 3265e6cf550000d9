import CSodium

/// BLAKE2b (RFC 7693): the hash of everything that this project names by its contents.
public enum Blake2b {
  /// The lengths that a key may have, in bytes (RFC 7693, section 2.1).
  public static let keyByteCounts = 1...64

  /// The BLAKE2b-256 of `bytes`, as an identifier of the kind that the context asks for. Does not allocate.
  @inlinable
  public static func hash<Tag>(_ bytes: some ByteSource, as tag: Tag.Type = Tag.self) -> Identifier<Tag> {
    let words = bytes.withBytes { digest256($0, key: UnsafeRawBufferPointer(start: nil, count: 0)) }
    return Identifier(word0: words.0, word1: words.1, word2: words.2, word3: words.3)
  }

  /// The BLAKE2b-256 of the bytes that `span` covers. Does not allocate.
  @inlinable
  public static func hash<Tag>(_ span: RawSpan, as tag: Tag.Type = Tag.self) -> Identifier<Tag> {
    span.withUnsafeBytes { hash($0) }
  }

  /// The BLAKE2b-256 of `bytes` under `key`: a message authentication code and pseudorandom function.
  ///
  /// - Precondition: the key's length is in `keyByteCounts`.
  @inlinable
  public static func keyedHash<Tag>(
    _ bytes: some ByteSource, key: some ByteSource, as tag: Tag.Type = Tag.self
  ) -> Identifier<Tag> {
    let words = key.withBytes { key in
      precondition(keyByteCounts.contains(key.count), "a BLAKE2b key of \(key.count) bytes; allowed are 1 to 64")
      return bytes.withBytes { digest256($0, key: key) }
    }
    return Identifier(word0: words.0, word1: words.1, word2: words.2, word3: words.3)
  }

  /// The 64 bytes of the BLAKE2b-512 of `bytes`.
  public static func hash512(_ bytes: some ByteSource) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 64) { buffer, initializedCount in
      bytes.withBytes { digest512($0, into: UnsafeMutableRawBufferPointer(buffer)) }
      initializedCount = 64
    }
  }

  /// Four big-endian words of BLAKE2b-256; `key` may be empty.
  @usableFromInline
  static func digest256(
    _ bytes: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer
  ) -> (UInt64, UInt64, UInt64, UInt64) {
    Sodium.initialize()
    var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    let status = withUnsafeMutableBytes(of: &words) { out in
      crypto_generichash_blake2b(out.octets, 32, bytes.octets, UInt64(bytes.count), key.octets, key.count)
    }
    precondition(status == 0, "BLAKE2b refused lengths that are always valid")
    return (words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian)
  }

  /// Writes BLAKE2b-512 to the 64 bytes of `out`, which may not overlap `bytes`.
  static func digest512(_ bytes: UnsafeRawBufferPointer, into out: UnsafeMutableRawBufferPointer) {
    Sodium.initialize()
    precondition(out.count == 64, "a BLAKE2b-512 digest has 64 bytes")
    let status = crypto_generichash_blake2b(out.octets, 64, bytes.octets, UInt64(bytes.count), nil, 0)
    precondition(status == 0, "BLAKE2b refused lengths that are always valid")
  }
}
