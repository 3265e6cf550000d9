import Market
import NodeCrypto
import OrderBook

/// The order book as one would write it on a blackboard: one list of orders, each with the rectangles that were taken of
/// it; every answer is searched, counted and sorted anew. It shares the orders' and the answers' types with the product
/// and no code.
package struct ReferenceBook {
  /// The orders, in the order in which they came.
  var entries: [Entry] = []
  private(set) var time: Int64 = 0
  /// By class position; missing or 0 when unknown.
  let classVRAMMiB: [UInt32]

  package init(classVRAMMiB: [UInt32] = []) { self.classVRAMMiB = classVRAMMiB }

  func position(_ id: OrderID) -> Int? { entries.firstIndex { $0.id == id } }

  func entry(_ id: OrderID) -> Entry? { position(id).map { entries[$0] } }

  mutating func insert(_ order: Order) -> OrderBook.Insertion {
    if position(order.id) != nil { return .duplicate }
    if order.body.expiry.milliseconds <= time { return .expired }
    entries.append(Entry(order))
    return .inserted
  }

  mutating func cancel(_ id: OrderID) -> Bool {
    guard let position = position(id) else { return false }
    entries.remove(at: position)
    return true
  }

  mutating func removeAll(ownedBy owner: NodeID) -> [OrderID] {
    let removed = owned(by: owner).map(\.id)
    entries.removeAll { $0.terms.owner == owner }
    return removed
  }

  mutating func amend(_ order: Order) -> OrderBook.Amendment {
    guard let position = position(order.id) else { return .unknown }
    if order.side != entries[position].terms.side { return .otherSide }
    if order.body.expiry.milliseconds <= time {
      entries.remove(at: position)
      return .expired
    }
    entries[position].replaceTerms(order)
    return .amended
  }

  mutating func take(_ id: OrderID, gpus: Int32, slots: SlotRange) -> Bool {
    guard gpus > 0, let position = position(id) else { return false }
    entries[position].change(by: Int(gpus), slots)
    return true
  }

  mutating func putBack(_ id: OrderID, gpus: Int32, slots: SlotRange) -> Bool {
    guard gpus > 0, let position = position(id) else { return false }
    entries[position].change(by: -Int(gpus), slots)
    return true
  }

  mutating func advance(to time: Int64) -> [OrderID] {
    guard time > self.time else { return [] }
    self.time = time
    let expired = entries.filter { $0.terms.expiry <= time }.sorted {
      $0.terms.expiry == $1.terms.expiry ? $0.isEarlier(than: $1) : $0.terms.expiry < $1.terms.expiry
    }
    entries.removeAll { $0.terms.expiry <= time }
    return expired.map(\.id)
  }

  func owned(by owner: NodeID) -> [Entry] {
    entries.filter { $0.terms.owner == owner }.sorted { $0.isEarlier(than: $1) }
  }

  func openCount(_ side: Side) -> Int { entries.count { $0.rests && $0.terms.side == side } }
}

// MARK: - Ladders

extension ReferenceBook {
  func ladder(_ gpuClass: GPUClassIndex, _ side: Side) -> [Entry] {
    entries.filter { $0.rests && $0.terms.side == side && $0.terms.classes.contains(gpuClass.position) }
      .sorted { $0.isBetter(than: $1) }
  }

  func levels(_ gpuClass: GPUClassIndex, _ side: Side, at slot: Slot, limit: Int) -> [Level] {
    let orders = ladder(gpuClass, side)
    return Self.levels(orders.map { ($0, side == .bid ? $0.remaining : $0.free(at: slot.index)) }, limit)
  }

  /// Each hour's offers that have GPUs in all of it, and bids that could be delivered in some of it.
  func depth(
    _ gpuClass: GPUClassIndex, from: Slot, hours: Int, slotsPerHour: Int64, levels: Int
  ) -> [(slots: SlotRange, offers: [Level], bids: [Level])] {
    let (offers, bids) = (ladder(gpuClass, .offer), ladder(gpuClass, .bid))
    return (0..<max(0, hours)).map { hour in
      let start = from.index + Int64(hour) * slotsPerHour
      let end = start + slotsPerHour
      let free = offers.filter { $0.terms.start <= start && end <= $0.terms.end }
        .map { ($0, $0.fewestFree(from: start, count: slotsPerHour)) }.filter { $0.1 > 0 }
      let wanted = bids.filter { max(start, $0.terms.start) < min(end, $0.terms.end) }.map { ($0, $0.remaining) }
      return (
        SlotRange(start: Slot(start), end: Slot(end)), Self.levels(free, levels), Self.levels(wanted, levels)
      )
    }
  }

  /// The sums of orders that stand in the order of their prices, price by price.
  private static func levels(_ orders: [(Entry, Int)], _ limit: Int) -> [Level] {
    var levels: [Level] = []
    for (entry, gpus) in orders {
      if levels.last?.price != entry.terms.price { levels.append(Level(price: entry.terms.price, gpus: 0, orders: 0)) }
      levels[levels.count - 1].gpus += Int64(gpus)
      levels[levels.count - 1].orders += 1
    }
    return Array(levels.prefix(max(0, limit)))
  }
}

/// A price level, of the book or of the reference.
struct Level: Equatable {
  var price: Int64
  var gpus: Int64
  var orders: Int

  init(price: Int64, gpus: Int64, orders: Int) { (self.price, self.gpus, self.orders) = (price, gpus, orders) }
  init(_ level: PriceLevel) { self.init(price: level.price.micros, gpus: level.gpus, orders: level.orders) }
}
