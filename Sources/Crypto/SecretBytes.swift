import CSodium

/// Memory from `sodium_malloc`: between guard pages, locked into RAM and left out of core dumps where the system
/// allows, overwritten with zeros before it is freed.
///
/// It is `@unchecked Sendable` because each allocation has one owner, which is not copyable or never writes. It is a
/// class because Swift 6.3's optimizer crashes on a noncopyable struct's deinitializer inside `NoiseSession`.
final class SecureAllocation: @unchecked Sendable {
  let bytes: UnsafeMutableRawBufferPointer

  /// `byteCount` uninitialized bytes; traps when the system has no memory left, as Swift's own allocations do.
  init(byteCount: Int) {
    Sodium.initialize()
    guard let address = sodium_malloc(byteCount) else {
      preconditionFailure("no memory for a secret of \(byteCount) bytes")
    }
    bytes = UnsafeMutableRawBufferPointer(start: address, count: byteCount)
  }

  deinit { sodium_free(bytes.octets) }
}

/// A secret: a key, a seed or a passphrase, in guarded memory that is read-only from creation to the wipe at the end.
///
/// It is `@unchecked Sendable` because nothing writes to the memory after `init` returns: the pages themselves are
/// read-only, so any number of threads may read.
public final class SecretBytes: @unchecked Sendable {
  private let allocation: SecureAllocation

  /// A secret of `byteCount` bytes that `initialize` writes. The memory holds arbitrary bytes before.
  public init(byteCount: Int, initializingWith initialize: (UnsafeMutableRawBufferPointer) -> Void) {
    allocation = SecureAllocation(byteCount: byteCount)
    initialize(allocation.bytes)
    precondition(sodium_mprotect_readonly(allocation.bytes.octets) == 0, "a secret's memory was not protected")
  }

  /// A copy of `source`, whose memory stays the caller's to wipe.
  public convenience init(copying source: some ByteSource) {
    let byteCount = source.withBytes { $0.count }
    self.init(byteCount: byteCount) { memory in source.withBytes { memory.copyMemory(from: $0) } }
  }

  /// The bytes of `source`, which is overwritten with zeros and left empty.
  public convenience init(moving source: inout [UInt8]) {
    self.init(copying: source)
    source.withUnsafeMutableBytes { sodium_memzero($0.octets, $0.count) }
    source = []
  }

  /// The secret's length in bytes.
  public var byteCount: Int { allocation.bytes.count }
}

extension SecretBytes: ByteSource {
  /// Calls `body` with the bytes, which are valid only until it returns.
  public func withBytes<Output, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Output
  ) throws(Failure) -> Output {
    // The allocation must not be freed while `body` holds its address.
    defer { withExtendedLifetime(self) {} }
    return try body(UnsafeRawBufferPointer(allocation.bytes))
  }
}

extension SecretBytes: CustomStringConvertible {
  /// The length alone, so that a log line cannot spell the secret.
  public var description: String { "SecretBytes(\(byteCount) bytes)" }
}
