import Logging
import NIOCore
import NIOEmbedded
import NIOPosix
import NodeCrypto
import Testing

@testable import Transport

let testNetwork = networkID(1)

func networkID(_ number: UInt64) -> NetworkID {
  NetworkID(word0: number, word1: 0, word2: 0, word3: 0)
}

func makeIdentity(_ seed: UInt8) -> Identity {
  Identity(seed: [UInt8](repeating: seed, count: Identity.seedByteCount))
}

/// A message that says its number and has `byteCount` bytes.
func message(_ number: Int, byteCount: Int = 100) -> [UInt8] {
  withUnsafeBytes(of: UInt64(number).bigEndian) { Array($0) }
    + [UInt8](repeating: UInt8(number & 0xff), count: byteCount - 8)
}

func frame(_ body: [UInt8]) -> ByteBuffer {
  var frame = ByteBuffer()
  frame.writeInteger(UInt16(body.count))
  frame.writeBytes(body)
  return frame
}

func quietLogger() -> Logger {
  Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
}

func makeServices(
  _ recorder: Recorder, seed: UInt8 = 1, configuration: TransportConfiguration = TransportConfiguration()
) -> TransportServices {
  TransportServices(
    identity: makeIdentity(seed), network: testNetwork, configuration: configuration, log: PeerEventLog(quietLogger()),
    delegate: recorder)
}

/// A transport with its delegate, on the loopback interface.
struct TestNode {
  let recorder: Recorder
  let transport: Transport
  let nodeID: NodeID

  init(
    _ seed: UInt8, network: NetworkID = testNetwork, consumes: Bool = true,
    configure: (inout TransportConfiguration) -> Void = { _ in }
  ) {
    var configuration = TransportConfiguration()
    // Real sockets on a busy machine: a test that is about no time limit must not meet one.
    configuration.handshakeTimeout = .seconds(120)
    configuration.dialTimeout = .seconds(120)
    configuration.readIdleTimeout = .seconds(120)
    configure(&configuration)
    let identity = makeIdentity(seed)
    recorder = Recorder(consumes: consumes)
    nodeID = identity.nodeID
    transport = Transport(
      identity: identity, network: network, configuration: configuration,
      eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: quietLogger(), delegate: recorder)
  }

  func listen() async throws -> Int {
    try await transport.listen(host: "127.0.0.1", port: 0).port
  }
}

/// Two nodes and the connection between them, as each sees it.
struct TestPair {
  let dialer: TestNode
  let listener: TestNode
  let outbound: Connection
  let inbound: Connection

  init(dialer: TestNode, listener: TestNode) async throws {
    self.dialer = dialer
    self.listener = listener
    outbound = try await dialer.transport.dial(host: "127.0.0.1", port: try await listener.listen())
    inbound = try await listener.recorder.first { $0.connected.first }
  }

  func shutdown() async {
    await dialer.transport.shutdown()
    await listener.transport.shutdown()
  }
}

/// Something that a test needs is not there.
struct Missing: Error {}

/// The other end of an `EmbeddedSide`: speaks the protocol by hand, so that a test can also speak it wrongly.
final class HandPeer {
  let identity: Identity
  var handshake: SecureHandshake?
  var cipher: FrameCipher?
  private var decoder = FrameDecoder(maximumBodyByteCount: FrameFormat.maximumBodyByteCount)

  init(_ role: NoiseHandshake.Role, seed: UInt8 = 2, network: NetworkID = testNetwork) {
    identity = makeIdentity(seed)
    handshake = SecureHandshake(
      role: role, identity: identity, network: network, staticKey: .generate(), ephemeralKey: .generate())
  }

  /// The bodies of the complete frames in `bytes`, after those it got before.
  func bodies(_ bytes: ByteBuffer) throws -> [[UInt8]] {
    decoder.append(bytes)
    var bodies: [[UInt8]] = []
    while let body = try decoder.next() { bodies.append([UInt8](buffer: body)) }
    return bodies
  }

  /// The first body in `bytes`.
  func body(_ bytes: ByteBuffer) throws -> [UInt8] {
    try #require(try bodies(bytes).first)
  }

  /// The initiator's first message.
  func opening() throws -> [UInt8] {
    guard let message = try handshake?.start() else { throw Missing() }
    return message
  }

  /// The answer to a handshake message, which there must be.
  func answer(to message: [UInt8]) throws -> [UInt8] {
    guard let answer = try handshake?.receive(message) else { throw Missing() }
    return answer
  }

  func finishHandshake() {
    guard let handshake = handshake.take() else { return }
    cipher = FrameCipher(session: handshake.finish(), allocator: ByteBufferAllocator())
  }

  func seal(_ message: [UInt8]) throws -> ByteBuffer {
    guard let frames = try cipher?.seal([ByteBuffer(bytes: message)]) else { throw Missing() }
    return frames
  }

  func open(_ body: [UInt8]) throws -> [UInt8] {
    guard let message = try cipher?.open(ByteBuffer(bytes: body)) else { throw Missing() }
    return [UInt8](buffer: message)
  }
}

/// One side of a connection on an embedded channel, whose time and writability the test controls.
final class EmbeddedSide {
  let recorder: Recorder
  let services: TransportServices
  let loop = EmbeddedEventLoop()
  let channel: EmbeddedChannel
  let direction: ConnectionDirection

  init(
    _ direction: ConnectionDirection = .inbound, consumes: Bool = true, expectedPeer: NodeID? = nil,
    configure: (inout TransportConfiguration) -> Void = { _ in }
  ) throws {
    var configuration = TransportConfiguration()
    configure(&configuration)
    self.direction = direction
    recorder = Recorder(consumes: consumes)
    services = makeServices(recorder, configuration: configuration)
    channel = EmbeddedChannel(loop: loop)
    let id: ConnectionID
    switch direction {
    case .inbound: id = try services.registry.admitInbound(channel)
    case .outbound:
      id = try services.registry.admitOutbound()
      try services.registry.attach(channel, to: id)
    }
    try channel.pipeline.syncOperations.addHandler(
      HandshakeHandler(id: id, direction: direction, expectedPeer: expectedPeer, services: services))
    try channel.connect(to: SocketAddress(ipAddress: "192.0.2.7", port: 4_000)).wait()
  }

  /// All that the side has written since the last call, in one buffer.
  func written() throws -> ByteBuffer {
    var all = ByteBuffer()
    while var next = try channel.readOutbound(as: ByteBuffer.self) { all.writeBuffer(&next) }
    return all
  }

  /// Runs the handshake with `peer` to its end; `trailing` follows the peer's last message at once.
  func establish(with peer: HandPeer, trailing: (HandPeer) throws -> ByteBuffer? = { _ in nil }) throws {
    if direction == .inbound {
      try channel.writeInbound(frame(try peer.opening()))
    }
    let theirs = try peer.body(try written())
    var last = frame(try peer.answer(to: theirs))
    if direction == .inbound {
      peer.finishHandshake()
      if var trailing = try trailing(peer) { last.writeBuffer(&trailing) }
      try takeInTurn(last)
    } else {
      try channel.writeInbound(last)
      let closing = try peer.body(try written())
      let answer = try peer.handshake?.receive(closing)
      #expect(answer == nil)
      peer.finishHandshake()
    }
  }

  /// Gives the side a message that is not the first of its event loop, and lets it have its turn.
  func takeInTurn(_ frames: ByteBuffer) throws {
    try channel.writeInbound(frames)
    loop.advanceTime(by: HandshakeTurns.interval)
  }

  /// A side with an established connection.
  static func established(
    _ direction: ConnectionDirection = .inbound, consumes: Bool = true,
    configure: (inout TransportConfiguration) -> Void = { _ in }
  ) throws -> (side: EmbeddedSide, peer: HandPeer, connection: Connection) {
    let side = try EmbeddedSide(direction, consumes: consumes, configure: configure)
    let peer = HandPeer(direction == .inbound ? .initiator : .responder)
    try side.establish(with: peer)
    return (side, peer, try #require(side.recorder.now.connected.first))
  }

  /// Lets the side's queued tasks run and opens what it has written.
  func messages(for peer: HandPeer) throws -> [[UInt8]] {
    loop.run()
    return try peer.bodies(try written()).map(peer.open)
  }

  func setWritable(_ isWritable: Bool) {
    channel.isWritable = isWritable
    channel.pipeline.fireChannelWritabilityChanged()
  }
}

/// Counts the reads that get through to the channel.
final class ReadCounter: ChannelOutboundHandler {
  typealias OutboundIn = Never
  private(set) var count = 0

  func read(context: ChannelHandlerContext) {
    count += 1
    context.read()
  }
}
