import Market
import NodeCrypto
import OrderBook
import Testing

@Suite("Orders far outside any market")
struct OutlandishOrderTests {
  private static func offer(
    window: SlotRange = slots(0, 10), minimumSlots: Int64 = 1, time: Int64 = 10, expiry: Int64 = 1_000_000,
    sequence: UInt64 = 1, index: UInt32 = 0
  ) -> Order {
    let priority = OrderPriority(time: at(time), owner: node(5), sequence: sequence, index: index)
    return Order(
      id: orderID(1), priority: priority,
      body: Order.offer(1, time: 0, window: window, minimumSlots: minimumSlots, expiry: expiry).body)
  }

  private static let outlandish: [Order] = [
    offer(window: slots(-1, 10)), offer(window: slots(1 << 32 - 10, 1 << 32)), offer(window: slots(0, 1 << 31)),
    offer(window: slots(-(1 << 61), 1 << 61)), offer(minimumSlots: 1 << 31), offer(minimumSlots: .min),
    offer(time: -1), offer(time: 1 << 48), offer(time: .min), offer(expiry: 1 << 48), offer(expiry: .max),
    offer(sequence: 1 << 52), offer(sequence: .max), offer(index: 4096), offer(index: .max),
  ]
  private static let extreme: [Order] = [
    offer(window: slots(1 << 32 - 11, 1 << 32 - 1)), offer(window: slots(0, 1 << 31 - 1)), offer(time: 0),
    offer(window: slots(0, 1 << 31 - 1), minimumSlots: 1 << 31 - 1), offer(time: 1 << 48 - 1),
    offer(expiry: 1 << 48 - 1), offer(sequence: 1 << 52 - 1, index: 4095),
  ]

  @Test("one is kept, found, taken from and digested, and is never open", arguments: outlandish.indices)
  func neverOpen(index: Int) {
    let order = Self.outlandish[index]
    var book = OrderBook(order)
    #expect(book.count == 1 && book.order(order.id) == order && book.hasOrders(ownedBy: node(5)))
    #expect(book.state(of: order.id)?.isOpen == false && book.openCount(.offer) == 0 && book.numbers(.offer).isEmpty)
    #expect(book.explain(order.id, context: anything) == nil)
    #expect(book.match(order, context: anything) == nil)
    #expect(book.matching(1) == nil)
    #expect(book.digest() == book.digestFromScratch())
    #expect(book.digestFromScratch() != OrderBook().digestFromScratch())
    book.take(order.id, gpus: 3, slots: order.body.window)
    #expect(book.state(of: order.id)?.calendar?.free(at: order.body.window.start) == 5)
    #expect(book.digest() == book.digestFromScratch())
    book.amend(Self.offer())
    #expect(book.numbers(.offer) == [1])
    book.amend(order)
    #expect(book.numbers(.offer).isEmpty)
    let expired = book.advance(to: at(.max))
    #expect(expired == [orderID(1)] && book.count == 0)
  }

  @Test("the numbers next to those are as good as any", arguments: extreme.indices)
  func open(index: Int) {
    let order = Self.extreme[index]
    var book = OrderBook(order)
    #expect(book.state(of: order.id)?.isOpen == true && book.numbers(.offer) == [1])
    let start = order.body.window.start.index
    book.insert(
      .bid(2, time: 1 << 48 - 1, duration: 1 << 31 - 1, window: slots(0, 1 << 31 - 1), expiry: 1 << 48 - 1))
    book.insert(.bid(3, time: 1 << 48 - 1, window: slots(start, start + 9)))
    let isWhole = order.body.window.count == 1 << 31 - 1
    #expect((book.matching(2) != nil) == isWhole)
    if case .offer(let offer) = order.body, offer.minimumSlots == 1 {
      #expect(book.matching(3)?.slots.start.index == start)
    }
    #expect(book.digest() == book.digestFromScratch())
  }

  @Test("a bid that names no class is never open, and one that names a class twice counts once")
  func classes() {
    let book = OrderBook(
      .offer(1, time: 10), .bid(2, time: 11, gpuClasses: []), .bid(3, time: 12, gpuClasses: [classA, classA]))
    #expect(book.state(of: orderID(2))?.isOpen == false && book.openCount(.bid) == 1 && book.numbers(.bid) == [3])
    #expect(book.explain(orderID(1), context: anything)?.counterOrders == 1)
    #expect(book.explain(orderID(3), context: anything)?.count(.matching) == 1)
    #expect(book.levels(gpuClass: classA, side: .bid, at: Slot(0)).map(\.orders) == [1])
  }
}
