import Market
import NodeCrypto
import OrderBook
import Testing

@Suite("Book digest")
struct BookDigestTests {
  @Test("an empty book has the digest of the empty set")
  func empty() {
    var book = OrderBook()
    #expect(book.digest() == SetHash().digest)
  }

  @Test("the digest is over the specified bytes of each open order")
  func specifiedBytes() {
    var book = OrderBook(
      .bid(0xB1D, time: 10, gpus: 7, minimumGPUs: 1), .offer(0x0FFE, time: 11, gpus: 8, window: slots(0x102, 0x10C)),
      .offer(3, time: 12, gpus: 2))
    book.take(orderID(0xB1D), gpus: 2, slots: slots(0, 4))
    book.take(orderID(0x0FFE), gpus: 3, slots: slots(0x100, 0x104))
    book.take(orderID(0x0FFE), gpus: 9, slots: slots(0x106, 0x107))
    book.take(orderID(0x0FFE), gpus: 10, slots: slots(0x107, 0x108))
    book.putBack(orderID(0x0FFE), gpus: 1, slots: slots(0x10A, 0x10B))
    book.take(orderID(3), gpus: 2, slots: slots(0, 10))

    let zeros = [UInt8](repeating: 0, count: 30)
    let domain: [UInt8] = Array("p2pnode/book/v1".utf8) + [0]
    var expected = SetHash()
    expected.add(domain + zeros + [0x0B, 0x1D] + [1] + [0, 0, 0, 5])
    let carved: [UInt8] = [0, 0, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 0, 0, 1, 0x04, 0, 0, 0, 3]
    // Slots 0x106 and 0x107 are oversold by different numbers: both are just fully used.
    let oversold: [UInt8] = [0, 0, 0, 0, 0, 0, 1, 0x06, 0, 0, 0, 0, 0, 0, 1, 0x08, 0, 0, 0, 8]
    expected.add(domain + zeros + [0x0F, 0xFE] + [0] + carved + oversold)
    #expect(book.digest() == expected.digest)
    #expect(book.digestFromScratch() == expected.digest)
  }

  @Test("every change of what is open changes the digest, and undoing it restores it")
  func followsChanges() {
    var book = OrderBook(.offer(1, time: 10), .bid(2, time: 20, gpus: 4, minimumGPUs: 1))
    let before = book.digest()
    var seen: Set<Digest> = [before]
    let changes: [(apply: (inout OrderBook) -> Void, undo: (inout OrderBook) -> Void)] = [
      ({ $0.take(orderID(1), gpus: 1, slots: slots(0, 1)) }, { $0.putBack(orderID(1), gpus: 1, slots: slots(0, 1)) }),
      ({ $0.take(orderID(1), gpus: 1, slots: slots(1, 2)) }, { $0.putBack(orderID(1), gpus: 1, slots: slots(1, 2)) }),
      ({ $0.take(orderID(1), gpus: 2, slots: slots(0, 1)) }, { $0.putBack(orderID(1), gpus: 2, slots: slots(0, 1)) }),
      ({ $0.take(orderID(2), gpus: 1, slots: slots(0, 4)) }, { $0.putBack(orderID(2), gpus: 1, slots: slots(0, 4)) }),
      ({ $0.take(orderID(2), gpus: 4, slots: slots(0, 4)) }, { $0.putBack(orderID(2), gpus: 4, slots: slots(0, 4)) }),
      ({ $0.insert(.offer(3, time: 30)) }, { $0.cancel(orderID(3)) }),
      ({ $0.cancel(orderID(1)) }, { $0.insert(.offer(1, time: 10)) }),
    ]
    for change in changes {
      change.apply(&book)
      let after = book.digest()
      #expect(seen.insert(after).inserted)
      #expect(after == book.digestFromScratch())
      change.undo(&book)
      #expect(book.digest() == before)
    }
  }

  @Test("an order that goes and comes back between two digests, at another place in the table, is counted once")
  func reusedPositions() {
    var book = OrderBook(.offer(1, time: 10), .offer(2, time: 11))
    let before = book.digest()
    book.cancel(orderID(1))
    book.cancel(orderID(2))
    book.insert(.offer(1, time: 10))
    book.insert(.bid(3, time: 12))
    book.cancel(orderID(3))
    book.insert(.offer(2, time: 11))
    #expect(book.digest() == before)
  }

  @Test("an expired order and one with nothing left are not in the digest")
  func onlyOpenOrders() {
    var book = OrderBook(.offer(1, time: 10, expiry: 50), .bid(2, time: 20))
    _ = book.digest()
    book.advance(to: at(50))
    book.take(orderID(2), gpus: 2, slots: slots(0, 4))
    #expect(book.digest() == SetHash().digest)
  }
}
