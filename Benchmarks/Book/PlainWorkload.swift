import Market
import NodeCrypto
import OrderBook

/// A plain stream through the product's book and through the textbook's, in turn.
///
/// What an operation costs the product's book is what a node does with it:
///
/// - `add` is one insert and `cancel` one cancel.
/// - `cross` is what one call does in an engine for limit orders alone: it inserts the taker, matches it, takes the fill
///   from maker and taker, and cancels both, of which nothing is left. That is six calls, each of which finds its order
///   by id, and they count as one operation. The textbook's book, like those engines, never stores the taker.
/// - a sweep is one `cross` that repeats match, take, take and cancel for each of its five makers: 22 calls.
///
/// Orders are put together in blocks as long as the longest entry, and only then is a block applied against the clock:
/// a node too has just decoded what it applies. Putting an order together is not the book's work. The textbook's book gets
/// the stream's operations as they are.
struct PlainWorkload: Workload {
  let name: String
  private let stream: PlainStream
  private let targetNanoseconds: Double
  private let kind: Kind
  private var book = Series()
  private var textbook = Series()
  private var bytesPerOrder = Series()
  private var textbookBytesPerOrder = Series()

  /// What is special about a stream.
  enum Kind: Hashable {
    case mixed
    case adds
    case sweeps
  }

  /// The four streams: S, B, A and C.
  static func all(_ scale: Scale, seed: UInt64) -> [any Workload] {
    [
      PlainWorkload(
        "plain/S", .mixed, target: 32,
        .mixed(live: scale.smallLive, operations: scale.plainOperations, levels: 100, seed: seed)),
      PlainWorkload(
        "plain/B", .mixed, target: 177,
        .mixed(live: scale.largeLive, operations: scale.plainOperations, levels: 1000, seed: seed &+ 1)),
      PlainWorkload("plain/A", .adds, target: 172, .adds(scale.restingAdds, levels: 1000, seed: seed &+ 2)),
      PlainWorkload(
        "plain/C", .sweeps, target: 135,
        .sweeps(scale.sweeps, live: scale.smallLive, levels: 100, seed: seed &+ 3)),
    ]
  }

  private init(_ name: String, _ kind: Kind, target: Double, _ stream: PlainStream) {
    self.name = name
    self.kind = kind
    self.stream = stream
    targetNanoseconds = target
  }

  var rows: [Row] {
    var rows = [Row(name, book, "ns", floor: textbook, goal: .atMost(targetNanoseconds))]
    switch kind {
    case .mixed: break
    case .adds:
      rows.append(Row("plain/bytes", bytesPerOrder, "bytes", floor: textbookBytesPerOrder, goal: .atMost(125)))
    case .sweeps: rows.append(Row("plain/C-order", book.scaled(by: 0.2), "ns", floor: textbook.scaled(by: 0.2)))
    }
    return rows
  }

  mutating func run() {
    // One after the other, so that neither is in the other's way in memory.
    runBook()
    runTextbook()
  }

  private mutating func runBook() {
    var runner = PlainRunner(orders: PlainOrders())
    book.append(Double(runner.run(stream)) / Double(stream.count))
    bytesPerOrder.append(Double(runner.residentBytes) / Double(max(1, runner.book.count)))
    precondition(runner.filled == stream.filled, "the book fills other orders than the stream says")
  }

  private mutating func runTextbook() {
    var runner = TextbookRunner()
    textbook.append(Double(runner.run(stream)) / Double(stream.count))
    textbookBytesPerOrder.append(Double(runner.residentBytes) / Double(max(1, runner.book.count)))
    precondition(runner.filled == stream.filled, "the textbook's book fills other orders than the stream says")
  }
}

/// Puts plain orders together.
struct PlainOrders {
  private let owners: [NodeID]
  private let gpuClass = GPUClassIndex(0)
  /// The slot of all orders; it begins when they expire.
  let slots = SlotRange(start: Slot(1000), end: Slot(1001))
  private let expiry = Timestamp(milliseconds: 900_000_000)
  /// What matching depends on besides.
  let context = MatchContext(earliestStart: Slot(1000))

  init() {
    var generator = SplitMix64(seed: 64)
    owners = (0..<PlainStream.ownerCount).map { _ in .random(using: &generator) }
  }

  /// The order of an operation that is the `sequence`-th.
  func order(_ operation: PlainStream.Operation, sequence: UInt64) -> Order {
    let price = Price(micros: Int64(operation.tick))
    let gpus = Int32(operation.gpus)
    // An order that takes at once never rests.
    let timeInForce: TimeInForce = operation.kind == .cross ? .immediateOrCancel : .goodTillCancelled
    let body: OrderBody =
      switch operation.side {
      case .offer:
        .offer(
          Offer(
            gpuClass: gpuClass, gpus: gpus, window: slots, price: price, expiry: expiry, timeInForce: timeInForce))
      case .bid:
        .bid(
          Bid(
            gpuClasses: GPUClassList(gpuClass), gpus: gpus, durationSlots: 1, window: slots, price: price,
            minimumGPUs: 1, expiry: expiry, timeInForce: timeInForce))
      }
    return Order(
      id: operation.id,
      priority: OrderPriority(
        time: Timestamp(milliseconds: Int64(sequence)), owner: owners[Int(operation.owner)], sequence: sequence,
        index: 0),
      body: body)
  }
}

extension Series {
  /// Each number times `factor`.
  func scaled(by factor: Double) -> Series {
    values.reduce(into: Series()) { $0.append($1 * factor) }
  }
}
