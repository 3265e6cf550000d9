import NodeAPI
import Testing

@Suite("The grammar of the other commands")
struct CommandGrammarTests {
  @Test(
    "each form is understood",
    arguments: [
      ("cancel 3F2A", .cancel(order: "3f2a")), ("why 3f2a9c81ab", .why(order: "3f2a9c81ab")),
      ("depth h100-sxm-80g", .depth(gpuClass: "h100-sxm-80g", spanMs: nil, gpus: nil)),
      ("depth H100-sxm-80g for 2h gpus 4", .depth(gpuClass: "h100-sxm-80g", spanMs: 2 * hour, gpus: 4)),
      ("depth h100-sxm-80g gpus 4 for 90m", .depth(gpuClass: "h100-sxm-80g", spanMs: 5_400_000, gpus: 4)),
      ("index", .index), ("candles H100-sxm-80g", .candles(gpuClass: "h100-sxm-80g", range(24 * hour))),
      ("candles h100-sxm-80g for 2h", .candles(gpuClass: "h100-sxm-80g", range(2 * hour))),
      ("candles h100-sxm-80g every 4h for 2d", .candles(gpuClass: "h100-sxm-80g", range(48 * hour, 4 * hour))),
      ("candles h100-sxm-80g every 7d", .candles(gpuClass: "h100-sxm-80g", range(168 * hour, 168 * hour))),
      ("book", .summary), ("book H100-sxm-80g", .book(gpuClass: "h100-sxm-80g", limit: 20)),
      ("book h100-sxm-80g top 5", .book(gpuClass: "h100-sxm-80g", limit: 5)),
      ("orders", .orders(.mine)), ("orders all", .orders(.all)), ("trades", .trades(.mine)),
      ("trades ALL", .trades(.all)), ("receipts mine", .receipts(.mine)), ("receipts all", .receipts(.all)),
      ("verify \"my file.json\"", .verify(file: "my file.json")), ("verify it's 'own", .verify(file: "its own")),
      ("verify -", .verify(file: "-")), ("peers", .peers), ("record", .record(node: nil)),
      ("record 3F2A", .record(node: "3f2a")), ("STATUS", .status), ("classes", .classes), ("Devices", .devices),
      ("help", .help(nil)), ("help Offer", .help(.offer)), ("stop", .stop), ("quit", .quit), ("exit", .quit),
    ] as [(String, Command)])
  func forms(line: String, expected: Command) throws {
    #expect(try parse(line) == expected)
  }

  @Test("an empty line and a comment have no words", arguments: ["", "   ", "# offer", "  #x", "\t"])
  func nothing(line: String) throws {
    #expect(try CommandParser.words(of: line) == [])
  }

  @Test("a number sign inside a line is part of it")
  func numberSign() throws {
    #expect(try CommandParser.words(of: "verify #1 a#b") == ["verify", "#1", "a#b"])
  }

  @Test("every command's usage begins with its name and its help says something")
  func help() {
    for name in CommandName.allCases {
      #expect(name.usage.hasPrefix(name.rawValue))
      #expect(!name.summary.isEmpty)
      #expect(DocumentText.help(colours: false).contains(name.summary))
    }
  }

  @Test("every command has an example in its help, and each is understood", arguments: CommandName.allCases)
  func examples(name: CommandName) throws {
    let lines = name.details.split(separator: "\n").filter { $0.hasPrefix("Example: ") }
    #expect(!lines.isEmpty)
    for line in lines {
      let example = String(line.dropFirst("Example: ".count))
      #expect(example.hasPrefix(name.rawValue))
      if case .amend(_, let draft) = try parse(example) { _ = try draft.request(for: "bid") }
    }
  }

  @Test(
    "the rows of candles are as long as a person reads easily, and not too many",
    arguments: [
      (hour / 2, 60_000, 30), (hour, 300_000, 12), (6 * hour, 900_000, 24), (24 * hour, hour, 24),
      (7 * 24 * hour, 4 * hour, 42),
      (24 * hour + 1, hour, 25), (24 * 365 * hour, 31 * 24 * hour, 12), (1, 60_000, 1),
    ] as [(Int64, Int64, Int)])
  func rows(span: Int64, interval: Int64, count: Int) {
    #expect(range(span).intervalMs == interval)
    #expect(range(span).count == count)
  }

  @Test("candles that cannot be are refused, with what is allowed")
  func badCandles() {
    #expect(reason("candles h100-sxm-80g every 32d")?.contains("1s to 31d") == true)
    #expect(reason("candles h100-sxm-80g for 1d every 1s")?.contains("at most 1000 rows") == true)
    #expect(reason("candles h100-sxm-80g for 1d for 2d")?.contains("stands twice") == true)
    #expect(reason("candles h100-sxm-80g within 1d")?.contains("for, every") == true)
    #expect(reason("candles")?.contains("a GPU class is missing") == true)
  }

  private func reason(_ line: String) -> String? {
    do {
      _ = try parse(line)
      return nil
    } catch { return "\(error)" }
  }
}

/// The intervals of a span that are few enough.
private func range(_ spanMs: Int64, _ intervalMs: Int64? = nil) -> IntervalRange {
  guard let range = IntervalRange(spanMs: spanMs, intervalMs: intervalMs) else { preconditionFailure("too many rows") }
  return range
}
