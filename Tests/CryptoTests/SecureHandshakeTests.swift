import Testing

@testable import NodeCrypto

@Suite struct SecureHandshakeTests {
  private static let network: NetworkID = repeated(0xa1)
  private static let alice = Identity(seed: [UInt8](repeating: 1, count: 32))
  private static let bob = Identity(seed: [UInt8](repeating: 2, count: 32))

  private static func initiator(
    network: NetworkID = network, expecting peer: NodeID? = nil
  ) -> SecureHandshake {
    SecureHandshake(
      role: .initiator, identity: alice, network: network, staticKey: .generate(), ephemeralKey: .generate(),
      expectedPeer: peer)
  }

  private static func responder(network: NetworkID = network, expecting peer: NodeID? = nil) -> SecureHandshake {
    SecureHandshake(
      role: .responder, identity: bob, network: network, staticKey: .generate(), ephemeralKey: .generate(),
      expectedPeer: peer)
  }

  @Test("two nodes prove their names and talk")
  func success() throws {
    var first = Self.initiator(expecting: Self.bob.nodeID)
    var second = Self.responder()
    let opening = try first.start()
    let answer = try #require(try second.receive(opening))
    let secondBefore = (second.peer, second.isComplete)
    #expect(secondBefore.0 == nil && !secondBefore.1)
    let closing = try #require(try first.receive(answer))
    let nothing = try second.receive(closing)
    #expect(nothing == nil)
    let peers = (first.peer, second.peer, first.isComplete, second.isComplete)
    #expect(peers.0 == Self.bob.nodeID && peers.1 == Self.alice.nodeID && peers.2 && peers.3)

    var left = first.finish()
    var right = second.finish()
    let hashes = (left.handshakeHash, right.handshakeHash)
    #expect(hashes.0 == hashes.1 && hashes.0.count == 64)
    var message: [UInt8] = Array("to bob".utf8)
    try left.send.encrypt(&message)
    try right.receive.decrypt(&message)
    #expect(message == Array("to bob".utf8))
    try right.send.encrypt(&message)
    try left.receive.decrypt(&message)
    #expect(message == Array("to bob".utf8))
    // A cipher can leave its session, one for each half of a connection.
    var half = left.send
    try half.encrypt(&message)
    try right.receive.decrypt(&message)
    #expect(message == Array("to bob".utf8))
  }

  @Test("a node of another network fails at message 2")
  func otherNetwork() throws {
    var first = Self.initiator()
    var second = Self.responder(network: repeated(0xa2))
    let answer = try #require(try second.receive(try first.start()))
    #expect(failure { () throws(NoiseError) in _ = try first.receive(answer) } == .authenticationFailed)
    #expect(failure { () throws(NoiseError) in _ = try first.receive(answer) } == .handshakeFailed)
    #expect(failure { () throws(NoiseError) in _ = try first.start() } == .handshakeFailed)
  }

  @Test("another peer than the expected one is refused before the initiator names itself")
  func unexpectedPeer() throws {
    let carol = Identity(seed: [UInt8](repeating: 3, count: 32)).nodeID
    var first = Self.initiator(expecting: carol)
    var second = Self.responder()
    let answer = try #require(try second.receive(try first.start()))
    #expect(
      failure { () throws(NoiseError) in _ = try first.receive(answer) }
        == .unexpectedPeer(found: Self.bob.nodeID, expected: carol))
    let state = (first.peer, first.isComplete)
    #expect(state.0 == nil && !state.1)
  }

  @Test("a payload in message 1 is refused")
  func openingPayload() throws {
    var raw = NoiseHandshake(
      role: .initiator, prologue: Self.network, staticKey: .generate(), ephemeralKey: .generate())
    var second = Self.responder()
    let opening = try raw.writeMessage([1])
    #expect(
      failure { () throws(NoiseError) in _ = try second.receive(opening) }
        == .unexpectedPayload(byteCount: 1, expected: 0))
  }

  @Test("a peer that presents another node's proof, a bad proof or none is refused")
  func badProofs() throws {
    let ownKey = NoiseKeyPair.generate()
    let stolen = HandshakeIdentityProof.make(
      identity: Self.bob, noiseKey: NoiseKeyPair.generate().publicKey, network: Self.network)
    let otherNetwork = HandshakeIdentityProof.make(
      identity: Self.bob, noiseKey: ownKey.publicKey, network: repeated(0xa2))
    var otherDomain = Self.bob.nodeID.bytes
    Self.bob.sign(ownKey.publicKey, domain: .entry, network: Self.network).append(to: &otherDomain)
    let weakID = try #require(NodeID(hex: SelfTest.Vectors.smallOrderKeys[0]))
    let weak = weakID.bytes + hex(SelfTest.Vectors.forAnyMessage)
    let cases: [([UInt8], NoiseError)] = [
      (stolen, .invalidIdentityProof(Self.bob.nodeID)), (otherNetwork, .invalidIdentityProof(Self.bob.nodeID)),
      (otherDomain, .invalidIdentityProof(Self.bob.nodeID)), (weak, .invalidIdentity(weakID)),
      ([], .unexpectedPayload(byteCount: 0, expected: 96)),
      (stolen + [0], .unexpectedPayload(byteCount: 97, expected: 96)),
    ]
    for (payload, expected) in cases {
      var first = Self.initiator()
      var impostor = NoiseHandshake(
        role: .responder, prologue: Self.network, staticKey: ownKey, ephemeralKey: .generate())
      _ = try impostor.readMessage(try first.start())
      let answer = try impostor.writeMessage(payload)
      #expect(failure { () throws(NoiseError) in _ = try first.receive(answer) } == expected)
      let peer = first.peer
      #expect(peer == nil)
    }
  }

  @Test("the responder refuses a bad proof in message 3")
  func badProofOfInitiator() throws {
    let stolen = HandshakeIdentityProof.make(
      identity: Self.alice, noiseKey: NoiseKeyPair.generate().publicKey, network: Self.network)
    var impostor = NoiseHandshake(
      role: .initiator, prologue: Self.network, staticKey: .generate(), ephemeralKey: .generate())
    var second = Self.responder()
    _ = try impostor.readMessage(try #require(try second.receive(try impostor.writeMessage([]))))
    let closing = try impostor.writeMessage(stolen)
    #expect(
      failure { () throws(NoiseError) in _ = try second.receive(closing) }
        == .invalidIdentityProof(Self.alice.nodeID))
    let state = (second.peer, second.isComplete)
    #expect(state.0 == nil && !state.1)
  }

  @Test("every byte of a proof counts")
  func proofBytes() throws {
    let key = NoiseKeyPair.generate().publicKey
    let proof = HandshakeIdentityProof.make(identity: Self.bob, noiseKey: key, network: Self.network)
    #expect(try HandshakeIdentityProof.check(proof, noiseKey: key, network: Self.network) == Self.bob.nodeID)
    for position in proof.indices {
      var altered = proof
      altered[position] ^= 1
      #expect(
        failure { () throws(NoiseError) in
          _ = try HandshakeIdentityProof.check(altered, noiseKey: key, network: Self.network)
        } != nil)
    }
  }
}
