import BookChecking
import Market
import NodeCrypto
import OrderBook
import Testing

/// What each owner does with its own orders is one stream, as a feed is; streams of different owners may arrive in any
/// order relative to each other, and the time is the latest that was seen.
@Suite("The order in which feeds arrive")
struct FeedOrderTests {
  private enum Event {
    case insert(Order)
    case amend(Order)
    case cancel(OrderID)
    case take(OrderID, Int32, SlotRange)
    case putBack(OrderID, Int32, SlotRange)
    case time(Timestamp)
  }

  @Test("independent feeds in any interleaving end in the same book and digest", arguments: UInt64(1)...40)
  func interleavings(seed: UInt64) {
    var generator = StreamGenerator(profile: seed % 4 == 0 ? .wide : .small, seed: seed)
    var draw = Draw(seed: seed &+ 1000)
    let feeds = self.feeds(&generator, &draw)
    let end = feeds.flatMap { $0 }.reduce(Timestamp.zero) { end, event in
      if case .time(let time) = event { max(end, time) } else { end }
    }
    var books = (0..<4).map { _ in interleave(feeds, end, generator, &draw) }
    let digests = Set(books.indices.map { books[$0].digest() })
    #expect(digests.count == 1 && digests.first == books[0].digestFromScratch())
    #expect(books[0].count > 0 && books.allSatisfy { $0.time == end })
    for book in books.dropFirst() {
      for gpuClass in (0..<6).map({ GPUClassIndex($0) }) {
        for side in [Side.offer, .bid] {
          let (one, other) = (books[0], book)
          #expect(
            one.ladder(gpuClass: gpuClass, side: side).map(\.order)
              == other.ladder(gpuClass: gpuClass, side: side).map(\.order))
          #expect(
            one.ladder(gpuClass: gpuClass, side: side).map(\.remainingGPUs)
              == other.ladder(gpuClass: gpuClass, side: side).map(\.remainingGPUs))
        }
      }
    }
  }

  @Test("whole feeds one after the other stand in price-time order, equal times too", arguments: [1, 30, 4000])
  func feedAfterFeed(meanPause: Int) {
    var draw = Draw(seed: UInt64(meanPause))
    var expected: [Order] = []
    var book = OrderBook()
    for owner in 0..<50 as Range<UInt64> {
      var time: Int64 = 0
      let feed = (0..<400 as Range<UInt64>).map { index in
        time += Int64(draw.below(2 * meanPause))
        return Order.offer(
          owner * 1000 + index, owner: (owner * 7919) % 50, time: time, price: 1_000_000 + Int64(draw.below(3)),
          expiry: 1 << 40)
      }
      for (index, order) in feed.enumerated() {
        if index % OrderBook.changesToPrefetch == 0 {
          let next = feed[index...].prefix(OrderBook.changesToPrefetch)
          let (ids, bodies, times) = (next.map(\.id), next.map(\.body), next.map(\.priority.time))
          book.prefetch(ids.span, inserting: bodies.span, at: times.span)
        }
        book.insert(order)
        if draw.once(in: 9) {
          let gone = feed[draw.below(index + 1)].id
          book.cancel(gone)
          expected.removeAll { $0.id == gone }
          if gone != order.id { expected.append(order) }
        } else {
          expected.append(order)
        }
      }
    }
    expected.sort { ($0.body.price, $0.priority) < ($1.body.price, $1.priority) }
    #expect(book.numbers(.offer) == expected.map(\.id.word3))
  }

  /// The steps of a generated stream, by owner. An amend never moves an expiry: whether the order is still there when a
  /// later one arrives depends on the time that has been seen.
  private func feeds(_ generator: inout StreamGenerator, _ draw: inout Draw) -> [[Event]] {
    var feeds: [NodeID: [Event]] = [:]
    var owners: [OrderID: Order] = [:]
    func add(_ id: OrderID, _ event: Event) {
      if let owner = owners[id]?.owner { feeds[owner, default: []].append(event) }
    }
    for _ in 0..<400 {
      switch generator.next() {
      case .insert(let order) where owners[order.id] == nil:
        owners[order.id] = order
        add(order.id, .insert(order))
      case .amend(let order):
        guard let old = owners[order.id], old.side == order.side else { continue }
        add(
          order.id, .amend(Order(id: old.id, priority: order.priority, body: order.body.expiring(at: old.body.expiry))))
      case .cancel(let id): add(id, .cancel(id))
      case .take(let id, let gpus, let slots): add(id, .take(id, gpus, slots))
      case .putBack(let id, let gpus, let slots): add(id, .putBack(id, gpus, slots))
      case .advance(let time):
        guard let owner = feeds.keys.min() else { continue }
        feeds[owner, default: []].append(.time(time))
      default: continue
      }
    }
    return feeds.sorted { $0.key < $1.key }.map(\.value)
  }

  private func interleave(
    _ feeds: [[Event]], _ end: Timestamp, _ generator: StreamGenerator, _ draw: inout Draw
  ) -> OrderBook {
    var pending = feeds.map { $0[...] }
    var book = OrderBook(classVRAMMiB: generator.classVRAMMiB, seed: draw.word())
    while !pending.isEmpty {
      let pick = draw.below(pending.count)
      for _ in 0...draw.below(12) {
        switch pending[pick].popFirst() {
        case .insert(let order)?: book.insert(order)
        case .amend(let order)?: book.amend(order)
        case .cancel(let id)?: book.cancel(id)
        case .take(let id, let gpus, let slots)?: book.take(id, gpus: gpus, slots: slots)
        case .putBack(let id, let gpus, let slots)?: book.putBack(id, gpus: gpus, slots: slots)
        case .time(let time)?: book.advance(to: time)
        case nil: break
        }
      }
      if draw.once(in: 10) { _ = book.digest() }
      if pending[pick].isEmpty { pending.remove(at: pick) }
    }
    book.advance(to: end)
    return book
  }

  @Test("the takes and put-backs of an order commute", arguments: UInt64(1)...20)
  func takesCommute(seed: UInt64) {
    var draw = Draw(seed: seed)
    var changes: [(gpus: Int32, slots: SlotRange)] = []
    for _ in 0..<12 {
      let start = Int64(draw.below(14)) - 2
      changes.append((Int32(draw.below(13)) - 6, slots(start, start + 1 + Int64(draw.below(6)))))
    }
    var digests: Set<Digest> = []
    for _ in 0..<6 {
      var book = OrderBook(.offer(1, time: 1), .bid(2, time: 2, gpus: 9))
      for index in changes.indices { changes.swapAt(index, draw.below(changes.count)) }
      for (gpus, slots) in changes {
        for id in [orderID(1), orderID(2)] {
          if gpus > 0 { book.take(id, gpus: gpus, slots: slots) } else { book.putBack(id, gpus: -gpus, slots: slots) }
        }
      }
      digests.insert(book.digest())
    }
    #expect(digests.count == 1)
  }
}

extension OrderBody {
  fileprivate func expiring(at expiry: Timestamp) -> OrderBody {
    switch self {
    case .offer(var offer):
      offer.expiry = expiry
      return .offer(offer)
    case .bid(var bid):
      bid.expiry = expiry
      return .bid(bid)
    }
  }
}
