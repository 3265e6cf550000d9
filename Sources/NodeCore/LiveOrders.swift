import Market
import NodeCrypto

/// What an author's state has to know of an order that the book may not hold.
struct LiveOrder: Sendable {
  var expiry: Timestamp
  /// As it is ordered, whatever is taken of it.
  var gpus: Int32
  let side: Side
  let timeInForce: TimeInForce
  let place: OrderPlace
  var taken = Taken()
}

/// Orders by their ids, as few bytes for each as it takes: there are as many of them as in the book.
///
/// An order is a record of 64 bytes in an array. A dictionary finds it by the first word of its id; orders of one author
/// that are alike in that, for which it would have to search, are a chain. What is taken of orders, of most nothing, is
/// kept apart. Finding, adding and removing are O(1).
struct LiveOrders: Sendable {
  /// Names an order as long as it is there; another one may have the name afterwards.
  typealias Slot = Int32

  private struct Record: Sendable {
    let id: OrderID
    var expiry: Timestamp
    let sequence: UInt64
    let index: UInt32
    var gpus: Int32
    /// The next in the chain; -1 at its end.
    var next: Slot
    let side: Side
    let timeInForce: TimeInForce
    var isPresent = true
  }

  /// The first of each chain. For look-up only.
  private var chains: [UInt64: Slot] = [:]
  private var records: ContiguousArray<Record> = []
  private var vacant: [Slot] = []
  /// Of the orders of which something is taken. For look-up only.
  private var taken: [OrderID: Taken] = [:]

  /// How many there are.
  var count: Int { records.count - vacant.count }

  /// The order with this id, and where it is.
  private func find(_ id: OrderID) -> Slot? {
    var slot = chains[id.word0] ?? -1
    while slot >= 0 {
      if records[Int(slot)].id == id { return slot }
      slot = records[Int(slot)].next
    }
    return nil
  }

  /// Whether there is an order with this id.
  func contains(_ id: OrderID) -> Bool { find(id) != nil }

  /// The order with this id.
  subscript(id: OrderID) -> LiveOrder? {
    find(id).map { slot in
      let record = records[Int(slot)]
      return LiveOrder(
        expiry: record.expiry, gpus: record.gpus, side: record.side, timeInForce: record.timeInForce,
        place: OrderPlace(sequence: record.sequence, index: record.index), taken: taken[id] ?? Taken())
    }
  }

  /// Adds an order that is not there yet.
  mutating func insert(_ order: LiveOrder, as id: OrderID) -> Slot {
    let record = Record(
      id: id, expiry: order.expiry, sequence: order.place.sequence, index: order.place.index, gpus: order.gpus,
      next: chains[id.word0] ?? -1, side: order.side, timeInForce: order.timeInForce)
    let slot: Slot
    if let free = vacant.popLast() {
      slot = free
      records[Int(slot)] = record
    } else {
      slot = Slot(records.count)
      records.append(record)
    }
    chains[id.word0] = slot
    if !order.taken.isNothing { taken[id] = order.taken }
    return slot
  }

  /// Removes an order; returns its GPUs, or nil when it is not there.
  mutating func remove(_ id: OrderID) -> Int32? {
    guard let slot = find(id) else { return nil }
    remove(slot)
    return records[Int(slot)].gpus
  }

  private mutating func remove(_ slot: Slot) {
    let (id, next) = (records[Int(slot)].id, records[Int(slot)].next)
    if chains[id.word0] == slot {
      chains[id.word0] = next >= 0 ? next : nil
    } else if var before = chains[id.word0] {
      while records[Int(before)].next != slot { before = records[Int(before)].next }
      records[Int(before)].next = next
    }
    records[Int(slot)].isPresent = false
    vacant.append(slot)
    taken[id] = nil
  }

  /// Removes the order that is at `slot` when it expires at `expiry`; returns its GPUs then.
  mutating func remove(_ slot: Slot, expiringAt expiry: Timestamp) -> Int32? {
    guard records[Int(slot)].isPresent, records[Int(slot)].expiry == expiry else { return nil }
    remove(slot)
    return records[Int(slot)].gpus
  }

  /// Gives an order another number of GPUs and another expiry; returns where it is and what it had, or nil when it is
  /// not there.
  mutating func amend(
    _ id: OrderID, gpus: Int32, expiry: Timestamp
  ) -> (slot: Slot, gpus: Int32, expiry: Timestamp)? {
    guard let slot = find(id) else { return nil }
    let old = (slot, records[Int(slot)].gpus, records[Int(slot)].expiry)
    records[Int(slot)].gpus = gpus
    records[Int(slot)].expiry = expiry
    return old
  }

  /// Takes from an order, or puts back where negative; changes nothing when it is not there.
  mutating func take(_ id: OrderID, gpus: Int64, slots: SlotRange) {
    guard let slot = find(id) else { return }
    var sum = taken[id] ?? Taken()
    if records[Int(slot)].side == .offer { sum.add(gpus, slots) } else { sum.add(gpus) }
    taken[id] = sum.isNothing ? nil : sum
  }

  /// Where each order is, and when it expires.
  var expiries: [(slot: Slot, expiry: Timestamp)] {
    records.indices.compactMap { records[$0].isPresent ? (Slot($0), records[$0].expiry) : nil }
  }

  /// The ids, in no order that counts.
  var ids: [OrderID] { records.filter(\.isPresent).map(\.id) }

  /// The orders, ascending by place. O(n log n).
  var byPlace: [(id: OrderID, order: LiveOrder)] {
    ids.compactMap { id in self[id].map { (id, $0) } }.sorted { $0.order.place < $1.order.place }
  }
}
