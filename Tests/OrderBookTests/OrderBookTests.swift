import Market
import NodeCrypto
import OrderBook
import Testing

@Suite("Order book")
struct OrderBookTests {
  @Test("an order goes in once, and its second insertion changes nothing")
  func insertionTwice() {
    var book = OrderBook()
    #expect(book.insert(.bid(1, time: 10, gpus: 4)) == .inserted)
    book.take(orderID(1), gpus: 3, slots: slots(0, 4))
    #expect(book.insert(.bid(1, time: 10, gpus: 4)) == .duplicate)
    #expect(book.state(of: orderID(1))?.remainingGPUs == 1)
    #expect(book.count == 1)
  }

  @Test("an order that has expired by the book's time is not inserted")
  func insertionExpired() {
    var book = OrderBook()
    book.advance(to: at(100))
    #expect(book.insert(.bid(1, time: 10, expiry: 100)) == .expired)
    #expect(book.insert(.bid(1, time: 10, expiry: 101)) == .inserted)
  }

  @Test("orders leave at their expiry, by expiry and then priority")
  func expiry() {
    var book = OrderBook(
      .offer(1, time: 10, expiry: 300), .bid(2, time: 12, expiry: 200), .offer(3, time: 11, expiry: 200),
      .bid(4, time: 10, expiry: 301))
    #expect(book.advance(to: at(199)) == [])
    #expect(book.advance(to: at(300)) == [orderID(3), orderID(2), orderID(1)])
    #expect(book.count == 1 && book.openCount(.offer) == 0 && book.openCount(.bid) == 1)
    #expect(book.order(orderID(1)) == nil)
  }

  @Test("the book's time does not go back")
  func timeOnlyGrows() {
    var book = OrderBook()
    book.advance(to: at(500))
    #expect(book.advance(to: at(100)) == [])
    #expect(book.time == at(500))
  }

  @Test("a cancelled order is gone from every view")
  func cancel() {
    var book = OrderBook(.offer(1, owner: 5, time: 10), .bid(2, time: 20))
    #expect([book.cancel(orderID(1)), book.cancel(orderID(1))] == [true, false])
    #expect(book.ladder(gpuClass: classA, side: .offer).isEmpty)
    #expect(book.levels(gpuClass: classA, side: .offer, at: Slot(0)).isEmpty)
    #expect(book.orders(ownedBy: node(5)).isEmpty)
    #expect(book.matching(2) == nil)
    #expect(book.advance(to: at(2_000_000)) == [orderID(2)])
  }

  @Test("all orders of an owner leave together, open or not, the earliest first")
  func removeAll() {
    var book = OrderBook(
      .offer(1, owner: 5, time: 30), .bid(2, owner: 5, time: 20), .offer(3, owner: 6, time: 10),
      .bid(4, owner: 5, time: 10))
    book.take(orderID(4), gpus: 2, slots: slots(0, 4))
    #expect(book.orders(ownedBy: node(5)).map(\.id) == [orderID(4), orderID(2), orderID(1)])
    #expect(book.removeAll(ownedBy: node(5)) == [orderID(4), orderID(2), orderID(1)])
    #expect(book.removeAll(ownedBy: node(5)) == [])
    #expect(book.count == 1)
  }

  @Test("an order with nothing left is off the ladder until a put-back revives it at its old place")
  func revival() {
    var book = OrderBook(
      .offer(1, time: 10, gpus: 4, window: slots(0, 4)), .offer(2, time: 20), .bid(3, time: 30, gpus: 4, duration: 4))
    let match = book.fill(3)
    #expect(match?.offer == orderID(1))
    #expect(book.ladder(gpuClass: classA, side: .offer).map(\.id) == [orderID(2)])
    #expect(book.openCount(.offer) == 1 && book.openCount(.bid) == 0 && book.count == 3)
    book.putBack(orderID(1), gpus: 4, slots: slots(0, 4))
    book.putBack(orderID(3), gpus: 4, slots: slots(0, 4))
    #expect(book.ladder(gpuClass: classA, side: .offer).map(\.id) == [orderID(1), orderID(2)])
    #expect(book.matching(3) == match)
  }

  @Test("what a dishonest owner takes too much has to come back before anything is left")
  func overtaken() {
    var book = OrderBook(.bid(1, time: 10, gpus: 4))
    book.take(orderID(1), gpus: 7, slots: slots(0, 4))
    #expect(book.state(of: orderID(1))?.remainingGPUs == 0)
    book.putBack(orderID(1), gpus: 2, slots: slots(0, 4))
    #expect(book.state(of: orderID(1))?.isOpen == false)
    book.putBack(orderID(1), gpus: 2, slots: slots(0, 4))
    #expect(book.state(of: orderID(1))?.remainingGPUs == 1)
    book.putBack(orderID(1), gpus: 30, slots: slots(0, 4))
    #expect(book.state(of: orderID(1))?.remainingGPUs == 4)
    #expect(book.state(of: orderID(1))?.taken == -27)
  }

  @Test("taking from an unknown order or taking nothing has no effect")
  func takingNothing() {
    var book = OrderBook(.bid(1, time: 10, gpus: 4))
    let effects = [
      book.take(orderID(2), gpus: 1, slots: slots(0, 4)), book.putBack(orderID(2), gpus: 1, slots: slots(0, 4)),
      book.take(orderID(1), gpus: 0, slots: slots(0, 4)), book.take(orderID(1), gpus: -3, slots: slots(0, 4)),
      book.putBack(orderID(1), gpus: -3, slots: slots(0, 4)),
    ]
    #expect(effects == [false, false, false, false, false])
    #expect(book.state(of: orderID(1))?.remainingGPUs == 4)
  }

  @Test("levels add up the orders at each price, offers by what is free in the slot asked about")
  func levels() {
    var book = OrderBook(
      .offer(1, time: 10, gpus: 8, price: 100), .offer(2, time: 11, gpus: 4, window: slots(5, 9), price: 100),
      .offer(3, time: 12, gpus: 2, price: 101), .bid(4, time: 13, gpus: 3, price: 50),
      .bid(5, time: 14, gpus: 5, price: 60))
    book.take(orderID(1), gpus: 3, slots: slots(0, 2))
    func level(_ price: Int64, _ gpus: Int64, _ orders: Int) -> [Int64] { [price, gpus, Int64(orders)] }
    func levels(_ side: Side, _ slot: Int64, limit: Int = .max) -> [[Int64]] {
      book.levels(gpuClass: classA, side: side, at: Slot(slot), limit: limit)
        .map { [$0.price.micros, $0.gpus, Int64($0.orders)] }
    }
    #expect(levels(.offer, 0) == [[100, 5, 2], [101, 2, 1]])
    #expect(levels(.offer, 5) == [[100, 12, 2], [101, 2, 1]])
    #expect(levels(.offer, 5, limit: 1) == [[100, 12, 2]])
    #expect(levels(.bid, 99) == [[60, 5, 1], [50, 3, 1]])
    #expect(levels(.offer, 5, limit: 0).isEmpty)
    #expect(book.levels(gpuClass: classC, side: .bid, at: Slot(0)).isEmpty)
  }

  @Test("an order that makes no sense is known, never open, and traps nothing")
  func senselessOrders() {
    var book = OrderBook(
      .offer(1, time: 10, gpus: 0), .offer(2, time: 10, gpus: -5, minimumGPUs: -5),
      .offer(3, time: 10, window: slots(4, 4)), .offer(4, time: 10, gpus: 4, minimumGPUs: 5),
      .offer(5, time: 10, minimumSlots: .max), .bid(6, time: 10, gpus: -1))
    book.insert(.bid(7, time: 10, gpuClasses: [], gpus: 1))
    book.insert(.bid(8, time: 10, duration: .max, price: .min))
    book.insert(.bid(9, time: 10, duration: 0, price: .max))
    book.insert(.offer(10, time: 20, price: .min))
    #expect(book.count == 10 && book.openCount(.offer) == 1)
    for number in UInt64(1)...10 {
      book.take(orderID(number), gpus: .max, slots: slots(0, 1))
      book.putBack(orderID(number), gpus: .max, slots: slots(0, 1))
      #expect(book.matching(number) == nil)
    }
    #expect(book.digest() == book.digestFromScratch())
    #expect(book.explain(orderID(10), context: anything)?.count(.matching) == 0)
  }
}
