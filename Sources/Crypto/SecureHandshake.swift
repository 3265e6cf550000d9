/// The handshake between two nodes: Noise XX with the network id as prologue and an identity proof from each side. The
/// transport only moves its bytes.
///
/// | side | call | gives |
/// |---|---|---|
/// | initiator | `start()` | message 1, to send |
/// | responder | `receive(message 1)` | message 2, to send |
/// | initiator | `receive(message 2)` | message 3, to send; complete |
/// | responder | `receive(message 3)` | nothing to send; complete |
///
/// The responder names itself first, to anyone who calls; the initiator only to a responder that has proved its name,
/// and with `expectedPeer` only to that one. A node of another network fails at message 2. Any error is final.
public struct SecureHandshake: ~Copyable, Sendable {
  /// The peer's node id, once it is proved.
  public private(set) var peer: NodeID?

  private let identity: Identity
  private let network: NetworkID
  private let expectedPeer: NodeID?
  private let noiseKey: NoisePublicKey
  private var noise: NoiseHandshake
  private var hasFailed = false

  /// A handshake before its first message.
  ///
  /// - Parameters:
  ///   - staticKey: the node's Noise key pair, which may be new after each start of the process.
  ///   - ephemeralKey: a pair that is new for each handshake.
  ///   - expectedPeer: the only node to accept at the other end; nil accepts any.
  public init(
    role: NoiseHandshake.Role, identity: Identity, network: NetworkID, staticKey: NoiseKeyPair,
    ephemeralKey: NoiseKeyPair, expectedPeer: NodeID? = nil
  ) {
    self.identity = identity
    self.network = network
    self.expectedPeer = expectedPeer
    noiseKey = staticKey.publicKey
    noise = NoiseHandshake(role: role, prologue: network, staticKey: staticKey, ephemeralKey: ephemeralKey)
  }

  /// Whether both sides have proved their names, so that `finish` may be called.
  public var isComplete: Bool { noise.isComplete && peer != nil && !hasFailed }

  /// The initiator's first message.
  ///
  /// - Throws: `outOfTurn` on the responder's side or when called twice.
  public mutating func start() throws(NoiseError) -> [UInt8] {
    guard !hasFailed else { throw .handshakeFailed }
    return try noise.writeMessage([])
  }

  /// Takes the peer's next message.
  ///
  /// - Returns: the answer to send; nil when there is none, because the handshake is complete.
  /// - Throws: why the connection must be closed.
  public mutating func receive(_ message: some ByteSource) throws(NoiseError) -> [UInt8]? {
    guard !hasFailed else { throw .handshakeFailed }
    hasFailed = true
    let answer = try answer(to: noise.readMessage(message))
    hasFailed = false
    return answer
  }

  /// The session with `peer`.
  ///
  /// - Precondition: `isComplete`.
  public consuming func finish() -> NoiseSession {
    precondition(isComplete, "a handshake was finished before it was complete")
    return noise.split()
  }

  private mutating func answer(to payload: [UInt8]) throws(NoiseError) -> [UInt8]? {
    guard let remoteStaticKey = noise.remoteStaticKey else {
      guard payload.isEmpty else { throw .unexpectedPayload(byteCount: payload.count, expected: 0) }
      return try noise.writeMessage(proof())
    }
    let found = try HandshakeIdentityProof.check(payload, noiseKey: remoteStaticKey, network: network)
    if let expectedPeer, found != expectedPeer { throw .unexpectedPeer(found: found, expected: expectedPeer) }
    let answer = noise.isComplete ? nil : try noise.writeMessage(proof())
    peer = found
    return answer
  }

  private func proof() -> [UInt8] {
    HandshakeIdentityProof.make(identity: identity, noiseKey: noiseKey, network: network)
  }
}
