import Logging
import ServiceLifecycle
import UnixSignals

/// Reads the configuration again whenever the process gets SIGHUP. What can change while the node runs does so at once;
/// of the rest the log says that it needs a restart. When the configuration is not one, nothing changes, and the log and
/// status say why until one is read that is.
struct ConfigurationReloader: Service {
  let source: ConfigurationSource
  /// The settings as they were at the start.
  let settings: NodeSettings
  let runtime: NodeRuntime
  let operations: NodeOperations
  let log: NodeLog
  let hangups: UnixSignalsSequence
  /// What to do when the signal says that the terminal has gone, on which the node ran.
  let terminalIsGone: @Sendable () -> Void

  private let logger: Logger
  private let hadTerminal = Terminal.isAttached

  init(
    source: ConfigurationSource, settings: NodeSettings, runtime: NodeRuntime, operations: NodeOperations,
    log: NodeLog, hangups: UnixSignalsSequence, terminalIsGone: @escaping @Sendable () -> Void
  ) {
    self.source = source
    self.settings = settings
    self.runtime = runtime
    self.operations = operations
    self.log = log
    self.hangups = hangups
    self.terminalIsGone = terminalIsGone
    logger = log.logger()
  }

  func run() async throws {
    for await _ in hangups.cancelOnGracefulShutdown() {
      if hadTerminal, !Terminal.isAttached {
        terminalIsGone()
      } else {
        await reload()
      }
    }
  }

  private func reload() async {
    let new: NodeSettings
    do throws(ConfigurationError) {
      new = try source.settings()
    } catch {
      operations.instruments.reloads["refused"].increment()
      operations.configurationTrouble.set("the configuration was not read again, the one before holds: \(error)")
      logger.error("the configuration was not read again; the one before holds", metadata: ["why": "\(error)"])
      return
    }
    await runtime.go(by: new.offers)
    log.level = new.logLevel
    operations.configurationTrouble.set(nil)
    operations.instruments.reloads["done"].increment()
    logger.notice(
      "the configuration was read again", metadata: ["log_level": "\(new.logLevel)", "file": "\(source.path)"])
    let waiting = settings.keysThatNeedRestart(to: new)
    if !waiting.isEmpty {
      logger.warning(
        "settings that change at the next start", metadata: ["settings": "\(waiting.joined(separator: ", "))"])
    }
  }
}

extension NodeSettings {
  /// The settings that differ in `new` and do not change while a node runs.
  fileprivate func keysThatNeedRestart(to new: NodeSettings) -> [String] {
    let changes: [(ConfigurationKey, Bool)] = [
      (.listen, listen != new.listen), (.advertise, advertise != new.advertise), (.peers, peers != new.peers),
      (.http, http != new.http), (.httpAllowRemote, httpAllowsRemote != new.httpAllowsRemote),
      (.httpNames, httpNames != new.httpNames), (.keepHistory, keepsHistory != new.keepsHistory),
      (.logFormat, logFormat != new.logFormat),
    ]
    return changes.filter(\.1).map(\.0.name)
  }
}
