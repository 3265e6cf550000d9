import Dispatch
import GRDB
import Gossip
import NodeCrypto

import struct Foundation.Data
import func Glibc.usleep

/// Looks into the store of a node that runs.
struct StoreReader {
  private let database: DatabaseQueue
  /// Where it is waited for changes.
  private let waiting = DispatchQueue(label: "benchmarks.store")

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

  /// Returns once the store has taken a commit since ``version()`` gave `version`, or after `seconds`.
  ///
  /// A thread looks at SQLite's counter of commits every 20 us and the timers' slack. It takes a tenth of a core, where a
  /// task that sleeps and looks takes half of one from the nodes that are measured.
  func change(from version: Int, seconds: Double) async throws {
    try await withCheckedThrowingContinuation { continuation in
      waiting.async { [database] in
        continuation.resume(
          with: Result {
            let deadline = ContinuousClock.now + .seconds(seconds)
            while try Self.version(of: database) == version, ContinuousClock.now < deadline { usleep(20) }
          })
      }
    }
  }

  /// A number that changes with each commit of another connection.
  func version() throws -> Int { try Self.version(of: database) }

  private static func version(of database: DatabaseQueue) throws -> Int {
    try database.unsafeRead { database in
      try Int.fetchOne(try database.cachedStatement(sql: "PRAGMA data_version")) ?? 0
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
