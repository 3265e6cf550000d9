import Foundation
import GRDB
import NodeCrypto

/// Where a node's feed ends in a store, without any code of the node's.
enum OwnFeed {
  /// The last sequence of `author` in the store of a running node.
  static func head(of author: NodeID, inRunning path: String) throws -> Int64 {
    var configuration = Configuration()
    configuration.readonly = true
    configuration.busyMode = .timeout(5)
    return try head(of: author, try DatabaseQueue(path: path, configuration: configuration))
  }

  /// The last sequence of `author` in the store of a node that does not run, of which nothing is changed.
  static func head(of author: NodeID, inStopped path: String) throws -> Int64 {
    let copy = path + "-look"
    let suffixes = ["", "-wal"]
    defer { for suffix in suffixes + ["-shm"] { unlink(copy + suffix) } }
    for suffix in suffixes where access(path + suffix, F_OK) == 0 {
      try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix)
    }
    return try head(of: author, try DatabaseQueue(path: copy))
  }

  private static func head(of author: NodeID, _ database: DatabaseQueue) throws -> Int64 {
    defer { try? database.close() }
    return try database.read { database in
      guard try database.tableExists("entry") else { return 0 }
      return try Int64.fetchOne(
        database, sql: "SELECT MAX(sequence) FROM entry WHERE author = ?", arguments: [Data(author.bytes)]) ?? 0
    }
  }
}
