/// Where a node's API listens: a Unix socket in its data directory.
public enum NodeSocket {
  /// The socket's name in the data directory.
  public static let fileName = "node.sock"
  /// The longest path in bytes that the system's socket address holds besides its final zero.
  public static let maximumPathBytes = 107

  /// The socket's path in `dataDirectory`.
  ///
  /// - Throws: ``NodeSocketError`` when the path is longer than a socket address holds.
  public static func path(inDataDirectory dataDirectory: String) throws(NodeSocketError) -> String {
    let path = dataDirectory.hasSuffix("/") ? dataDirectory + fileName : dataDirectory + "/" + fileName
    guard path.utf8.count <= maximumPathBytes else { throw .tooLong(path: path, byteCount: path.utf8.count) }
    return path
  }
}

/// Why a data directory cannot hold a socket.
public enum NodeSocketError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The path does not fit a socket address.
  case tooLong(path: String, byteCount: Int)

  /// The path, its length and the limit.
  public var description: String {
    switch self {
    case .tooLong(let path, let byteCount):
      "the socket's path \(path) has \(byteCount) bytes; allowed: at most \(NodeSocket.maximumPathBytes); "
        + "choose a shorter data directory"
    }
  }
}
