import NodeAPI

/// What a command line led to: text for the two output streams, and whether it did what it was asked.
struct CommandResult: Equatable, Sendable {
  /// For standard output, without a line break at its end.
  var output = ""
  /// For standard error: what went wrong, and where in the line.
  var failure: String?
  /// Whether the command did what it was asked. A file with an invalid receipt has output and no success.
  var isSuccess = true
  /// Whether the session ends here.
  var endsSession = false
}
