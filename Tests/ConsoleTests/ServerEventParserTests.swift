import Market
import NodeAPI
import NodeClient
import Testing

@Suite("Server-sent events")
struct ServerEventParserTests {
  private func events(_ stream: String) throws -> [ServerEvent] {
    var parser = ServerEventParser()
    return try parser.events(in: stream.utf8)
  }

  @Test("an event has its name, its data and the last id")
  func plain() throws {
    #expect(
      try events("id: a-1\nevent: trades\ndata: {}\n\ndata: x\n\nid: a-3\ndata\n\n") == [
        ServerEvent(id: "a-1", name: "trades", data: "{}"), ServerEvent(id: "a-1", name: "message", data: "x"),
        ServerEvent(id: "a-3", name: "message", data: ""),
      ])
  }

  @Test(
    "what the standard passes over is passed over",
    arguments: [
      (": a comment\n\n", []), ("event: reset\n\n", []), ("data: not ended", []), ("data: not ended\n", []),
      ("nonsense: 1\nretry: 3\ndata: x\n\n", ["x"]), ("data:x\n\n", ["x"]), ("data:  x\n\n", [" x"]),
      ("data: a\ndata: b\n\n", ["a\nb"]), ("data: a: b\n\n", ["a: b"]), ("\u{FEFF}data: x\n\n", ["x"]),
      ("data: x\r\n\r\ndata: y\r\rdata: z\n\n", ["x", "y", "z"]), ("\n\n\ndata: x\n\n\n", ["x"]),
      ("id: 1\u{0}2\ndata: x\n\n", ["x"]),
    ])
  func standard(stream: String, data: [String]) throws {
    #expect(try events(stream).map(\.data) == data)
    #expect(try events(stream).allSatisfy { $0.id.isEmpty })
  }

  @Test("it does not matter in which pieces the bytes come", arguments: 0..<50)
  func pieces(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let stream = Array(
      "\u{FEFF}id: 1\r\nevent: book\r\ndata: grün\r\n\r\n: comment\rdata: a\rdata: b\r\r\ndata: x\n\n".utf8)
    var parser = ServerEventParser()
    var found: [ServerEvent] = []
    var rest = stream[...]
    while !rest.isEmpty {
      let piece = rest.prefix(Int.random(in: 1...7, using: &generator))
      found += try parser.events(in: piece)
      rest = rest.dropFirst(piece.count)
    }
    var whole = ServerEventParser()
    #expect(found == (try whole.events(in: stream)))
    #expect(found.map(\.data) == ["grün", "a\nb", "x"])
  }

  @Test("a line that does not end is not kept for ever")
  func tooLong() {
    var parser = ServerEventParser()
    let piece = [UInt8](repeating: 0x61, count: 1 << 20)
    #expect(throws: ServerEventTooLong.self) {
      for _ in 0...16 { _ = try parser.events(in: piece) }
    }
  }

  @Test("the events of the node are understood, and those of later versions passed over")
  func nodeEvents() throws {
    let order = #"{"id":"3f","side":"offer"}"#
    #expect(throws: NodeJSONError.self) { try NodeEvent(ServerEvent(id: "1", name: "orders", data: order)) }
    #expect(try NodeEvent(ServerEvent(id: "1", name: "reset", data: "{}")) == NodeEvent(id: "1", news: .reset))
    #expect(
      try NodeEvent(ServerEvent(id: "2", name: "peers", data: "{}")) == NodeEvent(id: "2", news: .other(.peers)))
    #expect(try NodeEvent(ServerEvent(id: "3", name: "weather", data: "{}")) == nil)
    let trade = FakeNode.trade("1a", role: "buyer", state: "settled")
    let data = try NodeJSON.text(trade, layout: .singleLine)
    #expect(
      try NodeEvent(ServerEvent(id: "4", name: "trades", data: data)) == NodeEvent(id: "4", news: .trade(trade)))
  }
}
