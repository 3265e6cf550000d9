import Market
import MarketFiles
import NodeCrypto
import OrderBook

/// A book rebuilt from what a node reads at its start: the feeds of all owners, one feed after the other, half offers
/// and half bids that cross none of them, with a take from every tenth offer. Reading, signatures and decoding are not
/// in it.
struct RebuildWorkload: Workload {
  let name = "rebuild"
  private let count: Int
  private let seed: UInt64
  private var seconds = Series()
  private var bytesPerOrder = Series()

  init(_ scale: Scale, seed: UInt64) {
    count = scale.rebuiltOrders
    self.seed = seed &+ 30
  }

  var rows: [Row] {
    [
      // One second for a million, and as much an order for fewer.
      Row("rebuild/all", seconds, "s", goal: .atMost(Double(count) / 1_000_000)),
      Row("rebuild/order", seconds.scaled(by: 1e9 / Double(count)), "ns"),
      Row("rebuild/bytes", bytesPerOrder, "bytes"),
    ]
  }

  mutating func run() {
    let orders = feeds()
    let bytes = Memory.residentBytes
    var book = OrderBook(seed: 7)
    let start = Stopwatch.processor()
    Self.rebuild(&book, orders)
    seconds.append(Double(Stopwatch.processorTime(since: start)) / 1e9)
    bytesPerOrder.append(Double(Memory.residentBytes - bytes) / Double(max(1, book.count)))
    precondition(book.count == orders.count, "the rebuilt book lacks orders")
  }

  @inline(never)
  private static func rebuild(_ book: inout OrderBook, _ orders: [Order]) {
    // An element of an array would be copied to lend it to the book.
    let lent = orders.span
    for index in orders.indices {
      if index % OrderBook.changesToPrefetch == 0 {
        let entry = orders[index..<min(orders.count, index + OrderBook.changesToPrefetch)]
        let ids = entry.map(\.id)
        let bodies = entry.map(\.body)
        let times = entry.map(\.priority.time)
        book.prefetch(ids.span, inserting: bodies.span, at: times.span)
      }
      book.insert(lent[index])
      if index % 10 == 0, case .offer(let offer) = orders[index].body {
        let start = offer.window.start
        book.take(orders[index].id, gpus: 1, slots: SlotRange(start: start, end: start + 1 + offer.window.count / 2))
      }
    }
  }

  /// The orders by owner, and those of an owner by time.
  private func feeds() -> [Order] {
    var market = RectangleMarket(seed: seed)
    var feeds: [NodeID: [Order]] = [:]
    for index in 0..<count {
      let level = -1 - Int64(index / 2) % RectangleMarket.levelCount
      let order = index % 2 == 0 ? market.offer() : market.bid(level: level)
      feeds[order.owner, default: []].append(order)
    }
    return feeds.sorted { $0.key < $1.key }.flatMap(\.value)
  }
}
