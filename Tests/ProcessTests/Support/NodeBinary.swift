import Foundation

/// The `p2pnode` executable under test.
enum NodeBinary {
  /// Beside the test bundle, where the package manager builds both, unless `P2PNODE_BINARY` names another one.
  static let path: String = {
    if let path = ProcessInfo.processInfo.environment["P2PNODE_BINARY"] { return path }
    let bundle =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    return URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent("p2pnode").path
  }()

  /// Whether it was built to be fast: the one beside a test bundle is not.
  static let isOptimized = path.contains("/release/")

  /// What a child gets: this process's environment without what the node reads, so that no shell changes a result.
  static let environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("P2PNODE_") }

  /// Runs a command to its end and returns what it printed.
  ///
  /// - Parameters:
  ///   - environment: on top of ``environment``.
  ///   - input: what it reads from standard input.
  static func run(
    _ arguments: [String], environment: [String: String] = [:], input: String = ""
  ) async throws -> FinishedCommand {
    try await FinishedCommand.run(path, arguments, environment: environment, input: input)
  }
}

/// What a command did.
struct FinishedCommand: Equatable, Sendable {
  var exit: ChildProcess.Exit
  /// What it wrote to standard output.
  var output: String
  /// What it wrote to standard error.
  var error: String

  /// Runs a program to its end.
  ///
  /// - Parameters:
  ///   - environment: on top of ``NodeBinary/environment``.
  ///   - limit: far more than it needs.
  static func run(
    _ executable: String, _ arguments: [String], environment: [String: String] = [:], input: String = "",
    within limit: Duration = .seconds(60)
  ) async throws -> FinishedCommand {
    let directory = try TemporaryDirectory()
    let process = try ChildProcess(
      executable: executable, arguments: arguments,
      environment: NodeBinary.environment.merging(environment) { $1 },
      input: .file(try directory.write(input.utf8, to: "in")), output: directory.file("out"),
      error: directory.file("err"))
    defer { process.send(SIGKILL) }
    let exit = try await eventually("\(executable) \(arguments.joined(separator: " ")) ends", within: limit) {
      process.exit
    }
    func text(_ name: String) throws -> String {
      String(decoding: try Data(contentsOf: URL(fileURLWithPath: directory.file(name))), as: UTF8.self)
    }
    return FinishedCommand(exit: exit, output: try text("out"), error: try text("err"))
  }

  /// A command that succeeded without a word of complaint.
  var isSuccess: Bool { exit == .status(0) && error.isEmpty }

  /// A command that failed with nothing but these lines on standard error.
  static func failure(_ lines: String..., output: String = "") -> FinishedCommand {
    FinishedCommand(exit: .status(1), output: output, error: lines.joined(separator: "\n") + "\n")
  }
}
