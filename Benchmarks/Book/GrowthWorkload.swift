import Market
import MarketFiles
import NodeCrypto
import OrderBook

/// What an add, a cancel and a match cost in books of different sizes: half offers and half bids that cross none of
/// them, all on as many price levels, some of the offers carved.
///
/// The floor of a row is the same row of the smallest book, so that the ratios are the curve. What of it is the
/// cache's own cost is shown by the rows of `cache-line`: a read of a random line of as much memory as the orders may
/// take.
struct GrowthWorkload: Workload {
  let name = "growth"
  private let sizes: [Int]
  private let operations: Int
  private let seed: UInt64
  private var add: [Series]
  private var cancel: [Series]
  private var match: [Series]
  private var line: [Series]

  init(_ scale: Scale, seed: UInt64) {
    sizes = scale.growthSizes
    operations = scale.growthOperations
    self.seed = seed &+ 40
    add = Array(repeating: Series(), count: sizes.count)
    cancel = add
    match = add
    line = add
  }

  var rows: [Row] {
    let kinds = [("add", add), ("cancel", cancel), ("match", match), ("cache-line", line)]
    return kinds.flatMap { kind, series in
      sizes.indices.map { Row("growth/\(kind)/\(sizes[$0])", series[$0], "ns", floor: series[0]) }
    }
  }

  mutating func run() {
    for index in sizes.indices {
      var run = GrowthRun(size: sizes[index], seed: seed)
      run.measure(operations: operations)
      add[index].append(run.perOperation(run.addNanoseconds))
      cancel[index].append(run.perOperation(run.cancelNanoseconds))
      match[index].append(run.perOperation(run.matchNanoseconds))
      line[index].append(CacheLines.nanosecondsPerRead(bytes: 128 * sizes[index], reads: operations))
    }
  }
}

/// One book of one size.
private struct GrowthRun {
  private(set) var addNanoseconds: UInt64 = 0
  private(set) var cancelNanoseconds: UInt64 = 0
  private(set) var matchNanoseconds: UInt64 = 0
  private var measured = 0
  private var book = OrderBook(seed: 7)
  private var market: RectangleMarket
  private var live = RestingIDs()
  private let context = MatchContext(earliestStart: RectangleMarket.firstSlot)

  init(size: Int, seed: UInt64) {
    market = RectangleMarket(seed: seed)
    for index in 0..<size {
      let order = newOrder(index)
      live.insert(order.id)
      book.insert(order)
    }
    var matches: [Match] = []
    for _ in 0..<size / 16 {
      let bid = market.bid()
      RectangleWorkload.fill(bid, in: &book, context, &matches)
      book.cancel(bid.id)
    }
  }

  /// Nanoseconds an operation.
  func perOperation(_ nanoseconds: UInt64) -> Double { Double(nanoseconds) / Double(max(1, measured)) }

  /// Adds, cancels and matches, in blocks that leave the book as large as it was.
  mutating func measure(operations: Int) {
    while measured < operations {
      let length = min(PlainStream.blockLength, operations - measured)
      let added = (0..<length).map { newOrder($0) }
      var start = Stopwatch.processor()
      for order in added { book.insert(order) }
      addNanoseconds += Stopwatch.processorTime(since: start)

      for order in added { live.insert(order.id) }
      let cancelled = (0..<length).map { _ in live.removeAny(using: &market.generator) }
      start = Stopwatch.processor()
      for id in cancelled { book.cancel(id) }
      cancelNanoseconds += Stopwatch.processorTime(since: start)

      let bids = (0..<length).map { _ in market.bid() }
      var matches: [Match] = []
      matches.reserveCapacity(length)
      start = Stopwatch.processor()
      for bid in bids { RectangleWorkload.fill(bid, in: &book, context, &matches) }
      matchNanoseconds += Stopwatch.processorTime(since: start)
      for match in matches { book.putBack(match.offer, gpus: match.gpus, slots: match.slots) }
      for bid in bids { book.cancel(bid.id) }
      measured += length
    }
  }

  private mutating func newOrder(_ index: Int) -> Order {
    index % 2 == 0
      ? market.offer() : market.bid(level: -1 - market.generator.uniform(in: 0...RectangleMarket.levelCount - 1))
  }
}

/// Memory to read at random.
private enum CacheLines {
  /// What a read of a random cache line of `bytes` bytes takes when the next address depends on what is read.
  static func nanosecondsPerRead(bytes: Int, reads: Int) -> Double {
    let wordsInLine = 8
    let lines = max(2, bytes / 64)
    // A cycle through all lines in random order, so that no read can be foreseen.
    var generator = SplitMix64(seed: 5)
    var order = Array(0..<lines)
    for index in order.indices.dropFirst().reversed() {
      order.swapAt(index, Int(generator.uniform(in: 0...Int64(index - 1))))
    }
    var memory = [Int](repeating: 0, count: lines * wordsInLine)
    for line in order.indices { memory[line * wordsInLine] = order[line] * wordsInLine }
    var position = 0
    let start = Stopwatch.processor()
    for _ in 0..<reads { position = memory[position] }
    let nanoseconds = Stopwatch.processorTime(since: start)
    precondition(position >= 0, "a line lies before the memory")
    return Double(nanoseconds) / Double(max(1, reads))
  }
}
