import Market
import NodeCrypto
import OrderBook

/// Bids for rectangles, one after the other, over offers that stand still: each is put in and matched to the cheapest
/// feasible offer at its earliest start, and the fill is taken from both.
///
/// The time of a bid is that of all this: an insert, a match and two takes, and of a split bid a match and two takes
/// for each piece. The plain walk follows in a second pass, so that it does not drive the book out of the caches: it
/// has the fills of the first pass taken from its own calendars, and every so many bids, in the state in which the
/// book was when it matched that bid, it answers the bid itself against the clock. Its answer must be the book's.
struct RectangleWorkload: Workload {
  let name: String
  private let offers: [Order]
  private let bids: [Order]
  private let walkEvery: Int
  private let kind: Kind
  private var times = OperationTimes()
  private var perBid = Series()
  private var walk = Series()
  private var filled = Series()

  /// Which bids.
  enum Kind: Hashable {
    case wholeBids
    case splitBids
  }

  init(_ kind: Kind, _ scale: Scale, seed: UInt64) {
    self.kind = kind
    name = kind == .wholeBids ? "rectangle" : "split"
    walkEvery = scale.walkEvery
    var market = RectangleMarket(seed: seed &+ 10)
    offers = (0..<scale.rectangleOffers).map { _ in market.offer() }
    bids = (0..<scale.rectangleBids).map { _ in market.bid(isSplit: kind == .splitBids) }
  }

  var rows: [Row] {
    let marks = times.percentiles(0.5, 0.99, 1)
    let isTarget = kind == .wholeBids
    return [
      Row(
        "\(name)/bid", perBid.scaled(by: 0.001), "us", floor: walk.scaled(by: 0.001),
        goal: isTarget ? .atMost(2.5) : nil),
      Row("\(name)/p50", marks[0] / 1000, "us", goal: isTarget ? .atMost(2.5) : nil),
      Row("\(name)/p99", marks[1] / 1000, "us", goal: isTarget ? .atMost(15) : nil),
      Row("\(name)/max", marks[2] / 1000, "us", goal: isTarget ? .atMost(1000) : nil),
      Row(
        "\(name)/speedup", walk.minimum / max(1, perBid.minimum), "x", goal: isTarget ? .atLeast(50) : nil),
      Row("\(name)/filled", filled.minimum, "share"),
    ]
  }

  mutating func run() {
    var book = OrderBook(seed: 7)
    for offer in offers { book.insert(offer) }
    let context = MatchContext(earliestStart: RectangleMarket.firstSlot)
    var matches: [Match] = []
    var ends: [Int] = []
    matches.reserveCapacity(4 * bids.count)
    ends.reserveCapacity(bids.count)
    let allStart = Stopwatch.processor()
    for bid in bids {
      let start = Stopwatch.now()
      Self.fill(bid, in: &book, context, &matches)
      times.append(Stopwatch.now() - start)
      ends.append(matches.count)
    }
    perBid.append(Double(Stopwatch.processorTime(since: allStart)) / Double(max(1, bids.count)))
    times.endRun()
    filled.append(Double(Set(matches.map(\.bid)).count) / Double(max(1, bids.count)))
    walk.append(check(matches, ends))
  }

  /// Puts a bid in, and takes what it gets.
  @inline(never)
  static func fill(_ order: Order, in book: inout OrderBook, _ context: MatchContext, _ matches: inout [Match]) {
    book.insert(order)
    var left = order.body.gpus
    while left > 0, let match = book.match(order.id, context: context) {
      book.take(match.offer, gpus: match.gpus, slots: match.slots)
      book.take(order.id, gpus: match.gpus, slots: match.slots)
      matches.append(match)
      left -= match.gpus
    }
  }

  /// The second pass.
  ///
  /// - Returns: nanoseconds that the walk takes for a bid, on average.
  private func check(_ matches: [Match], _ ends: [Int]) -> Double {
    var walk = PlainWalk(levels: Int(RectangleMarket.levelCount))
    for offer in offers { walk.add(offer) }
    var nanoseconds: UInt64 = 0
    var answers = 0
    var first = 0
    for (index, end) in ends.enumerated() {
      let pieces = matches[first..<end].map { PlainWalk.Piece(offer: $0.offer, gpus: $0.gpus, slots: $0.slots) }
      if index % walkEvery == 0 {
        let start = Stopwatch.processor()
        let answer = walk.fill(bids[index], earliestStart: RectangleMarket.firstSlot)
        nanoseconds += Stopwatch.processorTime(since: start)
        answers += 1
        precondition(answer == pieces, "the book and the plain walk match bid \(index) differently")
      } else {
        for piece in pieces { walk.take(piece) }
      }
      first = end
    }
    return Double(nanoseconds) / Double(max(1, answers))
  }
}

extension PlainWalk {
  /// Takes what a bid gets.
  @inline(never)
  mutating func fill(_ order: Order, earliestStart: Slot) -> [Piece] {
    guard case .bid(let bid) = order.body else { return [] }
    var pieces: [Piece] = []
    var left = bid.gpus
    var cursor = Cursor()
    while left > 0,
      let piece = match(bid, owner: order.owner, remaining: left, earliestStart: earliestStart, from: &cursor)
    {
      take(piece)
      pieces.append(piece)
      left -= piece.gpus
      // An offer that was passed over has less than the smallest piece; when that shrinks, it may have enough.
      if left < bid.minimumGPUs { cursor = Cursor() }
    }
    return pieces
  }
}
