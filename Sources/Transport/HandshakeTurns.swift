import NIOCore

/// Spreads the work of handshakes on one event loop: one message each ``interval``, the connections in the order in which
/// their messages came.
///
/// A handshake's message costs the loop as much as hundreds of a session's, and anybody may send it. However many come at
/// once, the other connections of the loop wait for one of them at a time, and most of the loop's time is left to them.
///
/// All calls come on the event loop. A turn is O(1) for each connection that ended while it waited, which takes no time
/// from the others.
final class HandshakeTurns {
  /// From one message's turn to the next: five times what a message takes.
  static let interval = TimeAmount.milliseconds(1)

  private let eventLoop: any EventLoop
  private var waiting = CircularBuffer<HandshakeHandler>()
  private var next = NIODeadline.uptimeNanoseconds(0)
  /// Whether a turn is under way or its time is set.
  private var isBusy = false

  /// Nobody waits.
  init(eventLoop: any EventLoop) {
    self.eventLoop = eventLoop
  }

  /// Has `handler` take its message now, or when its turn comes.
  func request(for handler: HandshakeHandler) {
    waiting.append(handler)
    if !isBusy { run() }
  }

  private func run() {
    isBusy = true
    while let first = waiting.first {
      let now = eventLoop.now
      guard now >= next else {
        eventLoop.assumeIsolated().scheduleTask(deadline: next) { self.run() }
        return
      }
      waiting.removeFirst()
      if first.takeTurn() { next = now + Self.interval }
    }
    isBusy = false
  }
}
