/// What the cryptographic module refuses.
public enum CryptoError: Error, Equatable, Sendable {
  /// A public key that is not the canonical encoding of a point of prime order.
  case invalidPublicKey(NodeID)
  /// The linked libsodium failed the named check of the self-test.
  case selfTestFailed(check: String, libraryVersion: String)
  /// The operating system refused to switch core dumps off.
  case coreDumpsStayEnabled(errno: Int32)
}

extension CryptoError: CustomStringConvertible {
  /// What was wrong, with what value, and what is allowed.
  public var description: String {
    switch self {
    case .invalidPublicKey(let id):
      "the public key \(id) is not acceptable: allowed is the canonical encoding of an Ed25519 point of prime order"
    case .selfTestFailed(let check, let version):
      "libsodium \(version) fails the self-test \"\(check)\": allowed is a released libsodium from 1.0.18 on, "
        + "built without ED25519_COMPAT, whose signature verification is cofactorless"
    case .coreDumpsStayEnabled(let errno):
      "core dumps could not be disabled (errno \(errno)): secret keys could reach the disk"
    }
  }
}
