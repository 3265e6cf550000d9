import Glibc
import Logging
import NodeMetrics
import Synchronization

/// The node's log: one output and one level, which may change while the node runs, behind all loggers.
final class NodeLog: Sendable {
  /// How lines look.
  let format: NodeSettings.LogFormat
  let output: LogOutput
  private let levelIndex: Atomic<Int>

  init(level: Logger.Level, format: NodeSettings.LogFormat, instruments: NodeInstruments) {
    self.format = format
    levelIndex = Atomic(Self.index(of: level))
    output = LogOutput(
      descriptor: STDERR_FILENO, droppedLines: instruments.logLinesDropped,
      notice: { count in
        LogLine(
          .warning, "log lines were dropped: whoever reads the log is too slow", ["count": "\(count)"],
          at: NodeClock.now
        ).text(format)
      })
  }

  /// The format that suits standard error: text on a terminal, JSON lines for whatever else reads it.
  static var fittingFormat: NodeSettings.LogFormat { isatty(STDERR_FILENO) == 1 ? .human : .json }

  /// The least level that is logged.
  var level: Logger.Level {
    get { Logger.Level.allCases[levelIndex.load(ordering: .relaxed)] }
    set { levelIndex.store(Self.index(of: newValue), ordering: .relaxed) }
  }

  /// A logger that writes here.
  func logger() -> Logger {
    Logger(label: "p2pnode") { [self] _ in NodeLogHandler(log: self) }
  }

  /// Writes a line, whatever the level is.
  func write(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata = [:]) {
    output.write(LogLine(level, message, metadata, at: NodeClock.now).text(format))
  }

  private static func index(of level: Logger.Level) -> Int { Logger.Level.allCases.firstIndex(of: level) ?? 0 }
}

/// Writes to a ``NodeLog``.
struct NodeLogHandler: LogHandler {
  let log: NodeLog
  var metadata: Logger.Metadata = [:]
  var metadataProvider: Logger.MetadataProvider?
  /// A level below which this logger is silent whatever the log's level is.
  private var floor: Logger.Level?

  init(log: NodeLog) { self.log = log }

  var logLevel: Logger.Level {
    get { floor.map { max($0, log.level) } ?? log.level }
    set { floor = newValue }
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var all = metadata
    if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
    if let given = event.metadata { all.merge(given) { $1 } }
    if let error = event.error { all["error"] = "\(error)" }
    log.write(event.level, "\(event.message)", all)
  }
}
