import Foundation
import Testing

/// One run of all scenarios, in a Python process with Playwright that starts the nodes and drives Chromium.
struct BrowserRun: Sendable {
  /// What became of one scenario.
  struct Result: Decodable, Sendable {
    let name: String
    let seconds: Double
    /// What did not hold; nil when everything did.
    let error: String?
  }

  /// By the scenarios' names.
  let results: [String: Result]
  /// The end of what the process wrote to standard error.
  let trouble: String

  /// The run that the tests of the suite share.
  @TaskLocal static var shared: BrowserRun?

  /// Whether what it takes is there.
  static let isInstalled: Bool = {
    guard FileManager.default.isExecutableFile(atPath: chromium), FileManager.default.isExecutableFile(atPath: python)
    else { return false }
    return (try? execute(["-c", "import playwright"]).status) == 0
  }()

  private static let environment = ProcessInfo.processInfo.environment
  private static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  private static let chromium = environment["P2PNODE_CHROMIUM"] ?? "/usr/bin/chromium"
  private static let python = root.appendingPathComponent(".build-python/bin/python3").path

  /// Beside the test bundle, where the package manager builds both, unless `P2PNODE_BINARY` names another one.
  private static let binary: String = {
    if let path = environment["P2PNODE_BINARY"] { return path }
    let bundle =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    return URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent("p2pnode").path
  }()

  /// Runs the scenarios, and waits for the last one.
  init() throws {
    let script = Self.root.appendingPathComponent("Tests/DashboardTests/Browser/run.py").path
    let run = try Self.execute(["-B", script, Self.binary])
    let decoder = JSONDecoder()
    let lines = run.output.split(separator: "\n").compactMap { try? decoder.decode(Result.self, from: Data($0.utf8)) }
    results = Dictionary(lines.map { ($0.name, $0) }) { $1 }
    trouble = String(run.error.suffix(4000))
  }

  private static func execute(_ arguments: [String]) throws -> (status: Int32, output: String, error: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = arguments
    // Files, because a pipe that nobody reads while the other one is read would fill up.
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("browser-run-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: directory) }
    let files = ["out", "err"].map { directory.appendingPathComponent($0) }
    for file in files { try Data().write(to: file) }
    process.standardOutput = try FileHandle(forWritingTo: files[0])
    process.standardError = try FileHandle(forWritingTo: files[1])
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    let texts = try files.map { String(decoding: try Data(contentsOf: $0), as: UTF8.self) }
    return (process.terminationStatus, texts[0], texts[1])
  }
}

/// Runs the scenarios before the tests of a suite.
struct BrowserRunTrait: SuiteTrait, TestScoping {
  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    let run = try BrowserRun()
    try await BrowserRun.$shared.withValue(run) { try await function() }
  }
}

extension Trait where Self == BrowserRunTrait {
  /// The suite's tests find a ``BrowserRun/shared`` run.
  static var browserRun: Self { Self() }
}
