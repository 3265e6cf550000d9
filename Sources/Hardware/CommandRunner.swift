import Foundation

/// Runs a program for what it prints.
enum CommandRunner {
  /// What became of it.
  struct Result: Equatable {
    /// Its exit status, or 128 and the number of the signal that ended it, as a shell says it.
    var status: Int32
    /// What it wrote to standard output and error.
    var output: [UInt8]
  }

  /// Why there is no result.
  enum RunError: Error, Equatable, CustomStringConvertible {
    case notStarted(Int32)
    case tooSlow(Duration)
    case tooMuch(Int)

    var description: String {
      switch self {
      case .notStarted(let number): "was not started: \(String(cString: strerror(number)))"
      case .tooSlow(let limit): "did not end within \(limit.components.seconds) s and was killed"
      case .tooMuch(let bytes): "printed more than \(bytes) bytes and was killed"
      }
    }
  }

  /// Runs a program to its end, or kills it with all that it has started.
  static func run(
    _ path: String, _ arguments: [String], within limit: Duration, maximumBytes: Int
  ) throws(RunError) -> Result {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw .notStarted(errno) }
    // A copy of the writing end in the program would keep its output from ever ending.
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(ends[0]) }
    let child: pid_t
    do {
      defer { close(ends[1]) }
      child = try spawn(path, arguments, output: ends[1])
    }

    let deadline = ContinuousClock.now + limit
    var output: [UInt8] = []
    var failure: RunError?
    reading: while true {
      let left = deadline - ContinuousClock.now
      guard left > .zero else {
        failure = .tooSlow(limit)
        break
      }
      var descriptor = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
      guard poll(&descriptor, 1, Int32(min(left.components.seconds, 60)) * 1000 + 100) > 0 else { continue }
      var buffer = [UInt8](repeating: 0, count: 16_384)
      let count = read(ends[0], &buffer, buffer.count)
      if count == 0 { break reading }
      guard count > 0 else {
        if errno == EINTR { continue }
        break reading
      }
      output += buffer.prefix(count)
      if output.count > maximumBytes {
        failure = .tooMuch(maximumBytes)
        break
      }
    }
    let status = try end(child, deadline: deadline, failure: &failure, limit)
    if let failure { throw failure }
    return Result(status: status, output: output)
  }

  /// Starts the program in a process group of its own, with nothing to read.
  private static func spawn(_ path: String, _ arguments: [String], output: Int32) throws(RunError) -> pid_t {
    let argv = ([path] + arguments).map { strdup($0) } + [nil]
    let environment = ProcessInfo.processInfo.environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in argv + environment { free(text) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    var child: pid_t = 0
    let number = posix_spawn(&child, path, &actions, &attributes, argv, environment)
    guard number == 0 else { throw .notStarted(number) }
    return child
  }

  /// Waits for the end of a program whose output has ended, or kills its group.
  private static func end(
    _ child: pid_t, deadline: ContinuousClock.Instant, failure: inout RunError?, _ limit: Duration
  ) throws(RunError) -> Int32 {
    var status: Int32 = 0
    while failure == nil, waitpid(child, &status, WNOHANG) != child {
      guard ContinuousClock.now < deadline else {
        failure = .tooSlow(limit)
        break
      }
      usleep(5000)
    }
    if failure != nil {
      kill(-child, SIGKILL)
      waitpid(child, &status, 0)
    }
    let signal = status & 0x7F
    return signal == 0 ? status >> 8 & 0xFF : 128 + signal
  }
}
