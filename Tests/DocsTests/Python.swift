import Foundation

/// A Python interpreter that can check signatures.
struct Python {
  private let executable: String

  /// The first `python3` that has PyNaCl: on the path, or where the system's package manager puts it; nil when none has.
  static let withPyNaCl: Python? = {
    let directories = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
    return (directories + ["/usr/bin"]).lazy.map { Python(executable: $0 + "/python3") }.first { python in
      FileManager.default.isExecutableFile(atPath: python.executable)
        && (try? python.run(["-c", "import nacl.signing"]).status) == 0
    }
  }()

  private init(executable: String) { self.executable = executable }

  /// Runs `program` with the path of a file that holds `input` as its only argument.
  func run(program: String, input: Data) throws -> (status: Int32, output: String) {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("docs-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: directory) }
    let script = directory.appendingPathComponent("verify.py")
    let file = directory.appendingPathComponent("receipt.json")
    try Data(program.utf8).write(to: script)
    try input.write(to: file)
    return try run([script.path, file.path])
  }

  private func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = arguments
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
  }
}
