import Foundation

/// The process's standard streams.
enum Terminal {
  /// One of the streams that a process writes to.
  enum Stream: Sendable {
    case output
    case error

    fileprivate var handle: FileHandle { self == .output ? .standardOutput : .standardError }
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

  /// Writes `text` and a line break. When the reader has gone there is nobody to tell, so a failure is not reported.
  static func write(_ text: String, to stream: Stream) {
    try? stream.handle.write(contentsOf: Data((text + "\n").utf8))
  }
}
