import Foundation
import GRDB
import NodeCrypto
import Store
import Testing

@Suite("entry store")
struct EntryStoreTests {
  @Test("what was kept is there after closing and opening, feed by feed in order")
  func roundTrip() throws {
    try inTemporaryDirectory { directory in
      let entries = [entry(2, 2, [9]), entry(2, 1), entry(1, 1, []), entry(2, 10, [4, 5])]
      let first = try EntryStore(in: directory)
      try first.append(entries)
      try first.close()
      let store = try EntryStore(in: directory)
      #expect(try store.allEntries() == [entries[2], entries[1], entries[0], entries[3]])
      #expect(try store.entry(of: node(2), at: 10) == entries[3])
      #expect(try store.entry(of: node(2), at: 3) == nil)
      #expect(try store.entry(of: node(3), at: 1) == nil)
    }
  }

  @Test("a range is read up to its end or the bytes allowed, at least one entry")
  func ranges() throws {
    try inTemporaryDirectory { directory in
      let store = try EntryStore(in: directory)
      let entries = (1...20).map { entry(7, $0, [UInt8](repeating: UInt8($0), count: 36)) }
      try store.append(entries)
      let some = try store.entries(of: node(7), from: 5, through: 9, maximumBytes: .max)
      #expect(some.map(\.sequence) == [5, 6, 7, 8, 9])
      let bounded = try store.entries(of: node(7), from: 1, through: .max, maximumBytes: 250)
      #expect(bounded.map(\.sequence) == [1, 2, 3], "100 bytes each: the third passes the bound")
      #expect(try store.entries(of: node(7), from: 2, through: 9, maximumBytes: 1).map(\.sequence) == [2])
      #expect(try store.entries(of: node(7), from: 21, through: 30, maximumBytes: 1).isEmpty)
    }
  }

  @Test("keeping an entry again changes nothing, and another one never takes its place")
  func idempotence() throws {
    try inTemporaryDirectory { directory in
      let store = try EntryStore(in: directory)
      try store.append([entry(2, 1, [1]), entry(2, 1, [1])])
      try store.append([entry(2, 1, [2]), entry(2, 2, [3])])
      #expect(try store.allEntries() == [entry(2, 1, [1]), entry(2, 2, [3])])
    }
  }

  @Test("a truncated feed ends before the cut; the others stay")
  func truncation() throws {
    try inTemporaryDirectory { directory in
      let store = try EntryStore(in: directory)
      try store.append([entry(2, 1), entry(2, 2), entry(2, 3), entry(3, 2)])
      try store.truncate(node(2), from: 2)
      #expect(try store.allEntries() == [entry(2, 1), entry(3, 2)])
    }
  }

  @Test("proofs are kept with the entries of the same call, and come back in order")
  func proofs() throws {
    try inTemporaryDirectory { directory in
      let store = try EntryStore(in: directory)
      let late = StoredProof(kind: 1, entries: [entry(9, 4, [1]), entry(9, 4, [2])])
      let early = StoredProof(kind: 5, entries: [entry(9, 1), entry(9, 2), entry(9, 3)])
      let other = StoredProof(kind: 3, entries: [entry(8, 3)], statement: [5, 6], statementSignature: [7])
      try store.append([entry(2, 1)], proofs: [late, early, other])
      try store.append([], proofs: [late])
      try store.append([], proofs: [StoredProof(kind: 2, entries: [entry(9, 3), entry(9, 4)])])
      #expect(try store.proofs() == [other, early, late])
      #expect(try store.allEntries() == [entry(2, 1)])
    }
  }

  @Test("the addresses to dial are those kept last, in their order")
  func addresses() throws {
    try inTemporaryDirectory { directory in
      let store = try EntryStore(in: directory)
      try store.replaceAddresses([("192.0.2.2:1", node(2)), ("192.0.2.1:1", node(1))])
      try store.replaceAddresses([("192.0.2.3:1", node(3)), ("192.0.2.2:1", node(2))])
      #expect(try store.addresses() == ["192.0.2.3:1", "192.0.2.2:1"])
    }
  }

  @Test("the store of another network or node is refused, and is unchanged")
  func foreign() throws {
    try inTemporaryDirectory { directory in
      let path = directory + "/feeds.sqlite"
      try EntryStore(in: directory).append([entry(2, 1)])
      let other = NetworkID(word0: 9, word1: 9, word2: 9, word3: 9)
      #expect(
        throws: StoreError.foreign(path: path, what: "network", found: networkID.hex, expected: other.hex)
      ) { _ = try EntryStore(path: path, network: other, node: node(1)) }
      #expect(
        throws: StoreError.foreign(path: path, what: "node", found: node(1).hex, expected: node(2).hex)
      ) { _ = try EntryStore(path: path, network: networkID, node: node(2)) }
      #expect(try EntryStore(in: directory).allEntries() == [entry(2, 1)])
    }
  }

  @Test("a commit is in the write-ahead log when append returns: another reader sees it at once")
  func visibility() throws {
    try inTemporaryDirectory { directory in
      let store = try EntryStore(in: directory)
      try store.append([entry(2, 1)])
      let reader = try DatabaseQueue(path: directory + "/feeds.sqlite")
      let (count, mode) = try reader.read { database in
        (
          try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM entry"),
          try String.fetchOne(database, sql: "PRAGMA journal_mode")
        )
      }
      #expect(count == 1 && mode == "wal")
    }
  }
}
