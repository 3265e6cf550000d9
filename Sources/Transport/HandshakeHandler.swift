import NIOCore
import NodeCrypto

/// The first three frames of a connection. Once both sides have proved their node ids it puts a `SessionHandler` in its
/// place.
///
/// | state | event | next |
/// |---|---|---|
/// | running | the last message, sent or received | done: the session handler takes over |
/// | running | bad message, wrong peer, deadline, end of stream, shutdown | done: closed and reported |
///
/// Nothing is sent to the peer about a failure: it sees the connection close.
final class HandshakeHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// The event that ends a running handshake, because the transport shuts down.
  struct Shutdown: Sendable {}

  private let id: ConnectionID
  private let direction: ConnectionDirection
  private let services: TransportServices
  private let completion: EventLoopPromise<Connection>?
  private var decoder = FrameDecoder(maximumBodyByteCount: FrameFormat.maximumHandshakeBodyByteCount)
  private var handshake: SecureHandshake?
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
    self.completion = completion
    handshake = SecureHandshake(
      role: direction == .outbound ? .initiator : .responder, identity: services.identity, network: services.network,
      staticKey: services.noiseKey, ephemeralKey: .generate(), expectedPeer: expectedPeer)
  }

  func handlerAdded(context: ChannelHandlerContext) {
    if context.channel.isActive { start(context: context) }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    // A channel that closed while this handler was on its way to it does not say so again.
    fail(.closedByPeer, context: context)
  }

  func channelActive(context: ChannelHandlerContext) {
    start(context: context)
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard handshake != nil else { return context.fireChannelRead(data) }
    decoder.append(unwrapInboundIn(data))
    do throws(DisconnectReason) {
      while handshake != nil, let body = try decoder.next() {
        try receive([UInt8](buffer: body), context: context)
      }
    } catch {
      fail(error, context: context)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    fail(
      decoder.heldByteCount > 0 ? .truncatedFrame(byteCount: decoder.heldByteCount) : .closedByPeer, context: context)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard handshake != nil else { return context.fireErrorCaught(error) }
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
    do throws(NoiseError) {
      if let opening = try handshake?.start() { send(opening, context: context) }
    } catch {
      fail(.handshakeRefused(error), context: context)
    }
  }

  private func receive(_ message: [UInt8], context: ChannelHandlerContext) throws(DisconnectReason) {
    let answer: [UInt8]?
    do throws(NoiseError) {
      answer = try handshake?.receive(message)
    } catch {
      throw .handshakeRefused(error)
    }
    guard handshake?.peer != services.identity.nodeID else { throw .selfConnection }
    if let answer { send(answer, context: context) }
    // Sending may have found the connection broken, which ends the handshake.
    if handshake?.isComplete == true { try finish(context: context) }
  }

  private func send(_ message: [UInt8], context: ChannelHandlerContext) {
    let frame = FrameFormat.frame(handshakeMessage: message, allocator: context.channel.allocator)
    context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
  }

  private func finish(context: ChannelHandlerContext) throws(DisconnectReason) {
    guard let remote else { throw .closedByPeer }
    guard let handshake = handshake.take(), let peer = handshake.peer else {
      preconditionFailure("a complete handshake has a peer")
    }
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
    pipeline.removeHandler(context: context, promise: nil)
  }

  private func fail(_ reason: DisconnectReason, context: ChannelHandlerContext) {
    guard handshake.take() != nil else { return }
    deadline?.cancel()
    didFail(reason, context: context)
  }

  private func didFail(_ reason: DisconnectReason, context: ChannelHandlerContext) {
    decoder.removeAll()
    services.report(
      HandshakeFailure(remote: remote, direction: direction, reason: reason), at: context.eventLoop.now)
    completion?.fail(reason)
    context.close(promise: nil)
  }
}
