import Foundation
import GRDB
import NodeCrypto

/// Proofs of fraud on disk.
extension EntryStore {
  /// Keeps a proof, unless there is one of the same author and place: that of the latest entry in it.
  static func insert(_ proof: StoredProof, into database: Database) throws {
    guard let last = proof.entries.max(by: { $0.sequence < $1.sequence }) else { return }
    let author = Data(last.author.bytes)
    try database.execute(
      sql: """
        INSERT OR IGNORE INTO fraud (author, sequence, kind, statement, statement_signature) VALUES (?, ?, ?, ?, ?)
        """,
      arguments: [
        author, Int64(last.sequence), Int64(proof.kind), Data(proof.statement), Data(proof.statementSignature),
      ])
    guard database.changesCount == 1 else { return }
    for (place, entry) in proof.entries.enumerated() {
      try database.execute(
        sql: "INSERT INTO fraud_entry (author, fraud, place, sequence, bytes, signature) VALUES (?, ?, ?, ?, ?, ?)",
        arguments: [
          author, Int64(last.sequence), place, Int64(entry.sequence), Data(entry.bytes), Data(entry.signature),
        ])
    }
  }

  /// All proofs, ascending by author and sequence.
  public func proofs() throws(StoreError) -> [StoredProof] {
    try using { pool in
      try pool.read { database in
        try Row.fetchAll(database, sql: "SELECT * FROM fraud ORDER BY author, sequence").map { row in
          StoredProof(
            kind: UInt8(clamping: try Self.value("kind", of: row) as Int64),
            entries: try Self.entries(
              of: try Self.value("author", of: row), at: try Self.value("sequence", of: row), database),
            statement: Array(try Self.value("statement", of: row) as Data),
            statementSignature: Array(try Self.value("statement_signature", of: row) as Data))
        }
      }
    }
  }

  private static func entries(of author: Data, at place: Int64, _ database: Database) throws -> [StoredEntry] {
    try Row.fetchAll(
      database,
      sql: "SELECT author, sequence, bytes, signature FROM fraud_entry WHERE author = ? AND fraud = ? ORDER BY place",
      arguments: [author, place]
    ).map(entry)
  }
}
