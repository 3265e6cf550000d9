import Market
import NodeCrypto
import OrderBook

/// The rectangle workload with adds, cancels, amends and expiry between the bids. Each operation is timed by itself,
/// which adds about 25 ns to each; the times by kind are means of the least times over the runs, that of all
/// operations is the processor's. The plain walk follows in a second pass, as in ``RectangleWorkload``.
struct MixedWorkload: Workload {
  let name = "mixed"
  private let stream: MixedStream
  private let walkEvery: Int
  private var all = OperationTimes()
  private var bids = OperationTimes()
  private var adds = OperationTimes()
  private var cancels = OperationTimes()
  private var amends = OperationTimes()
  private var perOperation = Series()
  private var perExpired = Series()
  private var walk = Series()

  init(_ scale: Scale, seed: UInt64) {
    walkEvery = scale.walkEvery
    stream = MixedStream(offers: scale.rectangleOffers, operations: scale.mixedOperations, seed: seed &+ 20)
  }

  var rows: [Row] {
    let marks = bids.percentiles(0.5, 0.99)
    return [
      Row("mixed/bid", bids.mean / 1000, "us", floor: walk.minimum / 1000, goal: .atMost(2.5)),
      Row("mixed/p50", marks[0] / 1000, "us", goal: .atMost(2.5)),
      Row("mixed/p99", marks[1] / 1000, "us", goal: .atMost(15)),
      Row("mixed/speedup", walk.minimum / max(1, bids.mean), "x", goal: .atLeast(50)),
      Row("mixed/operation", perOperation.scaled(by: 0.001), "us"),
      Row("mixed/max", all.percentiles(1)[0] / 1000, "us", goal: .atMost(1000)),
      Row("mixed/add", adds.mean, "ns"),
      Row("mixed/cancel", cancels.mean, "ns"),
      Row("mixed/amend", amends.mean, "ns"),
      Row("mixed/expired", perExpired, "ns"),
    ]
  }

  mutating func run() {
    var book = OrderBook(seed: 7)
    book.advance(to: RectangleMarket.time(of: RectangleMarket.firstSlot))
    for offer in stream.offers { book.insert(offer) }
    var context = MatchContext(earliestStart: RectangleMarket.firstSlot)
    var matches: [Match] = []
    var ends: [Int] = []
    matches.reserveCapacity(stream.operations.count)
    ends.reserveCapacity(stream.operations.count)
    var expired = 0
    var mustBeGone = 0
    var expiryNanoseconds: UInt64 = 0
    let allStart = Stopwatch.processor()
    for operation in stream.operations {
      if case .advance(let slot, _) = operation { context.earliestStart = slot }
      let start = Stopwatch.now()
      let gone = Self.apply(operation, to: &book, context, &matches)
      let nanoseconds = Stopwatch.now() - start
      all.append(nanoseconds)
      switch operation {
      case .bid:
        bids.append(nanoseconds)
        ends.append(matches.count)
      case .add: adds.append(nanoseconds)
      case .cancel: cancels.append(nanoseconds)
      case .amend: amends.append(nanoseconds)
      case .advance(_, let offers):
        mustBeGone += offers.count
        expired += gone.count
        expiryNanoseconds += nanoseconds
      }
    }
    perOperation.append(Double(Stopwatch.processorTime(since: allStart)) / Double(stream.operations.count))
    all.endRun()
    bids.endRun()
    adds.endRun()
    cancels.endRun()
    amends.endRun()
    perExpired.append(Double(expiryNanoseconds) / Double(max(1, expired)))
    precondition(expired >= mustBeGone, "offers stay past their expiry")
    walk.append(check(matches, ends))
  }

  @inline(never)
  private static func apply(
    _ operation: MixedStream.Operation, to book: inout OrderBook, _ context: MatchContext, _ matches: inout [Match]
  ) -> [OrderID] {
    switch operation {
    case .bid(let order): RectangleWorkload.fill(order, in: &book, context, &matches)
    case .add(let order): book.insert(order)
    case .cancel(let id): book.cancel(id)
    case .amend(let order): book.amend(order)
    case .advance(let slot, _): return book.advance(to: RectangleMarket.time(of: slot))
    }
    return []
  }

  /// The second pass.
  ///
  /// - Returns: nanoseconds that the walk takes for a bid, on average.
  private func check(_ matches: [Match], _ ends: [Int]) -> Double {
    var walk = PlainWalk(levels: Int(RectangleMarket.levelCount))
    for offer in stream.offers { walk.add(offer) }
    var nanoseconds: UInt64 = 0
    var answers = 0
    var bid = 0
    var now = RectangleMarket.firstSlot
    for operation in stream.operations {
      switch operation {
      case .add(let order): walk.add(order)
      case .cancel(let id): walk.remove(id)
      case .amend(let order): walk.amend(order)
      case .advance(let slot, let expired):
        now = slot
        for id in expired { walk.remove(id) }
      case .bid(let order):
        let first = bid == 0 ? 0 : ends[bid - 1]
        let pieces = matches[first..<ends[bid]].map {
          PlainWalk.Piece(offer: $0.offer, gpus: $0.gpus, slots: $0.slots)
        }
        if bid % walkEvery == 0 {
          let start = Stopwatch.processor()
          let answer = walk.fill(order, earliestStart: now)
          nanoseconds += Stopwatch.processorTime(since: start)
          answers += 1
          precondition(answer == pieces, "the book and the plain walk match bid \(bid) differently")
        } else {
          for piece in pieces { walk.take(piece) }
        }
        bid += 1
      }
    }
    return Double(nanoseconds) / Double(max(1, answers))
  }
}
