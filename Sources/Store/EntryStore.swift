import Dispatch
import Foundation
import GRDB
import Market
import NodeCrypto
import Synchronization

/// An entry as it lies on disk: exactly the bytes that were signed, and the signature.
public struct StoredEntry: Hashable, Sendable {
  /// Whose feed it belongs to.
  public var author: NodeID
  /// Its place in the feed.
  public var sequence: UInt64
  /// The signed bytes.
  public var bytes: [UInt8]
  /// The signature, 64 bytes.
  public var signature: [UInt8]

  /// An entry to keep.
  public init(author: NodeID, sequence: UInt64, bytes: [UInt8], signature: [UInt8]) {
    self.author = author
    self.sequence = sequence
    self.bytes = bytes
    self.signature = signature
  }
}

/// A proof of fraud as it lies on disk: what it proves, the entries, and what else was signed. Kept for ever.
public struct StoredProof: Hashable, Sendable {
  /// The number of the kind.
  public var kind: UInt8
  /// The author's entries, at least one; the last one's place is the proof's.
  public var entries: [StoredEntry]
  /// The signed bytes of a statement with the signature; both empty where there is none.
  public var statement: [UInt8]
  /// The signature over the statement.
  public var statementSignature: [UInt8]

  /// A proof to keep.
  public init(kind: UInt8, entries: [StoredEntry], statement: [UInt8] = [], statementSignature: [UInt8] = []) {
    self.kind = kind
    self.entries = entries
    self.statement = statement
    self.statementSignature = statementSignature
  }
}

/// Where a feed begins whose earlier entries are pruned.
public struct StoredBase: Hashable, Sendable {
  /// Whose feed it is.
  public var author: NodeID
  /// The first sequence that is held.
  public var first: UInt64

  /// A base to keep.
  public init(author: NodeID, first: UInt64) {
    self.author = author
    self.first = first
  }
}

/// The feeds on disk: one SQLite database in WAL mode.
///
/// What ``append(_:)`` has returned from survives the loss of power: every commit is synced (`synchronous = FULL`). The
/// caller makes that cheap by handing over many entries at once. Everything else that the node knows is derived from
/// the entries, so there is nothing else to keep but proofs of fraud, addresses to dial and the keys under which clients
/// have placed orders.
public final class EntryStore: Sendable {
  /// The database's path.
  public let path: String

  private let pool: DatabasePool
  /// Who reads or writes at this moment.
  private let users = DispatchGroup()
  private let isClosed = Atomic(false)
  /// Whose store it is: its own entries are never deleted.
  let node: NodeID

  /// Opens the store, or creates it.
  ///
  /// - Parameters:
  ///   - network: the market whose feeds it holds; a store of another one is refused.
  ///   - node: whose store it is; another node's is refused.
  ///   - hasTakenOver: asked of a store of another node with the last entry of that node's feed: whether that says that
  ///     `node` has taken over. Then it is `node`'s store from here on.
  public init(
    path: String, network: NetworkID, node: NodeID, hasTakenOver: (StoredEntry) -> Bool = { _ in false }
  ) throws(StoreError) {
    self.path = path
    self.node = node
    pool = try Self.guarding(path) {
      var configuration = Configuration()
      configuration.label = "p2pnode.store"
      configuration.busyMode = .timeout(5)
      let pool = try DatabasePool(path: path, configuration: configuration)
      try Self.migrator.migrate(pool)
      return pool
    }
    try Self.syncLog(of: path)
    // The pool sets NORMAL when it opens; only FULL makes a commit outlive the loss of power.
    let level = try Self.guarding(path) { [pool] in
      try pool.writeWithoutTransaction { database in
        try database.execute(sql: "PRAGMA synchronous = FULL")
        return try Int.fetchOne(database, sql: "PRAGMA synchronous")
      }
    }
    guard level == 2 else {
      throw .unusable(path: path, why: "SQLite keeps synchronous at \(level ?? -1); 2 (FULL) is needed")
    }
    try claim(network: network, node: node, hasTakenOver: hasTakenOver)
  }

  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 feeds") { database in
      try database.execute(
        sql: """
          CREATE TABLE owner (
            id INTEGER PRIMARY KEY CHECK (id = 1), network BLOB NOT NULL, node BLOB NOT NULL);
          CREATE TABLE entry (
            author BLOB NOT NULL, sequence INTEGER NOT NULL, bytes BLOB NOT NULL, signature BLOB NOT NULL,
            PRIMARY KEY (author, sequence)) WITHOUT ROWID;
          CREATE TABLE proof (
            author BLOB NOT NULL, sequence INTEGER NOT NULL, first BLOB NOT NULL, first_signature BLOB NOT NULL,
            second BLOB NOT NULL, second_signature BLOB NOT NULL, PRIMARY KEY (author, sequence)) WITHOUT ROWID;
          CREATE TABLE address (address TEXT PRIMARY KEY, node BLOB NOT NULL) WITHOUT ROWID;
          """)
    }
    migrator.registerMigration("2 bases") { database in
      try database.execute(
        sql: "CREATE TABLE base (author BLOB PRIMARY KEY, sequence INTEGER NOT NULL) WITHOUT ROWID")
    }
    migrator.registerMigration("3 order of addresses") { database in
      try database.execute(sql: "ALTER TABLE address ADD COLUMN place INTEGER NOT NULL DEFAULT 0")
    }
    migrator.registerMigration("4 proofs of fraud") { database in
      try database.execute(
        sql: """
          CREATE TABLE fraud (
            author BLOB NOT NULL, sequence INTEGER NOT NULL, kind INTEGER NOT NULL, statement BLOB NOT NULL,
            statement_signature BLOB NOT NULL, PRIMARY KEY (author, sequence)) WITHOUT ROWID;
          CREATE TABLE fraud_entry (
            author BLOB NOT NULL, fraud INTEGER NOT NULL, place INTEGER NOT NULL, sequence INTEGER NOT NULL,
            bytes BLOB NOT NULL, signature BLOB NOT NULL, PRIMARY KEY (author, fraud, place)) WITHOUT ROWID;
          INSERT INTO fraud SELECT author, sequence, 1, x'', x'' FROM proof;
          INSERT INTO fraud_entry SELECT author, sequence, 0, sequence, first, first_signature FROM proof;
          INSERT INTO fraud_entry SELECT author, sequence, 1, sequence, second, second_signature FROM proof;
          DROP TABLE proof;
          """)
    }
    migrator.registerMigration("5 keys of orders") { database in
      try database.execute(
        sql: """
          CREATE TABLE order_key (
            key BLOB PRIMARY KEY, request BLOB NOT NULL, order_id BLOB NOT NULL, time INTEGER NOT NULL) WITHOUT ROWID;
          CREATE INDEX order_key_time ON order_key (time);
          """)
    }
    return migrator
  }

  private func claim(
    network: NetworkID, node: NodeID, hasTakenOver: (StoredEntry) -> Bool
  ) throws(StoreError) {
    let owner = try using { pool in
      try pool.write { database -> (Data, Data)? in
        try database.execute(
          sql: "INSERT OR IGNORE INTO owner (id, network, node) VALUES (1, ?, ?)",
          arguments: [Data(network.bytes), Data(node.bytes)])
        return try Row.fetchOne(database, sql: "SELECT network, node FROM owner WHERE id = 1").map {
          (try Self.value("network", of: $0), try Self.value("node", of: $0))
        }
      }
    }
    guard let owner, owner.0 == Data(network.bytes) else {
      throw .foreign(path: path, what: "network", found: Hex.encode(owner?.0 ?? Data()), expected: network.hex)
    }
    if let before = NodeID(bytes: owner.1), before != node, let last = try lastEntry(of: before), hasTakenOver(last) {
      try using { pool in
        try pool.write { try $0.execute(sql: "UPDATE owner SET node = ?", arguments: [Data(node.bytes)]) }
      }
      return
    }
    guard owner.1 == Data(node.bytes) else {
      throw .foreign(path: path, what: "node", found: Hex.encode(owner.1), expected: node.hex)
    }
  }

  // MARK: Writing

  /// Keeps entries, proofs, bases and keys of orders in one synced transaction; either all of them or, when it throws,
  /// none. Keeping an entry again changes nothing. Of a feed with a base what is before it is not restored any more, and
  /// deleted by ``deletePruned(maximum:)``.
  public func append(
    _ entries: [StoredEntry], proofs: [StoredProof] = [], bases: [StoredBase] = [], keys: [StoredKey] = []
  ) throws(StoreError) {
    try using { pool in
      try pool.write { database in
        try Self.insert(entries, into: database)
        for proof in proofs { try Self.insert(proof, into: database) }
        for key in keys { try Self.insert(key, into: database) }
        for base in bases {
          try database.execute(
            sql: """
              INSERT INTO base (author, sequence) VALUES (?, ?)
              ON CONFLICT (author) DO UPDATE SET sequence = MAX(sequence, excluded.sequence)
              """,
            arguments: [Data(base.author.bytes), Int64(base.first)])
        }
      }
    }
  }

  /// Forgets the entries of a feed from `sequence` on: they are damaged, and the peers have them. A base that is among
  /// them is none any more.
  public func truncate(_ author: NodeID, from sequence: UInt64) throws(StoreError) {
    try using { pool in
      try pool.write { database in
        try database.execute(
          sql: "DELETE FROM entry WHERE author = ? AND sequence >= ?",
          arguments: [Data(author.bytes), Int64(sequence)])
        try database.execute(
          sql: "DELETE FROM base WHERE author = ? AND sequence >= ?",
          arguments: [Data(author.bytes), Int64(sequence)])
      }
    }
  }

  /// Replaces the addresses to dial after a restart.
  public func replaceAddresses(_ addresses: [(address: String, node: NodeID)]) throws(StoreError) {
    try using { pool in
      try pool.write { database in
        try database.execute(sql: "DELETE FROM address")
        for (place, item) in addresses.enumerated() {
          try database.execute(
            sql: "INSERT OR REPLACE INTO address (address, node, place) VALUES (?, ?, ?)",
            arguments: [item.address, Data(item.node.bytes), place])
        }
      }
    }
  }

  // MARK: Reading

  /// The entry at a place; nil when it is not held.
  public func entry(of author: NodeID, at sequence: UInt64) throws(StoreError) -> StoredEntry? {
    try entries(of: author, from: sequence, through: sequence, maximumBytes: .max).first
  }

  /// The last entry of a feed; nil when none is held.
  public func lastEntry(of author: NodeID) throws(StoreError) -> StoredEntry? {
    try using { pool in
      try pool.read { database in
        try Row.fetchOne(
          database,
          sql: "SELECT author, sequence, bytes, signature FROM entry WHERE author = ? ORDER BY sequence DESC LIMIT 1",
          arguments: [Data(author.bytes)]
        ).flatMap(Self.entry)
      }
    }
  }

  /// The last entry of every feed.
  public func lastEntries() throws(StoreError) -> [StoredEntry] {
    try using { pool in
      try pool.read { database in
        try Row.fetchAll(
          database,
          sql: """
            SELECT author, sequence, bytes, signature FROM entry
            JOIN (SELECT author AS feed, MAX(sequence) AS head FROM entry GROUP BY author)
              ON author = feed AND sequence = head
            ORDER BY author
            """
        ).compactMap(Self.entry)
      }
    }
  }

  /// The entries of a feed from one sequence through another, ascending, at most as many as make up `maximumBytes`
  /// (at least one, when there is one).
  public func entries(
    of author: NodeID, from: UInt64, through: UInt64, maximumBytes: Int
  ) throws(StoreError) -> [StoredEntry] {
    try using { pool in
      try pool.read { database in
        let rows = try Row.fetchCursor(
          database,
          sql: """
            SELECT author, sequence, bytes, signature FROM entry
            WHERE author = ? AND sequence BETWEEN ? AND ? ORDER BY sequence
            """,
          arguments: [Data(author.bytes), Int64(clamping: from), Int64(clamping: through)])
        var out: [StoredEntry] = []
        var size = 0
        while size < maximumBytes, let row = try rows.next() {
          let entry = try Self.entry(row)
          out.append(entry)
          size += entry.bytes.count + entry.signature.count
        }
        return out
      }
    }
  }

  /// Calls `body` with every entry that is not before its feed's base, feed by feed, each feed in its order.
  public func forEachEntry(_ body: (StoredEntry) -> Void) throws(StoreError) {
    try using { pool in
      try pool.read { database in
        let rows = try Row.fetchCursor(
          database,
          sql: """
            SELECT entry.author, entry.sequence, bytes, signature FROM entry LEFT JOIN base USING (author)
            WHERE base.sequence IS NULL OR entry.sequence >= base.sequence ORDER BY entry.author, entry.sequence
            """)
        while let row = try rows.next() { body(try Self.entry(row)) }
      }
    }
  }

  /// The addresses kept by ``replaceAddresses(_:)``, in the order in which they were given.
  public func addresses() throws(StoreError) -> [String] {
    try using { pool in
      try pool.read { try String.fetchAll($0, sql: "SELECT address FROM address ORDER BY place, address") }
    }
  }

  /// Moves what is in the write-ahead log into the database and closes it, once nobody reads or writes any more. What comes
  /// after is refused.
  public func close() throws(StoreError) {
    isClosed.store(true, ordering: .sequentiallyConsistent)
    users.wait()
    try Self.guarding(path) {
      try pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
      try pool.close()
    }
  }

  /// Looks through the whole database file; what it finds shows that the file is damaged beyond single entries.
  ///
  /// - Complexity: O(size of the file).
  public func checkFile() throws(StoreError) {
    let found = try using { pool in
      try pool.read { try String.fetchOne($0, sql: "PRAGMA integrity_check(1)") }
    }
    guard found == "ok" else { throw .corrupt(path: path, why: found ?? "it cannot be checked") }
  }

  static func entry(_ row: Row) throws -> StoredEntry {
    StoredEntry(
      author: try author(of: row), sequence: try sequence(of: row), bytes: Array(try value("bytes", of: row) as Data),
      signature: Array(try value("signature", of: row) as Data))
  }

  static func author(of row: Row) throws -> NodeID {
    guard let author = NodeID(bytes: try value("author", of: row) as Data) else { throw badRow("author") }
    return author
  }

  static func sequence(of row: Row) throws -> UInt64 {
    guard let sequence = UInt64(exactly: try value("sequence", of: row) as Int64) else { throw badRow("sequence") }
    return sequence
  }

  /// A column's value, which a damaged file may have as another type than the one that was written.
  static func value<Value: DatabaseValueConvertible>(_ column: String, of row: Row) throws -> Value {
    guard let value = Value.fromDatabaseValue(row[column]) else { throw badRow(column) }
    return value
  }

  private static func badRow(_ column: String) -> DatabaseError {
    DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a row's \(column) is not what was written")
  }

  /// Reads or writes while the database is open: a read under way when it is closed would be one of freed memory.
  func using<Value>(_ body: (DatabasePool) throws -> Value) throws(StoreError) -> Value {
    users.enter()
    defer { users.leave() }
    guard !isClosed.load(ordering: .sequentiallyConsistent) else {
      throw .unusable(path: path, why: "it is closed")
    }
    return try Self.guarding(path) { try body(pool) }
  }

  private static func guarding<Value>(_ path: String, _ body: () throws -> Value) throws(StoreError) -> Value {
    do {
      return try body()
    } catch {
      throw StoreError(error, path: path)
    }
  }
}
