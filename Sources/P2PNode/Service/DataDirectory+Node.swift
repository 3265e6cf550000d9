import Foundation
import Market

/// What a running node keeps in its directory besides the identity.
extension DataDirectory {
  /// The feeds.
  var storeFile: String { path.hasSuffix("/") ? path + "store.sqlite" : path + "/store.sqlite" }

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
  /// An address that is not one.
  case address(option: String, value: String)
  /// The socket of the API cannot be made.
  case socket(path: String, why: String)

  var description: String {
    switch self {
    case .noNode(let path):
      "\(path) holds no node; make one with: p2pnode init --network NETWORK.json --data \(path)"
    case .address(let option, let value):
      "\(option) is \"\(value)\"; allowed: HOST:PORT, such as 127.0.0.1:47100 or [::1]:47100"
    case .socket(let path, let why): "the API's socket \(path): \(why)"
    }
  }
}
