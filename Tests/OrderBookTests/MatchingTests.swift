import Market
import NodeCrypto
import OrderBook
import Testing

@Suite("Matching")
struct MatchingTests {
  @Test("the best price goes first, then the earliest order")
  func priceTimePriority() {
    let book = OrderBook(
      .offer(1, time: 10, price: 1_900_000), .offer(2, time: 40, price: 1_800_000),
      .offer(3, time: 30, price: 1_800_000), .bid(4, time: 50))
    #expect(book.matching(4)?.maker == orderID(3))
    #expect(book.ladder(gpuClass: classA, side: .offer).map(\.id) == [orderID(3), orderID(2), orderID(1)])
  }

  @Test("of orders with one price and time the author, then the sequence, then the index decides")
  func priorityTies() {
    func offer(_ number: UInt64, owner: UInt64, sequence: UInt64, index: UInt32) -> Order {
      Order(
        id: orderID(number),
        priority: OrderPriority(time: at(10), owner: node(owner), sequence: sequence, index: index),
        body: Order.offer(0, time: 0).body)
    }
    let book = OrderBook(
      offer(1, owner: 6, sequence: 1, index: 0), offer(2, owner: 5, sequence: 9, index: 1),
      offer(3, owner: 5, sequence: 9, index: 0), offer(4, owner: 5, sequence: 8, index: 7))
    #expect(book.ladder(gpuClass: classA, side: .offer).map(\.id) == [4, 3, 2, 1].map(orderID))
  }

  @Test("a bid that takes pays the offer's price")
  func bidPaysMakersPrice() throws {
    let book = OrderBook(.offer(1, time: 10, price: 1_500_000), .bid(2, time: 20, price: 2_500_000))
    let match = try #require(book.matching(2))
    #expect(
      match
        == Match(
          offer: orderID(1), bid: orderID(2), takerSide: .bid, gpus: 2, slots: slots(0, 4),
          price: Price(micros: 1_500_000), gpuClass: classA))
    #expect(match.maker == orderID(1) && match.taker == orderID(2))
  }

  @Test("an offer that takes gets the bid's price")
  func offerGetsMakersPrice() throws {
    let book = OrderBook(.bid(1, time: 10, price: 2_500_000), .offer(2, time: 20, price: 1_500_000))
    let match = try #require(book.matching(2))
    #expect(match.price == Price(micros: 2_500_000))
    #expect(match.maker == orderID(1) && match.taker == orderID(2) && match.takerSide == .offer)
  }

  @Test("the earlier of two crossing orders never proposes")
  func earlierOrderWaits() {
    let book = OrderBook(.offer(1, time: 10), .bid(2, time: 20))
    #expect(book.matching(1) == nil)
    #expect(book.matching(2) != nil)
  }

  @Test("prices cross when they are equal, and not when the ask is one micro-unit above")
  func crossingAtTheEdge() {
    let crossing = OrderBook(.offer(1, time: 10, price: 2_000_000), .bid(2, time: 20, price: 2_000_000))
    #expect(crossing.matching(2) != nil)
    let apart = OrderBook(.offer(1, time: 10, price: 2_000_001), .bid(2, time: 20, price: 2_000_000))
    #expect(apart.matching(2) == nil)
    let offerTakes = OrderBook(.bid(1, time: 10, price: 2_000_000), .offer(2, time: 20, price: 2_000_001))
    #expect(offerTakes.matching(2) == nil)
  }

  @Test("a node does not trade with itself, but with the next order behind its own")
  func noSelfTrade() {
    let book = OrderBook(.offer(1, owner: 7, time: 10), .offer(2, owner: 8, time: 11), .bid(3, owner: 7, time: 20))
    #expect(book.matching(3)?.offer == orderID(2))
    let alone = OrderBook(.offer(1, owner: 7, time: 10), .bid(3, owner: 7, time: 20))
    #expect(alone.matching(3) == nil)
  }

  @Test("a bid takes what an offer has left and the rest from the next, each at its own start")
  func bidFilledInPieces() {
    var book = OrderBook(
      .offer(1, time: 10, gpus: 3, window: slots(2, 8), price: 1_000_000), .offer(2, time: 11, gpus: 8),
      .bid(3, time: 20, gpus: 5, minimumGPUs: 1))
    let first = book.fill(3)
    #expect(first?.offer == orderID(1) && first?.gpus == 3 && first?.slots == slots(2, 6))
    #expect(book.state(of: orderID(3))?.remainingGPUs == 2)
    let second = book.fill(3)
    #expect(second?.offer == orderID(2) && second?.gpus == 2 && second?.slots == slots(0, 4))
    #expect(book.state(of: orderID(3))?.isOpen == false)
    #expect(book.fill(3) == nil)
  }

  @Test("an offer sells one rectangle after another until its calendar is full")
  func offerFilledInPieces() {
    var book = OrderBook(
      .bid(1, time: 10, gpus: 2, duration: 6), .bid(2, time: 11, gpus: 2, duration: 4), .bid(3, time: 12, gpus: 1),
      .offer(4, time: 20, gpus: 2))
    #expect(book.fill(4)?.slots == slots(0, 6))
    #expect(book.fill(4)?.slots == slots(6, 10))
    #expect(book.fill(4) == nil)
    #expect(book.state(of: orderID(4))?.isOpen == false)
    #expect(book.ladder(gpuClass: classA, side: .offer).isEmpty)
  }

  @Test("the earliest start with the smallest piece is taken, with all the GPUs that are free there")
  func earliestStartBeforeMostGPUs() {
    var book = OrderBook(.offer(1, time: 10, gpus: 8), .bid(2, time: 20, gpus: 8, minimumGPUs: 3))
    book.take(orderID(1), gpus: 6, slots: slots(0, 2))
    book.take(orderID(1), gpus: 4, slots: slots(2, 7))
    let match = book.matching(2)
    #expect(match?.slots == slots(2, 6) && match?.gpus == 4)
  }

  @Test("a bid in one piece waits for all its GPUs in one offer")
  func allOrNothing() {
    let book = OrderBook(.offer(1, time: 10, gpus: 3), .offer(2, time: 11, gpus: 3), .bid(3, time: 20, gpus: 4))
    #expect(book.matching(3) == nil)
  }

  @Test("an offer sells no piece below its minimum of GPUs or of slots")
  func offersMinimum() {
    let gpus = OrderBook(.offer(1, time: 10, minimumGPUs: 3), .bid(2, time: 20, gpus: 2))
    #expect(gpus.matching(2) == nil)
    let count = OrderBook(.offer(1, time: 10, minimumSlots: 5), .bid(2, time: 20, duration: 4))
    #expect(count.matching(2) == nil)
    let exact = OrderBook(.offer(1, time: 10, minimumGPUs: 2, minimumSlots: 4), .bid(2, time: 20, gpus: 2, duration: 4))
    #expect(exact.matching(2) != nil)
  }

  @Test("what is left of an offer below its smallest piece is not for sale")
  func offersLastPiece() {
    var book = OrderBook(
      .offer(1, time: 10, gpus: 5, window: slots(0, 4), minimumGPUs: 3), .bid(2, time: 20, gpus: 3),
      .bid(3, time: 21, gpus: 2, minimumGPUs: 1))
    book.fill(2)
    #expect(book.state(of: orderID(1))?.remainingGPUs == 2)
    #expect(book.state(of: orderID(1))?.isOpen == false)
    #expect(book.matching(3) == nil)
  }

  @Test("what is left of a bid below its smallest piece is filled whole")
  func bidsLastPiece() {
    var book = OrderBook(
      .offer(1, time: 10, gpus: 4, price: 1_000_000), .offer(2, time: 11, gpus: 1, price: 1_100_000),
      .offer(3, time: 12, gpus: 8), .bid(4, time: 20, gpus: 6, window: slots(0, 4), minimumGPUs: 4))
    #expect(!book.wantsRemainder(orderID(4)))
    #expect(book.fill(4)?.gpus == 4)
    #expect(book.wantsRemainder(orderID(4)) && !book.wantsRemainder(orderID(3)))
    let last = book.fill(4)
    #expect(last?.gpus == 2 && last?.offer == orderID(3))
  }

  @Test("windows that meet in exactly the duration match, and one slot less does not")
  func windowEdges() {
    func match(_ offered: SlotRange, _ wanted: SlotRange, from start: Int64 = 0) -> SlotRange? {
      OrderBook(.offer(1, time: 10, window: offered), .bid(2, time: 20, duration: 4, window: wanted))
        .matching(2, MatchContext(earliestStart: Slot(start)))?.slots
    }
    #expect(match(slots(0, 8), slots(4, 20)) == slots(4, 8))
    #expect(match(slots(0, 8), slots(5, 20)) == nil)
    #expect(match(slots(10, 30), slots(0, 14)) == slots(10, 14))
    #expect(match(slots(10, 30), slots(0, 13)) == nil)
    #expect(match(slots(0, 8), slots(0, 8), from: 4) == slots(4, 8))
    #expect(match(slots(0, 8), slots(0, 8), from: 5) == nil)
    #expect(match(slots(0, 8), slots(10, 20)) == nil)
    #expect(match(slots(0, 8), slots(0, 8), from: 100) == nil)
  }

  @Test("a bid for several classes sees their offers as one ladder")
  func severalClasses() {
    var book = OrderBook(
      .offer(1, time: 10, gpuClass: classA, price: 1_500_000), .offer(2, time: 9, gpuClass: classB, price: 1_500_000),
      .offer(3, time: 8, gpuClass: classC, price: 1_000_000), .bid(4, time: 20, gpuClasses: [classA, classB]))
    let match = book.matching(4)
    #expect(match?.offer == orderID(2) && match?.gpuClass == classB)
    book.cancel(orderID(2))
    #expect(book.matching(4)?.gpuClass == classA)
    book.cancel(orderID(1))
    #expect(book.matching(4) == nil)
    book.insert(.offer(5, time: 30, gpuClass: classB))
    #expect(book.matching(5)?.bid == orderID(4))
    #expect([classA, classB].map { book.ladder(gpuClass: $0, side: .bid).map(\.id) } == [[orderID(4)], [orderID(4)]])
    #expect(book.openCount(.bid) == 1)
  }

  @Test("stale owners and orders tried lately are passed over for the next best")
  func passedOver() {
    let book = OrderBook(
      .offer(1, owner: 5, time: 10, price: 1_000_000), .offer(2, owner: 6, time: 11, price: 1_100_000),
      .offer(3, owner: 7, time: 12, price: 1_200_000), .bid(4, time: 20))
    let context = MatchContext(earliestStart: Slot(0), staleOwners: [node(5)], triedOrders: [orderID(2)])
    #expect(book.matching(4, context)?.offer == orderID(3))
  }

  @Test("an unknown order and one with nothing left match nothing")
  func nothingToMatch() {
    var book = OrderBook(.offer(1, time: 10), .bid(2, time: 20))
    book.take(orderID(2), gpus: 2, slots: slots(0, 4))
    #expect(book.matching(2) == nil)
    #expect(book.matching(9) == nil)
  }

  @Test("an order that is not in the book is matched by its own terms and place in time")
  func probes() {
    let book = OrderBook(.offer(1, owner: 5, time: 10), .bid(2, owner: 6, time: 20))
    #expect(book.match(.bid(9, owner: 7, time: 30), context: anything)?.bid == orderID(9))
    #expect(book.match(.offer(9, owner: 7, time: 30), context: anything)?.bid == orderID(2))
    #expect(book.match(.bid(9, owner: 7, time: 5), context: anything) == nil)
    #expect(book.match(.bid(9, owner: 5, time: 30), context: anything) == nil)
    #expect(book.match(.bid(9, owner: 7, time: 30, gpus: 0), context: anything) == nil)
    #expect(book.count == 2)
  }

  /// What remains of a ladder must not be taken for an order, whatever the prices, nor keep an order from its place.
  @Test("an emptied ladder matches nothing and takes new orders", arguments: [Int64.min, -1, 0, 2_000_000, .max])
  func emptiedLadders(_ price: Int64) {
    var book = OrderBook()
    for round in 0..<3 as Range<UInt64> {
      // Later ones and then earlier ones, of both sides and of other prices.
      let time = Int64(round == 1 ? 100 : 500)
      book.insert(.offer(1, time: time, price: price))
      book.insert(.offer(2, time: time + 1, price: 3))
      book.cancel(orderID(2))
      book.cancel(orderID(1))
      #expect(book.numbers(.offer).isEmpty && book.openCount(.offer) == 0)
      book.insert(.bid(3, time: 1000, price: .max, force: .immediateOrCancel))
      #expect(book.matching(3) == nil && book.explain(orderID(3), context: anything)?.counterOrders == 0)
      book.cancel(orderID(3))
      book.insert(.bid(4, time: time, price: price))
      book.cancel(orderID(4))
      book.insert(.offer(5, time: 1000, price: .min, force: .immediateOrCancel))
      #expect(book.matching(5) == nil)
      book.cancel(orderID(5))
    }
    book.insert(.offer(6, time: 50, price: price))
    book.insert(.offer(7, time: 40, price: price))
    book.insert(.offer(8, time: 600, price: price))
    #expect(book.numbers(.offer) == [7, 6, 8])
    book.insert(.bid(9, time: 1000, price: price))
    #expect(book.matching(9)?.offer == orderID(7))
    #expect(book.digest() == book.digestFromScratch())
  }

  @Test("a changed order names the later own orders that might take from it, the earliest first")
  func crossingOrders() {
    let book = OrderBook(
      .bid(1, owner: 5, time: 30, price: 2_500_000), .bid(2, owner: 5, time: 25),
      .bid(3, owner: 5, time: 5), .bid(4, owner: 5, time: 40, price: 1_000_000),
      .bid(5, owner: 5, time: 41, gpuClasses: [classB]), .bid(6, owner: 6, time: 42),
      .offer(7, owner: 5, time: 43), .offer(8, owner: 9, time: 10))
    #expect(book.counterOrders(crossing: orderID(8), ownedBy: node(5)) == [orderID(2), orderID(1)])
    #expect(book.counterOrders(crossing: orderID(8), ownedBy: node(9)).isEmpty)
    #expect(book.counterOrders(crossing: orderID(3), ownedBy: node(9)) == [orderID(8)])
    #expect(book.counterOrders(crossing: orderID(99), ownedBy: node(5)).isEmpty)
  }
}
