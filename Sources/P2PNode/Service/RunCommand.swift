import ArgumentParser
import Foundation
import Logging
import NodeAPI
import NodeCrypto

/// `p2pnode run`: runs the node of a data directory until it is told to stop.
struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run the node until it is stopped by ^C, by SIGTERM or by the stop command.",
    discussion: """
      Without --listen the node listens on this machine only: on the network's first bootstrap address when that is a \
      loopback address and free, otherwise on a port that the system chooses. To be reached by others, listen on an \
      address that they can dial, such as --listen 0.0.0.0:47100.
      """)

  @OptionGroup var data: DataOption

  @OptionGroup var passphrase: PassphraseOption

  @OptionGroup var settings: ConfigurationOptions

  @Flag(help: "Stop when standard input closes: for a program that starts nodes and must not leave any behind.")
  var stopWithStdin = false

  func run() async throws {
    // Whatever the node creates is its user's alone: store, socket, logs.
    umask(0o077)
    let instruments = NodeInstruments()
    let directory = data.directory
    var log = NodeLog(level: .notice, format: earlyFormat, instruments: instruments)
    do {
      let source = settings.source(directory, genesis: try directory.genesis())
      let configuration = try source.settings()
      log = NodeLog(
        level: configuration.logLevel, format: configuration.logFormat ?? NodeLog.fittingFormat,
        instruments: instruments)
      try await NodeHost(
        options: options(configuration, source: source), log: log, instruments: instruments
      ).run()
      log.output.flush()
    } catch {
      report(error, to: log)
      throw ExitCode.failure
    }
  }

  /// How an error looks before the configuration is known.
  private var earlyFormat: NodeSettings.LogFormat {
    settings.logFormat.flatMap(NodeSettings.LogFormat.init(rawValue:)) ?? NodeLog.fittingFormat
  }

  /// Says why the node does not run, as the last line of its log.
  private func report(_ error: any Error, to log: NodeLog) {
    if log.format == .json { log.write(.critical, "error: \(error)") }
    log.output.flush()
    if log.format == .human { Terminal.write("error: \(TerminalText.clean("\(error)"))", to: .error) }
  }

  private func options(_ configuration: NodeSettings, source: ConfigurationSource) -> NodeHost.Options {
    NodeHost.Options(
      directory: data.directory, passphrase: passphrase.source, listen: configuration.listen,
      advertise: configuration.advertise, peers: configuration.peers, keepHistory: configuration.keepsHistory,
      http: configuration.http, httpAllowRemote: configuration.httpAllowsRemote, httpNames: configuration.httpNames,
      stopWithStdin: stopWithStdin, settings: configuration, source: source)
  }
}
