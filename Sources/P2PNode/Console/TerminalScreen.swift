import Dispatch
import Foundation
import NodeAPI
import Synchronization

/// The whole terminal as a ``LiveScreen``: on the terminal's alternate screen, so that what stood there before stands
/// there again afterwards. q and ^C leave.
final class TerminalScreen: LiveScreen {
  /// How often the screen is drawn at most, and how often at least.
  private static let shortestPause = Duration.milliseconds(100)
  private static let longestPause = Duration.seconds(1)
  /// What leaves: q, Q and ^C.
  private static let leavingKeys: [UInt8] = [0x71, 0x51, 0x03]

  /// Whether there may be something else to draw.
  private final class Signal: Sendable {
    private let hasChanged = Mutex(true)

    func change() { hasChanged.withLock { $0 = true } }

    /// Whether anything has changed since this was last asked.
    func take() -> Bool {
      hasChanged.withLock { hasChanged in
        defer { hasChanged = false }
        return hasChanged
      }
    }
  }

  func show(
    title: String, changes: @escaping @Sendable (@escaping @Sendable () -> Void) async -> Void,
    frame: @escaping @Sendable (_ rows: Int) async -> String
  ) async {
    let signal = Signal()
    guard let takenOver = TakenTerminal() else { return }
    let watching = Task {
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await changes { signal.change() } }
        await draw(title: title, on: takenOver, signal: signal, frame: frame)
        group.cancelAll()
      }
    }
    // Also a frame that a node does not answer for is left at once.
    let keys = KeyReader { key in
      if Self.leavingKeys.contains(key) { watching.cancel() } else { signal.change() }
    }
    await withTaskCancellationHandler {
      await watching.value
    } onCancel: {
      watching.cancel()
    }
    keys.stop()
    takenOver.giveBack()
  }

  private func draw(
    title: String, on terminal: TakenTerminal, signal: Signal, frame: @Sendable (_ rows: Int) async -> String
  ) async {
    var drawn: ContinuousClock.Instant?
    while !Task.isCancelled {
      let now = ContinuousClock.now
      if signal.take() || drawn.map({ now - $0 >= Self.longestPause }) ?? true {
        drawn = now
        let rows = max(3, Terminal.size.rows)
        let text = await frame(rows - 2)
        guard !Task.isCancelled else { return }
        terminal.write(Self.screen(title: title, text: text, rows: rows))
      }
      try? await Task.sleep(for: Self.shortestPause)
    }
  }

  /// What draws a screen over the one before, without a moment at which it is empty.
  private static func screen(title: String, text: String, rows: Int) -> String {
    let colours = Terminal.showsColours(.output)
    let head = TextStyle.bold.apply(to: TerminalText.clean(title), colours: colours)
    let help = TextStyle.dim.apply(to: "q leaves", colours: colours)
    let lines =
      ["\(head)  \(help)", ""] + text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let (home, endOfLine, below) = ("\u{1B}[H", "\u{1B}[K", "\u{1B}[J")
    return home + lines.prefix(rows).joined(separator: "\(endOfLine)\r\n") + endOfLine + below
  }
}

/// The terminal while a ``TerminalScreen`` has it: alternate screen, no echo, no lines, no signals from keys. It is given
/// back also when a signal ends the process; one that somebody else has taken, as the console takes ^C, stays theirs.
private final class TakenTerminal: Sendable {
  private static let enter = "\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l\u{1B}[H\u{1B}[2J"
  private static let leave = "\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l"

  /// The terminal's output as long as it is taken: what draws and what gives it back are on different threads.
  private final class Output: Sendable {
    private let before: termios
    private let isTaken = Mutex(true)

    init(before: termios) { self.before = before }

    /// Writes while the terminal is taken.
    func write(_ text: String) { isTaken.withLock { if $0 { Self.put(text) } } }

    /// Makes the terminal what it was; nothing is written from here on.
    func giveBack() {
      isTaken.withLock { isTaken in
        guard isTaken else { return }
        isTaken = false
        Self.put(TakenTerminal.leave)
        var settings = before
        tcsetattr(STDIN_FILENO, TCSADRAIN, &settings)
      }
    }

    private static func put(_ text: String) { try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8)) }
  }

  private let output: Output
  private let signals: [Int32]
  // Unsafe only to the type checker: they never change, and Dispatch's own functions may be called from anywhere.
  private nonisolated(unsafe) let sources: [any DispatchSourceSignal]

  /// Takes the terminal; nil when standard input is none.
  init?() {
    var settings = termios()
    guard tcgetattr(STDIN_FILENO, &settings) == 0 else { return nil }
    let output = Output(before: settings)
    self.output = output
    signals = [SIGTERM, SIGHUP, SIGINT, SIGQUIT].filter { number in
      var action = sigaction()
      return sigaction(number, nil, &action) == 0 && action.__sigaction_handler.sa_handler == nil
    }
    sources = signals.map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        output.giveBack()
        signal(number, SIG_DFL)
        kill(getpid(), number)
      }
      source.activate()
      return source
    }
    settings.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG)
    tcsetattr(STDIN_FILENO, TCSADRAIN, &settings)
    output.write(Self.enter)
  }

  func giveBack() {
    for source in sources { source.cancel() }
    for number in signals { signal(number, SIG_DFL) }
    output.giveBack()
  }

  func write(_ text: String) { output.write(text) }
}

/// Reads keys from the terminal on a queue of its own until it is stopped.
private final class KeyReader: Sendable {
  private let queue = DispatchQueue(label: "p2pnode.keys")
  private let wake = WakePipe()

  /// Calls `body` with each byte that is typed; ^C at the end of the input.
  init(_ body: @escaping @Sendable (UInt8) -> Void) {
    let wake = wake
    queue.async {
      while true {
        var polled = [
          pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
          pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&polled, 2, -1) >= 0 || errno == EINTR else { return }
        if polled[1].revents != 0 { return }
        guard polled[0].revents != 0 else { continue }
        var byte: UInt8 = 0
        guard read(STDIN_FILENO, &byte, 1) == 1 else {
          body(0x03)
          return
        }
        body(byte)
      }
    }
  }

  /// Reads no more. What is typed from here on is somebody else's.
  func stop() {
    wake.wake()
    queue.sync {}
  }
}
