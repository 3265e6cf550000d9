import Foundation
import Market

/// What a running node keeps in its directory besides the identity.
extension DataDirectory {
  /// The feeds.
  var storeFile: String { file("store.sqlite") }

  /// Where the API listens over TCP, and with which token.
  var accessFile: String { file(AccessFile.name) }
  /// A page that leads a browser to the dashboard.
  var dashboardFile: String { file("dashboard.html") }

  /// The market whose genesis file was copied here by `init`.
  func genesis() throws -> Genesis {
    guard let data = FileManager.default.contents(atPath: networkFile) else {
      throw NodeStartError.noNode(path)
    }
    return try Genesis(file: Array(data))
  }
}

/// Why a node does not start.
enum NodeStartError: Error, CustomStringConvertible {
  /// There is no node in the directory.
  case noNode(String)
  /// The socket of the API cannot be made.
  case socket(path: String, why: String)
  /// The API cannot listen over TCP.
  case http(address: String, why: String)
  /// An address of the API that other machines reach, without the word that says that it is meant.
  case remoteHTTP(String)
  /// A file that nobody else may read cannot be written.
  case privateFile(path: String, why: String)

  var description: String {
    switch self {
    case .noNode(let path):
      "\(path) holds no node; make one with: p2pnode init --network NETWORK.json --data \(path)"
    case .socket(let path, let why): "the API's socket \(path): \(why)"
    case .http(let address, let why): "--http is \(address): \(why); allowed: a free address of this machine"
    case .remoteHTTP(let address):
      "--http is \(address), which other machines reach, and the API is not encrypted; allowed: an address of this machine "
        + "alone, such as 127.0.0.1:8080, or --http-allow-remote as well, behind something that encrypts"
    case .privateFile(let path, let why): "writing \(path): \(why)"
    }
  }
}
