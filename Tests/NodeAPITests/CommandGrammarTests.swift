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

  @Test("the examples in the help are understood")
  func examples() throws {
    var count = 0
    for name in CommandName.allCases {
      for line in name.details.split(separator: "\n") where line.hasPrefix("Example: ") {
        let command = try parse(String(line.dropFirst("Example: ".count)))
        if case .amend(_, let draft) = command { _ = try draft.request(for: "bid") }
        count += 1
      }
    }
    #expect(count == 8)
  }
}
