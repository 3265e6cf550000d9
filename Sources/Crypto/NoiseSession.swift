/// What a finished Noise handshake leaves: a cipher for each direction and what both sides agreed on.
@frozen
public struct NoiseSession: ~Copyable, Sendable {
  /// Encrypts what this side sends.
  public var send: CipherState
  /// Decrypts what the peer sends.
  public var receive: CipherState
  /// The 64 bytes of the transcript's hash: the same on both sides and unique to the session, for channel binding.
  public let handshakeHash: [UInt8]
  /// The static key that the peer proved to own.
  public let remoteStaticKey: NoisePublicKey
}
