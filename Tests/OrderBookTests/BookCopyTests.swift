import BookChecking
import Market
import NodeCrypto
import OrderBook
import Testing

@Suite("Copies of a book")
struct BookCopyTests {
  private static let changes: [(name: String, change: @Sendable (inout OrderBook) -> Void)] = [
    ("insert", { $0.insert(.offer(77, owner: 3, time: 7)) }), ("cancel", { $0.cancel(orderID(1)) }),
    ("removeAll", { _ = $0.removeAll(ownedBy: node(5)) }),
    ("amend", { $0.amend(.bid(3, owner: 6, time: 40, gpus: 9)) }),
    ("take", { $0.take(orderID(1), gpus: 3, slots: slots(2, 5)) }),
    ("putBack", { $0.putBack(orderID(2), gpus: 1, slots: slots(0, 1)) }), ("advance", { _ = $0.advance(to: at(600)) }),
    ("digest", { _ = $0.digest() }),
  ]

  private static func book() -> OrderBook {
    var book = OrderBook(
      .offer(1, owner: 5, time: 10, expiry: 500), .offer(2, owner: 5, time: 11),
      .bid(3, owner: 6, time: 12, gpus: 4, minimumGPUs: 1))
    book.take(orderID(2), gpus: 2, slots: slots(0, 6))
    return book
  }

  /// All that the examples can see of a book.
  private static func view(_ book: OrderBook) -> [String] {
    let states = [5, 6, 3].flatMap { book.orders(ownedBy: node($0)) }
    return ["\(book.time) \(book.count) \(book.openCount(.offer)) \(book.openCount(.bid)) \(book.digestFromScratch())"]
      + ["\(book.numbers(.offer)) \(book.numbers(.bid))"]
      + states.map { "\($0.order) \($0.taken) \($0.remainingGPUs) \($0.calendar.map { "\($0.runs)" } ?? "")" }
  }

  @Test("changing a copy leaves the original as it was, and the other way round", arguments: changes.indices)
  func independent(index: Int) {
    let change = Self.changes[index].change
    var original = Self.book()
    let before = Self.view(original)
    var copy = original
    change(&copy)
    #expect(Self.view(original) == before, "\(Self.changes[index].name)")
    let changed = Self.view(copy)
    change(&original)
    for (_, change) in Self.changes { change(&original) }
    #expect(Self.view(copy) == changed)
    #expect(original.digest() == original.digestFromScratch() && copy.digest() == copy.digestFromScratch())
  }

  @Test("copies that go their own ways are each what they would be alone", arguments: UInt64(1)...4)
  func diverging(seed: UInt64) throws {
    var generator = StreamGenerator(profile: .small, seed: seed)
    var trunk = StreamRunner<OrderBook>(classVRAMMiB: generator.classVRAMMiB, seed: generator.bookSeed, level: .light)
    for _ in 0..<200 { try trunk.run(generator.next()) }
    var branches = [trunk, trunk, trunk]
    for _ in 0..<400 {
      let operation = generator.next()
      // Each branch leaves out other steps.
      for index in branches.indices where generator.next() != operation { try branches[index].run(operation) }
      try branches[0].run(generator.next())
      try branches[1].run(generator.next())
    }
    for index in branches.indices { try branches[index].finish() }
    try trunk.finish()
  }
}
