import NodeAPI

/// A client of `GET /v1/events`, for a test.
final class EventStream: Sendable {
  /// One event.
  struct Event: Hashable, Sendable {
    let id: String
    let name: String
    let data: String

    func document<Document: Decodable>(_ type: Document.Type = Document.self) throws -> Document {
      try NodeJSON.decode(type, from: data.utf8)
    }
  }

  private let connection: HTTPConnection

  init(of listener: HTTPListener, query: String = "", after id: String? = nil) async throws {
    connection = try await HTTPConnection(port: listener.port)
    let headers = listener.bearer + ["Accept: text/event-stream"] + (id.map { ["Last-Event-ID: \($0)"] } ?? [])
    try await connection.send(listener.request("GET", "/v1/events\(query)", headers))
  }

  func close() async throws { try await connection.close() }

  /// Whether the node has ended the stream.
  var hasEnded: Bool { connection.isClosed || connection.text.hasSuffix("0\r\n\r\n") }

  var answer: RawAnswer? { connection.answer }

  /// Every event that has come.
  var events: [Event] {
    let blocks = (connection.answer?.body ?? "").components(separatedBy: "\n\n").dropLast()
    return blocks.compactMap { block in
      var fields: [String: String] = [:]
      for line in block.split(separator: "\n") {
        let parts = line.components(separatedBy: ": ")
        if parts.count >= 2 { fields[parts[0]] = parts.dropFirst().joined(separator: ": ") }
      }
      guard let data = fields["data"], let name = fields["event"], let id = fields["id"] else { return nil }
      return Event(id: id, name: name, data: data)
    }
  }

  /// Waits for an event.
  @discardableResult
  func wait(for what: String, _ isIt: @Sendable (Event) throws -> Bool) async throws -> Event {
    try await eventually("an event: \(what)") { try events.first(where: isIt) }
  }
}
