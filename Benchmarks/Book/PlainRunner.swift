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
  /// The orders that a block puts in, what they state, their times, and the ids of all that it puts in or cancels, each in
  /// the order of its operations.
  private var placed: [Order] = []
  private var bodies: [OrderBody] = []
  private var times: [Timestamp] = []
  private var ids: [OrderID] = []
  private var sequence: UInt64 = 0

  init(orders: PlainOrders) { self.orders = orders }

  /// Applies the stream to an empty book.
  ///
  /// - Returns: the nanoseconds that the timed operations took.
  mutating func run(_ stream: PlainStream) -> UInt64 {
    filled.reserveCapacity(stream.filled.count)
    placed.reserveCapacity(PlainStream.blockLength)
    bodies.reserveCapacity(PlainStream.blockLength)
    times.reserveCapacity(PlainStream.blockLength)
    ids.reserveCapacity(PlainStream.blockLength)
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
    placed.removeAll(keepingCapacity: true)
    bodies.removeAll(keepingCapacity: true)
    times.removeAll(keepingCapacity: true)
    ids.removeAll(keepingCapacity: true)
    for operation in operations {
      sequence += 1
      ids.append(operation.id)
      if operation.kind == .cancel { continue }
      placed.append(orders.order(operation, sequence: sequence))
      bodies.append(placed[placed.count - 1].body)
      times.append(placed[placed.count - 1].priority.time)
    }
    // What is not placed is never read.
    let filler = placed.last ?? orders.order(operations[0], sequence: sequence)
    var lent = InlineArray<256, Lent> { Lent(order: $0 < placed.count ? placed[$0] : filler) }
    return Self.apply(operations, &lent, bodies, times, ids, to: &book, orders, &filled)
  }

  /// Applies operations whose orders are put together.
  @inline(never)
  private static func apply(
    _ operations: [PlainStream.Operation], _ placed: inout InlineArray<256, Lent>, _ bodies: [OrderBody],
    _ times: [Timestamp], _ ids: [OrderID], to book: inout OrderBook, _ orders: PlainOrders, _ filled: inout [OrderID]
  ) -> UInt64 {
    var nextPlaced = 0
    let start = Stopwatch.processor()
    for position in operations.indices {
      if position % OrderBook.changesToPrefetch == 0 {
        let end = min(operations.count, position + OrderBook.changesToPrefetch)
        let count = operations[position..<end].count { $0.kind != .cancel }
        let nextPlacing = nextPlaced..<nextPlaced + count
        book.prefetch(
          ids.span.extracting(position..<end), inserting: bodies.span.extracting(nextPlacing),
          at: times.span.extracting(nextPlacing))
      }
      switch operations[position].kind {
      case .add:
        book.insert(placed[nextPlaced].order)
        nextPlaced += 1
      case .cancel: book.cancel(operations[position].id)
      case .cross:
        cross(placed[nextPlaced].order, gpus: Int32(operations[position].gpus), in: &book, orders, &filled)
        nextPlaced += 1
      }
    }
    return Stopwatch.processorTime(since: start)
  }

  /// Puts in an order that takes at once, takes its fills from both sides, and takes out what is filled.
  @inline(__always)
  private static func cross(
    _ order: borrowing Order, gpus: Int32, in book: inout OrderBook, _ orders: PlainOrders, _ filled: inout [OrderID]
  ) {
    let taker = order.id
    book.insert(order)
    var left = gpus
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
