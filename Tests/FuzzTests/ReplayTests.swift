import Foundation
import FuzzTargets
import Testing
import Wire

/// What the fuzzer starts from and what it has found, run through the same checks; see docs/TESTING.md.
@Suite("The kept inputs of the fuzzer")
struct ReplayTests {
  private static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fixtures/fuzz")

  /// The inputs of a target, by their files' names.
  private static func inputs(of target: FuzzTarget) throws -> [(name: String, bytes: [UInt8])] {
    let folder = root.appendingPathComponent(target.rawValue)
    return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map { name in
      (name, Array(try Data(contentsOf: folder.appendingPathComponent(name))))
    }
  }

  @Test("each input keeps what must hold; the golden ones are accepted", arguments: FuzzTarget.allCases)
  func replay(_ target: FuzzTarget) throws {
    for (name, bytes) in try Self.inputs(of: target) {
      do {
        let verdict = try target.run(bytes)
        if name.hasPrefix("golden-") { #expect(verdict == .accepted, "\(target.rawValue)/\(name)") }
      } catch {
        Issue.record("\(target.rawValue)/\(name): \(error)")
      }
    }
  }

  @Test("a beginning of a golden input keeps what must hold, and some are refused", arguments: FuzzTarget.allCases)
  func beginnings(_ target: FuzzTarget) throws {
    var verdicts: Set<FuzzTarget.Verdict> = []
    for (name, bytes) in try Self.inputs(of: target) where name.hasPrefix("golden-") {
      for count in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 50)) {
        verdicts.insert(try target.run(Array(bytes.prefix(count))))
      }
    }
    #expect(verdicts.contains(.refused))
  }

  @Test("the golden inputs are what the code makes of the vectors of docs/PROTOCOL.md", arguments: FuzzTarget.allCases)
  func golden(_ target: FuzzTarget) throws {
    let made = try GoldenInputs().inputs(of: target)
    let folder = Self.root.appendingPathComponent(target.rawValue)
    if ProcessInfo.processInfo.environment["P2PNODE_WRITE_GOLDEN"] != nil {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      for (name, bytes) in made { try Data(bytes).write(to: folder.appendingPathComponent("golden-\(name)")) }
    }
    let kept = try Self.inputs(of: target).filter { $0.name.hasPrefix("golden-") }
    #expect(kept.map(\.name) == made.keys.sorted().map { "golden-\($0)" })
    for (name, bytes) in kept {
      #expect(
        made[String(name.dropFirst("golden-".count))] == bytes,
        "\(target.rawValue)/\(name); P2PNODE_WRITE_GOLDEN=1 swift test --filter ReplayTests writes them anew")
    }
  }

  @Test("the golden inputs have every kind of peer message and of operation in them")
  func kinds() throws {
    var kinds: [String: Set<Int>] = ["PeerMessage": [], "Operation": []]
    for (_, bytes) in try GoldenInputs().inputs(of: .message) {
      var rest = bytes[...]
      while rest.count >= 2 {
        let length = Int(rest[rest.startIndex]) << 8 | Int(rest[rest.startIndex + 1])
        kinds["PeerMessage", default: []].insert(try Self.field(rest.dropFirst(2)))
        rest = rest.dropFirst(2 + length)
      }
    }
    for (_, bytes) in try GoldenInputs().inputs(of: .entry) {
      let payload = try WirePayload.decode(Array(try WireEntry.decode(bytes).payload))
      for operation in payload.operations {
        kinds["Operation", default: []].insert(try Self.field(operation.encoded()[...]))
      }
    }
    for (message, kinds) in kinds { #expect(kinds == Set(try Self.declaredFields(of: message)), "\(message)") }
  }

  /// The number of the field with which an encoded message begins.
  private static func field(_ bytes: ArraySlice<UInt8>) throws -> Int {
    let first = Int(try #require(bytes.first))
    return first < 0x80 ? first >> 3 : (first & 0x7f | Int(try #require(bytes.dropFirst().first)) << 7) >> 3
  }

  /// The numbers of the fields of the first `oneof` of a message, as `proto/` declares them.
  private static func declaredFields(of message: String) throws -> [Int] {
    let folder = root.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("proto")
    let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    let texts = try files.filter { $0.pathExtension == "proto" }.map { try String(contentsOf: $0, encoding: .utf8) }
    let text = try #require(texts.first { $0.contains("message \(message) {\n  oneof ") })
    let declaration = try #require(text.components(separatedBy: "message \(message) {\n").last)
    let body = try #require(declaration.components(separatedBy: "\n  }").first)
    return body.split(separator: "\n").compactMap { line in
      line.contains(" = ") ? Int(line.split(separator: ";")[0].split(separator: " ").last ?? "") : nil
    }
  }
}
