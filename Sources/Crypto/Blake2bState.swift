import CSodium

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
