import NodeAPI
import Testing

@Suite("The grammar of the other commands")
struct CommandGrammarTests {
  @Test(
    "each form is understood",
    arguments: [
      ("cancel 3F2A", .cancel(order: "3f2a")), ("why 3f2a9c81ab", .why(order: "3f2a9c81ab")),
      ("book", .summary), ("book H100-sxm-80g", .book(gpuClass: "h100-sxm-80g", limit: 20)),
      ("book h100-sxm-80g top 5", .book(gpuClass: "h100-sxm-80g", limit: 5)),
      ("orders", .orders(.mine)), ("orders all", .orders(.all)), ("trades", .trades(.mine)),
      ("trades ALL", .trades(.all)), ("receipts mine", .receipts(.mine)), ("receipts all", .receipts(.all)),
      ("verify \"my file.json\"", .verify(file: "my file.json")), ("verify it's 'own", .verify(file: "its own")),
      ("verify -", .verify(file: "-")), ("peers", .peers), ("STATUS", .status), ("classes", .classes),
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
        _ = try order(String(line.dropFirst("Example: ".count)))
        count += 1
      }
    }
    #expect(count == 2)
  }
}
