import NIOCore
import NIOEmbedded
import NodeCrypto
import Testing

@testable import Transport

@Suite struct HandshakeHandlerTests {
  /// The only failure that was reported, after which the channel must be closed.
  private func failure(of side: EmbeddedSide) throws -> DisconnectReason {
    side.loop.run()
    #expect(!side.channel.isActive)
    #expect(side.recorder.now.connected.isEmpty && side.recorder.now.disconnected.isEmpty)
    #expect(side.recorder.now.failures.count == 1)
    #expect(side.services.registry.beginShutdown().channels.isEmpty, "the place of a failed handshake is free again")
    let failure = try #require(side.recorder.now.failures.first)
    #expect(failure.direction == side.direction)
    #expect(failure.remote == Endpoint(host: "192.0.2.7", port: 4_000))
    return failure.reason
  }

  @Test("both sides prove their ids", arguments: [ConnectionDirection.inbound, .outbound])
  func success(direction: ConnectionDirection) throws {
    let (side, peer, connection) = try EmbeddedSide.established(direction)
    #expect(connection.remoteNode == peer.identity.nodeID)
    #expect(connection.remote == Endpoint(host: "192.0.2.7", port: 4_000))
    #expect(connection.direction == direction)
    #expect(side.services.registry.connection(connection.id) === connection)
    side.loop.advanceTime(by: .seconds(6))
    #expect(side.recorder.now.failures.isEmpty && side.recorder.now.disconnected.isEmpty)
    try side.channel.writeInbound(try peer.seal([1, 2, 3]))
    #expect(side.recorder.now.received == [[1, 2, 3]])
    connection.send([4, 5], priority: .entry)
    #expect(try side.messages(for: peer) == [[4, 5]])
  }

  @Test("the handshake's frames have the documented lengths")
  func lengths() throws {
    let peer = HandPeer(.responder)
    let side = try EmbeddedSide(.outbound)
    let first = try side.written()
    #expect(first.readableBytes == 2 + 32)
    let second = try peer.answer(to: try peer.body(first))
    #expect(second.count == 192)
    try side.channel.writeInbound(frame(second))
    #expect(try side.written().readableBytes == 2 + 160)
  }

  @Test("messages directly behind the last handshake frame are delivered")
  func trailingMessages() throws {
    let side = try EmbeddedSide(.inbound)
    try side.establish(with: HandPeer(.initiator)) { peer in
      var frames = try peer.seal([1])
      frames.writeImmutableBuffer(try peer.seal([2, 2]))
      return frames
    }
    #expect(side.recorder.now.connected.count == 1)
    #expect(side.recorder.now.received == [[1], [2, 2]])
  }

  @Test("a handshake one byte at a time succeeds")
  func trickle() throws {
    let side = try EmbeddedSide(.inbound)
    let peer = HandPeer(.initiator)
    func trickle(_ frame: ByteBuffer) throws {
      for byte in frame.readableBytesView { try side.channel.writeInbound(ByteBuffer(bytes: [byte])) }
    }
    try trickle(frame(try peer.opening()))
    let answer = try peer.body(try side.written())
    try trickle(frame(try peer.answer(to: answer)))
    side.loop.advanceTime(by: HandshakeTurns.interval)
    #expect(side.recorder.now.connected.count == 1)
  }

  @Test("while a message waits for its turn nothing is read; afterwards it goes on")
  func readsAfterItsTurn() throws {
    let side = try EmbeddedSide(.inbound)
    let reads = ReadCounter()
    try side.channel.pipeline.syncOperations.addHandler(reads, position: .first)
    let peer = HandPeer(.initiator)
    try side.channel.writeInbound(frame(try peer.opening()))
    side.channel.read()
    #expect(reads.count == 1)
    try side.channel.writeInbound(frame(try peer.answer(to: peer.body(try side.written()))))
    for _ in 1...3 { side.channel.read() }
    #expect(reads.count == 1 && side.recorder.now.connected.isEmpty)
    side.loop.advanceTime(by: HandshakeTurns.interval)
    #expect(reads.count == 2 && side.recorder.now.connected.count == 1)
    side.channel.read()
    #expect(reads.count == 3)
  }

  @Test("of what a peer sends behind a message that waits only so much is held")
  func holdsLittle() throws {
    let side = try EmbeddedSide(.inbound)
    let peer = HandPeer(.initiator)
    try side.channel.writeInbound(frame(try peer.opening()))
    try side.channel.writeInbound(frame(try peer.answer(to: peer.body(try side.written()))))
    let piece = ByteBuffer(repeating: 1, count: 64 << 10)
    for _ in 0..<16 { try side.channel.writeInbound(piece) }
    #expect(side.channel.isActive)
    try side.channel.writeInbound(piece)
    #expect(try failure(of: side) == .closedByPeer)
  }

  @Test("one message has its turn at a time, in the order in which they came; who has gone costs no turn")
  func turns() throws {
    let services = makeServices(Recorder(consumes: true))
    let loop = EmbeddedEventLoop()
    let channels = try (0..<5).map { _ in
      let channel = EmbeddedChannel(loop: loop)
      let id = try services.registry.admitInbound(channel)
      try channel.pipeline.syncOperations.addHandler(
        HandshakeHandler(id: id, direction: .inbound, services: services))
      try channel.connect(to: SocketAddress(ipAddress: "192.0.2.7", port: 4_000)).wait()
      return channel
    }
    for channel in channels { try channel.writeInbound(frame(try HandPeer(.initiator).opening())) }
    try channels[1].close().wait()
    func answered() throws -> [Int] {
      try channels.indices.filter { try channels[$0].readOutbound(as: ByteBuffer.self) != nil }
    }
    #expect(try answered() == [0])
    loop.advanceTime(by: .microseconds(999))
    #expect(try answered() == [])
    loop.advanceTime(by: .microseconds(1))
    #expect(try answered() == [2])
    loop.advanceTime(by: .milliseconds(1))
    #expect(try answered() == [3])
    loop.advanceTime(by: .milliseconds(1))
    #expect(try answered() == [4])
  }

  @Test("the deadline is for the whole handshake, however the bytes trickle in")
  func deadline() throws {
    let side = try EmbeddedSide(.inbound)
    let opening = [UInt8](buffer: frame(try HandPeer(.initiator).opening()))
    for byte in opening.prefix(9) {
      try side.channel.writeInbound(ByteBuffer(bytes: [byte]))
      side.loop.advanceTime(by: .milliseconds(555))
    }
    #expect(side.channel.isActive)
    side.loop.advanceTime(by: .milliseconds(5))
    #expect(try failure(of: side) == .handshakeTimeout(limitMilliseconds: 5_000))
  }

  @Test("a dialed peer that says nothing is dropped at the deadline")
  func silentResponder() throws {
    let side = try EmbeddedSide(.outbound) { $0.handshakeTimeout = .milliseconds(300) }
    side.loop.advanceTime(by: .milliseconds(299))
    #expect(side.channel.isActive)
    side.loop.advanceTime(by: .milliseconds(1))
    #expect(try failure(of: side) == .handshakeTimeout(limitMilliseconds: 300))
  }

  @Test("garbage, empty and oversize frames end the handshake")
  func garbage() throws {
    let cases: [([UInt8], DisconnectReason)] = [
      (Array("GET / HTTP/1.1\r\n\r\n".utf8), .frameTooLong(byteCount: 0x4745, limit: 1_024)),
      ([0, 0], .emptyFrame),
      ([0x04, 0x01], .frameTooLong(byteCount: 1_025, limit: 1_024)),
      ([0, 1, 9], .handshakeRefused(.messageTooShort(byteCount: 1, minimum: 32))),
      ([0, 33] + [UInt8](repeating: 9, count: 33), .handshakeRefused(.unexpectedPayload(byteCount: 1, expected: 0))),
    ]
    for (bytes, reason) in cases {
      let side = try EmbeddedSide(.inbound)
      try side.channel.writeInbound(ByteBuffer(bytes: bytes))
      #expect(try failure(of: side) == reason)
    }
  }

  @Test("a handshake that stops midway and closes is reported", arguments: [(0, false), (2, true), (20, true)])
  func closedMidway(byteCount: Int, isInsideFrame: Bool) throws {
    let side = try EmbeddedSide(.inbound)
    let opening = [UInt8](buffer: frame(try HandPeer(.initiator).opening()))
    if byteCount > 0 { try side.channel.writeInbound(ByteBuffer(bytes: opening.prefix(byteCount))) }
    try side.channel.close().wait()
    #expect(try failure(of: side) == (isInsideFrame ? .truncatedFrame(byteCount: byteCount) : .closedByPeer))
  }

  @Test("a node of another network is refused")
  func otherNetwork() throws {
    let side = try EmbeddedSide(.outbound)
    let peer = HandPeer(.responder, network: networkID(2))
    let answer = try peer.answer(to: try peer.body(try side.written()))
    try side.channel.writeInbound(frame(answer))
    #expect(try failure(of: side) == .handshakeRefused(.authenticationFailed))
  }

  @Test("a peer that is not the expected one is refused before this node names itself")
  func unexpectedPeer() throws {
    let side = try EmbeddedSide(.outbound, expectedPeer: makeIdentity(3).nodeID)
    let peer = HandPeer(.responder)
    let answer = try peer.answer(to: try peer.body(try side.written()))
    try side.channel.writeInbound(frame(answer))
    #expect(try side.written().readableBytes == 0)
    #expect(
      try failure(of: side)
        == .handshakeRefused(.unexpectedPeer(found: makeIdentity(2).nodeID, expected: makeIdentity(3).nodeID)))
  }

  @Test("a weak key is refused")
  func weakKey() throws {
    let side = try EmbeddedSide(.inbound)
    try side.channel.writeInbound(frame([UInt8](repeating: 0, count: 32)))
    #expect(
      try failure(of: side) == .handshakeRefused(.weakPublicKey(NoisePublicKey(word0: 0, word1: 0, word2: 0, word3: 0)))
    )
  }

  @Test("a forged identity proof is refused")
  func forgedProof() throws {
    let side = try EmbeddedSide(.inbound)
    let peer = HandPeer(.initiator)
    let victim = makeIdentity(9)
    var noise = NoiseHandshake(
      role: .initiator, prologue: testNetwork, staticKey: .generate(), ephemeralKey: .generate())
    try side.channel.writeInbound(frame(try noise.writeMessage([UInt8]())))
    _ = try noise.readMessage(try peer.body(try side.written()))
    let stolen = HandshakeIdentityProof.make(
      identity: victim, noiseKey: NoiseKeyPair.generate().publicKey, network: testNetwork)
    try side.takeInTurn(frame(try noise.writeMessage(stolen)))
    #expect(try failure(of: side) == .handshakeRefused(.invalidIdentityProof(victim.nodeID)))
  }

  @Test("every altered byte of the last message is refused")
  func alteredLastMessage() throws {
    for position in stride(from: 0, to: 160, by: 7) {
      let side = try EmbeddedSide(.inbound)
      let peer = HandPeer(.initiator)
      try side.channel.writeInbound(frame(try peer.opening()))
      let answer = try peer.body(try side.written())
      var closing = try peer.answer(to: answer)
      closing[position] ^= 1
      try side.takeInTurn(frame(closing))
      #expect(try failure(of: side) == .handshakeRefused(.authenticationFailed))
    }
  }

  @Test("a connection to oneself is refused with its own reason", arguments: [ConnectionDirection.inbound, .outbound])
  func oneself(direction: ConnectionDirection) throws {
    let side = try EmbeddedSide(direction)
    let peer = HandPeer(direction == .inbound ? .initiator : .responder, seed: 1)
    if direction == .inbound {
      try side.channel.writeInbound(frame(try peer.opening()))
    }
    let theirs = try peer.body(try side.written())
    try side.takeInTurn(frame(try peer.answer(to: theirs)))
    #expect(try failure(of: side) == .selfConnection)
  }

  @Test("a network error is reported as such")
  func networkError() throws {
    let side = try EmbeddedSide(.inbound)
    side.channel.pipeline.fireErrorCaught(IOError(errnoCode: 104, reason: "read"))
    #expect(try failure(of: side) == .connectionReset)
  }

  @Test("a shutdown ends a handshake that runs, and one that would just finish")
  func shutdown() throws {
    let running = try EmbeddedSide(.inbound)
    running.channel.pipeline.fireUserInboundEventTriggered(HandshakeHandler.Shutdown())
    #expect(try failure(of: running) == .shutdown)
    let finishing = try EmbeddedSide(.inbound)
    _ = finishing.services.registry.beginShutdown()
    try finishing.establish(with: HandPeer(.initiator))
    #expect(try failure(of: finishing) == .shutdown)
  }
}
