import Foundation
import Synchronization

/// A child process with a pipe as its standard input, of which this process holds the other end: however this process
/// ends, the child then reads the end of its input.
public final class ChildProcess: Sendable {
  /// How a process ended.
  public enum Exit: Hashable, Sendable, CustomStringConvertible {
    /// It exited with the status.
    case status(Int32)
    /// The signal ended it.
    case signal(Int32)

    /// The status or the signal, for people.
    public var description: String {
      switch self {
      case .status(let status): "exit status \(status)"
      case .signal(let signal): "signal \(signal)"
      }
    }
  }

  private let process = Process()
  private let input = Pipe()
  /// Foundation closes in the child what is open when it lists this process's descriptors. Two processes that start at
  /// the same time would inherit each other's pipes, and neither would ever read an end.
  private static let spawning = Mutex(())

  /// Starts a process, in a process group of its own, so that a ^C of the terminal does not reach it.
  ///
  /// - Parameter output: where its standard output and error go: a `FileHandle` or a `Pipe`.
  public init(
    executable: String, arguments: [String], environment: [String: String], output: Any
  ) throws(ProcessError) {
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = arguments
    process.environment = environment
    process.standardInput = input
    process.standardOutput = output
    process.standardError = output
    // Whoever else held this end would keep the child from reading the end of its input.
    _ = fcntl(input.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
    do {
      try Self.spawning.withLock { _ in try process.run() }
    } catch {
      throw .spawn(executable: executable, reason: error.localizedDescription)
    }
  }

  /// The process's id.
  public var identifier: Int32 { process.processIdentifier }

  /// How the process ended; nil while it runs.
  public var exit: Exit? {
    guard !process.isRunning else { return nil }
    return process.terminationReason == .exit
      ? .status(process.terminationStatus) : .signal(process.terminationStatus)
  }

  /// Ends the process's standard input.
  public func closeInput() { try? input.fileHandleForWriting.close() }

  /// Sends `signal`, unless the process has ended.
  public func send(_ signal: Int32) {
    if process.isRunning { kill(process.processIdentifier, signal) }
  }

  /// Waits until the process ends, at most for `limit`. Cancellation does not end the wait.
  public func waitForExit(atMost limit: Duration) async -> Exit? {
    let deadline = ContinuousClock.now + limit
    while exit == nil, ContinuousClock.now < deadline {
      // In a task of its own, which is not cancelled.
      await Task { try? await Task.sleep(for: .milliseconds(20)) }.value
    }
    return exit
  }
}
