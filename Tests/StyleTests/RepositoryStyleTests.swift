import Foundation
import Testing

@Suite("The style rules, on this repository")
struct RepositoryStyleTests {
  private let manifest: Manifest
  private let files: [(path: String, source: String)]

  init() throws {
    let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    manifest = Manifest(try String(contentsOf: root.appendingPathComponent("Package.swift"), encoding: .utf8))
    files = try ["Benchmarks", "Sources", "Testnet", "Tests"].flatMap { folder in
      let names = FileManager.default.enumerator(atPath: root.appendingPathComponent(folder).path)
      return try (names?.allObjects ?? []).compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }.sorted().map {
        let path = "\(folder)/\($0)"
        return (path, try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8))
      }
    }
  }

  /// Fails with each finding of `rule` in the files that `isChecked` names.
  private func expectNone(
    where isChecked: (String) -> Bool = { _ in true }, _ rule: (_ source: String, _ path: String) -> [String]
  ) {
    let checked = files.filter { isChecked($0.path) }
    #expect(!checked.isEmpty, "the rule looks at no file")
    for file in checked {
      for finding in rule(file.source, file.path) { Issue.record("\(file.path):\(finding)") }
    }
  }

  @Test("a target depends only on targets above it in the manifest")
  func downwards() {
    #expect(manifest.targets.count > 10)
    #expect(manifest.upwardDependencies.isEmpty)
  }

  @Test("a file imports only what its target declares, and a pure target's file no I/O")
  func imports() {
    expectNone { StyleRules.badImports(in: $0, path: $1, manifest: manifest) }
  }

  @Test(
    "pure targets have no clock, no chance without a seed and no concurrency",
    arguments: StyleRules.pureModules.keys.sorted())
  func purity(_ name: String) throws {
    let target = try #require(manifest.targets.first { $0.name == name })
    expectNone(where: { $0.hasPrefix(target.path + "/") && !StyleRules.impureFiles.contains($0) }) { source, _ in
      StyleRules.impurities(in: source)
    }
  }

  @Test("the exceptions of the rules exist")
  func exceptions() {
    let paths = Set(files.map(\.path))
    #expect(StyleRules.impureFiles.isSubset(of: paths))
  }

  @Test("tests wait for conditions, not for time to pass")
  func sleeps() {
    expectNone(where: { $0.hasPrefix("Tests/") }) { source, _ in StyleRules.sleeps(in: source) }
  }

  @Test("nothing is left to do")
  func notes() {
    expectNone { source, _ in StyleRules.notes(in: source) }
  }

  @Test("no file is too long to read")
  func lines() {
    expectNone { StyleRules.excessLines(in: $0, path: $1) }
  }
}
