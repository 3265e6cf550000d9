import Testing

@Suite("The style rules, on snippets")
struct StyleRulesTests {
  private static let manifest = Manifest(
    """
    let package = Package(
      targets: [
        .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        // .target(name: "Old", dependencies: ["Nowhere"]),
        .target(name: "NodeCrypto", dependencies: ["CSodium"], path: "Sources/Crypto"),
        .target(
          name: "Market", dependencies: ["NodeCrypto", .product(name: "HeapModule", package: "swift-collections")]),
        .executableTarget(name: "P2PNode", dependencies: ["Market", "Store"]),
        .target(name: "Store", dependencies: ["Market"]),
        .testTarget(name: "MarketTests", dependencies: ["Market"]),
      ])
    """)

  @Test("targets, paths and dependencies are read from the manifest")
  func manifest() throws {
    #expect(
      Self.manifest.targets.map(\.name) == ["CSodium", "NodeCrypto", "Market", "P2PNode", "Store", "MarketTests"])
    let market = try #require(Self.manifest.target(ofFile: "Sources/Market/Order.swift"))
    #expect(market.targets == ["NodeCrypto"])
    #expect(market.products == ["HeapModule"])
    #expect(Self.manifest.target(ofFile: "Sources/Crypto/Hex.swift")?.name == "NodeCrypto")
    #expect(Self.manifest.target(ofFile: "Tests/MarketTests/A.swift")?.isTest == true)
    #expect(Self.manifest.target(ofFile: "Sources/Other/A.swift") == nil)
  }

  @Test("a dependency on a target further down is found")
  func upwardDependency() {
    #expect(Self.manifest.upwardDependencies == ["P2PNode -> Store"])
  }

  @Test(
    "an import that the manifest does not allow is found",
    arguments: [
      ("Sources/Market/A.swift", "Foundation"), ("Sources/Market/A.swift", "Synchronization"),
      ("Sources/Market/A.swift", "P2PNode"), ("Sources/Crypto/Hex.swift", "Glibc"),
      ("Sources/P2PNode/A.swift", "NodeCrypto"), ("Tests/MarketTests/A.swift", "Store"),
    ])
  func badImport(path: String, module: String) {
    let source = "// A file.\n\n@testable import \(module)\n"
    #expect(
      StyleRules.badImports(in: source, path: path, manifest: Self.manifest) == ["3: import \(module)"])
    #expect(
      StyleRules.badImports(in: "import struct \(module).A", path: path, manifest: Self.manifest)
        == ["1: import \(module)"])
  }

  @Test(
    "an import that the manifest allows is not found",
    arguments: [
      ("Sources/Market/A.swift", "FoundationEssentials"), ("Sources/Market/A.swift", "HeapModule"),
      ("Sources/Crypto/Hex.swift", "CSodium"), ("Sources/Crypto/IdentityFile+Disk.swift", "Glibc"),
      ("Sources/P2PNode/A.swift", "Foundation"), ("Tests/MarketTests/A.swift", "Testing"),
    ])
  func goodImport(path: String, module: String) {
    #expect(
      StyleRules.badImports(in: "import \(module)\n", path: path, manifest: Self.manifest).isEmpty)
  }

  @Test(
    "what makes a core impure is found",
    arguments: [
      "let now = Date()", "let now = ContinuousClock().now", "let now = SomeClock.now", "clock_gettime(0, &time)",
      "Int.random(in: 0...9)", "Bool.random()", "peers.shuffled()", "peers.randomElement()",
      "Int.random(in: 0...f(using))", "var generator = SystemRandomNumberGenerator()", "Task { }", "Task.detached { }",
      "DispatchQueue.main.async { }", "Thread.sleep(forTimeInterval: 1)", "let text = \"at \\(Date())\"",
    ])
  func impure(_ source: String) {
    #expect(!StyleRules.impurities(in: source).isEmpty)
  }

  @Test(
    "what looks like it and is not is not found",
    arguments: [
      "Int.random(in: 0...(span / 2), using: &generator)", "peers.randomElement(using: &generator)",
      "// Date() and Task { } in a comment", "/* sleep /* nested */ Date() */",
      "let text = \"Date() in a \\\"text\\\"\"",
      "let raw = #\"a \" Date() \\(x)\"#", "let long = \"\"\"\n  Task { }\n  \"\"\"", "func timer(now: Timestamp) { }",
      "let date = 1", "let isRandom = random",
    ])
  func pure(_ source: String) {
    #expect(StyleRules.impurities(in: source).isEmpty)
  }

  @Test("a finding names its line")
  func line() {
    #expect(StyleRules.impurities(in: "// One.\nlet text = \"\"\"\n  x\n  \"\"\"\nlet d = Date()\n") == ["5: Date"])
  }

  @Test("a test that waits for time to pass is found")
  func sleeping() {
    #expect(!StyleRules.sleeps(in: "try await Task.sleep(for: .seconds(1))").isEmpty)
    #expect(!StyleRules.sleeps(in: "usleep(10)").isEmpty)
    #expect(StyleRules.sleeps(in: "// no sleep here\nlet text = \"sleep\"").isEmpty)
  }

  @Test("a note of unfinished work is found, in a comment too")
  func note() {
    let mark = "TO" + "DO"
    #expect(StyleRules.notes(in: "let a = 1\n// \(mark): more\n") == ["2: \(mark)"])
    #expect(!StyleRules.notes(in: "let text = \"" + "FIX" + "ME\"").isEmpty)
    #expect(!StyleRules.notes(in: "// XX" + "X").isEmpty)
    #expect(StyleRules.notes(in: "let \(mark)s = 1 // a to-do list").isEmpty)
  }

  @Test("a file that is too long is found, a generated one is not")
  func lines() {
    let longest = String(repeating: "\n", count: StyleRules.maximumLines)
    #expect(StyleRules.excessLines(in: longest, path: "Sources/Market/A.swift").isEmpty)
    #expect(!StyleRules.excessLines(in: longest + "\n", path: "Sources/Market/A.swift").isEmpty)
    #expect(StyleRules.excessLines(in: longest + "\n", path: "Sources/Wire/Generated/A.swift").isEmpty)
  }
}
