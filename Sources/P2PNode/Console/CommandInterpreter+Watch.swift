import NodeAPI
import NodeClient

/// A screen that shows what changes until the person leaves it.
protocol LiveScreen: Sendable {
  /// Shows what `frame` gives, again after each change and at least once a second, and returns when the person leaves or
  /// the task is cancelled.
  ///
  /// - Parameters:
  ///   - title: the first line.
  ///   - changes: calls what it is given whenever something has changed, until it is cancelled.
  ///   - frame: the text for a screen of some rows, below the title.
  func show(
    title: String, changes: @escaping @Sendable (@escaping @Sendable () -> Void) async -> Void,
    frame: @escaping @Sendable (_ rows: Int) async -> String
  ) async
}

/// `watch`: a command's answer, kept up to date.
extension CommandInterpreter {
  /// How long is waited for a node that has gone.
  static let reconnectPause = Duration.seconds(1)

  func watch(_ command: Command, words: ArraySlice<String>) async -> CommandResult {
    let line = words.joined(separator: " ")
    guard let screen, case .text = format else {
      return failure(
        kind: "no-terminal", title: "There is no screen to watch on", status: 400,
        detail: "watch needs a terminal, and no --json; allowed here: \(line)")
    }
    await screen.show(title: line) { changed in
      await self.listen(command, changed)
    } frame: { rows in
      let result = await self.run(command.fitting(rows: rows))
      return result.failure ?? result.output
    }
    return CommandResult()
  }

  /// Calls `changed` whenever something has happened that the answer may depend on.
  private func listen(_ command: Command, _ changed: @escaping @Sendable () -> Void) async {
    while !Task.isCancelled {
      do throws(NodeClientError) {
        try await client.events(command.topics, gpuClass: command.watchedClass, after: nil) { _ in changed() }
      } catch {
        // What has changed is then seen when the screen is drawn the next time, as always once a second.
      }
      changed()
      try? await Task.sleep(for: Self.reconnectPause)
    }
  }
}

extension Command {
  /// What its answer depends on.
  fileprivate var topics: [EventTopic] {
    switch self {
    case .peers: [.peers]
    case .status: [.status]
    case .trades, .index, .candles, .record, .proofs: [.trades]
    case .orders(.mine): [.orders, .trades]
    default: [.book, .trades]
    }
  }

  /// The one class that its answer depends on; nil for several.
  fileprivate var watchedClass: String? {
    switch self {
    case .book(let gpuClass, _), .depth(let gpuClass, _, _), .candles(let gpuClass, _): gpuClass
    default: nil
    }
  }

  /// Lines of a class's book beside its orders: the heading, the spread.
  private static let linesOfBook = 2

  /// The command with an answer of at most so many rows, where that can be had: of a book both sides.
  fileprivate func fitting(rows: Int) -> Command {
    guard case .book(let gpuClass, let limit) = self else { return self }
    return .book(gpuClass: gpuClass, limit: max(1, min(limit, (rows - Self.linesOfBook) / 2)))
  }
}
