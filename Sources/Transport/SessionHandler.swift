import NIOCore
import NodeCrypto

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Everything after the handshake on one connection: opens what arrives, seals what is queued, and ends the connection.
///
/// | state | event | next |
/// |---|---|---|
/// | open | `beginClosing` | closing: the queue is written; what arrives is dropped |
/// | closing | the queue is empty | finishing: the stream is ended, the peer's end of stream awaited |
/// | open | bad frame, read idle, overflow, congestion timeout | ended |
/// | closing, finishing | close timeout | ended |
/// | any | the peer's end of stream, network error | ended |
///
/// The delegate hears why this side closed, if it did, and the first other reason otherwise.
///
/// Calls of `Connection` arrive as tasks of the event loop, never from inside a call to the delegate, so no method here
/// is entered twice, but for `flushQueue`: flushing may make the channel writable while it runs.
final class SessionHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = Never
  typealias OutboundOut = ByteBuffer

  /// How many bytes of frames are sealed for one write: enough for few system calls, and little enough that an urgent
  /// message does not wait behind much that is sealed already.
  private static let batchByteCount = 64 << 10

  /// How many undelivered bytes are held at most. As long as the peer's stream is open it is far less: one round of
  /// reads, at most 256 KiB, and one unfinished frame, since a pause stops reading.
  static let heldByteLimit = 1 << 20

  private enum State {
    case open
    case closing
    case finishing
    case ended
  }

  private let connection: Connection
  private let services: TransportServices
  private var cipher: FrameCipher
  private var decoder: FrameDecoder
  private var context: ChannelHandlerContext?
  private var state = State.open
  private var reason: DisconnectReason?
  /// What `flushQueue` is sealing; kept for its memory.
  private var batch: [ByteBuffer] = []
  /// Whether the channel has asked to read during a pause.
  private var withholdsRead = false
  /// Whether bytes beyond `heldByteLimit` were dropped, so that none after them can be used.
  private var hasLostTail = false
  private var lastFrameTime = NIODeadline.uptimeNanoseconds(0)
  private var timer: Scheduled<Void>?
  private var congestionTimer: Scheduled<Void>?

  /// - Parameter decoder: what the handshake has read and not used.
  init(
    connection: Connection, cipher: consuming FrameCipher, decoder: consuming FrameDecoder, services: TransportServices
  ) {
    self.connection = connection
    self.cipher = cipher
    self.decoder = decoder
    self.decoder.maximumBodyByteCount = FrameFormat.maximumBodyByteCount
    self.services = services
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    connection.attach(self)
    lastFrameTime = context.eventLoop.now
    armIdleTimer(context: context)
    services.log.record(at: lastFrameTime, "connected", connection)
    services.delegate.connected(connection)
    deliverFrames()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard state == .open, !hasLostTail else { return }
    let chunk = unwrapInboundIn(data)
    // At the peer's end of stream NIO reads all that the kernel holds, in spite of a pause. What exceeds the bound then
    // is lost, as if the connection had broken earlier.
    guard decoder.heldByteCount + chunk.readableBytes <= Self.heldByteLimit else {
      hasLostTail = true
      return
    }
    decoder.append(chunk)
    deliverFrames()
  }

  func read(context: ChannelHandlerContext) {
    // While closing, reading goes on whatever the window, or the peer's end of stream would not be seen.
    if state == .open, connection.isPaused {
      withholdsRead = true
    } else {
      context.read()
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { flushQueue() }
    context.fireChannelWritabilityChanged()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    end(DisconnectReason(error))
  }

  func channelInactive(context: ChannelHandlerContext) {
    // What arrived before the end is delivered even beyond the window: there is no later for it.
    deliverFrames(evenIfPaused: true)
    let heldByteCount = hasLostTail ? 0 : decoder.heldByteCount
    state = .ended
    timer?.cancel()
    congestionTimer?.cancel()
    decoder.removeAll()
    let ending =
      connection.didEnd() ?? reason
      ?? (heldByteCount > 0 ? .truncatedFrame(byteCount: heldByteCount) : .closedByPeer)
    services.log.record(at: context.eventLoop.now, "disconnected", connection, reason: ending)
    // Before the delegate hears of it, so that it may dial again at the limit.
    services.registry.release(connection.id)
    services.delegate.disconnected(connection, reason: ending)
    context.fireChannelInactive()
  }
}

// Called by `Connection`, on the event loop.
extension SessionHandler {
  /// Seals and writes what is queued, as long as the channel takes it.
  func flushQueue() {
    guard let context, state == .open || state == .closing else { return }
    while context.channel.isWritable {
      connection.takeBatch(upTo: Self.batchByteCount, into: &batch)
      guard !batch.isEmpty else { break }
      do throws(NoiseError) {
        let frames = try cipher.seal(batch)
        batch.removeAll(keepingCapacity: true)
        context.write(wrapOutboundOut(frames), promise: nil)
      } catch {
        batch.removeAll()
        return end(.sessionFailed(error))
      }
    }
    context.flush()
    if connection.takeWritableNotice() { services.delegate.writable(connection) }
    if state == .closing, connection.queuedByteCount == 0 {
      state = .finishing
      context.close(mode: .output, promise: nil)
    }
  }

  /// Looks after a while whether the queue has been congested all the time.
  ///
  /// - Parameter congestion: the congestion's number.
  func watch(congestion: Int) {
    guard let context, state == .open else { return }
    let limit = services.configuration.congestionTimeout
    congestionTimer?.cancel()
    congestionTimer = context.eventLoop.assumeIsolated().scheduleTask(in: limit) {
      if self.connection.endIfStill(congestion: congestion, limit: limit) { self.end() }
    }
  }

  /// Goes on after a pause.
  func resumeReading() {
    guard state == .open else { return }
    if let context { lastFrameTime = context.eventLoop.now }
    deliverFrames()
    resumeWithheldRead()
  }

  /// Sends what is queued, ends the stream and waits for the peer to do the same.
  func beginClosing() {
    guard let context, state == .open else { return }
    state = .closing
    decoder.removeAll()
    timer?.cancel()
    timer = context.eventLoop.assumeIsolated().scheduleTask(in: services.configuration.closeTimeout) {
      self.end()
    }
    flushQueue()
    resumeWithheldRead()
  }

  /// Closes at once, with what is queued unsent.
  ///
  /// - Parameter reason: why, unless `Connection` knows.
  func end(_ reason: DisconnectReason? = nil) {
    guard state != .ended else { return }
    state = .ended
    self.reason = reason
    guard let context else { return }
    // A reset and not an orderly end: otherwise the kernel would go on offering megabytes to a peer that takes none,
    // and a peer that has paused reading would not learn of the end before it has read them.
    if let socket = context.channel as? any SocketOptionProvider {
      _ = socket.setSoLinger(linger(l_onoff: 1, l_linger: 0))
    }
    context.close(promise: nil)
  }
}

extension SessionHandler {
  private func resumeWithheldRead() {
    guard withholdsRead, state != .open || !connection.isPaused else { return }
    withholdsRead = false
    context?.read()
  }

  /// Delivers the complete frames that are held, until the window is full.
  private func deliverFrames(evenIfPaused: Bool = false) {
    guard let context else { return }
    do throws(DisconnectReason) {
      var frameCount = 0
      while state == .open, connection.isOpen, evenIfPaused || !connection.isPaused, let body = try decoder.next() {
        let message = try open(body)
        frameCount += 1
        connection.willDeliver(byteCount: message.readableBytes)
        services.delegate.received(message, from: connection)
      }
      if frameCount > 0 { lastFrameTime = context.eventLoop.now }
    } catch {
      end(error)
    }
  }

  private func open(_ body: ByteBuffer) throws(DisconnectReason) -> ByteBuffer {
    do throws(NoiseError) {
      return try cipher.open(body)
    } catch {
      throw .sessionFailed(error)
    }
  }

  /// Checks for silence when it would have lasted long enough: one task for each period, not one for each frame.
  private func armIdleTimer(context: ChannelHandlerContext) {
    let timeout = services.configuration.readIdleTimeout
    timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: lastFrameTime + timeout) {
      guard self.state == .open, let context = self.context else { return }
      // A pause is this node's doing, not the peer's.
      if self.connection.isPaused { self.lastFrameTime = context.eventLoop.now }
      if context.eventLoop.now - self.lastFrameTime >= timeout {
        self.end(.idle(limitMilliseconds: timeout.milliseconds))
      } else {
        self.armIdleTimer(context: context)
      }
    }
  }
}
