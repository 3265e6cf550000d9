import NIOCore
import NIOPosix
import Synchronization
import Testing
import Transport

/// A delegate that notes everything it hears and lets a test wait for it.
final class Recorder: TransportDelegate {
  /// What was heard so far, in order.
  struct Events {
    var connected: [Connection] = []
    var received: [[UInt8]] = []
    var writable: [ConnectionID] = []
    var disconnected: [(connection: Connection, reason: DisconnectReason)] = []
    var failures: [HandshakeFailure] = []
    /// The bytes received and not consumed, now and at most.
    var outstandingByteCount = 0
    var maximumOutstandingByteCount = 0
    fileprivate var unconsumed: [(connection: Connection, byteCount: Int)] = []
    fileprivate var consumes = true
    fileprivate var waiters: [(Events) -> Bool] = []

    /// Why connections ended.
    var reasons: [DisconnectReason] { disconnected.map(\.reason) }
  }

  /// A condition that did not hold in time.
  struct Timeout: Error {}

  private let events = Mutex(Events())

  /// - Parameter consumes: whether messages are consumed as they arrive; if not, by `startConsuming`.
  init(consumes: Bool = true) {
    events.withLock { $0.consumes = consumes }
  }

  /// What was heard so far.
  var now: Events { events.withLock { $0 } }

  /// Waits until `value` finds something, at most 20 s.
  func first<Value: Sendable>(_ value: @escaping @Sendable (Events) -> Value?) async throws -> Value {
    let loop = MultiThreadedEventLoopGroup.singleton.any()
    let promise = loop.makePromise(of: Value.self)
    let deadline = loop.scheduleTask(in: .seconds(120)) { promise.fail(Timeout()) }
    update { events in
      events.waiters.append { events in
        guard let value = value(events) else { return false }
        promise.succeed(value)
        return true
      }
    }
    defer { deadline.cancel() }
    return try await promise.futureResult.get()
  }

  /// Waits until `condition` holds, at most 20 s.
  func wait(until condition: @escaping @Sendable (Events) -> Bool) async throws {
    let _: Bool = try await first { condition($0) ? true : nil }
  }

  /// Consumes what was received and what will be.
  func startConsuming() {
    events.withLock { $0.consumes = true }
    consume(.max)
  }

  /// Consumes the first `count` of the messages that were received and not consumed.
  func consume(_ count: Int) {
    let consumed = events.withLock { events in
      let consumed = events.unconsumed.prefix(count)
      events.unconsumed.removeFirst(consumed.count)
      for message in consumed { events.outstandingByteCount -= message.byteCount }
      return consumed
    }
    for message in consumed { message.connection.consumed(message.byteCount) }
  }

  func connected(_ connection: Connection) { update { $0.connected.append(connection) } }

  func received(_ message: ByteBuffer, from connection: Connection) {
    let consumes = events.withLock { events in
      if !events.consumes {
        events.unconsumed.append((connection, message.readableBytes))
        events.outstandingByteCount += message.readableBytes
        events.maximumOutstandingByteCount = max(events.maximumOutstandingByteCount, events.outstandingByteCount)
      }
      return events.consumes
    }
    if consumes { connection.consumed(message.readableBytes) }
    update { $0.received.append([UInt8](buffer: message)) }
  }

  func writable(_ connection: Connection) { update { $0.writable.append(connection.id) } }

  func disconnected(_ connection: Connection, reason: DisconnectReason) {
    update { $0.disconnected.append((connection, reason)) }
  }

  func handshakeFailed(_ failure: HandshakeFailure) { update { $0.failures.append(failure) } }

  private func update(_ change: (inout Events) -> Void) {
    events.withLock { events in
      change(&events)
      let snapshot = events
      events.waiters.removeAll { $0(snapshot) }
    }
  }
}
