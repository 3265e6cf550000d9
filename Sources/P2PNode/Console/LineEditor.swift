import CLibedit
import Foundation
import NodeAPI

/// A line of the terminal, edited by libedit, with a history that outlives the process.
///
/// Not for two threads at once: ``EditedLines`` keeps it on its own queue.
final class LineEditor {
  /// Lines that the history keeps.
  static let historySize: Int32 = 1000

  private let editor: OpaquePointer
  private let history: OpaquePointer
  private let historyPath: String
  /// libedit reads the prompt at this address whenever it draws the line.
  private var prompt: UnsafeMutablePointer<CChar>?
  private var promptWidth = 0
  private let feed: ConsoleFeed
  /// What is known of a character of which not all bytes have come.
  private var decoder = mbstate_t()

  /// Stands in a prompt on both sides of what takes no column; no prompt holds it otherwise.
  private static let escape: Character = "\u{1}"

  /// An editor on the terminal, with the history in the file at `historyPath`; nil when libedit has no memory or does
  /// not know the terminal.
  init?(historyPath: String, feed: ConsoleFeed) {
    // libedit reads characters, not bytes, in the locale's encoding.
    setlocale(LC_CTYPE, "")
    guard let editor = libedit_open("p2pnode") else { return nil }
    guard let history = history_init() else {
      el_end(editor)
      return nil
    }
    self.editor = editor
    self.history = history
    self.historyPath = historyPath
    self.feed = feed
    libedit_history_set_size(history, Self.historySize)
    libedit_history_set_unique(history, 1)
    libedit_history_load(history, historyPath)
    libedit_set_client_data(editor, Unmanaged.passUnretained(self).toOpaque())
    libedit_set_prompt(editor, { editor in LineEditor.of(editor)?.prompt }, CChar(1))
    libedit_set_history(editor, history)
    libedit_set_reader(editor) { editor, character in
      guard let character else { return -1 }
      return LineEditor.of(editor)?.read(into: character) ?? -1
    }
    libedit_set_editor(editor, "emacs")
    libedit_set_signal_handling(editor, 1)
    libedit_disable_signals(editor)
    libedit_add_function(editor, "p2pnode-complete", "Complete a word") { editor, _ in
      UInt8(LineEditor.of(editor)?.complete() ?? CC_ERROR)
    }
    libedit_bind(editor, "^I", "p2pnode-complete")
    libedit_bind(editor, "^C", "em-kill-line")
    libedit_bind(editor, "^R", "em-inc-search-prev")
  }

  deinit {
    el_end(editor)
    history_end(history)
    free(prompt)
  }

  /// Shows `prompt` and returns the line that the person enters; nil at the end of the input, which is ^D.
  func readLine(prompt text: String) -> String? {
    free(prompt)
    prompt = strdup(Self.marked(text))
    promptWidth = TerminalText.width(text.replacing(Self.colourCode, with: ""))
    var count: Int32 = 0
    guard let characters = el_gets(editor, &count), count > 0 else { return nil }
    let line = String(cString: characters)
    if line.contains(where: { !$0.isWhitespace }) {
      libedit_history_enter(history, characters)
      save()
    }
    return line.hasSuffix("\n") ? String(line.dropLast()) : line
  }

  /// Writes the history, readable by its owner only: what somebody bids is nobody else's business.
  private func save() {
    let descriptor = open(historyPath, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    // Also a file that was there before.
    guard fchmod(descriptor, 0o600) == 0 else { return }
    libedit_history_save(history, historyPath)
  }

  private static func of(_ editor: OpaquePointer?) -> LineEditor? {
    libedit_client_data(editor).map { Unmanaged<LineEditor>.fromOpaque($0).takeUnretainedValue() }
  }

  private static var colourCode: Regex<Substring> { /\u{1B}\[[0-9;]*m/ }

  /// `text` with its colour codes marked for libedit as taking no column.
  private static func marked(_ text: String) -> String {
    text.replacing(colourCode) { "\(escape)\($0.output)\(escape)" }
  }

  // MARK: While a line is being typed

  /// Waits for the next character, and shows notices meanwhile.
  private func read(into character: UnsafeMutablePointer<wchar_t>) -> Int32 {
    while true {
      showNotices()
      var polled = [
        pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
        pollfd(fd: feed.descriptor, events: Int16(POLLIN), revents: 0),
      ]
      guard poll(&polled, 2, -1) >= 0 else {
        guard errno == EINTR else { return -1 }
        // The terminal has another size, or the process was stopped and goes on.
        showAbove([])
        continue
      }
      guard polled[0].revents != 0 else { continue }
      var byte: CChar = 0
      let count = Glibc.read(STDIN_FILENO, &byte, 1)
      if count < 0, errno == EINTR { continue }
      guard count == 1 else { return Int32(count) }
      // Negative: what has come is no character, and is passed over, or not yet all of one.
      let length = mbrtowc(character, &byte, 1, &decoder)
      if length >= 0 { return 1 }
      if length == -1 { decoder = mbstate_t() }
    }
  }

  private func showNotices() {
    let notices = feed.takeNotices()
    if !notices.isEmpty { showAbove(notices) }
  }

  /// Writes lines where the line that is being typed stands, and that one anew below them.
  private func showAbove(_ lines: [String]) {
    let line = el_line(editor)?.pointee
    var typed = ""
    if let line, let buffer = line.buffer, let cursor = line.cursor {
      typed = String(decoding: UnsafeRawBufferPointer(start: buffer, count: cursor - buffer), as: UTF8.self)
    }
    // libedit draws from the cursor on: what it has drawn is cleared for it.
    let row = (promptWidth + TerminalText.width(typed)) / Terminal.size.columns
    let up = row > 0 ? "\u{1B}[\(row)A" : ""
    libedit_print(editor, up + "\r\u{1B}[J" + lines.map { $0 + "\r\n" }.joined())
    libedit_refresh(editor)
  }

  /// What the Tab key does.
  private func complete() -> Int32 {
    guard let line = el_line(editor)?.pointee, let buffer = line.buffer, let cursor = line.cursor else {
      return CC_ERROR
    }
    let bytes = UnsafeRawBufferPointer(start: buffer, count: cursor - buffer)
    let candidates = feed.completion.candidates(before: String(decoding: bytes, as: UTF8.self))
    guard let first = candidates.words.first else { return CC_ERROR }
    let isOnly = candidates.words.count == 1
    let addition = (isOnly ? first + " " : candidates.commonPrefix).dropFirst(candidates.typed.count)
    guard addition.isEmpty else {
      return el_insertstr(editor, String(addition)) == 0 ? CC_REFRESH : CC_ERROR
    }
    showAbove([candidates.words.joined(separator: "  ")])
    return CC_NORM
  }
}
