import NIOCore
import NodeCrypto
import Synchronization

/// Names a connection within one process. Ids are given in the order of admission and never again.
public struct ConnectionID: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The id's number, counted from 1.
  public let rawValue: UInt64

  /// The decimal number.
  public var description: String { "\(rawValue)" }

  /// The order of admission.
  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// What has passed over a connection since its handshake, both ways.
public struct ConnectionTraffic: Hashable, Sendable {
  /// Messages delivered.
  public internal(set) var receivedMessageCount: UInt64 = 0
  /// Bytes of messages delivered.
  public internal(set) var receivedByteCount: UInt64 = 0
  /// Messages given to the socket.
  public internal(set) var sentMessageCount: UInt64 = 0
  /// Bytes of messages given to the socket.
  public internal(set) var sentByteCount: UInt64 = 0

  /// Nothing yet.
  public init() {}

  /// The traffic of several connections together.
  public static func + (left: Self, right: Self) -> Self {
    ConnectionTraffic(
      receivedMessageCount: left.receivedMessageCount + right.receivedMessageCount,
      receivedByteCount: left.receivedByteCount + right.receivedByteCount,
      sentMessageCount: left.sentMessageCount + right.sentMessageCount,
      sentByteCount: left.sentByteCount + right.sentByteCount)
  }

  init(
    receivedMessageCount: UInt64, receivedByteCount: UInt64, sentMessageCount: UInt64, sentByteCount: UInt64
  ) {
    self.receivedMessageCount = receivedMessageCount
    self.receivedByteCount = receivedByteCount
    self.sentMessageCount = sentMessageCount
    self.sentByteCount = sentByteCount
  }
}

/// A connection to a node whose id is proved. All methods may be called from any thread, also after its end.
///
/// It is the thread-safe face: it holds the queue of what is to be sent and the window of what was received, each under
/// its own lock, and wakes the event loop at most once for any number of messages. `SessionHandler` does the rest.
///
/// | phase | `send` | `close` | received messages |
/// |---|---|---|---|
/// | open | queues | to closing, or to closed when the queue overflowed | delivered |
/// | closing | refused | nothing | dropped; what is queued is sent, then the stream is ended |
/// | closed | refused | nothing | none |
public final class Connection: Sendable {
  /// The longest message that `send` takes, in bytes.
  public static let maximumMessageByteCount = FrameFormat.maximumMessageByteCount

  /// The connection's name in this process.
  public let id: ConnectionID
  /// The peer, which has proved this id.
  public let remoteNode: NodeID
  /// The peer's address and port: for an inbound connection not the port on which it listens.
  public let remote: Endpoint
  /// Which side connected.
  public let direction: ConnectionDirection

  private enum Phase {
    case open
    case closing
    case closed
  }

  private struct Outbound {
    var phase = Phase.open
    /// Why this side left the phase `open`.
    var closeReason: DisconnectReason?
    var queue: OutboundQueue
    /// How many times the queue has become congested.
    var congestionCount = 0
    /// Whether a flush is on its way: scheduled, or due when the socket takes bytes again.
    var isFlushDue = false
    var messageCount: UInt64 = 0
    var byteCount: UInt64 = 0
  }

  private struct Inbound {
    var window: InboundWindow
    var messageCount: UInt64 = 0
    var byteCount: UInt64 = 0
  }

  private let eventLoop: any EventLoop
  private let handler: NIOLoopBoundBox<SessionHandler?>
  private let outbound: Mutex<Outbound>
  private let inbound: Mutex<Inbound>

  init(
    id: ConnectionID, remoteNode: NodeID, remote: Endpoint, direction: ConnectionDirection,
    configuration: TransportConfiguration, eventLoop: any EventLoop
  ) {
    self.id = id
    self.remoteNode = remoteNode
    self.remote = remote
    self.direction = direction
    self.eventLoop = eventLoop
    handler = .makeEmptyBox(eventLoop: eventLoop)
    outbound = Mutex(
      Outbound(
        queue: OutboundQueue(
          softLimitByteCount: configuration.softQueueByteCount, hardLimitByteCount: configuration.hardQueueByteCount)))
    inbound = Mutex(Inbound(window: InboundWindow(limitByteCount: configuration.inboundWindowByteCount)))
  }

  /// How many bytes wait to be sealed, frames' overhead included. The socket's own buffers are not in it.
  public var queuedByteCount: Int { outbound.withLock { $0.queue.byteCount } }

  /// What has passed since the handshake.
  public var traffic: ConnectionTraffic {
    let sent = outbound.withLock { ($0.messageCount, $0.byteCount) }
    let received = inbound.withLock { ($0.messageCount, $0.byteCount) }
    return ConnectionTraffic(
      receivedMessageCount: received.0, receivedByteCount: received.1, sentMessageCount: sent.0, sentByteCount: sent.1)
  }

  /// Queues `message`, which leaves at the end of the event loop's tick together with what else was queued by then.
  ///
  /// To a peer that reads too slowly, less and less is sent: `SendOutcome` has the steps. A message that would exceed the
  /// hard limit closes the connection with `slowPeer`. Takes O(1).
  @discardableResult
  public func send(_ message: ByteBuffer, priority: MessagePriority) -> SendOutcome {
    guard message.readableBytes <= Self.maximumMessageByteCount else { return .tooLong }
    var mustFlush = false
    var mustEnd = false
    var congestion: Int?
    let outcome: SendOutcome = outbound.withLock { outbound in
      guard outbound.phase == .open else { return .closed }
      let wasCongested = outbound.queue.isCongested
      switch outbound.queue.append(message, priority: priority) {
      case .queued:
        mustFlush = !outbound.isFlushDue
        outbound.isFlushDue = true
        if outbound.queue.isCongested, !wasCongested {
          outbound.congestionCount += 1
          congestion = outbound.congestionCount
        }
        return .queued
      case .full:
        return .full
      case .shed:
        return .shed
      case .overflow(let queuedByteCount, let limit):
        outbound.closeReason = .slowPeer(queuedByteCount: queuedByteCount, limit: limit)
        outbound.phase = .closed
        outbound.queue.removeAll()
        mustEnd = true
        return .closed
      }
    }
    if mustFlush { eventLoop.execute { self.handler.value?.flushQueue() } }
    if let congestion { eventLoop.execute { self.handler.value?.watch(congestion: congestion) } }
    if mustEnd { eventLoop.execute { self.handler.value?.end() } }
    return outcome
  }

  /// Queues a copy of `message`, as `send(_:priority:)` does.
  @discardableResult
  public func send(_ message: [UInt8], priority: MessagePriority) -> SendOutcome {
    send(ByteBuffer(bytes: message), priority: priority)
  }

  /// Tells that the layer above holds received messages no longer, so that more may be read. Takes O(1).
  ///
  /// - Parameters:
  ///   - byteCount: the messages' lengths together.
  ///   - messageCount: how many they were.
  /// - Precondition: they were received on this connection and not consumed before.
  public func consumed(_ byteCount: Int, messageCount: Int = 1) {
    let mayResume = inbound.withLock { $0.window.consume(byteCount: byteCount, messageCount: messageCount) }
    if mayResume { eventLoop.execute { self.handler.value?.resumeReading() } }
  }

  /// Sends what is queued, ends the stream and closes when the peer has done so too, or after
  /// `TransportConfiguration.closeTimeout`. Received messages are dropped from now on.
  ///
  /// - Parameter reason: why, for `TransportDelegate.disconnected` and the log.
  public func close(_ reason: String) {
    close(.closedLocally(reason))
  }

  func close(_ reason: DisconnectReason) {
    let isFirst = outbound.withLock { outbound in
      guard outbound.phase == .open else { return false }
      outbound.phase = .closing
      outbound.closeReason = reason
      return true
    }
    if isFirst { eventLoop.execute { self.handler.value?.beginClosing() } }
  }
}

// What `SessionHandler` calls, on the event loop.
extension Connection {
  func attach(_ handler: SessionHandler) {
    self.handler.value = handler
  }

  /// Drops what is queued and refuses more. The handler is let go, so that a connection that somebody keeps keeps
  /// nothing else.
  ///
  /// - Returns: why this side closed, if it did.
  func didEnd() -> DisconnectReason? {
    handler.value = nil
    return outbound.withLock { outbound in
      outbound.phase = .closed
      outbound.queue.removeAll()
      return outbound.closeReason
    }
  }

  /// Moves the next messages to send into `batch`, which stays empty when there is none; the next `send` asks for a
  /// flush again then.
  func takeBatch(upTo byteCount: Int, into batch: inout [ByteBuffer]) {
    outbound.withLock { outbound in
      outbound.queue.removeFirst(upTo: byteCount, into: &batch)
      if batch.isEmpty { outbound.isFlushDue = false }
      outbound.messageCount += UInt64(batch.count)
      for message in batch { outbound.byteCount += UInt64(message.readableBytes) }
    }
  }

  /// Whether the delegate must hear that messages are taken again that were refused or shed.
  func takeWritableNotice() -> Bool {
    outbound.withLock { $0.queue.takeWritableNotice() && $0.phase == .open }
  }

  /// Ends the connection as one to a slow peer when the queue is in the same congestion as before.
  ///
  /// - Parameter congestion: the number of the congestion that was seen before.
  /// - Returns: whether it did.
  func endIfStill(congestion: Int, limit: TimeAmount) -> Bool {
    outbound.withLock { outbound in
      guard outbound.phase == .open, outbound.queue.isCongested, outbound.congestionCount == congestion else {
        return false
      }
      outbound.closeReason = .congested(
        queuedByteCount: outbound.queue.byteCount, limitMilliseconds: limit.milliseconds)
      outbound.phase = .closed
      outbound.queue.removeAll()
      return true
    }
  }

  /// Whether received messages may be delivered: not while closing.
  var isOpen: Bool { outbound.withLock { $0.phase == .open } }

  /// Whether more must not be delivered until something is consumed.
  var isPaused: Bool { inbound.withLock { $0.window.isPaused } }

  /// Counts a message that is delivered.
  func willDeliver(byteCount: Int) {
    inbound.withLock { inbound in
      inbound.window.deliver(byteCount: byteCount)
      inbound.messageCount += 1
      inbound.byteCount += UInt64(byteCount)
    }
  }
}
