import DequeModule
import NodeCrypto

/// The operations of entries that have been checked and are not delivered yet, so that they are not read twice: an entry
/// may wait for another of its feed. Bounded: those that have waited longest are read again.
struct CheckedOperations: Sendable {
  /// The most entries of which operations are kept.
  static let maximumEntries = 64

  private var operations: [EntryID: [Operation]] = [:]
  /// The entries in the order in which they came, some of them taken since.
  private var arrivals: Deque<EntryID> = []

  /// Keeps the operations of an entry. O(1).
  mutating func keep(_ read: [Operation], of entry: EntryID) {
    operations[entry] = read
    arrivals.append(entry)
    if arrivals.count > Self.maximumEntries { operations[arrivals.removeFirst()] = nil }
  }

  /// Takes the operations of an entry out; nil when they are not kept. O(1).
  mutating func take(of entry: EntryID) -> [Operation]? { operations.removeValue(forKey: entry) }
}
