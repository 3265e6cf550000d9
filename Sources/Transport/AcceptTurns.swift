import NIOCore

/// Lets a listener accept some connections each ``interval``, and those that come faster wait in the kernel: to make a
/// connection is work for the event loop that gets it, which others use as well.
final class AcceptTurns: ChannelOutboundHandler {
  typealias OutboundIn = Never

  /// From one turn to the next.
  static let interval = TimeAmount.microseconds(500)
  /// How many connections a turn accepts.
  static let connectionsPerTurn: UInt = 2

  private var next = NIODeadline.uptimeNanoseconds(0)
  private var turn: Scheduled<Void>?

  func read(context: ChannelHandlerContext) {
    guard turn == nil else { return }
    let now = context.eventLoop.now
    guard now < next else {
      next = now + Self.interval
      return context.read()
    }
    turn = context.eventLoop.assumeIsolated().scheduleTask(deadline: next) {
      self.turn = nil
      self.next = context.eventLoop.now + Self.interval
      context.read()
    }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    turn?.cancel()
    turn = nil
  }
}
