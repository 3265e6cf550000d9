import HeapModule
import Market
import NodeCrypto

/// The live orders of one author: neither cancelled nor expired by the times of its own feed, whatever the book's time.
/// They count against the author's limit, and they are what it can cancel and amend.
///
/// An order leaves the book when any feed's time has passed its expiry. Its author's feed, which may be behind, can still
/// amend it to a later one; what that needs of the order, and what is taken of it, is kept here.
struct AuthorOrders: Sendable {
  /// What an amend has to know of an order that the book may not hold.
  struct Live: Sendable {
    var expiry: Timestamp
    /// As it is ordered, whatever is taken of it.
    var gpus: Int32
    let side: Side
    let timeInForce: TimeInForce
    let place: OrderPlace
    var taken = Taken()
  }

  private struct Expiry: Comparable, Sendable {
    let time: Timestamp
    let order: OrderID
    static func < (left: Self, right: Self) -> Bool {
      left.time == right.time ? left.order < right.order : left.time < right.time
    }
  }

  /// For look-up only.
  private(set) var live: [OrderID: Live] = [:]
  /// The GPUs of all live orders, as they are ordered.
  private(set) var gpus: Int64 = 0
  /// One for each live order, and some of orders that have been cancelled or amended since.
  private var expiries = Heap<Expiry>()

  mutating func add(_ id: OrderID, _ body: OrderBody, at place: OrderPlace, taken: Taken = Taken()) {
    live[id] = Live(
      expiry: body.expiry, gpus: body.gpus, side: body.side, timeInForce: body.timeInForce, place: place, taken: taken)
    gpus += Int64(body.gpus)
    insert(Expiry(time: body.expiry, order: id))
  }

  mutating func amend(_ id: OrderID, to body: OrderBody) {
    guard let old = live[id] else { return }
    gpus += Int64(body.gpus) - Int64(old.gpus)
    live[id]?.gpus = body.gpus
    guard old.expiry != body.expiry else { return }
    live[id]?.expiry = body.expiry
    insert(Expiry(time: body.expiry, order: id))
  }

  /// Whether more is taken of a live order than it has: of an offer in one of these slots, of a bid at all.
  func isOverfilled(_ id: OrderID, in slots: SlotRange) -> Bool {
    guard let live = live[id] else { return false }
    return live.taken.maximum(in: live.side == .offer ? slots : nil) > Int64(live.gpus)
  }

  /// Returns whether the order was live.
  mutating func cancel(_ id: OrderID) -> Bool {
    guard let old = live.removeValue(forKey: id) else { return false }
    gpus -= Int64(old.gpus)
    return true
  }

  /// Takes from a live order, or puts back where negative.
  mutating func take(_ id: OrderID, gpus: Int64, slots: SlotRange) {
    if live[id]?.side == .offer { live[id]?.taken.add(gpus, slots) } else { live[id]?.taken.add(gpus) }
  }

  /// Forgets the orders that have expired at the time of an entry of the author's.
  mutating func expire(at time: Timestamp) {
    while let next = expiries.min, next.time <= time {
      if live[next.order]?.expiry == next.time { _ = cancel(next.order) }
      expiries.removeMin()
    }
  }

  /// Amortised O(log n): the heap stays in proportion to the live orders, however often those are amended.
  private mutating func insert(_ expiry: Expiry) {
    expiries.insert(expiry)
    guard expiries.count > 2 * live.count + 64 else { return }
    expiries = Heap(live.map { Expiry(time: $0.value.expiry, order: $0.key) })
  }
}
