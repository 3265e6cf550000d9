import Foundation
import FuzzTargets
import Testing

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
}
