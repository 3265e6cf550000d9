import Foundation

/// Reads a passphrase from the terminal of the process, whatever its standard streams are.
enum PassphrasePrompt {
  private enum Key {
    static let interrupt: UInt8 = 0x03
    static let endOfText: UInt8 = 0x04
    static let backspace: UInt8 = 0x08
    static let lineFeed: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let killLine: UInt8 = 0x15
    static let delete: UInt8 = 0x7F
  }

  /// The longest line in bytes that is kept; a longer one is refused later, by its length.
  private static let maximumBytes = 4096

  /// Shows `prompt` and reads a line without showing it. The terminal turns no key into a signal meanwhile, so that it
  /// is never left without its echo.
  static func read(_ prompt: String) throws(PassphraseError) -> [UInt8] {
    let terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
    guard terminal >= 0 else { throw .noTerminal }
    defer { close(terminal) }
    var saved = termios()
    guard tcgetattr(terminal, &saved) == 0 else { throw .noTerminal }
    var silent = saved
    silent.c_lflag &= ~tcflag_t(ECHO | ECHONL | ICANON | ISIG | IEXTEN)
    guard tcsetattr(terminal, TCSAFLUSH, &silent) == 0 else { throw .noTerminal }
    defer {
      tcsetattr(terminal, TCSAFLUSH, &saved)
      show("\n", on: terminal)
    }
    show(prompt, on: terminal)

    // Reserved at once, so that no copy of the secret is left behind by a growing array.
    var line: [UInt8] = []
    line.reserveCapacity(maximumBytes)
    while true {
      var byte: UInt8 = 0
      let count = Glibc.read(terminal, &byte, 1)
      if count < 0, errno == EINTR { continue }
      guard count == 1 else { throw .cancelled }
      switch byte {
      case Key.interrupt: throw .cancelled
      case Key.endOfText where line.isEmpty: throw .cancelled
      case Key.endOfText, Key.lineFeed, Key.carriageReturn: return line
      case Key.killLine: line.removeAll(keepingCapacity: true)
      case Key.backspace, Key.delete: removeLastCharacter(&line)
      default: if line.count < maximumBytes { line.append(byte) }
      }
    }
  }

  private static func removeLastCharacter(_ line: inout [UInt8]) {
    // The bytes 10xxxxxx continue a character of UTF-8.
    while let last = line.popLast(), last & 0xC0 == 0x80 {}
  }

  private static func show(_ text: String, on terminal: Int32) {
    _ = WholeWrite.write(text.utf8, to: terminal)
  }
}
