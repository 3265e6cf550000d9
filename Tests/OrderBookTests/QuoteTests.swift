import Market
import NodeCrypto
import OrderBook
import Testing

@Suite("Quotes and depth")
struct QuoteTests {
  @Test("a bid in one piece is quoted the cheapest offer, and the one that starts soonest")
  func onePiece() {
    let book = OrderBook(
      .offer(1, time: 10, window: slots(6, 20), price: 1_000_000), .offer(2, time: 11, window: slots(1, 20)),
      .offer(3, time: 12, window: slots(1, 20), price: 1_900_000), .offer(4, time: 9, window: slots(1, 20)),
      .offer(5, time: 13, window: slots(0, 3)))
    let quote = book.quote(.bid(9, time: 20, window: slots(0, 20)), context: anything)
    #expect(quote.cheapest.map(\.offer) == [orderID(1)] && quote.cheapest.map(\.slots) == [slots(6, 10)])
    #expect(quote.soonest.map(\.offer) == [orderID(3)] && quote.soonest.map(\.slots) == [slots(1, 5)])
    #expect(quote.cheapest.map(\.price.micros) == [1_000_000] && quote.cheapest.map(\.gpus) == [2])
  }

  @Test("of offers that start equally soon at one price the earliest is quoted")
  func soonestTies() {
    let book = OrderBook(.offer(1, time: 12), .offer(2, time: 11), .offer(3, time: 13))
    #expect(book.quote(.bid(9, time: 20), context: anything).soonest.map(\.offer) == [orderID(2)])
  }

  @Test("a split bid is quoted piece by piece, each as if those before were taken")
  func split() {
    let book = OrderBook(
      .offer(1, time: 10, gpus: 3, window: slots(4, 8), price: 1_000_000), .offer(2, time: 11, gpus: 4))
    let quote = book.quote(.bid(9, time: 20, gpus: 6, minimumGPUs: 1), context: anything)
    #expect(quote.cheapest.map(\.offer) == [orderID(1), orderID(2)] && quote.cheapest.map(\.gpus) == [3, 3])
    #expect(quote.cheapest.map(\.slots) == [slots(4, 8), slots(0, 4)])
    #expect(quote.soonest.map(\.offer) == [orderID(2), orderID(1)] && quote.soonest.map(\.gpus) == [4, 2])
    #expect(quote.soonest.map(\.slots) == [slots(0, 4), slots(4, 8)])
  }

  @Test("a quote takes nothing and leaves out what a match leaves out")
  func leavesOut() {
    var book = OrderBook(
      .offer(1, owner: 5, time: 10, price: 1), .offer(2, owner: 6, time: 10, price: 2),
      .offer(3, owner: 7, time: 10, price: 3, force: .immediateOrCancel), .offer(4, owner: 8, time: 30, price: 4))
    let before = book.digest()
    let context = MatchContext(earliestStart: Slot(0), staleOwners: [node(5)])
    #expect(book.quote(.bid(9, owner: 6, time: 20), context: context).cheapest.isEmpty)
    #expect(book.quote(.bid(9, owner: 9, time: 20), context: context).cheapest.map(\.offer) == [orderID(2)])
    #expect(book.quote(.bid(9, owner: 9, time: 20, gpus: 0), context: context).soonest.isEmpty)
    #expect(book.digest() == before && book.count == 4)
  }

  @Test("depth counts what is free throughout each hour, and the bids that could be delivered in it")
  func depth() {
    var book = OrderBook(
      .offer(1, time: 10, gpus: 8, window: slots(0, 8), price: 100), .offer(2, time: 11, gpus: 4, price: 100),
      .offer(3, time: 12, gpus: 2, window: slots(2, 8), price: 90),
      .bid(4, time: 13, gpus: 3, window: slots(3, 7), price: 5),
      .bid(5, time: 14, gpus: 5, window: slots(4, 20), price: 9))
    book.take(orderID(1), gpus: 6, slots: slots(5, 6))
    book.take(orderID(2), gpus: 4, slots: slots(0, 1))
    let hours = book.depth(gpuClass: classA, from: Slot(0), hours: 3, slotsPerHour: 4, levels: 9)
    func levels(_ levels: [PriceLevel]) -> [[Int64]] { levels.map { [$0.price.micros, $0.gpus, Int64($0.orders)] } }
    #expect(hours.map(\.slots) == [slots(0, 4), slots(4, 8), slots(8, 12)])
    #expect(hours.map { levels($0.offers) } == [[[100, 8, 1]], [[90, 2, 1], [100, 6, 2]], []])
    #expect(hours.map { levels($0.bids) } == [[[5, 3, 1]], [[9, 5, 1], [5, 3, 1]], [[9, 5, 1]]])
    let best = book.depth(gpuClass: classA, from: Slot(4), hours: 1, slotsPerHour: 4, levels: 1)
    #expect(levels(best[0].offers) == [[90, 2, 1]] && levels(best[0].bids) == [[9, 5, 1]])
    #expect(
      book.depth(gpuClass: classB, from: Slot(0), hours: 2, slotsPerHour: 4, levels: 9).allSatisfy { $0.offers.isEmpty }
    )
    #expect(book.depth(gpuClass: classA, from: Slot(0), hours: 0, slotsPerHour: 4, levels: 9).isEmpty)
  }
}
