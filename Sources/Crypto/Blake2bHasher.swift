import CSodium

/// BLAKE2b-256 of bytes that arrive in pieces.
///
/// Not copyable, because a finished state must not be continued: `finalize` consumes it.
public struct Blake2bHasher: ~Copyable {
  private let state: Blake2bState

  /// The hash of no bytes so far.
  public init() {
    state = Blake2bState(digestByteCount: 32, key: UnsafeRawBufferPointer(start: nil, count: 0))
  }

  /// The hash of no bytes so far, under `key`.
  ///
  /// - Precondition: the key's length is in `Blake2b.keyByteCounts`.
  public init(key: some ByteSource) {
    let byteCount = key.withBytes { $0.count }
    precondition(
      Blake2b.keyByteCounts.contains(byteCount), "a BLAKE2b key of \(byteCount) bytes; allowed are 1 to 64")
    state = Blake2bState(digestByteCount: 32, key: key)
  }

  /// Continues with `bytes`.
  @inlinable
  public mutating func update(_ bytes: some ByteSource) {
    bytes.withBytes { append($0) }
  }

  @usableFromInline
  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    state.update(bytes)
  }

  /// The digest of all bytes so far.
  public consuming func finalize<Tag>(as tag: Tag.Type = Tag.self) -> Identifier<Tag> {
    var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    withUnsafeMutableBytes(of: &words) { state.finalize(into: $0) }
    return Identifier(
      word0: words.0.bigEndian, word1: words.1.bigEndian, word2: words.2.bigEndian, word3: words.3.bigEndian)
  }
}

/// libsodium's incremental BLAKE2b state, which asks for a stricter alignment than a Swift value can have and so lives
/// on the heap. It is wiped when it goes, since under a key it is as secret as the key.
final class Blake2bState {
  private static let alignment = 64

  private let memory: UnsafeMutableRawBufferPointer

  init(digestByteCount: Int, key: some ByteSource) {
    Sodium.initialize()
    memory = .allocate(byteCount: crypto_generichash_blake2b_statebytes(), alignment: Self.alignment)
    let status = key.withBytes { key in
      crypto_generichash_blake2b_init(OpaquePointer(memory.octets), key.octets, key.count, digestByteCount)
    }
    precondition(status == 0, "BLAKE2b refused a key of at most 64 bytes or a digest of 1 to 64 bytes")
  }

  deinit {
    sodium_memzero(memory.octets, memory.count)
    memory.deallocate()
  }

  func update(_ bytes: UnsafeRawBufferPointer) {
    crypto_generichash_blake2b_update(OpaquePointer(memory.octets), bytes.octets, UInt64(bytes.count))
  }

  func finalize(into digest: UnsafeMutableRawBufferPointer) {
    let status = crypto_generichash_blake2b_final(OpaquePointer(memory.octets), digest.octets, digest.count)
    precondition(status == 0, "a BLAKE2b state was finished twice")
  }
}
