import Glibc
import Synchronization

/// A child process. Its standard output and error go to files; its standard input is a file, or a pipe of which this
/// process holds the other end: however this process ends, the child then reads the end of its input.
final class ChildProcess: Sendable {
  /// How a process ended.
  enum Exit: Hashable, Sendable {
    /// It exited with the status.
    case status(Int32)
    /// The signal ended it.
    case signal(Int32)

    /// From what `waitpid` gives.
    init(waitStatus: Int32) {
      let signal = waitStatus & 0x7F
      self = signal == 0 ? .status(waitStatus >> 8 & 0xFF) : .signal(signal)
    }
  }

  /// Where standard input comes from.
  enum Input: Sendable {
    case file(String)
    case pipe
  }

  /// A system call that failed.
  struct SystemError: Error, CustomStringConvertible {
    let description: String

    init(_ call: String, _ number: Int32) { description = "\(call): \(String(cString: strerror(number)))" }
  }

  private struct State {
    var exit: Exit?
    var inputWriter: Int32?
  }

  /// Held while a process starts: a pipe between its creation and its flag must not get into another child, which
  /// would keep the one that it is for from ever reading the end of its input.
  private static let spawning = Mutex(())

  /// The process's id.
  let identifier: pid_t

  private let state: Mutex<State>

  /// Starts a process.
  init(
    executable: String, arguments: [String], environment: [String: String], input: Input, output: String,
    error: String
  ) throws(SystemError) {
    let argv = ([executable] + arguments).map { strdup($0) } + [nil]
    let envp = environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in argv + envp { free(text) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let flags = O_WRONLY | O_CREAT | O_APPEND
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, flags, 0o600)
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, error, flags, 0o600)

    var identifier: pid_t = 0
    var writer: Int32?
    let result = Self.spawning.withLock { _ -> Int32 in
      var ends: [Int32] = [-1, -1]
      switch input {
      case .file(let path): posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, path, O_RDONLY, 0)
      case .pipe:
        guard Glibc.pipe(&ends) == 0 else { return errno }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO)
        writer = ends[1]
      }
      defer { if ends[0] >= 0 { close(ends[0]) } }
      return posix_spawn(&identifier, executable, &actions, nil, argv, envp)
    }
    guard result == 0 else {
      if let writer { close(writer) }
      throw SystemError("starting \(executable)", result)
    }
    self.identifier = identifier
    state = Mutex(State(exit: nil, inputWriter: writer))
  }

  deinit {
    send(SIGKILL)
    closeInput()
    if exit == nil { waitpid(identifier, nil, 0) }
  }

  /// How the process ended; nil while it runs.
  var exit: Exit? {
    state.withLock { state in
      var status: Int32 = 0
      if state.exit == nil, waitpid(identifier, &status, WNOHANG) == identifier {
        state.exit = Exit(waitStatus: status)
      }
      return state.exit
    }
  }

  /// Sends `signal`, unless the process has ended: its id may be another's then.
  func send(_ signal: Int32) {
    state.withLock { state in
      if state.exit == nil { _ = kill(identifier, signal) }
    }
  }

  /// Ends the process's standard input.
  func closeInput() {
    state.withLock { state in
      if let writer = state.inputWriter { close(writer) }
      state.inputWriter = nil
    }
  }
}
