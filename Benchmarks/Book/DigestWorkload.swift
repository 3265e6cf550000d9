import Market
import MarketFiles
import NodeCrypto
import OrderBook

/// What the book's digest costs for each change: a third inserts, a third takes, a third cancels.
///
/// The floor of a change is what it needs at least: one element more in the set hash for an insert, one fewer for a
/// cancel, two more for a take, which changes the used GPUs at two slots.
struct DigestWorkload: Workload {
  let name = "digest"
  private let orders: [Order]
  private let changes: Int
  private let seed: UInt64
  private var perChange = Series()
  private var perElement = Series()
  private var perCall = Series()
  private var scratch = Series()

  init(_ scale: Scale, seed: UInt64) {
    var market = RectangleMarket(seed: seed &+ 60)
    orders = (0..<scale.digestOrders + scale.digestChanges).map { _ in market.offer() }
    changes = scale.digestChanges
    self.seed = seed &+ 61
  }

  var rows: [Row] {
    [
      Row("digest/change", perChange, "us", floor: perElement.scaled(by: 4.0 / 3)),
      Row("digest/call", perCall, "us"),
      Row("digest/from-scratch-order", scratch, "us", floor: perElement),
    ]
  }

  mutating func run() {
    var generator = SplitMix64(seed: seed)
    var book = OrderBook(seed: 7)
    var live = RestingIDs()
    var windows: [OrderID: SlotRange] = [:]
    let loaded = orders.count - changes
    for order in orders[..<loaded] {
      book.insert(order)
      live.insert(order.id)
      windows[order.id] = order.body.window
    }
    _ = book.digest()

    var next = loaded
    let start = Stopwatch.processor()
    for change in 0..<changes {
      switch change % 3 {
      case 0:
        book.insert(orders[next])
        next += 1
      case 1:
        let id = live.any(using: &generator)
        if let window = windows[id] {
          book.take(id, gpus: 1, slots: SlotRange(start: window.start, end: window.start + window.count / 2))
        }
      default: book.cancel(live.removeAny(using: &generator))
      }
      // As often as a node that folds an entry of sixteen operations at a time.
      if change % 16 == 15 { _ = book.digest() }
    }
    let digest = book.digest()
    perChange.append(Double(Stopwatch.processorTime(since: start)) / 1000 / Double(changes))
    measureCalls(&book, digest)
    measureElements()
  }

  private mutating func measureCalls(_ book: inout OrderBook, _ digest: Digest) {
    var start = Stopwatch.processor()
    for _ in 0..<100 { precondition(book.digest() == digest, "the digest changes though the book does not") }
    perCall.append(Double(Stopwatch.processorTime(since: start)) / 1000 / 100)

    start = Stopwatch.processor()
    precondition(book.digestFromScratch() == digest, "the digest is not that of the book")
    scratch.append(Double(Stopwatch.processorTime(since: start)) / 1000 / Double(max(1, book.count)))
  }

  private mutating func measureElements() {
    var hash = SetHash()
    var element = [UInt8](repeating: 0, count: 80)
    let start = Stopwatch.processor()
    for index in 0..<changes {
      element[0] = UInt8(truncatingIfNeeded: index)
      element[1] = UInt8(truncatingIfNeeded: index >> 8)
      hash.add(element)
    }
    perElement.append(Double(Stopwatch.processorTime(since: start)) / 1000 / Double(max(1, changes)))
  }
}
