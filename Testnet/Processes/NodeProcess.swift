import Foundation

/// One `p2pnode run`: the process, and the log to which it appends what it says.
public final class NodeProcess: Sendable {
  /// Where its output goes.
  public let log: String
  private let child: ChildProcess

  /// Starts the node of a data directory.
  ///
  /// - Parameters:
  ///   - listen: where it accepts peers.
  ///   - peers: addresses that it dials first.
  ///   - log: a file, made when it is not there.
  public init(
    executable: String, directory: String, listen: String, peers: [String], environment: [String: String], log: String
  ) throws(ProcessError) {
    self.log = log
    let descriptor = open(log, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw .system("open", path: log, reason: String(cString: strerror(errno)))
    }
    let output = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    let arguments =
      ["run", "--data", directory, "--listen", listen, "--log-format", "human", "--stop-with-stdin"]
      + peers.flatMap { ["--peer", $0] }
    child = try ChildProcess(
      executable: executable, arguments: arguments, environment: environment, output: output)
  }

  /// The process's id.
  public var identifier: Int32 { child.identifier }

  /// How the process ended; nil while it runs.
  public var exit: ChildProcess.Exit? { child.exit }

  /// Ends the process's standard input, which tells the node to stop.
  public func closeInput() { child.closeInput() }

  /// Sends `signal`, unless the process has ended.
  public func send(_ signal: Int32) { child.send(signal) }

  /// Waits until the process ends, at most for `limit`. Cancellation does not end the wait.
  public func waitForExit(atMost limit: Duration) async -> ChildProcess.Exit? {
    await child.waitForExit(atMost: limit)
  }

  /// The last lines of the log.
  public func logTail(lines: Int = 20) -> String {
    guard let data = FileManager.default.contents(atPath: log) else { return "" }
    return String(decoding: data.suffix(16_384), as: UTF8.self).split(separator: "\n").suffix(lines)
      .map { "  \($0)" }.joined(separator: "\n")
  }
}
