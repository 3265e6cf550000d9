import CSodium

/// One direction of a Noise session: ChaCha20-Poly1305 (RFC 8439) under one key with a counter as nonce (Noise revision
/// 34, section 5.1).
///
/// Not copyable: two copies would encrypt two messages under one nonce and give away their difference. The counter
/// never wraps. Encryption and decryption happen in place, in the caller's buffer.
public struct CipherState: ~Copyable, Sendable {
  /// By how many bytes a message grows: the length of the authentication tag, 16.
  public static let tagByteCount = 16
  /// The longest message, tag included, in bytes (Noise revision 34, section 3).
  public static let maximumMessageByteCount = 65_535

  private static let keyByteCount = 32

  /// How many messages have been encrypted or decrypted under the current key, and the next one's nonce.
  public private(set) var nonce: UInt64

  private let key: SecureAllocation

  /// The state under a key of 32 bytes.
  init(key: some ByteSource, nonce: UInt64 = 0) {
    let allocation = SecureAllocation(byteCount: Self.keyByteCount)
    key.withBytes { key in
      precondition(key.count == Self.keyByteCount, "a cipher key of \(key.count) bytes; allowed are 32")
      allocation.bytes.copyMemory(from: key)
    }
    self.key = allocation
    self.nonce = nonce
  }

  /// Encrypts all of `buffer` but its last 16 bytes, which receive the tag.
  ///
  /// - Throws: `messageTooLong`, `messageTooShort` when there is no room for the tag, `nonceExhausted`. The buffer is
  ///   then unchanged.
  public mutating func encrypt(
    inPlace buffer: UnsafeMutableRawBufferPointer,
    authenticating associatedData: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)
  ) throws(NoiseError) {
    let textByteCount = try textByteCount(of: buffer.count)
    Self.withNonceBytes(nonce) { nonce in
      _ = crypto_aead_chacha20poly1305_ietf_encrypt_detached(
        buffer.octets, buffer.octets + textByteCount, nil, buffer.octets, UInt64(textByteCount),
        associatedData.octets, UInt64(associatedData.count), nil, nonce, key.bytes.octets)
    }
    nonce += 1
  }

  /// Checks and decrypts `buffer`, of which the last 16 bytes are the tag.
  ///
  /// - Returns: the length of the text, which is at the buffer's start.
  /// - Throws: `messageTooLong`, `messageTooShort`, `nonceExhausted`, or `authenticationFailed`, after which the
  ///   text's bytes are zeros and the connection must be closed. The nonce does not advance.
  public mutating func decrypt(
    inPlace buffer: UnsafeMutableRawBufferPointer,
    authenticating associatedData: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)
  ) throws(NoiseError) -> Int {
    let textByteCount = try textByteCount(of: buffer.count)
    let status = Self.withNonceBytes(nonce) { nonce in
      crypto_aead_chacha20poly1305_ietf_decrypt_detached(
        buffer.octets, nil, buffer.octets, UInt64(textByteCount), buffer.octets + textByteCount,
        associatedData.octets, UInt64(associatedData.count), nonce, key.bytes.octets)
    }
    guard status == 0 else { throw .authenticationFailed }
    nonce += 1
    return textByteCount
  }

  /// Encrypts `bytes` in place and appends the tag.
  ///
  /// - Throws: as `encrypt(inPlace:authenticating:)`; `bytes` are then unchanged.
  public mutating func encrypt(_ bytes: inout [UInt8]) throws(NoiseError) {
    bytes.append(contentsOf: repeatElement(0, count: Self.tagByteCount))
    do throws(NoiseError) {
      try bytes.withMutableBytes { (buffer) throws(NoiseError) in try encrypt(inPlace: buffer) }
    } catch {
      bytes.removeLast(Self.tagByteCount)
      throw error
    }
  }

  /// Decrypts `bytes` in place and removes the tag.
  ///
  /// - Throws: as `decrypt(inPlace:authenticating:)`.
  public mutating func decrypt(_ bytes: inout [UInt8]) throws(NoiseError) {
    _ = try bytes.withMutableBytes { (buffer) throws(NoiseError) in try decrypt(inPlace: buffer) }
    bytes.removeLast(Self.tagByteCount)
  }

  /// The text's length in a buffer of `byteCount`, when a message of that length may be processed now.
  private func textByteCount(of byteCount: Int) throws(NoiseError) -> Int {
    guard byteCount <= Self.maximumMessageByteCount else {
      throw .messageTooLong(byteCount: byteCount, limit: Self.maximumMessageByteCount)
    }
    guard byteCount >= Self.tagByteCount else {
      throw .messageTooShort(byteCount: byteCount, minimum: Self.tagByteCount)
    }
    // Noise reserves the last nonce for a change of key.
    guard nonce < .max else { throw .nonceExhausted }
    return byteCount - Self.tagByteCount
  }

  /// The 96-bit nonce: 32 zero bits, then the counter in little-endian order (Noise revision 34, section 12.3).
  private static func withNonceBytes<Output>(_ nonce: UInt64, _ body: (UnsafePointer<UInt8>) -> Output) -> Output {
    let words = (
      UInt32(0), UInt32(truncatingIfNeeded: nonce).littleEndian, UInt32(truncatingIfNeeded: nonce >> 32).littleEndian
    )
    return withUnsafeBytes(of: words) { body($0.octets) }
  }
}
