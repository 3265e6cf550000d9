import Market
import NodeCrypto
import OrderBook
import Testing

@Suite("The order book against a naive reference")
struct OrderBookPropertyTests {
  static let streamLength = 2000

  @Test("a random stream of operations gives the reference's answers", arguments: 1...100)
  func agreesWithReference(seed: UInt64) {
    var generator = OperationGenerator(seed: seed)
    let operations = generator.operations(Self.streamLength)
    var runner = StreamRunner(isThorough: false)
    do {
      try runner.run(operations)
      #expect(runner.fillCount > 50, "a stream that hardly trades tests little")
    } catch {
      Issue.record("\(Self.shortestFailure(seed, operations, error))")
    }
  }

  /// Runs the stream again with every comparison after each operation: it stops at the end of the shortest prefix that
  /// fails.
  private static func shortestFailure(_ seed: UInt64, _ operations: [Operation], _ first: Disagreement) -> String {
    var runner = StreamRunner(isThorough: true)
    var disagreement = first
    do { try runner.run(operations) } catch { disagreement = error }
    let prefix = operations.prefix(runner.operationCount)
    let ending = prefix.suffix(20).map { "  \($0)" }.joined(separator: "\n")
    return "seed \(seed), first \(prefix.count) operations, ending with\n\(ending)\n\(disagreement.text)"
  }

  @Test("orders' histories in any interleaving end in the same book and digest", arguments: 1...20)
  func interleavingsAgree(seed: UInt64) {
    var generator = OperationGenerator(seed: seed)
    let histories = (0..<60).map { _ in Self.history(&generator) }
    let end = at(1500)
    var books = (0..<3).map { _ in Self.interleave(histories, end, &generator) }
    let digests = books.indices.map { books[$0].digest() }
    #expect(Set(digests).count == 1)
    #expect(digests[0] == books[0].digestFromScratch())
    #expect(books[0].count > 0)
    for gpuClass in [classA, classB, classC] {
      for side in [Side.offer, .bid] {
        let ladders = books.map { $0.ladder(gpuClass: gpuClass, side: side) }
        #expect(ladders[0] == ladders[1] && ladders[0] == ladders[2])
      }
    }
  }

  /// An order and what its owner does with it, in a random order after the insertion.
  private enum Event {
    case insert(Order)
    case take(OrderID, Int32, SlotRange)
    case putBack(OrderID, Int32, SlotRange)
    case cancel(OrderID)
  }

  private static func history(_ generator: inout OperationGenerator) -> [Event] {
    let order = generator.order()
    var events = [Event.insert(order)]
    for _ in 0..<generator.draw(6) {
      let (gpus, slots) = (Int32(1 + generator.draw(6)), generator.range())
      events.append(.take(order.id, gpus, slots))
      if generator.draw(2) == 0 { events.append(.putBack(order.id, gpus, slots)) }
    }
    if generator.draw(6) == 0 { events.append(.cancel(order.id)) }
    return events
  }

  /// The histories woven together at random, each one's insertion first and the rest shuffled, with the time moving
  /// forward in random strides in between.
  private static func interleave(
    _ histories: [[Event]], _ end: Timestamp, _ generator: inout OperationGenerator
  ) -> OrderBook {
    var pending = histories
    for index in pending.indices {
      for place in stride(from: pending[index].count - 1, to: 1, by: -1) {
        pending[index].swapAt(place, 1 + generator.draw(place))
      }
    }
    var book = OrderBook()
    while !pending.isEmpty {
      let pick = generator.draw(pending.count)
      switch pending[pick].removeFirst() {
      case .insert(let order): book.insert(order)
      case .take(let id, let gpus, let slots): book.take(id, gpus: gpus, slots: slots)
      case .putBack(let id, let gpus, let slots): book.putBack(id, gpus: gpus, slots: slots)
      case .cancel(let id): book.cancel(id)
      }
      if pending[pick].isEmpty { pending.remove(at: pick) }
      if generator.draw(20) == 0 { book.advance(to: at(Int64(generator.draw(Int(end.milliseconds))))) }
      if generator.draw(20) == 0 { _ = book.digest() }
    }
    book.advance(to: end)
    return book
  }

  @Test("a ladder of thousands of orders stays sorted through insertions and cancels in any order")
  func longLadderStaysSorted() {
    var generator = OperationGenerator(seed: 7)
    var book = OrderBook()
    var expected: [Order] = []
    for number in 0..<6000 {
      let isRemoval = !expected.isEmpty && generator.draw(6000) < (number < 4000 ? 600 : 4500)
      if isRemoval {
        book.cancel(expected.remove(at: generator.draw(expected.count)).id)
      } else {
        // Few prices, times and owners: the later criteria of the priority decide often.
        let order = Order.offer(
          UInt64(number), owner: UInt64(generator.draw(3)), time: Int64(generator.draw(5)),
          price: Int64(1 + generator.draw(3)), expiry: Int64(10 + generator.draw(4)))
        book.insert(order)
        expected.append(order)
      }
      guard number % 1000 == 999 else { continue }
      #expect(book.ladder(gpuClass: classA, side: .offer).map(\.id) == expected.sorted(by: Self.isBetter).map(\.id))
    }
    #expect(expected.count > 1000)
    let gone = book.advance(to: at(11))
    #expect(gone.count == expected.count { $0.body.expiry <= at(11) })
    expected.removeAll { $0.body.expiry <= at(11) }
    #expect(book.ladder(gpuClass: classA, side: .offer).map(\.id) == expected.sorted(by: Self.isBetter).map(\.id))
  }

  private static func isBetter(_ left: Order, _ right: Order) -> Bool {
    left.body.price == right.body.price ? NaiveBook.isEarlier(left, right) : left.body.price < right.body.price
  }
}
