import Foundation
import GRDB
import NodeCrypto
import Testing

@testable import Store

@Suite("pruned feeds on disk")
struct PruningTests {
  @Test("of a feed with a base nothing before it is restored, whether it is deleted yet or not")
  func bases() throws {
    try inTemporaryDirectory { directory in
      let store = try EntryStore(in: directory)
      try store.append((1...9).map { entry(7, $0) } + (1...3).map { entry(8, $0) })
      try store.append([entry(7, 10)], bases: [StoredBase(author: node(7), first: 6)])
      let held = (6...10).map { entry(7, $0) } + (1...3).map { entry(8, $0) }
      #expect(try store.allEntries() == held)
      #expect(try store.deletePruned(maximum: 3) == 3)
      #expect(try store.allEntries() == held)
      #expect(try store.deletePruned(maximum: 3) == 2)
      #expect(try store.deletePruned(maximum: 3) == 0)
      #expect(try store.allEntries() == held)
      #expect(try store.entry(of: node(7), at: 5) == nil)
    }
  }

  @Test("a base never goes back, and is gone when the feed is cut at it")
  func movingBases() throws {
    try inTemporaryDirectory { directory in
      let store = try EntryStore(in: directory)
      try store.append([entry(7, 6)], bases: [StoredBase(author: node(7), first: 6)])
      try store.append([], bases: [StoredBase(author: node(7), first: 3)])
      #expect(try store.bases() == [StoredBase(author: node(7), first: 6)])
      try store.truncate(node(7), from: 7)
      #expect(try store.bases().count == 1)
      try store.truncate(node(7), from: 6)
      #expect(try store.bases().isEmpty)
      try store.append([entry(7, 1)])
      #expect(try store.allEntries() == [entry(7, 1)])
    }
  }

  @Test("the node's own entries are never deleted")
  func ownEntries() throws {
    try inTemporaryDirectory { directory in
      let store = try EntryStore(in: directory)
      try store.append([entry(1, 1), entry(1, 2)], bases: [StoredBase(author: node(1), first: 2)])
      #expect(try store.deletePruned(maximum: 10) == 0)
      #expect(try store.entry(of: node(1), at: 1) == entry(1, 1))
      #expect(try store.allEntries() == [entry(1, 2)])
    }
  }

  @Test("a store of the version before opens with all that is in it")
  func migration() throws {
    try inTemporaryDirectory { directory in
      // What the version before bases wrote.
      let fork = [entry(6, 2, [1]), entry(6, 2, [2])]
      let old = try DatabaseQueue(path: directory + "/feeds.sqlite")
      try old.write { database in
        try database.execute(
          sql: """
            CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
            INSERT INTO grdb_migrations VALUES ('1 feeds');
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
        try database.execute(
          sql: "INSERT INTO owner VALUES (1, ?, ?)",
          arguments: [Data(networkID.bytes), Data(node(1).bytes)])
        let kept = entry(7, 1)
        try database.execute(
          sql: "INSERT INTO entry VALUES (?, 1, ?, ?)",
          arguments: [Data(kept.author.bytes), Data(kept.bytes), Data(kept.signature)])
        try database.execute(
          sql: "INSERT INTO proof VALUES (?, 2, ?, ?, ?, ?)",
          arguments: [
            Data(fork[0].author.bytes), Data(fork[0].bytes), Data(fork[0].signature), Data(fork[1].bytes),
            Data(fork[1].signature),
          ])
      }
      try old.close()
      let store = try EntryStore(in: directory)
      #expect(try store.allEntries() == [entry(7, 1)])
      #expect(try store.proofs() == [StoredProof(kind: 1, entries: fork)])
      try store.append([entry(7, 2)], bases: [StoredBase(author: node(7), first: 2)])
      #expect(try store.allEntries() == [entry(7, 2)])
    }
  }
}
