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

  @Option(help: ArgumentHelp("The address to accept peers on; port 0 takes a free one.", valueName: "host:port"))
  var listen: String?

  @Option(help: ArgumentHelp("The host under which others reach this node, when it is behind NAT.", valueName: "host"))
  var advertise: String?

  @Option(
    help: ArgumentHelp(
      "Serve the dashboard and the API here too, on this machine only and with a token; port 0 takes a free one.",
      valueName: "host:port"))
  var http: String?

  @Flag(help: "Let --http be an address that other machines reach. It is not encrypted: put something before it.")
  var httpAllowRemote = false

  @Option(
    name: .customLong("http-name"),
    help: ArgumentHelp("A further name under which browsers reach --http.", valueName: "host:port"))
  var httpNames: [String] = []

  @Option(
    name: .customLong("peer"),
    help: ArgumentHelp("Dial this node first, instead of the network's bootstrap addresses.", valueName: "host:port"))
  var peers: [String] = []

  @Option(help: ArgumentHelp("trace, debug, info, notice, warning or error.", valueName: "level"))
  var logLevel: Logger.Level = .notice

  @Flag(help: "Keep the whole history of the other nodes' feeds, and serve it, instead of pruning it at checkpoints.")
  var keepHistory = false

  @Flag(help: "Stop when standard input closes: for a program that starts nodes and must not leave any behind.")
  var stopWithStdin = false

  func run() async throws {
    // Whatever the node creates is its user's alone: store, socket, logs.
    umask(0o077)
    var logger = Logger(label: "p2pnode", factory: StreamLogHandler.standardError(label:))
    logger.logLevel = logLevel
    do {
      try await NodeHost(options: options(), logger: logger).run()
    } catch {
      Terminal.write("error: \(TerminalText.clean("\(error)"))", to: .error)
      throw ExitCode.failure
    }
  }

  private func options() throws -> NodeHost.Options {
    NodeHost.Options(
      directory: data.directory, passphrase: passphrase.source,
      listen: try listen.map { try HostPort($0, option: "--listen") }, advertise: advertise,
      peers: try peers.map { try HostPort($0, option: "--peer") }, keepHistory: keepHistory,
      http: try http.map { try HostPort($0, option: "--http") }, httpAllowRemote: httpAllowRemote,
      httpNames: try httpNames.map { try HostPort($0, option: "--http-name") },
      stopWithStdin: stopWithStdin)
  }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}

/// A host and a port, of which 0 means any.
struct HostPort: Hashable, Sendable, CustomStringConvertible {
  let host: String
  let port: Int

  init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// Reads `host:port` or `[v6]:port`.
  init(_ text: String, option: String) throws(NodeStartError) {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
      throw .address(option: option, value: text)
    }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      throw .address(option: option, value: text)
    }
    guard !host.isEmpty else { throw .address(option: option, value: text) }
    self.init(host: String(host), port: Int(port))
  }

  /// Whether only this machine reaches it.
  var isLoopback: Bool { host == "localhost" || host == "::1" || isLoopbackIPv4 }

  /// Not a name that only looks like one.
  private var isLoopbackIPv4: Bool {
    host.hasPrefix("127.") && host.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }
  }

  /// The same where it means all addresses of this machine, in words that can be dialled here.
  var reachable: HostPort {
    switch host {
    case "0.0.0.0": HostPort(host: "127.0.0.1", port: port)
    case "::": HostPort(host: "::1", port: port)
    default: self
    }
  }

  var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
