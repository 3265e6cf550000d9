import AsyncHTTPClient
import NIOCore
import NodeAPI

extension NodeClient {
  /// Calls `body` with each event of `topics` as it happens: `GET /v1/events`. Returns when the node ends the stream, as it
  /// does when it stops; throws when there is none, it breaks off, or nothing has come for ``timeoutSeconds``, where a
  /// node says something every 15.
  ///
  /// - Parameters:
  ///   - gpuClass: narrows the book and the trades to one class.
  ///   - last: the id of the last event that came, to go on after it; the stream begins with a reset if that cannot be.
  public func events(
    _ topics: [EventTopic], gpuClass: String?, after last: String?, _ body: @Sendable (NodeEvent) async -> Void
  ) async throws(NodeClientError) {
    let narrowed = gpuClass.map { "&gpu_class=\(Self.percentEncoded($0))" } ?? ""
    let target = "/v1/events?topics=\(topics.map(\.rawValue).joined(separator: ","))\(narrowed)"
    let name = "GET \(target)"
    let request = try request(
      .get, target, accepts: "text/event-stream", headers: last.map { [("Last-Event-ID", $0)] } ?? [])
    let response: HTTPClientResponse
    do {
      response = try await http.execute(request, deadline: .distantFuture)
    } catch { throw failure(error, request: name) }
    guard response.status == .ok else {
      _ = try await bytes(of: response, to: name)
      throw .unexpectedAnswer(request: name, reason: "HTTP status \(response.status.code) instead of 200")
    }
    var parser = ServerEventParser()
    do {
      for try await buffer in response.body {
        for event in try parser.events(in: buffer.readableBytesView) {
          if let event = try NodeEvent(event) { await body(event) }
        }
      }
    } catch let error as ServerEventTooLong {
      throw .unexpectedAnswer(request: name, reason: error.description)
    } catch let error as NodeJSONError {
      throw .unexpectedAnswer(request: name, reason: error.description)
    } catch { throw failure(error, request: name) }
  }
}
