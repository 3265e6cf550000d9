import Foundation
import NIOCore
import NodeAPI
import Testing

@testable import P2PNode

@Suite("The log of events")
struct EventLogTests {
  private var log = EventLog(start: "abcd")

  private mutating func add(_ topic: EventTopic, _ text: String = "{}", gpuClass: String? = nil) {
    log.append(topic, gpuClass: gpuClass, json: Data(text.utf8))
  }

  /// All that a client at `place` reads, and where it is then.
  private func read(from place: UInt64?, _ filter: EventFilter = EventFilter()) -> (text: String, place: UInt64?) {
    var (text, place) = ("", place)
    while true {
      switch log.next(after: place, filter: filter) {
      case .reset(let frame, let next), .events(let frame, let next):
        (text, place) = (text + String(buffer: frame), next)
      case .upToDate: return (text, place)
      }
    }
  }

  @Test("an event is its id, its name and its document in one line, as the HTML standard has it")
  mutating func format() {
    add(.trades, #"{"id":"x"}"#)
    #expect(read(from: 0).text == "id: abcd-1\nevent: trades\ndata: {\"id\":\"x\"}\n\n")
    #expect(String(buffer: log.heartbeat(at: 1)) == ":\nid: abcd-1\n\n")
  }

  @Test("a client without a place is told to fetch everything, and goes on from there")
  mutating func first() {
    add(.book)
    let (text, place) = read(from: nil)
    #expect(text == "id: abcd-1\nevent: reset\ndata: {}\n\n")
    add(.peers)
    #expect(read(from: place).text == "id: abcd-2\nevent: peers\ndata: {}\n\n")
  }

  @Test("a client that comes back gets what it missed and nothing twice")
  mutating func resume() throws {
    for _ in 1...5 { add(.book) }
    let place = try #require(log.place(ofID: "abcd-3"))
    let ids = read(from: place).text.split(separator: "\n").filter { $0.hasPrefix("id:") }
    #expect(ids == ["id: abcd-4", "id: abcd-5"])
  }

  @Test(
    "an id of another start, of the future, or that is none is no place",
    arguments: ["efgh-3", "abcd-6", "abcd", "abcd-", "abcd-x", "abcd-1-2", "", "-1"])
  mutating func foreign(_ id: String) {
    for _ in 1...5 { add(.book) }
    #expect(log.place(ofID: id) == nil)
  }

  @Test("a client gets its topics and its class, and its place moves over what it does not want")
  mutating func filter() {
    add(.book, "1", gpuClass: "h100")
    add(.book, "2", gpuClass: "a100")
    add(.trades, "3", gpuClass: "h100")
    add(.orders, "4")
    let (text, place) = read(from: 0, EventFilter(topics: [.book, .orders], gpuClass: "h100"))
    #expect(text.split(separator: "\n").filter { $0.hasPrefix("data:") } == ["data: 1", "data: 4"])
    #expect(place == 4)
  }

  @Test("the log keeps a bounded number of events and bytes; who is further behind is told to fetch everything")
  mutating func bounds() {
    for _ in 0..<(EventLog.maximumCount + 10) { add(.book) }
    #expect(read(from: 9).text.hasPrefix("id: abcd-\(EventLog.maximumCount + 10)\nevent: reset\n"))
    #expect(read(from: 10).text.hasPrefix("id: abcd-11\nevent: book\n"))
    let long = String(repeating: "x", count: EventLog.maximumBytes / 4)
    for _ in 0..<4 { add(.status, long) }
    let last = log.last
    #expect(read(from: last - 4).text.contains("event: reset"), "four and their names are over the bound")
    #expect(!read(from: last - 3).text.contains("event: reset"))
  }

  @Test("after a gap nobody resumes from before it, not even who had seen the last event")
  mutating func gap() throws {
    add(.book)
    let place = try #require(log.place(ofID: "abcd-1"))
    log.breakOff()
    add(.book)
    #expect(read(from: place).text == "id: abcd-3\nevent: reset\ndata: {}\n\n")
  }

  @Test("what is given at a time is bounded, and all of it comes")
  mutating func batches() {
    let line = String(repeating: "x", count: 1000)
    for _ in 0..<200 { add(.book, line) }
    guard case .events(let frames, _) = log.next(after: 0, filter: EventFilter()) else {
      Issue.record("there are events")
      return
    }
    #expect(frames.readableBytes <= EventLog.batchBytes)
    #expect(read(from: 0).text.split(separator: "\n").count { $0.hasPrefix("data:") } == 200)
  }
}
