/// Why a process was not started.
public enum ProcessError: Error, Equatable, CustomStringConvertible {
  /// The executable was not started.
  case spawn(executable: String, reason: String)
  /// A system call or a file operation failed.
  case system(String, path: String, reason: String)

  /// What was wrong, and with what.
  public var description: String {
    switch self {
    case .spawn(let executable, let reason): "\(executable) was not started: \(reason)"
    case .system(let operation, let path, let reason): "\(operation) failed on \(path): \(reason)"
    }
  }
}
