import Logging
import NIOCore
import Synchronization

/// Logs what peers do: at most some lines in each period, then their number alone, so that no peer can fill the disk.
final class PeerEventLog: Sendable {
  private let logger: Logger
  private let budget = Mutex(LogBudget(lineLimit: 20, period: .seconds(10)))

  /// A log that writes to `logger`.
  init(_ logger: Logger) {
    self.logger = logger
  }

  /// Logs that a connection began or ended.
  func record(at now: NIODeadline, _ event: String, _ connection: Connection, reason: DisconnectReason? = nil) {
    record(at: now, level: .debug) {
      var metadata: Logger.Metadata = [
        "connection": "\(connection.id)", "node": "\(connection.remoteNode.short())", "remote": "\(connection.remote)",
        "direction": "\(connection.direction.rawValue)",
      ]
      if let reason { metadata["reason"] = "\(reason)" }
      return ("\(event)", metadata)
    }
  }

  /// Logs that a connection did not come to be.
  func record(at now: NIODeadline, _ failure: HandshakeFailure) {
    record(at: now, level: .info) {
      (
        "handshake failed",
        [
          "remote": "\(failure.remote?.description ?? "unknown")", "direction": "\(failure.direction.rawValue)",
          "reason": "\(failure.reason)",
        ]
      )
    }
  }

  private func record(
    at now: NIODeadline, level: Logger.Level, _ line: () -> (message: Logger.Message, metadata: Logger.Metadata)
  ) {
    guard logger.logLevel <= level else { return }
    let (isAllowed, suppressedCount) = budget.withLock { $0.admit(at: now) }
    if suppressedCount > 0 {
      logger.info("connection events left out of the log", metadata: ["count": "\(suppressedCount)"])
    }
    guard isAllowed else { return }
    let line = line()
    logger.log(level: level, line.message, metadata: line.metadata)
  }
}

/// How many log lines may be written in each period.
struct LogBudget {
  private let lineLimit: Int
  private let period: TimeAmount
  private var start: NIODeadline?
  private var lineCount = 0
  private var suppressedCount = 0

  /// A budget whose first period starts with the first line.
  init(lineLimit: Int, period: TimeAmount) {
    self.lineLimit = lineLimit
    self.period = period
  }

  /// Whether a line may be written at `now`, and how many were not in a period that has ended since the last call.
  mutating func admit(at now: NIODeadline) -> (isAllowed: Bool, suppressedCount: Int) {
    var ended = 0
    if start.map({ now - $0 >= period }) ?? true {
      ended = suppressedCount
      start = now
      lineCount = 0
      suppressedCount = 0
    }
    guard lineCount < lineLimit else {
      suppressedCount += 1
      return (false, ended)
    }
    lineCount += 1
    return (true, ended)
  }
}
