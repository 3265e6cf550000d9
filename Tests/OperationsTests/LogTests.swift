import Foundation
import Glibc
import Logging
import Market
import Testing

@testable import P2PNode

@Suite("Log lines")
struct LogTests {
  private static let time = Timestamp(milliseconds: 1_769_850_000_007)

  @Test("a JSON line is one document, whatever is in it")
  func json() throws {
    let line = LogLine(.warning, "a \"b\"\n\u{1B}[31m", ["peer": "x\ny", "count": "\(3)"], at: Self.time).text(.json)
    #expect(!line.contains("\n"))
    let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    #expect(object["time"] as? String == "2026-01-31T09:00:00.007Z")
    #expect(object["level"] as? String == "warning")
    #expect(object["message"] as? String == "a \"b\"\n\u{1B}[31m")
    #expect(object["metadata"] as? [String: String] == ["peer": "x\ny", "count": "3"])
  }

  @Test("a line for people is one line without control characters, its metadata in order")
  func human() {
    let line = LogLine(.notice, "done", ["b": "x y", "a": "1", "c": "\u{1B}[2J"], at: Self.time).text(.human)
    #expect(line == "2026-01-31T09:00:00.007Z notice   done a=1 b=\"x y\" c=\"\u{FFFD}[2J\"")
  }

  @Test("a log's level changes for loggers that there are already, and a logger's own floor stays")
  func level() {
    let log = NodeLog(level: .warning, format: .json, instruments: NodeInstruments())
    let logger = log.logger()
    var quiet = logger
    quiet.logLevel = .error
    #expect(logger.logLevel == .warning)
    log.level = .debug
    #expect(logger.logLevel == .debug)
    #expect(quiet.logLevel == .error)
  }

  @Test("what a slow reader does not take is dropped and counted, and the log says so when it goes on")
  func slowReader() throws {
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    defer { close(ends[0]) }
    let instruments = NodeInstruments()
    let output = LogOutput(descriptor: ends[1], droppedLines: instruments.logLinesDropped) { "dropped \($0)" }
    let line = String(repeating: "x", count: 1000)
    for _ in 0..<4000 { output.write(line) }
    let dropped = instruments.registry.total(of: "p2pnode_log_lines_dropped_total")
    #expect(dropped > 1000)
    #expect(output.waitingBytes <= LogOutput.maximumBytes)
    // From here on it is read.
    var got: [UInt8] = []
    func read(atLeast count: Int) {
      var buffer = [UInt8](repeating: 0, count: 65_536)
      while got.count < count {
        let length = Glibc.read(ends[0], &buffer, buffer.count)
        guard length > 0 else { return }
        got += buffer[..<length]
      }
    }
    read(atLeast: (4000 - Int(dropped)) * 1001)
    output.write("last")
    output.flush()
    close(ends[1])
    read(atLeast: .max)
    let lines = String(decoding: got, as: UTF8.self).split(separator: "\n").map(String.init)
    // The writing thread may empty the queue once while lines are dropped already: then the log tells of it twice.
    let notices = lines.filter { $0.hasPrefix("dropped ") }
    #expect(notices.compactMap { Int64($0.dropFirst("dropped ".count)) }.reduce(0, +) == dropped)
    #expect(lines.suffix(2) == [notices.last, "last"])
    #expect(lines.count { $0 == line } == 4000 - Int(dropped))
    #expect(lines.count == 4000 - Int(dropped) + notices.count + 1)
  }
}
