import CSodium

/// The linked libsodium as a whole: initialization, randomness and constant-time comparison.
public enum Sodium {
  /// Initializes the library on first use; later calls cost one atomic load.
  ///
  /// Every function of this module that allocates guarded memory, draws randomness or hashes calls it, so that callers
  /// need not.
  @inline(__always)
  static func initialize() {
    precondition(isInitialized, "sodium_init failed: the system has no source of randomness")
  }

  private static let isInitialized = sodium_init() >= 0

  /// The version of the linked library, such as "1.0.18".
  public static var version: String { String(cString: sodium_version_string()) }

  /// `count` bytes from the system's cryptographic generator: keys, salts, tokens.
  public static func randomBytes(count: Int) -> [UInt8] {
    initialize()
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
      randombytes_buf(UnsafeMutableRawBufferPointer(buffer).octets, count)
      initializedCount = count
    }
  }

  /// Whether two secrets or tokens are the same, in a time that depends on their lengths and not on their contents.
  public static func isEqual(_ left: some ByteSource, _ right: some ByteSource) -> Bool {
    left.withBytes { left in
      right.withBytes { right in
        guard left.count == right.count else { return false }
        guard let first = left.baseAddress, let second = right.baseAddress else { return true }
        return sodium_memcmp(first, second, left.count) == 0
      }
    }
  }
}
