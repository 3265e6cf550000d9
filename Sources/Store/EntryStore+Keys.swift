import Foundation
import GRDB
import NodeCrypto

/// The key under which a client has placed an order, as it lies on disk: with the entry that places the order, in one
/// transaction, so that a request which is made again after a crash finds both or neither.
public struct StoredKey: Hashable, Sendable {
  /// A hash of the key.
  public var key: Digest
  /// A hash of the request.
  public var request: Digest
  /// The order.
  public var order: OrderID
  /// When the order was placed, in milliseconds since the Unix epoch.
  public var time: Int64

  /// A key to keep.
  public init(key: Digest, request: Digest, order: OrderID, time: Int64) {
    self.key = key
    self.request = request
    self.order = order
    self.time = time
  }
}

/// Keys of orders.
extension EntryStore {
  /// How long a key is kept at least, in milliseconds.
  public static let keyMilliseconds: Int64 = 24 * 3_600_000

  /// Keeps a key, and forgets those that are past their time.
  static func insert(_ key: StoredKey, into database: Database) throws {
    try database.execute(sql: "DELETE FROM order_key WHERE time < ?", arguments: [key.time - keyMilliseconds])
    try database.execute(
      sql: "INSERT OR IGNORE INTO order_key (key, request, order_id, time) VALUES (?, ?, ?, ?)",
      arguments: [Data(key.key.bytes), Data(key.request.bytes), Data(key.order.bytes), key.time])
  }

  /// What was placed under a key; nil when nothing was, or too long ago.
  public func orderKey(_ key: Digest) throws(StoreError) -> StoredKey? {
    try using { pool in
      try pool.read { database in
        guard
          let row = try Row.fetchOne(
            database, sql: "SELECT request, order_id, time FROM order_key WHERE key = ?", arguments: [Data(key.bytes)]),
          let request = Digest(bytes: try Self.value("request", of: row) as Data),
          let order = OrderID(bytes: try Self.value("order_id", of: row) as Data)
        else { return nil }
        return StoredKey(key: key, request: request, order: order, time: try Self.value("time", of: row))
      }
    }
  }
}
