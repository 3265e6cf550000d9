import Market
import NodeCrypto
import OrderBook

/// A week passes slot by slot and all orders expire; and time passes in which none does.
struct ExpiryWorkload: Workload {
  let name = "expiry"
  private let orders: [Order]
  private var perOrder = Series()
  private var perIdleAdvance = Series()

  init(_ scale: Scale, seed: UInt64) {
    var market = RectangleMarket(seed: seed &+ 50)
    orders = (0..<scale.expiringOrders).map { index in
      index % 2 == 0 ? market.offer() : market.bid(level: -1 - Int64(index / 2) % RectangleMarket.levelCount)
    }
  }

  var rows: [Row] {
    [Row("expiry/order", perOrder, "ns"), Row("expiry/idle-advance", perIdleAdvance, "ns")]
  }

  mutating func run() {
    var book = OrderBook(seed: 7)
    var now = RectangleMarket.time(of: RectangleMarket.firstSlot)
    book.advance(to: now)
    for order in orders { book.insert(order) }

    let idle = 1000
    var start = Stopwatch.processor()
    for _ in 0..<idle {
      now = now + 1
      book.advance(to: now)
    }
    perIdleAdvance.append(Double(Stopwatch.processorTime(since: start)) / Double(idle))
    precondition(book.count == orders.count, "orders expire before their time")

    var expired = 0
    start = Stopwatch.processor()
    for slot in 1...RectangleMarket.week {
      expired += book.advance(to: RectangleMarket.time(of: RectangleMarket.firstSlot + slot)).count
    }
    perOrder.append(Double(Stopwatch.processorTime(since: start)) / Double(max(1, expired)))
    precondition(expired == orders.count && book.count == 0, "orders stay past their expiry")
  }
}
