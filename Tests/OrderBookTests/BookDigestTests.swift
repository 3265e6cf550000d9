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
    #expect(OrderBook().digestFromScratch() == SetHash().digest)
  }

  private static func element(_ kind: UInt8, _ number: UInt8, _ rest: [UInt8]) -> [UInt8] {
    Array("p2pnode/book/v1".utf8) + [kind] + [UInt8](repeating: 0, count: 31) + [number] + rest
  }

  private static func named(_ bytes: [UInt8]) -> [UInt8] {
    let name: Digest = Blake2b.hash(bytes)
    return name.bytes
  }

  @Test("the digest is over the specified bytes of each order and of what is taken of it")
  func specifiedBytes() {
    let offer = Order.offer(
      2, owner: 3, time: 0x11, gpuClass: classB, gpus: 8, window: slots(0x102, 0x10C), price: 0x2233, minimumGPUs: 2,
      minimumSlots: 3,
      attributes: Attributes(
        region: "EU", interconnect: "pcie", driver: "5", wattsPerGPU: 0x101, gramsCO2PerKWh: 0x102, vramMiB: 0x103,
        probed: [.region, .vram]), expiry: 0x4455, isPostOnly: true)
    let bid = Order.bid(
      1, owner: 4, time: 0x12, gpuClasses: [classA, classC], gpus: 7, duration: 5, window: slots(1, 9), price: 6,
      minimumGPUs: 1,
      requirements: demanding {
        $0.regions = ["EU", "US-CA"]
        $0.interconnect = "nvlink"
        $0.minimumVRAMMiB = 0x201
        $0.maximumWattsPerGPU = 0x202
        $0.maximumGramsCO2PerKWh = 0x203
        $0.probedOnly = true
        $0.excludedProviders = [node(1)]
        $0.minimumSettledTrades = 0x204
        $0.maximumFailurePercent = 25
      }, expiry: 0x77, force: .immediateOrCancel)
    var book = OrderBook(offer, bid)
    book.take(orderID(1), gpus: 2, slots: slots(0, 4))
    book.take(orderID(2), gpus: 3, slots: slots(0x100, 0x104))
    book.putBack(orderID(2), gpus: 1, slots: slots(0x104, 0x105))

    func eight(_ high: UInt8, _ low: UInt8) -> [UInt8] { [0, 0, 0, 0, 0, 0, high, low] }
    func four(_ high: UInt8, _ low: UInt8) -> [UInt8] { [0, 0, high, low] }
    var offerBytes = eight(0, 0x11) + node(3).bytes + eight(0, 2) + four(0, 0) + [0, 0, 1]
    offerBytes += four(0, 8) + eight(1, 2) + eight(1, 0x0C) + eight(0x22, 0x33) + four(0, 2) + eight(0x44, 0x55)
    offerBytes += [0, 1] + eight(0, 3) + [2] + Array("EU".utf8) + [4] + Array("pcie".utf8) + [1] + Array("5".utf8)
    offerBytes += four(1, 1) + four(1, 2) + four(1, 3) + four(0, 33)
    var bidBytes = eight(0, 0x12) + node(4).bytes + eight(0, 1) + four(0, 0) + [1, 1, 0]
    bidBytes += four(0, 7) + eight(0, 1) + eight(0, 9) + eight(0, 6) + four(0, 1) + eight(0, 0x77)
    bidBytes += [0, 2, 0, 0, 0, 2] + eight(0, 5) + [2, 2] + Array("EU".utf8) + [5] + Array("US-CA".utf8)
    bidBytes += [6] + Array("nvlink".utf8) + four(2, 1) + four(2, 2) + four(2, 3) + [1]
    bidBytes += [0] + [1] + node(1).bytes + four(2, 4) + [1] + four(0, 25)

    var expected = SetHash()
    expected.add(Self.element(0, 2, Self.named(offerBytes)))
    expected.add(Self.element(0, 1, Self.named(bidBytes)))
    expected.add(Self.element(1, 1, eight(0, 2)))
    // From 0 to 3 used, from 3 to −1, from −1 to 0.
    expected.add(Self.element(2, 2, eight(1, 0) + eight(0, 3)))
    expected.add(Self.element(2, 2, eight(1, 4) + [255, 255, 255, 255, 255, 255, 255, 252]))
    expected.add(Self.element(2, 2, eight(1, 5) + eight(0, 1)))
    #expect(book.digestFromScratch() == expected.digest)
    #expect(book.digest() == expected.digest)
  }

  @Test("every change changes the digest, and undoing it restores it")
  func followsChanges() {
    var book = OrderBook(.offer(1, time: 10), .bid(2, time: 20, gpus: 4, minimumGPUs: 1))
    let before = book.digest()
    var seen: Set<Digest> = [before]
    func change(_ id: UInt64, _ gpus: Int32, _ slots: SlotRange) -> (
      (inout OrderBook) -> Void, (inout OrderBook) -> Void
    ) {
      ({ $0.take(orderID(id), gpus: gpus, slots: slots) }, { $0.putBack(orderID(id), gpus: gpus, slots: slots) })
    }
    let changes: [(apply: (inout OrderBook) -> Void, undo: (inout OrderBook) -> Void)] = [
      change(1, 1, slots(0, 1)), change(1, 1, slots(1, 2)), change(1, 2, slots(0, 1)), change(1, 90, slots(0, 1)),
      change(1, 1, slots(50, 51)), change(1, 1, slots(-5, -1)), change(2, 1, slots(0, 4)), change(2, 40, slots(0, 4)),
      ({ $0.putBack(orderID(1), gpus: 1, slots: slots(0, 1)) }, { $0.take(orderID(1), gpus: 1, slots: slots(0, 1)) }),
      ({ $0.putBack(orderID(2), gpus: 1, slots: slots(0, 1)) }, { $0.take(orderID(2), gpus: 1, slots: slots(0, 1)) }),
      ({ $0.insert(.offer(3, time: 30)) }, { $0.cancel(orderID(3)) }),
      ({ $0.insert(.bid(3, time: 30, force: .fillOrKill)) }, { $0.cancel(orderID(3)) }),
      ({ $0.cancel(orderID(1)) }, { $0.insert(.offer(1, time: 10)) }),
      ({ $0.amend(.offer(1, time: 10, gpus: 7)) }, { $0.amend(.offer(1, time: 10)) }),
      ({ $0.amend(.offer(1, time: 11)) }, { $0.amend(.offer(1, time: 10)) }),
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

  @Test("orders that go and come back between two digests are counted once")
  func comingsAndGoings() {
    var book = OrderBook(.offer(1, time: 10), .offer(2, time: 11))
    book.take(orderID(2), gpus: 3, slots: slots(0, 2))
    let before = book.digest()
    book.cancel(orderID(1))
    book.cancel(orderID(2))
    book.insert(.offer(1, time: 10))
    book.insert(.bid(3, time: 12))
    book.cancel(orderID(3))
    book.insert(.offer(2, time: 11))
    book.take(orderID(2), gpus: 3, slots: slots(0, 2))
    #expect(book.digest() == before)
  }

  @Test("a digest that was worked out in pieces, while the book went on changing, is the same")
  func pieces() {
    var book = OrderBook()
    // More than are listed one by one.
    for number in 0..<UInt64(3000) { book.insert(.offer(number, time: Int64(number))) }
    var isDone = book.advanceDigest(by: 100)
    #expect(!isDone)
    for number in stride(from: UInt64(0), to: 3000, by: 7) { book.cancel(orderID(number)) }
    for number in stride(from: UInt64(1), to: 3000, by: 7) { book.take(orderID(number), gpus: 1, slots: slots(0, 1)) }
    isDone = book.advanceDigest(by: 1000)
    #expect(!isDone)
    for number in UInt64(3000)..<4000 { book.insert(.bid(number, time: Int64(number))) }
    for number in stride(from: UInt64(2), to: 3000, by: 7) { book.cancel(orderID(number)) }
    var pieces = 0
    while !book.advanceDigest(by: 50) { pieces += 1 }
    #expect(pieces > 20)
    #expect(book.digest() == book.digestFromScratch())
  }

  @Test("an order with nothing left stays in the digest, an expired one does not")
  func closedOrders() {
    var book = OrderBook(.bid(2, time: 20))
    let open = book.digest()
    book.take(orderID(2), gpus: 2, slots: slots(0, 4))
    #expect(book.digest() != open && book.digest() != SetHash().digest)
    book.advance(to: at(1_000_000))
    #expect(book.digest() == SetHash().digest)
  }

  @Test("neither the time nor the seed nor the classes' memory is in the digest")
  func onlyOrders() {
    var one = OrderBook(classVRAMMiB: [1, 2], seed: 3)
    var other = OrderBook(classVRAMMiB: [], seed: 4)
    other.advance(to: at(5))
    one.insert(.offer(1, time: 10))
    other.insert(.offer(1, time: 10))
    #expect(one.digest() == other.digest())
  }
}
