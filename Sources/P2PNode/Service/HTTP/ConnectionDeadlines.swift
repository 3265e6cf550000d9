import NIOCore
import NIOHTTPTypes

/// Closes a connection on which a request or the reading of an answer takes too long.
///
/// | waits for | at most |
/// |---|---|
/// | the whole head of the first request | ``head`` |
/// | the end of a request's body | ``body`` |
/// | the whole head of another request | ``idle`` |
/// | the client to read more of an answer | ``write`` |
///
/// An answer may take as long as it takes: events have no end.
final class ConnectionDeadlines: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  static let head = TimeAmount.seconds(10)
  static let body = TimeAmount.seconds(20)
  /// More than the minute for which clients keep a connection, so that they close it and a request meets no closed one.
  static let idle = TimeAmount.seconds(75)
  static let write = TimeAmount.seconds(60)

  /// Requests whose answer has not ended: a client may send the next one before.
  private var unanswered = 0
  private var reading: Scheduled<Void>?
  private var writing: Scheduled<Void>?

  func handlerAdded(context: ChannelHandlerContext) {
    if context.channel.isActive { allow(Self.head, on: context.channel) }
  }

  func channelActive(context: ChannelHandlerContext) {
    allow(Self.head, on: context.channel)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    reading?.cancel()
    writing?.cancel()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head:
      unanswered += 1
      allow(Self.body, on: context.channel)
    case .body: break
    case .end: reading?.cancel()
    }
    context.fireChannelRead(data)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if case .end = unwrapOutboundIn(data) {
      unanswered -= 1
      if unanswered == 0 { allow(Self.idle, on: context.channel) }
    }
    context.write(data, promise: promise)
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    writing?.cancel()
    if !context.channel.isWritable { writing = close(context.channel, in: Self.write) }
    context.fireChannelWritabilityChanged()
  }

  private func allow(_ time: TimeAmount, on channel: any Channel) {
    reading?.cancel()
    reading = close(channel, in: time)
  }

  private func close(_ channel: any Channel, in time: TimeAmount) -> Scheduled<Void> {
    channel.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
  }
}
