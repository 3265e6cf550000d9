import HeapModule
import Market
import NodeCrypto

/// The live orders of one author: neither cancelled nor expired by the times of its own feed, whatever the book's time.
/// They count against the author's limit, and they are what it can cancel and amend.
///
/// An order leaves the book when any feed's time has passed its expiry. Its author's feed, which may be behind, can still
/// amend it to a later one; what that needs of the order, and what is taken of it, is kept here.
struct AuthorOrders: Sendable {
  private struct Expiry: Comparable, Sendable {
    let time: Timestamp
    let slot: LiveOrders.Slot
    static func < (left: Self, right: Self) -> Bool {
      left.time == right.time ? left.slot < right.slot : left.time < right.time
    }
  }

  private(set) var live = LiveOrders()
  /// The GPUs of all live orders, as they are ordered.
  private(set) var gpus: Int64 = 0
  /// One for each live order, and some of orders that have been cancelled or amended since.
  private var expiries = Heap<Expiry>()

  /// Adds an order that is not live yet.
  mutating func add(_ id: OrderID, _ body: OrderBody, at place: OrderPlace, taken: Taken = Taken()) {
    let order = LiveOrder(
      expiry: body.expiry, gpus: body.gpus, side: body.side, timeInForce: body.timeInForce, place: place, taken: taken)
    gpus += Int64(body.gpus)
    insert(Expiry(time: body.expiry, slot: live.insert(order, as: id)))
  }

  mutating func amend(_ id: OrderID, to body: OrderBody) {
    guard let old = live.amend(id, gpus: body.gpus, expiry: body.expiry) else { return }
    gpus += Int64(body.gpus) - Int64(old.gpus)
    if old.expiry != body.expiry { insert(Expiry(time: body.expiry, slot: old.slot)) }
  }

  /// Whether more is taken of a live order than it has: of an offer in one of these slots, of a bid at all.
  func isOverfilled(_ id: OrderID, in slots: SlotRange) -> Bool {
    guard let live = live[id] else { return false }
    return live.taken.maximum(in: live.side == .offer ? slots : nil) > Int64(live.gpus)
  }

  /// Returns whether the order was live.
  mutating func cancel(_ id: OrderID) -> Bool {
    guard let freed = live.remove(id) else { return false }
    gpus -= Int64(freed)
    return true
  }

  /// Takes from a live order, or puts back where negative.
  mutating func take(_ id: OrderID, gpus: Int64, slots: SlotRange) { live.take(id, gpus: gpus, slots: slots) }

  /// Forgets the orders that have expired at the time of an entry of the author's.
  mutating func expire(at time: Timestamp) {
    while let next = expiries.min, next.time <= time {
      // Another order may be at its place by now: it goes when it expires at the same moment.
      if let freed = live.remove(next.slot, expiringAt: next.time) { gpus -= Int64(freed) }
      expiries.removeMin()
    }
  }

  /// Amortised O(log n): the heap stays in proportion to the live orders, however often those are amended.
  private mutating func insert(_ expiry: Expiry) {
    expiries.insert(expiry)
    guard expiries.count > 2 * live.count + 64 else { return }
    expiries = Heap(live.expiries.map { Expiry(time: $0.expiry, slot: $0.slot) })
  }
}
