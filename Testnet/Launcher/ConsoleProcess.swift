import Foundation

/// `p2pnode console` as a child with this process's terminal. Unlike Foundation's `Process` it leaves the child in the
/// terminal's foreground group, without which the child could not read from it.
struct ConsoleProcess {
  private let identifier: pid_t

  /// Opens the console of the node in `directory`.
  init(executable: String, directory: String) throws(TestnetError) {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var defaults = sigset_t()
    sigemptyset(&defaults)
    sigaddset(&defaults, SIGPIPE)
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))

    let words = [executable, "console", "--data", directory]
    var arguments = words.map { strdup($0) } + [nil]
    var environment = ProcessInfo.processInfo.environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in arguments + environment { free(text) } }
    var identifier: pid_t = 0
    let failure = posix_spawn(&identifier, executable, nil, &attributes, &arguments, &environment)
    guard failure == 0 else { throw .console(reason: String(cString: strerror(failure))) }
    self.identifier = identifier
  }

  /// Waits until the console ends; a cancelled wait ends it, and leaves the terminal as it was before.
  func wait() async {
    var settings = termios()
    let hasSettings = tcgetattr(STDIN_FILENO, &settings) == 0
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        // Waiting blocks, which the tasks' own threads must not.
        let thread = Thread { [identifier] in
          var status: Int32 = 0
          while waitpid(identifier, &status, 0) == -1, errno == EINTR {}
          continuation.resume()
        }
        thread.start()
      }
    } onCancel: {
      kill(identifier, SIGTERM)
    }
    if hasSettings { tcsetattr(STDIN_FILENO, TCSADRAIN, &settings) }
  }
}
