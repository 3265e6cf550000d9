import ArgumentParser
import Foundation
import Market
import NodeAPI

/// The settings that the command line has. What it does not say, the environment, `config.yaml` and the defaults do.
struct ConfigurationOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The address to accept peers on; port 0 takes a free one.", valueName: "host:port"))
  var listen: String?

  @Option(help: ArgumentHelp("The host under which others reach this node, when it is behind NAT.", valueName: "host"))
  var advertise: String?

  @Option(
    name: .customLong("peer"),
    help: ArgumentHelp("Dial this node first, instead of the network's bootstrap addresses.", valueName: "host:port"))
  var peers: [String] = []

  @Option(
    help: ArgumentHelp(
      "Serve the dashboard and the API here too, on this machine only and with a token; port 0 takes a free one.",
      valueName: "host:port"))
  var http: String?

  @Flag(
    inversion: .prefixedNo,
    help: "Let --http be an address that other machines reach. It is not encrypted: put something before it.")
  var httpAllowRemote: Bool?

  @Option(
    name: .customLong("http-name"),
    help: ArgumentHelp("A further name under which browsers reach --http.", valueName: "host:port"))
  var httpNames: [String] = []

  @Option(
    help: ArgumentHelp(
      "trace, debug, info, notice, warning, error or critical (default: notice).", valueName: "level"))
  var logLevel: String?

  @Option(
    help: ArgumentHelp(
      "human, json, or auto: human on a terminal, JSON lines otherwise (default: auto).", valueName: "format"))
  var logFormat: String?

  @Flag(
    inversion: .prefixedNo,
    help: "Keep the whole history of the other nodes' feeds, and serve it, instead of pruning it at checkpoints.")
  var keepHistory: Bool?

  /// What was typed, by the settings' names.
  var texts: [String: [String]] {
    var texts: [String: [String]] = [:]
    texts[ConfigurationKey.listen.name] = listen.map { [$0] }
    texts[ConfigurationKey.advertise.name] = advertise.map { [$0] }
    texts[ConfigurationKey.peers.name] = peers.isEmpty ? nil : peers
    texts[ConfigurationKey.http.name] = http.map { [$0] }
    texts[ConfigurationKey.httpAllowRemote.name] = httpAllowRemote.map { ["\($0)"] }
    texts[ConfigurationKey.httpNames.name] = httpNames.isEmpty ? nil : httpNames
    texts[ConfigurationKey.logLevel.name] = logLevel.map { [$0] }
    texts[ConfigurationKey.logFormat.name] = logFormat.map { [$0] }
    texts[ConfigurationKey.keepHistory.name] = keepHistory.map { ["\($0)"] }
    return texts
  }

  /// Where the settings of a node come from.
  func source(
    _ directory: DataDirectory, genesis: Genesis,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> ConfigurationSource {
    ConfigurationSource(
      flags: texts, environment: environment, path: directory.configurationFile, genesis: genesis)
  }
}

/// Where the settings come from: read at the start, and again whenever the node is told to.
struct ConfigurationSource: Sendable {
  let flags: [String: [String]]
  let environment: [String: String]
  /// The file, which need not be there.
  let path: String
  let genesis: Genesis

  /// What each layer says now.
  func layers() throws(ConfigurationError) -> ConfigurationLayers {
    try ConfigurationLayers(
      flags: flags, environment: environment, path: path, classes: genesis.gpuClasses.map(\.id))
  }

  /// The settings as they are now.
  func settings() throws(ConfigurationError) -> NodeSettings { try NodeSettings(try layers(), genesis: genesis) }
}
