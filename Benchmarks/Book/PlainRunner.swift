import Market
import NodeCrypto
import OrderBook

/// Applies a plain stream to the product's book against the clock.
struct PlainRunner {
  private(set) var book = OrderBook(seed: 7)
  /// The makers that were taken, in order.
  private(set) var filled: [OrderID] = []
  /// How much more memory is resident when the stream has been applied.
  private(set) var residentBytes = 0
  private let orders: PlainOrders
  /// A block: what its operations are, the orders that it puts in, what they state, their times, and the ids of all that it
  /// puts in or cancels, each in the order of the operations.
  private var kinds: [PlainStream.Operation.Kind] = []
  private var placed: [Order] = []
  private var bodies: [OrderBody] = []
  private var times: [Timestamp] = []
  private var ids: [OrderID] = []
  /// How many orders are put in before each of the operations with which a request for memory begins, and in all.
  private var placedBefore: [Int] = []
  private var sequence: UInt64 = 0

  init(orders: PlainOrders) { self.orders = orders }

  /// Applies the stream to an empty book.
  ///
  /// - Returns: the nanoseconds that the timed operations took.
  mutating func run(_ stream: PlainStream) -> UInt64 {
    filled.reserveCapacity(stream.filled.count)
    kinds.reserveCapacity(PlainStream.blockLength)
    placed.reserveCapacity(PlainStream.blockLength)
    bodies.reserveCapacity(PlainStream.blockLength)
    times.reserveCapacity(PlainStream.blockLength)
    ids.reserveCapacity(PlainStream.blockLength)
    placedBefore.reserveCapacity(PlainStream.blockLength / OrderBook.changesToPrefetch + 1)
    let bytes = Memory.residentBytes
    var nanoseconds: UInt64 = 0
    for block in stream.blocks {
      for operation in block.before {
        sequence += 1
        book.insert(orders.order(operation, sequence: sequence))
      }
      nanoseconds += apply(block.timed)
    }
    residentBytes = Memory.residentBytes - bytes
    return nanoseconds
  }

  private mutating func apply(_ operations: [PlainStream.Operation]) -> UInt64 {
    kinds.removeAll(keepingCapacity: true)
    placed.removeAll(keepingCapacity: true)
    bodies.removeAll(keepingCapacity: true)
    times.removeAll(keepingCapacity: true)
    ids.removeAll(keepingCapacity: true)
    placedBefore.removeAll(keepingCapacity: true)
    for operation in operations {
      if ids.count % OrderBook.changesToPrefetch == 0 { placedBefore.append(placed.count) }
      sequence += 1
      kinds.append(operation.kind)
      ids.append(operation.id)
      if operation.kind == .cancel { continue }
      placed.append(orders.order(operation, sequence: sequence))
      bodies.append(placed[placed.count - 1].body)
      times.append(placed[placed.count - 1].priority.time)
    }
    placedBefore.append(placed.count)
    // What is not placed is never read.
    let filler = placed.last ?? orders.order(operations[0], sequence: sequence)
    var lent = InlineArray<256, Lent> { Lent(order: $0 < placed.count ? placed[$0] : filler) }
    return Self.apply(kinds, &lent, bodies, times, ids, placedBefore, to: &book, orders, &filled)
  }

  /// Applies operations whose orders are put together.
  @inline(never)
  private static func apply(
    _ kinds: [PlainStream.Operation.Kind], _ placed: inout InlineArray<256, Lent>, _ bodies: [OrderBody],
    _ times: [Timestamp], _ ids: [OrderID], _ placedBefore: [Int], to book: inout OrderBook, _ orders: PlainOrders,
    _ filled: inout [OrderID]
  ) -> UInt64 {
    var nextPlaced = 0
    let start = Stopwatch.processor()
    for request in 0..<placedBefore.count - 1 {
      let first = request * OrderBook.changesToPrefetch
      let end = min(kinds.count, first + OrderBook.changesToPrefetch)
      let placing = placedBefore[request]..<placedBefore[request + 1]
      book.prefetch(
        ids.span.extracting(first..<end), inserting: bodies.span.extracting(placing),
        at: times.span.extracting(placing))
      for position in first..<end {
        switch kinds[position] {
        case .add:
          book.insert(placed[nextPlaced].order)
          nextPlaced += 1
        case .cancel: book.cancel(ids[position])
        case .cross:
          cross(placed[nextPlaced].order, in: &book, orders, &filled)
          nextPlaced += 1
        }
      }
    }
    return Stopwatch.processorTime(since: start)
  }

  /// Puts in an order that takes at once, takes its fills from both sides, and takes out what is filled.
  @inline(__always)
  private static func cross(
    _ order: borrowing Order, in book: inout OrderBook, _ orders: PlainOrders, _ filled: inout [OrderID]
  ) {
    let taker = order.id
    book.insert(order)
    var left = order.body.gpus
    while left > 0, let match = book.match(taker, context: orders.context) {
      let maker = match.maker
      book.take(maker, gpus: match.gpus, slots: orders.slots)
      book.take(taker, gpus: match.gpus, slots: orders.slots)
      book.cancel(maker)
      filled.append(maker)
      left -= match.gpus
    }
    book.cancel(taker)
  }
}

/// An order that is put together. What cannot be copied is lent to the book; an element of an array would be copied for it.
private struct Lent: ~Copyable {
  let order: Order
}

/// Applies a plain stream to the textbook's book against the clock.
struct TextbookRunner {
  private(set) var book = TextbookBook()
  private(set) var filled: [OrderID] = []
  private(set) var residentBytes = 0

  /// Applies the stream to an empty book.
  mutating func run(_ stream: PlainStream) -> UInt64 {
    filled.reserveCapacity(stream.filled.count)
    let bytes = Memory.residentBytes
    var nanoseconds: UInt64 = 0
    for block in stream.blocks {
      for operation in block.before {
        book.add(operation.id, owner: operation.owner, side: operation.side, tick: operation.tick)
      }
      nanoseconds += Self.apply(block.timed, to: &book, &filled)
    }
    residentBytes = Memory.residentBytes - bytes
    return nanoseconds
  }

  @inline(never)
  private static func apply(
    _ operations: [PlainStream.Operation], to book: inout TextbookBook, _ filled: inout [OrderID]
  ) -> UInt64 {
    let start = Stopwatch.processor()
    for operation in operations {
      switch operation.kind {
      case .add: book.add(operation.id, owner: operation.owner, side: operation.side, tick: operation.tick)
      case .cancel: book.cancel(operation.id)
      case .cross:
        book.cross(
          operation.side, limit: operation.tick, owner: operation.owner, quantity: Int(operation.gpus)
        ) { filled.append($0) }
      }
    }
    return Stopwatch.processorTime(since: start)
  }
}
