import Foundation
import Testing

@Suite("The documents for people")
struct LinkTests {
  @Test("a relative link points to a file that exists, and to a heading in it")
  func links() throws {
    for path in try Repository.documents() {
      for link in Markdown(try Repository.text(path)).links where !Self.isElsewhere(link) {
        #expect(try Self.exists(link, from: path), "\(path) links to \(link)")
      }
    }
  }

  @Test("every command in a fenced block is one of p2pnode's")
  func commands() throws {
    let known = try Self.subcommands()
    #expect(known.contains("init") && known.contains("offer"))
    var found = 0
    for path in try Repository.documents() {
      for block in Markdown(try Repository.text(path)).blocks {
        for name in Self.commands(in: block.text) {
          found += 1
          #expect(known.contains(name), "\(path) shows p2pnode \(name)")
        }
      }
    }
    #expect(found > 0)
  }

  @Test("every fence is closed")
  func fences() throws {
    for path in try Repository.documents() {
      #expect(Markdown(try Repository.text(path)).openFences == 0, "\(path)")
    }
  }

  @Test("links and blocks are told from code and from each other")
  func markdown() {
    let document = Markdown("a [b](c.md#d) `[e](f)` ![g](h.png)\n```hex name\n[i](j)\n```\n```\n")
    #expect(document.links == ["c.md#d", "h.png"])
    #expect(document.blocks == [FencedBlock(info: "hex name", text: "[i](j)\n")])
    #expect(document.openFences == 1)
  }

  @Test("a link to a file or a heading that does not exist is found")
  func missing() throws {
    #expect(try !Self.exists("NOWHERE.md", from: "docs/PROTOCOL.md"))
    #expect(try !Self.exists("RECEIPTS.md#no-such-heading", from: "docs/PROTOCOL.md"))
    #expect(try !Self.exists("#no-such-heading", from: "docs/PROTOCOL.md"))
    #expect(try Self.exists("../LICENSE", from: "docs/PROTOCOL.md"))
  }

  @Test("a command's name is the first word behind p2pnode")
  func names() {
    let block = "$ p2pnode init --network N\np2pnode --help\nswift run p2pnode bogus\n# a p2pnode comment\np2pnode \\\n"
    #expect(Self.commands(in: block) == ["init", "bogus"])
  }

  private static func isElsewhere(_ link: String) -> Bool {
    ["https://", "http://", "mailto:"].contains { link.hasPrefix($0) }
  }

  private static func exists(_ link: String, from document: String) throws -> Bool {
    let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let url =
      parts[0].isEmpty
      ? Repository.url(document) : Repository.url(document).deletingLastPathComponent().appendingPathComponent(parts[0])
    guard FileManager.default.fileExists(atPath: url.path) else { return false }
    guard parts.count == 2 else { return true }
    return try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
      .contains { $0.hasPrefix("#") && anchor(of: $0) == parts[1] }
  }

  /// The anchor that GitHub gives a heading: lowercase letters, digits, hyphens for blanks.
  private static func anchor(of heading: Substring) -> String {
    let title = heading.drop { $0 == "#" }.drop { $0 == " " }.lowercased()
    return String(
      title.compactMap { $0 == " " ? "-" : $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" ? $0 : nil })
  }

  /// The words behind `p2pnode` where it is the command of a line.
  private static func commands(in block: String) -> [String] {
    block.split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("#") }.compactMap { line in
      let words = line.split(separator: " ")
      guard let position = words.firstIndex(where: { $0 == "p2pnode" || $0.hasSuffix("/p2pnode") }) else { return nil }
      let name = words.dropFirst(position + 1).first ?? ""
      return !name.isEmpty && name.allSatisfy(\.isLetter) ? String(name) : nil
    }
  }

  /// The subcommands that the root command lists: `InitCommand.self` is `init`.
  private static func subcommands() throws -> Set<String> {
    let source = try Repository.text("Sources/P2PNode/Commands/RootCommand.swift")
    let suffix = "Command.self"
    return Set(
      source.split { !($0.isLetter || $0 == ".") }.filter { $0.hasSuffix(suffix) }
        .map { $0.dropLast(suffix.count).lowercased() })
  }
}
