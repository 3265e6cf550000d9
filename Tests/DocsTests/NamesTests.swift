import Foundation
import Testing

@Suite("Names in the documents")
struct NamesTests {
  @Test("what the glossary says is in the code is there")
  func glossary() throws {
    let known = Self.words(in: try Self.sources())
    let names = Self.codeNames(inLastCellsOf: try Repository.text("docs/GLOSSARY.md"))
    #expect(names.count > 80)
    for name in names where !Self.words(in: name).isSubset(of: known) { Issue.record("\(name) is not in the sources") }
  }

  @Test("a name that is not in the code is found")
  func unknown() {
    let names = Self.codeNames(inLastCellsOf: "| a | `not.this` | `One.two(three:)`, `Four` |\n| b | c |\nd\n")
    #expect(names == ["One.two(three:)", "Four"])
    #expect(!Self.words(in: names[0]).isSubset(of: ["One", "two"]))
    #expect(Self.words(in: names[0]).isSubset(of: ["One", "two", "three"]))
  }

  @Test("the architecture gives a reason for every target")
  func targets() throws {
    let document = try Repository.text("docs/ARCHITECTURE.md")
    let rows = document.split(separator: "\n").filter { $0.hasPrefix("| `") }
    let manifest = try Repository.text("Package.swift")
    // Products have names too, in braces of their own: what a target's call begins with is its name.
    let calls = ["systemLibrary(", "target(", "executableTarget(", "testTarget("]
    let names = calls.flatMap { call in
      manifest.components(separatedBy: "    ." + call).dropFirst().compactMap { rest in
        rest.components(separatedBy: "name: \"").dropFirst().first?.components(separatedBy: "\"").first
      }
    }
    #expect(names.count > 20)
    for name in names {
      #expect(rows.contains { $0.split(separator: "|").first?.contains("`\(name)`") == true }, "\(name)")
    }
  }

  @Test("the messages in the protocol's document are those of the proto files")
  func messages() throws {
    let blocks = Markdown(try Repository.text("docs/PROTOCOL.md")).blocks("proto")
    let shown = Self.declarations(in: blocks.map(\.text).joined())
    let files = try ["proto/feed.proto", "proto/peer.proto"].map { try Repository.text($0) }
    let declared = Self.declarations(in: files.joined(separator: "\n"))
    #expect(declared.count > 20)
    #expect(shown.keys.sorted() == declared.keys.sorted())
    for (name, body) in declared { #expect(shown[name] == body, "\(name)") }
  }

  @Test("declarations are compared without comments and layout")
  func layout() {
    #expect(
      Self.declarations(in: "syntax = \"proto3\";\nmessage A { // why\n  oneof b { int c = 1; }\n}\nenum D { E = 0; }")
        == ["message A": "oneof b { int c = 1; }", "enum D": "E = 0;"])
  }

  private static func sources() throws -> String {
    let folder = Repository.url("Sources").path
    let names = (FileManager.default.enumerator(atPath: folder)?.allObjects ?? []).compactMap { $0 as? String }
    return try names.filter { $0.hasSuffix(".swift") }.map { try Repository.text("Sources/\($0)") }.joined()
  }

  private static func words(in text: String) -> Set<Substring> {
    Set(text.split { !($0.isLetter || $0.isNumber || $0 == "_") })
  }

  /// What stands between backticks in the last of three cells of each table row.
  private static func codeNames(inLastCellsOf document: String) -> [String] {
    document.split(separator: "\n").flatMap { line -> [String] in
      let cells = line.split(separator: "|")
      guard line.hasPrefix("|"), cells.count == 3 else { return [] }
      let parts = cells[2].split(separator: "`", omittingEmptySubsequences: false)
      return parts.indices.filter { !$0.isMultiple(of: 2) }.map { String(parts[$0]) }
    }
  }

  /// The messages and enums in proto text: what stands in their braces, in one line and without comments.
  private static func declarations(in text: String) -> [String: String] {
    var found: [String: String] = [:]
    var name: String?
    var body: [Substring] = []
    var depth = 0
    for line in text.split(separator: "\n") {
      let code = line.prefix { $0 != "/" }.replacingOccurrences(of: "{", with: " { ")
        .replacingOccurrences(of: "}", with: " } ")
      for word in code.split(separator: " ") {
        depth += word == "{" ? 1 : word == "}" ? -1 : 0
        if depth == 0, word == "}", let ended = name {
          found[ended] = body.dropFirst().joined(separator: " ")
          name = nil
        } else if name != nil, depth > 0 || !body.isEmpty {
          body.append(word)
        } else if let kind = name, depth == 0 {
          name = kind + " " + word
        } else if depth == 0, word == "message" || word == "enum" {
          name = String(word)
          body = []
        }
      }
    }
    return found
  }
}
