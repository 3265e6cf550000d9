import Market
import NodeCrypto

extension OrderBook {
  /// The number of orders in the book, open or not.
  public var count: Int { read { Int($0.orders.count) } }

  /// The number of resting orders on `side`: those that can be taken from.
  public func openCount(_ side: Side) -> Int {
    read { side == .offer ? $0.restingOffers : $0.restingBids }
  }

  /// The bytes of memory in use for orders, but for the details that few have and lists of slots.
  public var usedBytes: Int { read { $0.usedBytes } }

  /// The order named `id`, or nil when it is not in the book.
  public func order(_ id: OrderID) -> Order? {
    read { core in core.orders.slot(of: id).map { core.order($0) } }
  }

  /// The order named `id` and what is taken of it, or nil when it is not in the book.
  public func state(of id: OrderID) -> OrderState? {
    read { core in core.orders.slot(of: id).map { core.state($0) } }
  }

  /// The orders of `owner` in the book, open or not, the earliest first. O(its orders) for the book's own owner, O(n)
  /// for others.
  public func orders(ownedBy owner: NodeID) -> [OrderState] {
    read { core in core.slots(ownedBy: owner).map { core.state($0) } }
  }

  /// Whether any order of `owner` is in the book, open or not. O(1).
  public func hasOrders(ownedBy owner: NodeID) -> Bool {
    read { core in core.owners.slot(of: owner).map { core.ownerCounts[$0].present > 0 } ?? false }
  }

  /// The first `limit` resting orders of a class and side in price-time priority: the lowest ask or the highest bid
  /// first.
  public func ladder(gpuClass: GPUClassIndex, side: Side, limit: Int = .max) -> [OrderState] {
    read { core in
      var found: [OrderState] = []
      guard limit > 0 else { return found }
      core.forEachResting(gpuClass, isBid: side == .bid) {
        found.append(core.state($0))
        return found.count < limit
      }
      return found
    }
  }

  /// The ids of the first `limit` resting orders of a class and side that expire after `time`, in price-time priority. The
  /// book keeps an order until its own time has passed its expiry.
  ///
  /// - Complexity: O(`limit` + expired orders before them).
  public func restingOrders(
    gpuClass: GPUClassIndex, side: Side, expiringAfter time: Timestamp = .zero, limit: Int = .max
  ) -> [OrderID] {
    read { core in
      var found: [OrderID] = []
      guard limit > 0 else { return found }
      core.forEachResting(gpuClass, isBid: side == .bid) { order in
        if core.expires(order, after: time) { found.append(core.orders[order]) }
        return found.count < limit
      }
      return found
    }
  }

  /// The resting orders of a class and side that expire after `time`, taken together.
  ///
  /// - Parameter slot: the first slot that counts: an offer has as many GPUs as in the slot from there on that has most.
  /// - Complexity: O(resting orders x steps).
  public func total(
    gpuClass: GPUClassIndex, side: Side, expiringAfter time: Timestamp, from slot: Slot
  ) -> LadderTotal {
    read { core in
      var total = LadderTotal()
      core.forEachResting(gpuClass, isBid: side == .bid) { order in
        guard core.expires(order, after: time) else { return true }
        let record = core.records[order]
        if total.orders == 0 { total.best = Price(micros: record.price) }
        total.orders += 1
        total.gpus += Int64(record.isBid ? core.remaining(record) : core.mostFree(record, from: slot.index))
        return true
      }
      return total
    }
  }

  /// The first `limit` price levels of a class and side, the best first, with what each offers or wants.
  ///
  /// - Parameter slot: the delivery slot in which an offer's free GPUs are counted; a bid's remaining GPUs always are.
  /// - Complexity: O(orders on those levels x log steps).
  public func levels(gpuClass: GPUClassIndex, side: Side, at slot: Slot, limit: Int = .max) -> [PriceLevel] {
    read { core in
      var levels = PriceLevels(limit: limit)
      core.forEachResting(gpuClass, isBid: side == .bid) { order in
        let record = core.records[order]
        let gpus = record.isBid ? core.remaining(record) : core.free(record, from: slot.index, to: slot.index + 1)
        return levels.add(Price(micros: record.price), gpus: gpus)
      }
      return levels.levels
    }
  }

  /// What is offered and wanted in each of `hours` consecutive hours of delivery.
  ///
  /// An offer counts in an hour with the GPUs that it has free throughout it, a bid in every hour that its window
  /// reaches into with the GPUs that it still wants, wherever it may end up.
  ///
  /// - Parameters:
  ///   - first: the first slot of the first hour.
  ///   - slotsPerHour: the slots of one hour, or of whatever length is to be told apart; at least 1.
  ///   - limit: the most price levels on each side of an hour.
  /// - Complexity: O(resting orders x hours x log steps).
  public func depth(
    gpuClass: GPUClassIndex, from first: Slot, hours: Int, slotsPerHour: Int64, levels limit: Int
  ) -> [DepthHour] {
    guard hours > 0, slotsPerHour > 0 else { return [] }
    return (0..<Int64(hours)).map { hour in
      let slots = SlotRange(start: first + hour * slotsPerHour, end: first + (hour + 1) * slotsPerHour)
      return read { core in
        var offers = PriceLevels(limit: limit)
        core.forEachResting(gpuClass, isBid: false) { order in
          let record = core.records[order]
          let gpus = core.free(record, from: slots.start.index, to: slots.end.index)
          return gpus == 0 || offers.add(Price(micros: record.price), gpus: gpus)
        }
        var bids = PriceLevels(limit: limit)
        core.forEachResting(gpuClass, isBid: true) { order in
          let record = core.records[order]
          let (start, end) = (max(Int64(record.start), slots.start.index), min(Int64(record.end), slots.end.index))
          guard start < end else { return true }
          return bids.add(Price(micros: record.price), gpus: core.remaining(record))
        }
        return DepthHour(slots: slots, offers: offers.levels, bids: bids.levels)
      }
    }
  }
}

/// What is offered and wanted for delivery in one hour.
public struct DepthHour: Hashable, Sendable {
  /// The hour's slots.
  public let slots: SlotRange
  /// GPUs that are free throughout the hour, the lowest ask first.
  public let offers: [PriceLevel]
  /// GPUs that bids still want whose windows reach into the hour, the highest bid first.
  public let bids: [PriceLevel]
}

/// The resting orders of one class and side together.
public struct LadderTotal: Hashable, Sendable {
  /// How many they are.
  public internal(set) var orders = 0
  /// The GPUs for sale, or wanted.
  public internal(set) var gpus: Int64 = 0
  /// The lowest ask or the highest bid; nil when there is no order.
  public internal(set) var best: Price?
}

/// The orders of one class, side and price.
public struct PriceLevel: Hashable, Sendable {
  /// The price per GPU-hour.
  public let price: Price
  /// GPUs for sale in the slots asked about, or wanted.
  public internal(set) var gpus: Int64
  /// The number of orders, at least 1.
  public internal(set) var orders: Int
}

/// Adds orders up that come in the order of their prices.
private struct PriceLevels {
  let limit: Int
  private(set) var levels: [PriceLevel] = []

  init(limit: Int) { self.limit = limit }

  /// Adds an order; false when it would begin one level too many.
  mutating func add(_ price: Price, gpus: Int32) -> Bool {
    if levels.last?.price != price {
      if levels.count >= limit { return false }
      levels.append(PriceLevel(price: price, gpus: 0, orders: 0))
    }
    levels[levels.count - 1].gpus += Int64(gpus)
    levels[levels.count - 1].orders += 1
    return true
  }
}

extension BookCore {
  /// Whether a resting order expires after `time`.
  func expires(_ slot: Int32, after time: Timestamp) -> Bool {
    records[slot].expiry > UInt64(clamping: time.milliseconds)
  }

  /// The GPUs of an offer that are free in the slot from `slot` on that has most of them; none when its window is over.
  func mostFree(_ record: OrderRecord, from slot: Int64) -> Int32 {
    let start = max(slot, Int64(record.start))
    guard start < Int64(record.end) else { return 0 }
    guard record.extra >= 0, extras[record.extra].calendar.count > 0 else { return record.gpus }
    return record.gpus.left(
      whenUsed: calendars.leastUsed(extras[record.extra].calendar, start: start, end: Int64(record.end)))
  }

  /// The GPUs of an offer that are free in each slot from `start` up to `end`; none where that reaches out of its window.
  func free(_ record: OrderRecord, from start: Int64, to end: Int64) -> Int32 {
    guard Int64(record.start) <= start, end <= Int64(record.end) else { return 0 }
    guard record.extra >= 0, extras[record.extra].calendar.count > 0 else { return record.gpus }
    return record.gpus.left(
      whenUsed: calendars.mostUsed(extras[record.extra].calendar, start: start, end: end))
  }
}
