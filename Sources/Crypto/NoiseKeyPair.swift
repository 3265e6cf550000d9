import CSodium

/// An X25519 key pair (RFC 7748) of the Noise handshake: a static one, which the node's identity signs, or an ephemeral
/// one, made for one handshake.
public struct NoiseKeyPair: Sendable {
  /// The length of a key in bytes, 32.
  public static let keyByteCount = 32

  /// The public half.
  public let publicKey: NoisePublicKey

  private let secretKey: SecretBytes

  /// The pair with this secret key.
  ///
  /// - Precondition: the secret has 32 bytes. It comes from the generator or a test, never from a peer.
  public init(secretKey: SecretBytes) {
    precondition(
      secretKey.byteCount == Self.keyByteCount, "an X25519 key of \(secretKey.byteCount) bytes; allowed are 32")
    self.secretKey = secretKey
    publicKey = withUnsafeTemporaryAllocation(byteCount: Self.keyByteCount, alignment: 8) { out in
      let status = secretKey.withBytes { crypto_scalarmult_curve25519_base(out.octets, $0.octets) }
      guard status == 0, let key = NoisePublicKey(loading: UnsafeRawBufferPointer(out)) else {
        preconditionFailure("X25519 failed on its own base point")
      }
      return key
    }
  }

  /// A new pair from the system's generator.
  public static func generate() -> NoiseKeyPair {
    NoiseKeyPair(secretKey: SecretBytes(byteCount: keyByteCount) { randombytes_buf($0.octets, $0.count) })
  }

  /// Calls `body` with the secret shared with the owner of `peer`, which is wiped afterwards.
  ///
  /// - Throws: `NoiseError.weakPublicKey` when the secret is all zeros, which only a small-order `peer` gives.
  func withSharedSecret(
    with peer: NoisePublicKey, _ body: (UnsafeRawBufferPointer) -> Void
  ) throws(NoiseError) {
    let isStrong = withUnsafeTemporaryAllocation(byteCount: Self.keyByteCount, alignment: 8) { shared in
      defer { sodium_memzero(shared.octets, shared.count) }
      let status = secretKey.withBytes { secretKey in
        peer.withBytes { crypto_scalarmult_curve25519(shared.octets, secretKey.octets, $0.octets) }
      }
      guard status == 0, sodium_is_zero(shared.octets, shared.count) == 0 else { return false }
      body(UnsafeRawBufferPointer(shared))
      return true
    }
    guard isStrong else { throw .weakPublicKey(peer) }
  }
}
