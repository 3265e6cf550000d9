import NIOCore
import NodeCrypto

/// The first three frames of a connection. Once both sides have proved their node ids it puts a `SessionHandler` in its
/// place.
///
/// | state | event | next |
/// |---|---|---|
/// | running | a whole message | waiting for its turn among those of the event loop; nothing more is read |
/// | waiting | its turn | running |
/// | waiting | its turn, and the message is the last, sent or received | done: the session handler takes over |
/// | running, waiting | bad message, wrong peer, deadline, end of stream, shutdown | done: closed and reported |
///
/// Nothing is sent to the peer about a failure: it sees the connection close.
final class HandshakeHandler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = Never
  typealias OutboundOut = ByteBuffer

  /// The event that ends a running handshake, because the transport shuts down.
  struct Shutdown: Sendable {}

  private let id: ConnectionID
  private let direction: ConnectionDirection
  private let services: TransportServices
  private let completion: EventLoopPromise<Connection>?
  private let expectedPeer: NodeID?
  private var decoder = FrameDecoder(maximumBodyByteCount: FrameFormat.maximumHandshakeBodyByteCount)
  private var isRunning = true
  /// Made with the first message: until then a connection costs no computing.
  private var handshake: SecureHandshake?
  /// The message that waits for its turn.
  private var message: [UInt8]?
  /// Whether the channel has asked to read meanwhile.
  private var withholdsRead = false
  private var context: ChannelHandlerContext?
  private var remote: Endpoint?
  private var deadline: Scheduled<Void>?

  /// - Parameters:
  ///   - expectedPeer: the only node to accept; nil accepts any.
  ///   - completion: is told the connection or, as a `DisconnectReason`, why there is none.
  init(
    id: ConnectionID, direction: ConnectionDirection, expectedPeer: NodeID? = nil, services: TransportServices,
    completion: EventLoopPromise<Connection>? = nil
  ) {
    self.id = id
    self.direction = direction
    self.services = services
    self.expectedPeer = expectedPeer
    self.completion = completion
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    if context.channel.isActive { start(context: context) }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    // A channel that closed while this handler was on its way to it does not say so again.
    fail(.closedByPeer, context: context)
    self.context = nil
  }

  func channelActive(context: ChannelHandlerContext) {
    start(context: context)
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard isRunning else { return context.fireChannelRead(data) }
    decoder.append(unwrapInboundIn(data))
    guard message == nil else {
      // Although nothing is asked for: NIO reads all that the kernel holds when the peer has ended the stream.
      if decoder.heldByteCount > SessionHandler.heldByteLimit { fail(.closedByPeer, context: context) }
      return
    }
    requestTurn(context: context)
  }

  func read(context: ChannelHandlerContext) {
    if message == nil { context.read() } else { withholdsRead = true }
  }

  func channelInactive(context: ChannelHandlerContext) {
    fail(
      decoder.heldByteCount > 0 ? .truncatedFrame(byteCount: decoder.heldByteCount) : .closedByPeer, context: context)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard isRunning else { return context.fireErrorCaught(error) }
    fail(DisconnectReason(error), context: context)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is Shutdown { fail(.shutdown, context: context) }
    context.fireUserInboundEventTriggered(event)
  }

  private func start(context: ChannelHandlerContext) {
    remote = context.remoteAddress.flatMap(Endpoint.init)
    // The event that asks for it may have passed before this handler was there.
    guard !services.registry.isShutDown else { return fail(.shutdown, context: context) }
    let timeout = services.configuration.handshakeTimeout
    deadline = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) {
      self.fail(.handshakeTimeout(limitMilliseconds: timeout.milliseconds), context: context)
    }
    guard direction == .outbound else { return }
    var handshake = makeHandshake()
    do throws(NoiseError) {
      send(try handshake.start(), context: context)
    } catch {
      return fail(.handshakeRefused(error), context: context)
    }
    self.handshake = consume handshake
  }

  private func makeHandshake() -> SecureHandshake {
    SecureHandshake(
      role: direction == .outbound ? .initiator : .responder, identity: services.identity, network: services.network,
      staticKey: services.noiseKey, ephemeralKey: .generate(), expectedPeer: expectedPeer)
  }

  /// Asks for a turn for the next message, if it is whole.
  private func requestTurn(context: ChannelHandlerContext) {
    do throws(DisconnectReason) {
      guard let body = try decoder.next() else { return }
      message = [UInt8](buffer: body)
    } catch {
      return fail(error, context: context)
    }
    services.turns(on: context.eventLoop).request(for: self)
  }

  /// Takes the message that waits.
  ///
  /// - Returns: whether there was one still.
  func takeTurn() -> Bool {
    guard isRunning, let context, let message = message.take() else { return false }
    do throws(DisconnectReason) {
      try receive(message, context: context)
    } catch {
      fail(error, context: context)
    }
    if isRunning {
      requestTurn(context: context)
      resumeWithheldRead(context: context)
    }
    return true
  }

  private func resumeWithheldRead(context: ChannelHandlerContext) {
    guard withholdsRead, message == nil else { return }
    withholdsRead = false
    context.pipeline.read()
  }

  private func receive(_ message: [UInt8], context: ChannelHandlerContext) throws(DisconnectReason) {
    var handshake = handshake.take() ?? makeHandshake()
    let answer: [UInt8]?
    do throws(NoiseError) {
      answer = try handshake.receive(message)
    } catch {
      throw .handshakeRefused(error)
    }
    guard handshake.peer != services.identity.nodeID else { throw .selfConnection }
    if let answer { send(answer, context: context) }
    // Sending may have found the connection broken, which ends the handshake.
    guard isRunning else { return }
    if handshake.isComplete {
      try finish(handshake, context: context)
    } else {
      self.handshake = consume handshake
    }
  }

  private func send(_ message: [UInt8], context: ChannelHandlerContext) {
    let frame = FrameFormat.frame(handshakeMessage: message, allocator: context.channel.allocator)
    context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
  }

  private func finish(
    _ handshake: consuming SecureHandshake, context: ChannelHandlerContext
  ) throws(DisconnectReason) {
    guard let remote else { throw .closedByPeer }
    guard let peer = handshake.peer else { preconditionFailure("a complete handshake has a peer") }
    isRunning = false
    deadline?.cancel()
    let connection = Connection(
      id: id, remoteNode: peer, remote: remote, direction: direction, configuration: services.configuration,
      eventLoop: context.eventLoop)
    do throws(DisconnectReason) {
      try services.registry.activate(connection)
    } catch {
      return didFail(error, context: context)
    }
    let session = SessionHandler(
      connection: connection, cipher: FrameCipher(session: handshake.finish(), allocator: context.channel.allocator),
      decoder: decoder, services: services)
    decoder.removeAll()
    let pipeline = context.pipeline.syncOperations
    do {
      try pipeline.addHandler(session, position: .after(self))
    } catch {
      // The pipeline refuses only when the channel has closed, and nobody has heard of the connection yet.
      return didFail(DisconnectReason(error), context: context)
    }
    completion?.succeed(connection)
    // While this handler is still there to pass it on.
    resumeWithheldRead(context: context)
    pipeline.removeHandler(context: context, promise: nil)
  }

  private func fail(_ reason: DisconnectReason, context: ChannelHandlerContext) {
    guard isRunning else { return }
    isRunning = false
    deadline?.cancel()
    didFail(reason, context: context)
  }

  private func didFail(_ reason: DisconnectReason, context: ChannelHandlerContext) {
    decoder.removeAll()
    message = nil
    handshake = nil
    services.report(
      HandshakeFailure(remote: remote, direction: direction, reason: reason), at: context.eventLoop.now)
    completion?.fail(reason)
    context.close(promise: nil)
  }
}
