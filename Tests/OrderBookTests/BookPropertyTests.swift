import BookChecking
import Market
import NodeCrypto
import OrderBook
import Testing

/// A book and, beside it, a count for each slot of what was taken.
private struct Ledger {
  var book: OrderBook
  var used: [OrderID: [Int64: Int64]] = [:]
  var taken: [OrderID: Int64] = [:]
  var fills: [Match] = []
  var gone: Set<OrderID> = []
  var fillCount = 0

  init(_ generator: StreamGenerator) {
    book = OrderBook(classVRAMMiB: generator.classVRAMMiB, seed: generator.bookSeed)
  }

  mutating func count(_ match: Match, _ sign: Int64) {
    for slot in match.slots.start.index..<match.slots.end.index {
      used[match.offer, default: [:]][slot, default: 0] += sign * Int64(match.gpus)
    }
    taken[match.bid, default: 0] += sign * Int64(match.gpus)
  }

  /// Runs a step of an honest stream; `judge` sees each match before it is taken.
  mutating func run(_ operation: Operation, judge: (OrderBook, Match, MatchContext) -> Void) {
    switch operation {
    case .insert(let order): if book.insert(order) == .inserted { gone.remove(order.id) }
    case .cancel(let id): if book.cancel(id) { gone.insert(id) }
    case .removeAll(let owner): gone.formUnion(book.removeAll(ownedBy: owner))
    case .advance(let time): gone.formUnion(book.advance(to: time))
    case .fill(let id, let context), .sweep(let id, let context):
      while let match = book.match(id, context: context) {
        judge(book, match, context)
        count(match, 1)
        book.take(match)
        fills.append(match)
        fillCount += 1
      }
    case .undo(let id):
      guard let index = fills.lastIndex(where: { $0.offer == id || $0.bid == id }) else { return }
      let match = fills.remove(at: index)
      count(match, -1)
      book.putBack(match.offer, gpus: match.gpus, slots: match.slots)
      book.putBack(match.bid, gpus: match.gpus, slots: match.slots)
    default: break
    }
  }
}

@Suite("Properties of the order book")
struct BookPropertyTests {
  @Test("no slot is oversold by honest owners, and the fills add up to what is taken", arguments: UInt64(1)...30)
  func conservation(seed: UInt64) {
    var generator = StreamGenerator(profile: .honest, seed: seed)
    var ledger = Ledger(generator)
    for _ in 0..<600 { ledger.run(generator.next()) { _, _, _ in } }
    for order in everyOrder(ledger.book) {
      guard let state = ledger.book.state(of: order) else { continue }
      guard let calendar = state.calendar else {
        #expect(state.taken == ledger.taken[order] ?? 0)
        #expect((0...Int64(state.order.body.gpus)).contains(state.taken))
        continue
      }
      for run in calendar.runs {
        #expect((0...Int64(calendar.gpus)).contains(run.used), "oversold in \(run.slots)")
        for slot in run.slots.start.index..<run.slots.end.index {
          #expect(run.used == ledger.used[order]?[slot] ?? 0)
        }
      }
    }
  }

  @Test("what was cancelled or has expired never trades, and nobody trades with oneself or through a limit")
  func rules() {
    var fills = 0
    for seed in UInt64(100)...120 {
      var generator = StreamGenerator(profile: .honest, seed: seed)
      var ledger = Ledger(generator)
      for _ in 0..<400 {
        let operation = generator.next()
        let gone = ledger.gone
        ledger.run(operation) { book, match, _ in
          #expect(!gone.contains(match.offer) && !gone.contains(match.bid))
          guard let offer = book.state(of: match.offer), let bid = book.state(of: match.bid) else {
            Issue.record("\(match) of orders that are not in the book")
            return
          }
          #expect(offer.price <= match.price && match.price <= bid.price && offer.owner != bid.owner)
          #expect(min(offer.order.body.expiry, bid.order.body.expiry) > book.time)
        }
      }
      fills += ledger.fillCount
    }
    #expect(fills > 200)
  }

  @Test("an order is matched with the best priced, then earliest of those that it could trade with alone")
  func priceAndTime() {
    var passedOver = 0
    for seed in UInt64(200)...220 {
      var generator = StreamGenerator(profile: .honest, seed: seed)
      var ledger = Ledger(generator)
      for _ in 0..<300 {
        ledger.run(generator.next()) { book, match, context in
          guard let maker = book.state(of: match.maker) else { return }
          let others = everyOrder(book).compactMap { book.state(of: $0) }
            .filter { $0.side == maker.side && $0.id != maker.id }
          for better in others where isBetter(better, than: maker) {
            var alone = book
            for other in others + [maker] where other.id != better.id { alone.cancel(other.id) }
            #expect(alone.match(match.taker, context: context) == nil, "\(better.id) was passed over")
            passedOver += 1
          }
        }
      }
    }
    #expect(passedOver > 100)
  }

  @Test("a bid's quote is what it would then take", arguments: UInt64(300)...315)
  func quotesHold(seed: UInt64) {
    var generator = StreamGenerator(profile: .honest, seed: seed)
    var ledger = Ledger(generator)
    for _ in 0..<200 {
      let operation = generator.next()
      ledger.run(operation) { _, _, _ in }
      guard case .quote(let bid, let context) = operation else { continue }
      let quote = ledger.book.quote(bid, context: context)
      var book = ledger.book
      guard book.insert(bid) == .inserted else { continue }
      var taken: [Match] = []
      while let match = book.match(bid.id, context: context) {
        book.take(match)
        taken.append(match)
      }
      #expect(quote.cheapest == taken)
      #expect(quote.soonest.isEmpty == taken.isEmpty)
      if let soonest = quote.soonest.first, let cheapest = taken.first {
        #expect(soonest.slots.start <= cheapest.slots.start && soonest.price >= cheapest.price)
      }
    }
  }

  @Test("equal books have equal digests and different books different ones")
  func digests() {
    struct Key: Hashable {
      var orders: Set<Order> = []
      var taken: [OrderID: Int64] = [:]
      var used: [OrderID: [Int64: Int64]] = [:]
    }
    var (digestByKey, keyByDigest): ([Key: Digest], [Digest: Key]) = ([:], [:])
    for seed in UInt64(400)...410 {
      var generator = StreamGenerator(profile: .honest, seed: seed)
      var ledger = Ledger(generator)
      for _ in 0..<150 {
        ledger.run(generator.next()) { _, _, _ in }
        let ids = everyOrder(ledger.book)
        var key = Key(orders: Set(ids.compactMap { ledger.book.order($0) }))
        key.taken = ledger.taken.filter { ids.contains($0.key) && $0.value != 0 }
        key.used = ledger.used.filter { ids.contains($0.key) }.mapValues { $0.filter { $0.value != 0 } }
          .filter { !$0.value.isEmpty }
        let digest = ledger.book.digest()
        #expect(digestByKey.updateValue(digest, forKey: key) ?? digest == digest)
        #expect(keyByDigest.updateValue(key, forKey: digest) ?? key == key)
      }
    }
    #expect(digestByKey.count == keyByDigest.count && digestByKey.count > 400)
  }

  private func isBetter(_ state: OrderState, than other: OrderState) -> Bool {
    if state.price == other.price { return state.priority < other.priority }
    return state.side == .offer ? state.price < other.price : state.price > other.price
  }
}

/// All orders of the few owners of a generated stream.
private func everyOrder(_ book: OrderBook) -> Set<OrderID> {
  let owners = (UInt64(1)...60).map { NodeID(word0: $0 % 3, word1: 0, word2: 0, word3: $0) }
  return Set(owners.flatMap { book.orders(ownedBy: $0).map(\.id) })
}
