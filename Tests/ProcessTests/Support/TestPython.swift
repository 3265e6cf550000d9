import Foundation

/// The Python into which `scripts/setup --tests` installs what the tests need of PyPI.
enum TestPython {
  private static let path = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent(".build-python/bin/python3").path

  /// Whether it is there.
  static let isInstalled = FileManager.default.isExecutableFile(atPath: path)

  /// Runs a program with the path of a file that holds `input` as its argument; gives what it prints.
  static func run(_ program: String, on input: String) async throws -> String {
    let directory = try TemporaryDirectory()
    let process = try ChildProcess(
      executable: path,
      arguments: [try directory.write(program.utf8, to: "program.py"), try directory.write(input.utf8, to: "in")],
      environment: NodeBinary.environment, input: .file("/dev/null"), output: directory.file("out"),
      error: directory.file("err"))
    defer { process.send(SIGKILL) }
    let exit = try await eventually("the Python program ends") { process.exit }
    func text(_ name: String) throws -> String {
      String(decoding: try Data(contentsOf: URL(fileURLWithPath: directory.file(name))), as: UTF8.self)
    }
    guard exit == .status(0) else {
      throw TimeoutError(description: "the program ended with \(exit): \(try text("err"))")
    }
    return try text("out")
  }
}
