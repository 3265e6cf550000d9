import Foundation

/// The process's standard streams.
enum Terminal {
  /// One of the streams that a process writes to.
  enum Stream: Sendable {
    case output
    case error

    fileprivate var descriptor: Int32 { self == .output ? STDOUT_FILENO : STDERR_FILENO }
  }

  /// Whether a person types into standard input and sees what stands on standard output.
  static var isInteractive: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 }

  /// Whether standard error is a terminal that is still there: one that was closed is none any more.
  static var isAttached: Bool {
    var attributes = termios()
    return tcgetattr(STDERR_FILENO, &attributes) == 0
  }

  /// Whether `stream` shows colours: a terminal that can, unless `NO_COLOR` is set (https://no-color.org).
  static func showsColours(
    _ stream: Stream, environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> Bool {
    isatty(stream.descriptor) == 1 && environment["TERM"] != "dumb" && environment["NO_COLOR", default: ""].isEmpty
  }

  /// The terminal's size; 24 x 80 where it does not say.
  static var size: (rows: Int, columns: Int) {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0, size.ws_col > 0 else { return (24, 80) }
    return (Int(size.ws_row), Int(size.ws_col))
  }

  /// Writes `text`, which was asked for, and a line break.
  ///
  /// - Throws: when not all of it was taken, as by a full disk or a reader that has gone.
  static func put(_ text: String, to stream: Stream) throws(OutputError) {
    if let failure = WholeWrite.write((text + "\n").utf8, to: stream.descriptor) { throw OutputError(errno: failure) }
  }

  /// Writes `text`, which was asked for, and a line break; false when standard error says why not all of it was taken.
  static func show(_ text: String, to stream: Stream) -> Bool {
    do throws(OutputError) {
      try put(text, to: stream)
      return true
    } catch {
      write("error: \(error)", to: .error)
      return false
    }
  }

  /// Writes `text` and a line break, where nobody can be told that it was not taken.
  static func write(_ text: String, to stream: Stream) { try? put(text, to: stream) }
}

/// Standard output did not take everything.
struct OutputError: Error, CustomStringConvertible {
  let errno: Int32

  var description: String { "the output is cut short: \(String(cString: strerror(errno)))" }
}
