import GRDB
import GRDBSQLite
import NodeCrypto

extension EntryStore {
  /// Inserts the entries that are not there yet, out of their own memory: a busy node writes thousands a second, and
  /// values that are made and copied for each of their columns cost more than the insertion.
  static func insert(_ entries: [StoredEntry], into database: Database) throws {
    let statement = try database.cachedStatement(
      sql: "INSERT OR IGNORE INTO entry (author, sequence, bytes, signature) VALUES (?, ?, ?, ?)"
    ).sqliteStatement
    // What is bound is gone after each entry.
    defer { sqlite3_clear_bindings(statement) }
    for entry in entries {
      try entry.author.withBytes { author in
        try entry.bytes.withBytes { bytes in
          try entry.signature.withBytes { signature in
            bind(author, to: statement, at: 1)
            sqlite3_bind_int64(statement, 2, Int64(entry.sequence))
            bind(bytes, to: statement, at: 3)
            bind(signature, to: statement, at: 4)
            let code = sqlite3_step(statement)
            let message = code == SQLITE_DONE ? nil : String(cString: sqlite3_errmsg(database.sqliteConnection))
            sqlite3_reset(statement)
            if let message { throw DatabaseError(resultCode: ResultCode(rawValue: code), message: message) }
          }
        }
      }
    }
  }

  /// Binds bytes that stay where they are until the statement has been run. A blob without bytes is not a null.
  private static func bind(_ bytes: UnsafeRawBufferPointer, to statement: OpaquePointer, at index: Int32) {
    if let start = bytes.baseAddress, !bytes.isEmpty {
      sqlite3_bind_blob64(statement, index, start, UInt64(bytes.count), nil)
    } else {
      sqlite3_bind_zeroblob(statement, index, 0)
    }
  }
}
