import Market
import NodeCrypto
import OrderBook
import Testing

@Suite("Explanation")
struct ExplanationTests {
  /// A bid that demands something of everything, and the machine that has it.
  private static let demands = demanding {
    $0.regions = ["EU"]
    $0.minimumVRAMMiB = 80_000
    $0.interconnect = "nvlink"
    $0.maximumWattsPerGPU = 700
    $0.maximumGramsCO2PerKWh = 100
    $0.probedOnly = true
    $0.excludedProviders = [node(66)]
    $0.minimumSettledTrades = 3
    $0.maximumFailurePercent = 50
  }
  private static let suitable = Attributes(
    region: "EU-FR", interconnect: "nvlink", driver: "570", wattsPerGPU: 700, gramsCO2PerKWh: 100, vramMiB: 81_920,
    probed: .all)

  private static func machine(_ change: (inout Attributes) -> Void) -> Attributes {
    var attributes = suitable
    change(&attributes)
    return attributes
  }

  /// One counter-order that fails each condition first, and what it is.
  private static let failing: [(condition: MatchCondition, order: Order)] = [
    (.gpuClass, .offer(1, owner: 7, time: 1, gpuClass: classB, attributes: suitable)),
    (.ownOrder, .offer(2, owner: 5, time: 2, attributes: suitable)),
    (.price, .offer(3, owner: 7, time: 3, price: 2_000_001, attributes: suitable)),
    (.region, .offer(4, owner: 7, time: 4, attributes: machine { $0.region = "US-CA" })),
    (.vram, .offer(5, owner: 7, time: 5, attributes: machine { $0.vramMiB = 79_999 })),
    (.interconnect, .offer(6, owner: 7, time: 6, attributes: machine { $0.interconnect = "" })),
    (.watts, .offer(7, owner: 7, time: 7, attributes: machine { $0.wattsPerGPU = 701 })),
    (.co2, .offer(8, owner: 7, time: 8, attributes: machine { $0.gramsCO2PerKWh = 0 })),
    (.probed, .offer(9, owner: 7, time: 9, attributes: machine { $0.probed = [.region, .vram, .watts, .co2] })),
    (.provider, .offer(10, owner: 66, time: 10, attributes: suitable)),
    (.record, .offer(11, owner: 8, time: 11, attributes: suitable)),
    (.window, .offer(12, owner: 7, time: 12, window: slots(0, 3), attributes: suitable)),
    (.gpus, .offer(13, owner: 7, time: 13, gpus: 1, attributes: suitable)),
    (.staleOwner, .offer(14, owner: 77, time: 14, attributes: suitable)),
    (.alreadyTried, .offer(15, owner: 7, time: 15, attributes: suitable)),
    (.later, .offer(16, owner: 7, time: 90, attributes: suitable)),
    (.matching, .offer(17, owner: 7, time: 17, attributes: suitable)),
  ]
  private static let context = MatchContext(
    earliestStart: Slot(0), staleOwners: [node(77)], triedOrders: [orderID(15)],
    records: [
      node(7): PublicRecord(settled: 3, expiries: 3), node(77): PublicRecord(settled: 30),
      node(8): PublicRecord(settled: 3, expiries: 4), node(66): PublicRecord(settled: 30),
    ])

  private static func book(isPostOnly: Bool = false) -> OrderBook {
    var book = OrderBook(
      .bid(50, owner: 5, time: 50, requirements: demands, isPostOnly: isPostOnly))
    for order in failing.map(\.order) { book.insert(order) }
    return book
  }

  @Test("each condition has a counter-order that fails it and none before", arguments: failing)
  func firstFailure(condition: MatchCondition, order: Order) throws {
    let book = OrderBook(order, .bid(50, owner: 5, time: 50, requirements: Self.demands))
    let explanation = try #require(book.explain(orderID(50), context: Self.context))
    #expect(MatchCondition.allCases.filter { explanation.count($0) > 0 } == [condition])
    #expect((book.matching(50, Self.context) != nil) == (condition == .matching))
  }

  @Test("each counter-order counts once, under the first condition that fails")
  func everyCondition() throws {
    let explanation = try #require(Self.book().explain(orderID(50), context: Self.context))
    for condition in MatchCondition.allCases {
      #expect(explanation.count(condition) == ([.postOnly, .together].contains(condition) ? 0 : 1))
    }
    #expect(explanation.counterOrders == 17)
    #expect(Self.book().matching(50, Self.context)?.offer == orderID(17))
  }

  @Test("what a post-only order would take is not counted as matching, though a match finds it")
  func postOnly() throws {
    let book = Self.book(isPostOnly: true)
    let explanation = try #require(book.explain(orderID(50), context: Self.context))
    #expect(explanation.count(.postOnly) == 1 && explanation.count(.matching) == 0)
    #expect(book.matching(50, Self.context)?.offer == orderID(17))
  }

  @Test("a post-only counter-order is there to be taken")
  func postOnlyMaker() {
    let book = OrderBook(.offer(1, time: 1, isPostOnly: true), .bid(2, time: 2))
    #expect(book.explain(orderID(2), context: anything)?.count(.matching) == 1)
  }

  @Test("immediate orders are no counter-orders, and are explained themselves")
  func immediate() {
    let book = OrderBook(
      .offer(1, time: 1, force: .immediateOrCancel), .offer(2, time: 2), .bid(3, time: 3, force: .fillOrKill))
    #expect(book.explain(orderID(3), context: anything)?.counterOrders == 1)
    #expect(book.explain(orderID(1), context: anything)?.counterOrders == 0)
    #expect(book.explain(orderID(2), context: anything)?.counterOrders == 0)
  }

  @Test("the best counter price is the best of those of an acceptable class that others placed")
  func bestPriceOfOthers() {
    let book = OrderBook(
      .offer(1, owner: 5, time: 1, price: 1_000_000), .offer(2, time: 2, gpuClass: classB, price: 1_100_000),
      .offer(3, time: 3, price: 3_000_000), .offer(5, time: 3, price: 2_900_000, attributes: Attributes(region: "EU")),
      .bid(4, owner: 5, time: 9), .offer(6, time: 10, gpuClass: classC))
    let explanation = book.explain(orderID(4), context: anything)
    #expect(explanation?.bestCounterPrice == Price(micros: 2_900_000))
    #expect(explanation?.count(.price) == 2)
    #expect(book.explain(orderID(6), context: anything)?.bestCounterPrice == nil)
    #expect(book.explain(orderID(3), context: anything)?.bestCounterPrice == Price(micros: 2_000_000))
  }

  @Test("an offer's counter-orders are judged by what each bid demands of it")
  func offersView() throws {
    let book = OrderBook(
      .bid(1, time: 1, requirements: demanding { $0.interconnect = "nvlink" }),
      .bid(2, time: 2, requirements: demanding { $0.providers = [node(9)] }), .bid(3, time: 3, price: 1),
      .offer(4, owner: 8, time: 4))
    let explanation = try #require(book.explain(orderID(4), context: anything))
    #expect([.interconnect, .provider, .price].map { explanation.count($0) } == [1, 1, 1])
    #expect(explanation.bestCounterPrice == Price(micros: 2_000_000))
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
        "gpu_class", "own_order", "price", "region", "vram", "interconnect", "watts", "co2", "probed", "provider",
        "record", "window", "gpus", "stale_owner", "already_tried", "later", "together", "post_only",
        "matching",
      ])
  }
}
