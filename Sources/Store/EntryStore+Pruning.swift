import Foundation
import GRDB
import NodeCrypto

/// Deleting what is before the bases of feeds.
///
/// A base is kept with the entries that follow it in one transaction; from then on what is before it counts for nothing,
/// whether it is still there or not. So it can be deleted a little at a time, and a crash between two steps changes
/// nothing.
extension EntryStore {
  /// Deletes at most `maximum` entries that are before their feeds' bases, in one synced transaction. Entries of the
  /// node's own stay: its receipts are in them.
  ///
  /// - Returns: how many were deleted; fewer than `maximum` when there are no more.
  /// - Complexity: O(feeds with a base + entries deleted), each times log n.
  public func deletePruned(maximum: Int) throws(StoreError) -> Int {
    try using { [node] pool in
      try pool.write { database in
        try database.execute(
          sql: """
            DELETE FROM entry WHERE (author, sequence) IN (
              SELECT entry.author, entry.sequence FROM base JOIN entry
              ON entry.author = base.author AND entry.sequence < base.sequence
              WHERE base.author <> ? LIMIT ?)
            """,
          arguments: [Data(node.bytes), maximum])
        return database.changesCount
      }
    }
  }

  /// Where the feeds begin whose earlier entries are pruned, ascending by author.
  public func bases() throws(StoreError) -> [StoredBase] {
    try using { pool in
      try pool.read { database in
        try Row.fetchAll(database, sql: "SELECT author, sequence FROM base ORDER BY author").map { row in
          StoredBase(author: try Self.author(of: row), first: try Self.sequence(of: row))
        }
      }
    }
  }
}
