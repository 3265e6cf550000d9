/// Why a Noise handshake or session ends. Every case is final for the connection: there is nothing to retry.
public enum NoiseError: Error, Equatable, Sendable {
  /// More bytes than a Noise message may have.
  case messageTooLong(byteCount: Int, limit: Int)
  /// Fewer bytes than the message's fixed part.
  case messageTooShort(byteCount: Int, minimum: Int)
  /// The authentication tag is wrong: altered, replayed, reordered or keyed otherwise, or another prologue.
  case authenticationFailed
  /// The peer's X25519 key is of small order, so the shared secret would be the same for everyone.
  case weakPublicKey(NoisePublicKey)
  /// 2^64 - 1 messages were sent under one key.
  case nonceExhausted
  /// The handshake's next message goes in the other direction, or there is none.
  case outOfTurn
  /// An earlier error ended this handshake.
  case handshakeFailed
  /// The handshake's message carries a payload of the wrong length.
  case unexpectedPayload(byteCount: Int, expected: Int)
  /// The peer's node id is not an acceptable Ed25519 key.
  case invalidIdentity(NodeID)
  /// The signature that should bind the peer's Noise key to this node id does not.
  case invalidIdentityProof(NodeID)
  /// The peer proved that it is another node than the one that was called.
  case unexpectedPeer(found: NodeID, expected: NodeID)
}

extension NoiseError: CustomStringConvertible {
  /// What was wrong, with what value, and what is allowed.
  public var description: String {
    switch self {
    case .messageTooLong(let byteCount, let limit):
      "a Noise message of \(byteCount) bytes; allowed are at most \(limit)"
    case .messageTooShort(let byteCount, let minimum):
      "a Noise message of \(byteCount) bytes; this one has at least \(minimum)"
    case .authenticationFailed:
      "a Noise message does not authenticate: it was altered, or the peer is on another network"
    case .weakPublicKey(let key):
      "the X25519 key \(key) is of small order; allowed are keys that give a secret"
    case .nonceExhausted:
      "no nonce is left under this key: a session carries at most 2^64 - 1 messages in each direction"
    case .outOfTurn:
      "a handshake message out of turn; allowed are three, from the initiator first, alternating"
    case .handshakeFailed:
      "the handshake has failed before and cannot continue"
    case .unexpectedPayload(let byteCount, let expected):
      "a handshake payload of \(byteCount) bytes; allowed are exactly \(expected)"
    case .invalidIdentity(let id):
      "the peer's node id \(id) is not an Ed25519 point of prime order"
    case .invalidIdentityProof(let id):
      "the peer did not prove that it is node \(id): its signature over its Noise key is not valid"
    case .unexpectedPeer(let found, let expected):
      "the peer is node \(found); expected was \(expected)"
    }
  }
}
