import Foundation
import Synchronization

/// What the launcher tells on standard error: lines that stay, and on a terminal one line under them that changes.
final class Narrator: Sendable {
  /// Whether the progress is one line that changes.
  let isInteractive: Bool
  private let isLineOpen = Mutex(false)

  /// A narrator; one that is not interactive writes whole lines only.
  init(isInteractive: Bool) { self.isInteractive = isInteractive }

  /// Writes a line that stays.
  func say(_ text: String) {
    isLineOpen.withLock { isLineOpen in
      write((isLineOpen ? "\r\u{1B}[K" : "") + text + "\n")
      isLineOpen = false
    }
  }

  /// Writes the progress, in place of the progress before it where that is possible.
  func show(progress: String) {
    guard isInteractive else { return say(progress) }
    isLineOpen.withLock { isLineOpen in
      write("\r\u{1B}[K" + progress)
      isLineOpen = true
    }
  }

  /// When the reader has gone there is nobody to tell, so a failure is not reported.
  private func write(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }
}
