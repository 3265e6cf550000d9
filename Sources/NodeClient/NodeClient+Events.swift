import AsyncHTTPClient
import NIOCore
import NodeAPI

extension NodeClient {
  /// How long nothing may come, in seconds: a node says something every 15.
  static let eventSilenceSeconds: Int64 = 45

  /// Calls `body` with each event of `topics` as it happens: `GET /v1/events`. Returns when the node ends the stream, as it
  /// does when it stops; throws when there is none, or it breaks off.
  ///
  /// - Parameters:
  ///   - gpuClass: narrows the book and the trades to one class.
  ///   - last: the id of the last event that came, to go on after it; the stream begins with a reset if that cannot be.
  public func events(
    _ topics: [EventTopic], gpuClass: String? = nil, after last: String? = nil,
    _ body: @Sendable (NodeEvent) async -> Void
  ) async throws(NodeClientError) {
    let narrowed = gpuClass.map { "&gpu_class=\(Self.percentEncoded($0))" } ?? ""
    let target = "/v1/events?topics=\(topics.map(\.rawValue).joined(separator: ","))\(narrowed)"
    let name = "GET \(target)"
    var request = try self.request(.get, target)
    request.headers.replaceOrAdd(name: "Accept", value: "text/event-stream")
    if let last { request.headers.add(name: "Last-Event-ID", value: last) }
    let response: HTTPClientResponse
    do {
      response = try await http.execute(request, deadline: .distantFuture)
    } catch { throw failure(error, request: name) }
    guard response.status == .ok else {
      let bytes: [UInt8]
      do { bytes = Array(buffer: try await response.body.collect(upTo: Self.maximumAnswerBytes)) } catch {
        throw failure(error, request: name)
      }
      throw refusal(status: Int(response.status.code), bytes, request: name)
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
    } catch {
      throw failure(error, request: name)
    }
  }
}
