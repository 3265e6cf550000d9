import Market
import NodeCrypto
import OrderBook
import Testing

@Suite("Explanation")
struct ExplanationTests {
  @Test("each counter-order counts once, under the first condition that fails")
  func everyCondition() throws {
    var book = OrderBook(
      .offer(1, time: 1, gpuClass: classB),
      .offer(2, owner: 5, time: 2),
      .offer(3, time: 3, price: 9_000_000), .offer(4, time: 4, price: 9_000_000),
      .offer(5, time: 5, attributes: Attributes(region: "US-CA")),
      .offer(6, time: 6, attributes: Attributes(region: "EU-FR", wattsPerGPU: 900)),
      .offer(7, time: 7, window: slots(0, 3), attributes: Attributes(region: "EU", wattsPerGPU: 300)),
      .offer(8, time: 8, minimumSlots: 5, attributes: Attributes(region: "EU", wattsPerGPU: 300)))
    let suitable = Attributes(region: "EU-FR", wattsPerGPU: 300)
    book.insert(.offer(9, time: 9, gpus: 1, attributes: suitable))
    book.insert(.offer(10, owner: 77, time: 10, attributes: suitable))
    book.insert(.offer(11, time: 11, attributes: suitable))
    book.insert(.offer(12, time: 90, price: 1_700_000, attributes: suitable))
    book.insert(.offer(13, time: 13, price: 1_900_000, attributes: suitable))
    book.insert(.offer(14, time: 14, attributes: suitable))
    book.insert(
      .bid(
        50, owner: 5, time: 50, requirements: Requirements(regions: ["EU"], maximumWattsPerGPU: 400)))
    let context = MatchContext(earliestStart: Slot(0), staleOwners: [node(77)], triedOrders: [orderID(11)])
    let explanation = try #require(book.explain(orderID(50), context: context))
    #expect(
      MatchCondition.allCases.map { explanation.count($0) } == [1, 1, 2, 1, 1, 2, 1, 1, 1, 1, 2])
    #expect(explanation.counterOrders == 14)
    #expect(explanation.bestCounterPrice == Price(micros: 1_700_000))
    #expect(book.match(orderID(50), context: context)?.offer == orderID(13))
  }

  @Test("the best counter price shows the market on which an order's limit is too low")
  func bestPriceOfOthers() {
    let book = OrderBook(
      .offer(1, owner: 5, time: 1, price: 1_000_000), .offer(2, time: 2, gpuClass: classB, price: 1_100_000),
      .offer(3, time: 3, price: 3_000_000), .bid(4, owner: 5, time: 9), .offer(6, time: 10, gpuClass: classC))
    let explanation = book.explain(orderID(4), context: anything)
    #expect(explanation?.bestCounterPrice == Price(micros: 3_000_000))
    #expect(explanation?.count(.price) == 1)
    #expect(book.explain(orderID(6), context: anything)?.bestCounterPrice == nil)
  }

  @Test("there is no explanation for an order that is unknown or has nothing left")
  func onlyOpenOrders() {
    var book = OrderBook(.offer(1, time: 1), .bid(2, time: 2))
    #expect(book.explain(orderID(2), context: anything)?.counterOrders == 1)
    book.take(orderID(2), gpus: 2, slots: slots(0, 4))
    #expect(book.explain(orderID(2), context: anything) == nil)
    #expect(book.explain(orderID(3), context: anything) == nil)
  }

  @Test("the conditions' names and their order are stable")
  func stableNames() {
    #expect(
      MatchCondition.allCases.map(\.rawValue) == [
        "gpu_class", "own_order", "price", "region", "attributes", "window", "gpus", "stale_owner", "already_tried",
        "later", "matching",
      ])
  }
}
