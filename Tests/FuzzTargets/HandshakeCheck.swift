import NodeCrypto

/// The first byte of an input chooses the side that is played against; the rest are the messages that it gets.
///
/// Whatever comes, an error ends the handshake for good; it completes only with the node that holds the other key of
/// this check, since nobody can prove another one; and no bytes but those of the peer's session decrypt.
public enum HandshakeCheck {
  /// The keys of one side: fixed, so that a recorded handshake is a valid input.
  struct Side {
    let identity: Identity
    let staticKey: NoiseKeyPair
    let ephemeralKey: NoiseKeyPair

    init(_ identity: Identity, firstByte: UInt8) {
      self.identity = identity
      staticKey = Self.key(firstByte)
      ephemeralKey = Self.key(firstByte + 0x20)
    }

    func handshake(_ role: NoiseHandshake.Role) -> SecureHandshake {
      SecureHandshake(
        role: role, identity: identity, network: FuzzMarket.genesis.networkID, staticKey: staticKey,
        ephemeralKey: ephemeralKey)
    }

    private static func key(_ first: UInt8) -> NoiseKeyPair {
      NoiseKeyPair(secretKey: SecretBytes(copying: Array(first..<first + 0x20)))
    }
  }

  static let initiator = Side(FuzzMarket.provider, firstByte: 0x40)
  static let responder = Side(FuzzMarket.buyer, firstByte: 0x80)

  static func run(_ input: [UInt8]) throws(BrokenProperty) -> FuzzTarget.Verdict {
    guard let choice = input.first else { return .refused }
    let isInitiator = choice & 1 == 1
    let own = isInitiator ? initiator : responder
    var handshake = own.handshake(isInitiator ? .initiator : .responder)
    var messages = parts(of: input.dropFirst())[...]
    do throws(NoiseError) {
      if isInitiator { _ = try handshake.start() }
      while !handshake.isComplete {
        guard let message = messages.popFirst() else { return .refused }
        _ = try handshake.receive(Array(message))
      }
    } catch {
      try requireOver(&handshake)
      return .refused
    }
    let peer = isInitiator ? responder.identity.nodeID : initiator.identity.nodeID
    try require(handshake.peer == peer, "a handshake was completed with a forged name")
    var session = handshake.finish()
    for message in messages {
      var bytes = Array(message)
      let length = bytes.withUnsafeMutableBytes { body in
        Result { () throws(NoiseError) in try session.receive.decrypt(inPlace: body) }
      }
      guard case .success = length else { return .refused }
    }
    return .accepted
  }

  private static func requireOver(_ handshake: inout SecureHandshake) throws(BrokenProperty) {
    try require(!handshake.isComplete, "a handshake is complete after an error")
    do throws(NoiseError) {
      _ = try handshake.receive([UInt8](repeating: 0, count: 32))
    } catch {
      return
    }
    throw BrokenProperty(description: "a handshake goes on after an error")
  }

  /// The messages of a whole handshake, and the first one of the initiator's session, in their order.
  public static func transcript() throws -> [[UInt8]] {
    var one = initiator.handshake(.initiator)
    var other = responder.handshake(.responder)
    let first = try one.start()
    let second = try other.receive(first) ?? []
    let third = try one.receive(second) ?? []
    _ = try other.receive(third)
    var session = one.finish()
    var message = Array("a message of the session".utf8) + [UInt8](repeating: 0, count: CipherState.tagByteCount)
    try message.withUnsafeMutableBytes { try session.send.encrypt(inPlace: $0) }
    return [first, second, third, message]
  }
}
