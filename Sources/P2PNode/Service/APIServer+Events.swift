import HTTPTypes
import Hummingbird
import NIOCore
import NodeAPI

/// Server-sent events.
extension APIServer {
  /// After so long without anything to tell a comment is sent, so that both sides see that the connection is alive.
  static let heartbeat = Duration.seconds(15)

  func addEventRoutes(_ api: RouterGroup<BasicRequestContext>) {
    api.get("events") { request, _ in
      let filter = try eventFilter(request)
      let place = request.headers[.lastEventID].flatMap(events.place(ofID:))
      let listener = try await events.listen()
      return Response(
        status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
        body: ResponseBody { writer in
          try await request.body.consumeWithInboundCloseHandler { _ in
            try await tell(listener, from: place, filter: filter, &writer)
          } onInboundClosed: {
            listener.cancel()
          }
          try await writer.finish(nil)
        })
    }
  }

  /// Writes events until the node stops or the client goes. One that reads slowly is waited for here, while the log goes
  /// on; one that does not read at all loses its connection to ``ConnectionDeadlines``.
  private func tell(
    _ listener: EventHub.Listener, from first: UInt64?, filter: EventFilter, _ writer: inout any ResponseBodyWriter
  ) async throws {
    var place = first
    var lastWrite = ContinuousClock.now
    try await writer.write(ByteBuffer(string: "retry: 1000\n\n"))
    for await _ in listener.wakes {
      var isBehind = true
      while isBehind {
        switch events.next(after: place, filter: filter) {
        case .reset(let frame, let next):
          try await writer.write(frame)
          (place, lastWrite) = (next, .now)
        case .events(let frames, let next):
          place = next
          guard frames.readableBytes > 0 else { continue }
          try await writer.write(frames)
          lastWrite = .now
        case .upToDate: isBehind = false
        }
      }
      if let place, .now - lastWrite >= Self.heartbeat {
        try await writer.write(events.heartbeat(at: place))
        lastWrite = .now
      }
    }
  }

  private func eventFilter(_ request: Request) throws -> EventFilter {
    var filter = EventFilter()
    if let text = request.uri.queryParameters["topics"].map(String.init) {
      filter.topics = try Set(
        text.split(separator: ",", omittingEmptySubsequences: false).map { word in
          guard let topic = EventTopic(rawValue: String(word)) else {
            let known = EventTopic.allCases.map(\.rawValue).joined(separator: ", ")
            throw Problem.badRequest("topics has \"\(word)\"; allowed: \(known), with commas between them")
          }
          return topic
        })
    }
    if let name = request.uri.queryParameters["gpu_class"].map(String.init) {
      _ = try gpuClass(named: name)
      filter.gpuClass = name
    }
    return filter
  }
}
