/// A handshake of Noise_XX_25519_ChaChaPoly_BLAKE2b (Noise Protocol Framework, revision 34) as a state machine without
/// I/O: it makes messages and takes messages, in turn.
///
/// | message | direction | tokens | payload is |
/// |---|---|---|---|
/// | 1 | initiator to responder | e | in clear |
/// | 2 | responder to initiator | e, ee, s, es | encrypted, but to an initiator not yet known |
/// | 3 | initiator to responder | s, se | encrypted to the known responder |
///
/// Both sides prove that they own their static keys; whose keys those are is for the payloads to say, see
/// `SecureHandshake`. After the first error every further call throws `handshakeFailed`.
public struct NoiseHandshake: ~Copyable, Sendable {
  /// Which side of the connection this is.
  public enum Role: Sendable {
    /// The side that connected and speaks first.
    case initiator
    /// The side that was called.
    case responder
  }

  /// The protocol's full name, which starts the transcript.
  public static let protocolName: StaticString = "Noise_XX_25519_ChaChaPoly_BLAKE2b"

  private enum Token {
    case e, s, ee, es, se
  }

  private static let pattern: [[Token]] = [[.e], [.e, .ee, .s, .es], [.s, .se]]

  /// Which side of the connection this is.
  public let role: Role
  /// The peer's static key, once its message has proved that it owns it: for the initiator from message 2 on, for the
  /// responder from message 3 on.
  public var remoteStaticKey: NoisePublicKey? { hasFailed ? nil : claimedStaticKey }
  /// Whether all three messages have passed, so that `split` may be called.
  public var isComplete: Bool { messageCount == Self.pattern.count && !hasFailed }

  private let staticKey: NoiseKeyPair
  private let ephemeralKey: NoiseKeyPair
  private var remoteEphemeralKey: NoisePublicKey?
  private var claimedStaticKey: NoisePublicKey?
  private var symmetric: NoiseSymmetricState
  private var messageCount = 0
  private var hasFailed = false

  /// A handshake before its first message.
  ///
  /// - Parameters:
  ///   - prologue: what both sides must agree on; with another prologue the handshake fails at message 2.
  ///   - staticKey: the key pair that the identity vouches for.
  ///   - ephemeralKey: a pair that is new for each handshake, or its messages can be decrypted later.
  public init(role: Role, prologue: some ByteSource, staticKey: NoiseKeyPair, ephemeralKey: NoiseKeyPair) {
    self.role = role
    self.staticKey = staticKey
    self.ephemeralKey = ephemeralKey
    symmetric = NoiseSymmetricState(protocolName: Self.protocolName, prologue: prologue)
  }

  /// The next message, with `payload` inside.
  ///
  /// - Throws: `outOfTurn`, `messageTooLong` for a payload that does not fit, `weakPublicKey`, `handshakeFailed`.
  public mutating func writeMessage(_ payload: some ByteSource) throws(NoiseError) -> [UInt8] {
    let tokens = try nextTokens(isWriting: true)
    hasFailed = true
    var message: [UInt8] = []
    for token in tokens {
      switch token {
      case .e:
        ephemeralKey.publicKey.append(to: &message)
        ephemeralKey.publicKey.withBytes { symmetric.mixHash($0) }
      case .s:
        try staticKey.publicKey.withBytes { (key) throws(NoiseError) in
          try symmetric.encryptAndHash(key, appendingTo: &message)
        }
      case .ee, .es, .se:
        try mixSharedSecret(token)
      }
    }
    let messageByteCount = message.count + payload.withBytes { $0.count } + symmetric.overheadByteCount
    guard messageByteCount <= CipherState.maximumMessageByteCount else {
      throw .messageTooLong(byteCount: messageByteCount, limit: CipherState.maximumMessageByteCount)
    }
    try payload.withBytes { (payload) throws(NoiseError) in
      try symmetric.encryptAndHash(payload, appendingTo: &message)
    }
    messageCount += 1
    hasFailed = false
    return message
  }

  /// The payload of the peer's next message.
  ///
  /// - Throws: `outOfTurn`, `messageTooLong`, `messageTooShort`, `authenticationFailed`, `weakPublicKey`,
  ///   `handshakeFailed`.
  public mutating func readMessage(_ message: some ByteSource) throws(NoiseError) -> [UInt8] {
    let tokens = try nextTokens(isWriting: false)
    hasFailed = true
    let payload = try message.withBytes { (message) throws(NoiseError) in try read(message, tokens: tokens) }
    messageCount += 1
    hasFailed = false
    return payload
  }

  /// The ciphers of the finished handshake.
  ///
  /// - Precondition: `isComplete`.
  public consuming func split() -> NoiseSession {
    guard isComplete, let remoteStaticKey else { preconditionFailure("a handshake was split before it was complete") }
    return symmetric.split(role: role, remoteStaticKey: remoteStaticKey)
  }

  private mutating func read(_ message: UnsafeRawBufferPointer, tokens: [Token]) throws(NoiseError) -> [UInt8] {
    guard message.count <= CipherState.maximumMessageByteCount else {
      throw .messageTooLong(byteCount: message.count, limit: CipherState.maximumMessageByteCount)
    }
    var rest = message[...]
    for token in tokens {
      switch token {
      case .e:
        let key = try take(NoiseKeyPair.keyByteCount, from: &rest, of: message)
        remoteEphemeralKey = NoisePublicKey(loading: key)
        symmetric.mixHash(key)
      case .s:
        let key = try take(NoiseKeyPair.keyByteCount + symmetric.overheadByteCount, from: &rest, of: message)
        claimedStaticKey = NoisePublicKey(bytes: try symmetric.decryptAndHash(key))
      case .ee, .es, .se:
        try mixSharedSecret(token)
      }
    }
    guard rest.count >= symmetric.overheadByteCount else {
      throw .messageTooShort(
        byteCount: message.count, minimum: message.count - rest.count + symmetric.overheadByteCount)
    }
    return try symmetric.decryptAndHash(UnsafeRawBufferPointer(rebasing: rest))
  }

  /// Splits `byteCount` bytes off `rest`, what is left of `message`.
  private func take(
    _ byteCount: Int, from rest: inout Slice<UnsafeRawBufferPointer>, of message: UnsafeRawBufferPointer
  ) throws(NoiseError) -> UnsafeRawBufferPointer {
    guard rest.count >= byteCount else {
      throw .messageTooShort(byteCount: message.count, minimum: message.count - rest.count + byteCount)
    }
    let taken = UnsafeRawBufferPointer(rebasing: rest.prefix(byteCount))
    rest = rest.dropFirst(byteCount)
    return taken
  }

  /// Adds the Diffie-Hellman result that `token` names: its first letter is the initiator's key, its second the
  /// responder's.
  private mutating func mixSharedSecret(_ token: Token) throws(NoiseError) {
    let usesOwnStaticKey = token == (role == .initiator ? .se : .es)
    let usesPeerStaticKey = token == (role == .initiator ? .es : .se)
    guard let peerKey = usesPeerStaticKey ? claimedStaticKey : remoteEphemeralKey else {
      preconditionFailure("the pattern uses a key of the peer before it was sent")
    }
    let ownKey = usesOwnStaticKey ? staticKey : ephemeralKey
    try ownKey.withSharedSecret(with: peerKey) { symmetric.mixKey($0) }
  }

  /// The tokens of the next message, when it goes in the given direction.
  private func nextTokens(isWriting: Bool) throws(NoiseError) -> [Token] {
    guard !hasFailed else { throw .handshakeFailed }
    let isInitiatorsTurn = messageCount.isMultiple(of: 2)
    guard messageCount < Self.pattern.count, isWriting == (isInitiatorsTurn == (role == .initiator)) else {
      throw .outOfTurn
    }
    return Self.pattern[messageCount]
  }
}
