import ArgumentParser
import Foundation
import NodeAPI
import NodeCrypto

/// The directory that holds one node: its identity, its network, its store and its socket.
struct DataDirectory: Hashable, Sendable {
  /// The path, as it was given.
  let path: String

  /// The copy of the network's genesis file.
  var networkFile: String { file("network.json") }
  /// The encrypted identity.
  var identityFile: String { IdentityFile.path(inDirectory: path) }
  /// The settings, which need not be there.
  var configurationFile: String { file("config.yaml") }
  /// The console's history.
  var historyFile: String { file("history") }

  func file(_ name: String) -> String { path.hasSuffix("/") ? path + name : path + "/" + name }

  /// The directory of a node when the command line does not name one: what `P2PNODE_DATA` says, else `~/.p2pnode`.
  static func standard(environment: [String: String] = ProcessInfo.processInfo.environment) -> DataDirectory {
    if let path = environment["P2PNODE_DATA"], !path.isEmpty { return DataDirectory(path: path) }
    return DataDirectory(path: (environment["HOME"] ?? NSHomeDirectory()) + "/.p2pnode")
  }
}

/// `--data DIR`.
struct DataOption: ParsableArguments {
  @Option(
    name: .customLong("data"),
    help: ArgumentHelp("The node's directory (default: $P2PNODE_DATA, or ~/.p2pnode).", valueName: "dir"),
    completion: .directory)
  var path: String?

  /// The directory meant.
  var directory: DataDirectory { path.map(DataDirectory.init(path:)) ?? .standard() }
}
