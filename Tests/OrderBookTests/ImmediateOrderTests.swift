import Market
import NodeCrypto
import OrderBook
import Testing

@Suite("Immediate and post-only orders")
struct ImmediateOrderTests {
  @Test(
    "an immediate order takes but is never there to be taken",
    arguments: [.immediateOrCancel, .fillOrKill] as [TimeInForce])
  func neverRests(force: TimeInForce) {
    var book = OrderBook(.offer(1, owner: 5, time: 10, force: force), .bid(2, owner: 6, time: 20, force: force))
    book.insert(.bid(3, owner: 7, time: 30))
    book.insert(.offer(4, owner: 8, time: 15))
    #expect(book.matching(3)?.offer == orderID(4))
    #expect(book.matching(2)?.offer == orderID(4))
    book.cancel(orderID(4))
    #expect(book.matching(3) == nil)
    #expect(book.matching(2) == nil)
  }

  @Test("an immediate order is in the book and in no view of the market")
  func views() {
    let book = OrderBook(
      .offer(1, owner: 5, time: 10, force: .immediateOrCancel), .bid(2, owner: 6, time: 20, force: .immediateOrCancel),
      .offer(3, owner: 5, time: 11), .bid(4, owner: 6, time: 21))
    #expect(book.count == 4 && book.state(of: orderID(1))?.isOpen == true)
    #expect(book.numbers(.offer) == [3] && book.numbers(.bid) == [4])
    #expect(book.openCount(.offer) == 1 && book.openCount(.bid) == 1)
    #expect(book.levels(gpuClass: classA, side: .offer, at: Slot(0)).map(\.orders) == [1])
    let hours = book.depth(gpuClass: classA, from: Slot(0), hours: 1, slotsPerHour: 4, levels: 5)
    #expect(hours.map { $0.offers.map(\.orders) } == [[1]] && hours.map { $0.bids.map(\.orders) } == [[1]])
    #expect(book.orders(ownedBy: node(5)).map(\.id) == [orderID(1), orderID(3)])
    #expect(book.counterOrders(crossing: orderID(3), ownedBy: node(6)) == [orderID(4)])
    #expect(book.counterOrders(crossing: orderID(1), ownedBy: node(6)).isEmpty)
  }

  @Test("an immediate order is filled in pieces like any other, and expires like any other")
  func filled() {
    var book = OrderBook(
      .offer(1, time: 10, gpus: 2), .offer(2, time: 11, gpus: 2),
      .bid(3, time: 20, gpus: 5, minimumGPUs: 1, expiry: 100, force: .immediateOrCancel))
    #expect(book.fill(3)?.gpus == 2)
    // The same offer again, in later slots, before the next one.
    #expect(book.fill(3)?.slots == slots(4, 8))
    #expect(book.fill(3)?.offer == orderID(2))
    #expect(book.state(of: orderID(3))?.isOpen == false)
    book.putBack(orderID(3), gpus: 1, slots: slots(0, 4))
    #expect(book.state(of: orderID(3))?.isOpen == true && book.numbers(.bid).isEmpty)
    #expect(book.advance(to: at(100)) == [orderID(3)])
  }

  @Test("the check of a post-only order finds what it would take, though it is not in the book")
  func wouldTake() {
    let book = OrderBook(.offer(1, time: 10, price: 1_900_000))
    let crossing = Order.bid(2, time: 20, isPostOnly: true)
    #expect(book.match(crossing, context: anything)?.price == Price(micros: 1_900_000))
    #expect(book.match(.bid(2, time: 20, price: 1_899_999, isPostOnly: true), context: anything) == nil)
    #expect(book.match(.bid(2, time: 5, isPostOnly: true), context: anything) == nil, "it came first")
    #expect(book.count == 1)
  }

  @Test("a post-only order that would take is among those to look at again when a counter-order changes")
  func postOnlyCrossing() {
    let book = OrderBook(.offer(1, owner: 5, time: 10), .bid(2, owner: 6, time: 20, isPostOnly: true))
    #expect(book.counterOrders(crossing: orderID(1), ownedBy: node(6)) == [orderID(2)])
  }
}
