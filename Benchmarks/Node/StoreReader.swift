import GRDB
import Gossip
import NodeCrypto

import struct Foundation.Data

/// Looks into the store of a node that runs.
struct StoreReader {
  private let database: DatabaseQueue

  /// A reader of the store at `path`.
  init(path: String) throws {
    var configuration = Configuration()
    configuration.readonly = true
    database = try DatabaseQueue(path: path, configuration: configuration)
  }

  /// Whether the store has this entry.
  func holds(_ entry: SignedEntry) throws -> Bool {
    try database.read { database in
      let statement = try database.cachedStatement(sql: "SELECT 1 FROM entry WHERE author = ? AND sequence = ?")
      return try Int.fetchOne(statement, arguments: [Data(entry.author.bytes), Int64(entry.sequence)]) != nil
    }
  }

  /// The entries of a feed after `sequence`.
  func entries(of author: NodeID, after sequence: UInt64) throws -> [SignedEntry] {
    try database.read { database in
      let statement = try database.cachedStatement(
        sql: "SELECT bytes, signature FROM entry WHERE author = ? AND sequence > ? ORDER BY sequence")
      let rows = try GRDB.Row.fetchAll(statement, arguments: [Data(author.bytes), Int64(clamping: sequence)])
      return try rows.map { row in
        try SignedEntry(bytes: Array(row[0] as Data), signature: Array(row[1] as Data), maximumBytes: .max)
      }
    }
  }

  /// Seconds that reading the bytes of all entries takes, in the order in which a node restores them.
  func scan() throws -> Double {
    var byteCount = 0
    let spent = try Spent.measure {
      try database.read { database in
        let rows = try GRDB.Row.fetchCursor(
          database, sql: "SELECT author, sequence, bytes, signature FROM entry ORDER BY author, sequence")
        while let row = try rows.next() {
          try row.withUnsafeData(atIndex: 2) { byteCount += $0?.count ?? 0 }
        }
      }
    }
    guard byteCount > 0 else { throw NodeBenchmarkError.wrong(what: "a store without entries") }
    return spent.wall
  }
}
