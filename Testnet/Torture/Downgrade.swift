import Foundation
import GRDB

/// The store as an earlier version of the software would have left it.
enum Downgrade {
  /// The versions before the present one, each by the migrations that it had.
  static let versions = [1, 2, 3, 4]

  /// Undoes in the database at `path` what came after `version`. No process may have it open.
  ///
  /// - Returns: false when that version could not have written what is in it, which is left as it was.
  @discardableResult
  static func run(path: String, to version: Int) throws -> Bool {
    let database = try DatabaseQueue(path: path)
    defer { try? database.close() }
    return try database.write { database in
      if version < 2, try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM base") != 0 { return false }
      if version < 4, try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM fraud") != 0 { return false }
      // Orders had no keys: that a request is made again after the upgrade is not known.
      try database.execute(sql: "DROP TABLE order_key")
      try database.execute(sql: "DELETE FROM grdb_migrations WHERE identifier = '5 keys of orders'")
      guard version < 4 else { return true }
      try database.execute(
        sql: """
          CREATE TABLE proof (
            author BLOB NOT NULL, sequence INTEGER NOT NULL, first BLOB NOT NULL, first_signature BLOB NOT NULL,
            second BLOB NOT NULL, second_signature BLOB NOT NULL, PRIMARY KEY (author, sequence)) WITHOUT ROWID;
          DROP TABLE fraud;
          DROP TABLE fraud_entry;
          DELETE FROM grdb_migrations WHERE identifier = '4 proofs of fraud';
          """)
      guard version < 3 else { return true }
      try database.execute(sql: "ALTER TABLE address DROP COLUMN place")
      try database.execute(sql: "DELETE FROM grdb_migrations WHERE identifier = '3 order of addresses'")
      if version < 2 {
        try database.execute(sql: "DROP TABLE base")
        try database.execute(sql: "DELETE FROM grdb_migrations WHERE identifier = '2 bases'")
      }
      return true
    }
  }
}
