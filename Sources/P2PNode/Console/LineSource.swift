import Dispatch
import NodeAPI

/// Where a console's lines come from.
protocol LineSource: Sendable {
  /// The next line without its line break; nil at the end.
  func next(prompt: String, completion: CommandCompletion) async -> String?
}

/// Lines that a person types, edited by libedit on a queue of its own: it blocks until a line is complete.
final class EditedLines: LineSource {
  /// The editor never leaves ``queue``, which makes this the only holder that other threads see.
  private struct Confined: @unchecked Sendable {
    let editor: LineEditor
  }

  private let queue = DispatchQueue(label: "p2pnode.console")
  private let confined: Confined
  private let feed: ConsoleFeed

  /// Lines from the terminal, with what `feed` brings meanwhile; nil when libedit cannot serve it.
  init?(historyPath: String, feed: ConsoleFeed) {
    guard let editor = LineEditor(historyPath: historyPath, feed: feed) else { return nil }
    confined = Confined(editor: editor)
    self.feed = feed
  }

  func next(prompt: String, completion: CommandCompletion) async -> String? {
    feed.completion = completion
    return await withCheckedContinuation { continuation in
      queue.async { continuation.resume(returning: self.confined.editor.readLine(prompt: prompt)) }
    }
  }
}

/// Lines of a file or pipe on standard input.
final class PipedLines: LineSource {
  private let queue = DispatchQueue(label: "p2pnode.script")

  func next(prompt: String, completion: CommandCompletion) async -> String? {
    await withCheckedContinuation { continuation in
      queue.async { continuation.resume(returning: readLine()) }
    }
  }
}
