import GRDB
import NodeCrypto
import Store
import Testing

@Suite("keys of orders")
struct OrderKeyTests {
  private func key(_ number: UInt64, time: Int64 = 0) -> StoredKey {
    StoredKey(
      key: Digest(word0: number, word1: 0, word2: 0, word3: 0),
      request: Digest(word0: number, word1: 1, word2: 0, word3: 0),
      order: OrderID(word0: number, word1: 2, word2: 0, word3: 0), time: time)
  }

  @Test("a key is there after closing and opening, and a second order under it never takes its place")
  func roundTrip() throws {
    try inTemporaryDirectory { directory in
      let first = try EntryStore(in: directory)
      try first.append([entry(1, 1)], keys: [key(1), key(2)])
      var other = key(2)
      other.order = key(3).order
      try first.append([entry(1, 2)], keys: [other])
      try first.close()
      let store = try EntryStore(in: directory)
      #expect(try store.orderKey(key(1).key) == key(1))
      #expect(try store.orderKey(key(2).key) == key(2))
      #expect(try store.orderKey(key(3).key) == nil)
    }
  }

  @Test("a key and the entry that it came with are both on disk or neither is")
  func atomic() throws {
    try inTemporaryDirectory { directory in
      let store = try EntryStore(in: directory)
      let other = try DatabaseQueue(path: store.path)
      try other.write {
        try $0.execute(
          sql: "CREATE TRIGGER refuse BEFORE INSERT ON order_key BEGIN SELECT RAISE(ABORT, 'refused'); END")
      }
      #expect(throws: StoreError.self) { try store.append([entry(1, 1)], keys: [key(1)]) }
      #expect(try store.allEntries().isEmpty)
      try other.write { try $0.execute(sql: "DROP TRIGGER refuse") }
      try store.append([entry(1, 1)], keys: [key(1)])
      #expect(try store.allEntries().count == 1 && store.orderKey(key(1).key) == key(1))
    }
  }

  @Test("a key is kept for a day, and forgotten some time after")
  func forgetting() throws {
    try inTemporaryDirectory { directory in
      let store = try EntryStore(in: directory)
      let day = EntryStore.keyMilliseconds
      #expect(day >= 24 * 3_600_000)
      try store.append([entry(1, 1)], keys: [key(1, time: 1000)])
      try store.append([entry(1, 2)], keys: [key(2, time: 1000 + day)])
      #expect(try store.orderKey(key(1).key) != nil, "exactly a day old")
      try store.append([entry(1, 3)], keys: [key(3, time: 1001 + day)])
      #expect(try store.orderKey(key(1).key) == nil)
      #expect(try store.orderKey(key(2).key) != nil)
    }
  }
}
