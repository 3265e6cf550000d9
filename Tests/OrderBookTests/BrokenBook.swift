import BookChecking
import Market
import NodeCrypto
import OrderBook

/// What is wrong with a ``BrokenBook``.
protocol Fault: Sendable {
  static func taken(_ gpus: Int32) -> Int32
  static func match(_ match: Match?) -> Match?
  static func expired(_ orders: [OrderID]) -> [OrderID]
  static func digest(_ digest: Digest, orders: Int) -> Digest
}

extension Fault {
  static func taken(_ gpus: Int32) -> Int32 { gpus }
  static func match(_ match: Match?) -> Match? { match }
  static func expired(_ orders: [OrderID]) -> [OrderID] { orders }
  static func digest(_ digest: Digest, orders: Int) -> Digest { digest }
}

/// Sells a GPU too much when five or more are sold.
enum OversellingFault: Fault {
  static func taken(_ gpus: Int32) -> Int32 { gpus >= 5 ? gpus - 1 : gpus }
}

/// Starts a delivery a slot late when it is longer than two.
enum LateFault: Fault {
  static func match(_ match: Match?) -> Match? {
    guard let match, match.slots.count > 2 else { return match }
    return Match(
      offer: match.offer, bid: match.bid, takerSide: match.takerSide, gpus: match.gpus,
      slots: SlotRange(start: match.slots.start + 1, end: match.slots.end + 1), price: match.price,
      gpuClass: match.gpuClass)
  }
}

/// Names orders that expire together in the wrong order.
enum UnsortedFault: Fault {
  static func expired(_ orders: [OrderID]) -> [OrderID] { orders.reversed() }
}

/// Has one digest for all books of three orders.
enum ForgetfulFault: Fault {
  static func digest(_ digest: Digest, orders: Int) -> Digest { orders == 3 ? SetHash().digest : digest }
}

/// The product's book with a fault: the checks have to find it.
struct BrokenBook<Wrong: Fault>: CheckedBook {
  private var book: OrderBook

  private init(_ book: OrderBook) { self.book = book }

  static func empty(classVRAMMiB: [UInt32], seed: UInt64) -> Self {
    Self(.empty(classVRAMMiB: classVRAMMiB, seed: seed))
  }

  var time: Timestamp { book.time }
  var count: Int { book.count }
  mutating func insert(_ order: Order) -> OrderBook.Insertion { book.insert(order) }
  mutating func cancel(_ id: OrderID) -> Bool { book.cancel(id) }
  mutating func removeAll(ownedBy owner: NodeID) -> [OrderID] { book.removeAll(ownedBy: owner) }
  mutating func amend(_ order: Order) -> OrderBook.Amendment { book.amend(order) }
  mutating func take(_ id: OrderID, gpus: Int32, slots: SlotRange) -> Bool {
    book.take(id, gpus: Wrong.taken(gpus), slots: slots)
  }
  mutating func putBack(_ id: OrderID, gpus: Int32, slots: SlotRange) -> Bool {
    book.putBack(id, gpus: gpus, slots: slots)
  }
  mutating func advance(to time: Timestamp) -> [OrderID] { Wrong.expired(book.advance(to: time)) }
  func openCount(_ side: Side) -> Int { book.openCount(side) }
  func order(_ id: OrderID) -> Order? { book.order(id) }
  func state(of id: OrderID) -> OrderState? { book.state(of: id) }
  func orders(ownedBy owner: NodeID) -> [OrderState] { book.orders(ownedBy: owner) }
  func hasOrders(ownedBy owner: NodeID) -> Bool { book.hasOrders(ownedBy: owner) }
  func ladder(gpuClass: GPUClassIndex, side: Side, limit: Int) -> [OrderState] {
    book.ladder(gpuClass: gpuClass, side: side, limit: limit)
  }
  func restingOrders(gpuClass: GPUClassIndex, side: Side, expiringAfter time: Timestamp, limit: Int) -> [OrderID] {
    book.restingOrders(gpuClass: gpuClass, side: side, expiringAfter: time, limit: limit)
  }
  func total(gpuClass: GPUClassIndex, side: Side, expiringAfter time: Timestamp, from slot: Slot) -> LadderTotal {
    book.total(gpuClass: gpuClass, side: side, expiringAfter: time, from: slot)
  }
  func levels(gpuClass: GPUClassIndex, side: Side, at slot: Slot, limit: Int) -> [PriceLevel] {
    book.levels(gpuClass: gpuClass, side: side, at: slot, limit: limit)
  }
  mutating func match(_ taker: OrderID, context: MatchContext) -> Match? {
    Wrong.match(book.match(taker, context: context))
  }
  func match(_ taker: Order, context: MatchContext) -> Match? { Wrong.match(book.match(taker, context: context)) }
  mutating func purchase(_ bid: OrderID, context: MatchContext) -> [Match] {
    book.purchase(bid, context: context)
  }
  func quote(_ bid: Order, context: MatchContext) -> Quote { book.quote(bid, context: context) }
  func depth(gpuClass: GPUClassIndex, from: Slot, hours: Int, slotsPerHour: Int64, levels: Int) -> [DepthHour] {
    book.depth(gpuClass: gpuClass, from: from, hours: hours, slotsPerHour: slotsPerHour, levels: levels)
  }
  func explain(_ id: OrderID, context: MatchContext) -> MatchExplanation? { book.explain(id, context: context) }
  func counterOrders(crossing id: OrderID, ownedBy owner: NodeID) -> [OrderID] {
    book.counterOrders(crossing: id, ownedBy: owner)
  }
  mutating func digest() -> Digest { Wrong.digest(book.digest(), orders: book.count) }
  mutating func advanceDigest(by orders: Int) -> Bool { book.advanceDigest(by: orders) }
  func digestFromScratch() -> Digest { book.digestFromScratch() }
}
