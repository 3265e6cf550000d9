import Foundation
import Testing

/// A program on a terminal of its own, which `tmux` plays: what a person sees and types.
final class TerminalSession: Sendable {
  /// Why there can be no terminal; nil where there can.
  static let obstacle: String? =
    path == nil ? "tmux is missing; scripts/setup --tests installs it" : nil

  private static let path = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    .map { "\($0)/tmux" }.first { FileManager.default.isExecutableFile(atPath: $0) }

  private let directory: TemporaryDirectory
  private let socket: String
  /// The process id of the tmux that plays the terminal.
  private let server: Int32

  /// Runs `words` on a new terminal, which goes when they end.
  init(_ words: [String], rows: Int = 24, columns: Int = 100) async throws {
    directory = try TemporaryDirectory()
    socket = directory.file("tmux")
    let settings = "set -g status off\nset -g default-terminal screen-256color\n"
    let configuration = try directory.write(settings.utf8, to: "tmux.conf")
    let session = ["new-session", "-d", "-P", "-F", "#{pid}", "-x", "\(columns)", "-y", "\(rows)"]
    let text = try await Self.run(
      ["-f", configuration] + session + ["env", "LC_ALL=C.UTF-8"] + words, on: socket, in: directory)
    server = try #require(Int32(text.filter(\.isNumber)))
  }

  // A command to end it would find its socket gone, together with the directory.
  deinit { kill(server, SIGTERM) }

  /// Types text as it stands.
  func type(_ text: String) async throws { try await run(["send-keys", "-l", text]) }

  /// Presses keys by tmux's names for them, such as `Enter`, `Tab`, `C-c`.
  func press(_ keys: String...) async throws { try await run(["send-keys"] + keys) }

  /// Sends a signal to the program that the terminal's first one runs.
  func send(_ signal: Int32) async throws {
    let text = try await run(["display-message", "-p", "#{pane_pid}"])
    let shell = try #require(Int32(text.filter(\.isNumber)))
    let children = try String(contentsOfFile: "/proc/\(shell)/task/\(shell)/children", encoding: .utf8)
    kill(try #require(children.split(separator: " ").first.flatMap { Int32($0) }), signal)
  }

  /// The lines on the screen, without blanks at their ends and without empty lines below the last one.
  func screen() async throws -> [String] {
    var lines = try await run(["capture-pane", "-p"]).split(separator: "\n", omittingEmptySubsequences: false).map {
      String($0.reversed().drop(while: \.isWhitespace).reversed())
    }
    while lines.last?.isEmpty == true { lines.removeLast() }
    return lines
  }

  /// Waits until the screen is as `condition` wants it.
  @discardableResult
  func see(_ what: String, _ condition: ([String]) -> Bool) async throws -> [String] {
    var last: [String] = []
    do {
      return try await eventually("the screen shows \(what)") {
        last = try await screen()
        return condition(last) ? last : nil
      }
    } catch let error as TimeoutError {
      throw TimeoutError(description: "\(error); the screen:\n\(last.joined(separator: "\n"))")
    }
  }

  @discardableResult
  private func run(_ words: [String]) async throws -> String {
    try await Self.run(words, on: socket, in: directory)
  }

  private static func run(
    _ words: [String], on socket: String, in directory: TemporaryDirectory
  ) async throws -> String {
    let output = directory.file(UUID().uuidString)
    let process = try ChildProcess(
      executable: path ?? "", arguments: ["-S", socket] + words, environment: NodeBinary.environment,
      input: .file("/dev/null"), output: output, error: output + ".err")
    let exit = try await eventually("tmux \(words.joined(separator: " ")) ends") { process.exit }
    guard exit == .status(0) else {
      let error = FileManager.default.contents(atPath: output + ".err").map { String(decoding: $0, as: UTF8.self) }
      throw TimeoutError(description: "tmux \(words.joined(separator: " ")): \(exit) \(error ?? "")")
    }
    return FileManager.default.contents(atPath: output).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }
}
