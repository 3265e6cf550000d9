import Market
import NodeCrypto

extension BookCore {
  func insert(_ order: borrowing Order) -> OrderBook.Insertion {
    guard time < order.body.expiry else {
      return orders.slot(of: order.id) == nil ? .expired : .duplicate
    }
    let (slot, isNew) = orders.insert(order.id)
    guard isNew else { return .duplicate }
    var record = OrderRecord.of(order, owner: acquireOwner(order.priority.owner))
    if records.count == slot {
      _ = records.append(record)
    } else {
      // The list of changed orders names slots, whoever has them.
      record.flags.formUnion(records[slot].flags.intersection(.listed))
      records[slot] = record
    }
    enter(slot, order)
    return .inserted
  }

  /// Replaces the terms and the priority of an order; what is taken stays.
  func amend(_ order: borrowing Order) -> OrderBook.Amendment {
    guard let slot = orders.slot(of: order.id) else { return .unknown }
    guard (order.side == .bid) == records[slot].isBid else { return .otherSide }
    guard time < order.body.expiry else {
      remove(slot)
      return .expired
    }
    willChange(slot)
    leave(slot)
    let old = records[slot]
    detachDetails(slot)
    let owner = acquireOwner(order.priority.owner)
    releaseOwner(old.owner)
    var record = OrderRecord.of(order, owner: owner)
    record.flags.formUnion(old.flags.intersection([.hashed, .listed]))
    record.extra = old.extra
    records[slot] = record
    enter(slot, order)
    return .amended
  }

  /// Takes the order in `slot` out of the book.
  func remove(_ slot: Int32) {
    leave(slot)
    orders.remove(slot)
    records[slot].flags.remove([.present, .open])
    if records[slot].flags.contains(.hashed) {
      // Its elements are in the hash: what they are made of stays until they have been taken out.
      digestState.departed.append(slot)
    } else {
      vacate(slot)
    }
  }

  /// Gives back what the order in `slot`, which is not in the book, still holds.
  func vacate(_ slot: Int32) {
    if records[slot].extra >= 0 { releaseExtra(slot) }
    releaseOwner(records[slot].owner)
    orders.vacate(slot)
  }

  /// Takes `gpus` GPUs from an order or, where negative, puts them back.
  func take(_ id: OrderID, gpus: Int64, slots: SlotRange) -> Bool {
    guard let slot = orders.slot(of: id) else { return false }
    willChange(slot)
    let extra = ensureExtra(slot)
    if records[slot].isBid {
      extras[extra].taken &+= gpus
    } else {
      calendars.shift(&extras[extra].calendar, by: gpus, start: slots.start.index, end: slots.end.index)
    }
    refreshOpen(slot)
    // What came free again may be found by a search; a bid of which less is left may take a smaller piece.
    if records[slot].leaf >= 0, gpus < 0 || records[slot].isBid { widenHints(slot) }
    return true
  }

  /// Moves the time forward and takes out the orders that have expired by then.
  ///
  /// - Returns: their ids, by expiry, then priority.
  func advance(to time: Timestamp) -> [OrderID] {
    guard self.time < time else { return [] }
    self.time = time
    var slots: [Int32] = []
    let limit = max(0, min(time, OrderRecord.maximumTime).milliseconds)
    wheel.advance(to: UInt64(limit), records: records, expired: &slots)
    for slot in slots { records[slot].flags.remove(.waiting) }
    for slot in exotic where expiry(slot) <= time { slots.append(slot) }
    guard !slots.isEmpty else { return [] }
    let expired = slots.map { (slot: $0, expiry: expiry($0), priority: priority($0), id: orders[$0]) }
      .sorted { ($0.expiry, $0.priority) < ($1.expiry, $1.priority) }
    for order in expired { remove(order.slot) }
    return expired.map(\.id)
  }

  // MARK: Parts

  /// Puts the order whose record is in `slot` where orders are looked for.
  @inline(__always)
  private func enter(_ slot: Int32, _ order: borrowing Order) {
    attachDetails(slot, order)
    if records[slot].flags.contains(.exotic) {
      exotic.append(slot)
    } else {
      wheel.insert(slot, expiry: records[slot].expiry)
      records[slot].flags.insert(.waiting)
    }
    ownerCounts[records[slot].owner].present += 1
    if let own, order.owner == own { listOwn(slot) }
    refreshOpen(slot)
    list(slot)
  }

  /// The inverse of `enter`.
  @inline(__always)
  private func leave(_ slot: Int32) {
    if records[slot].leaf >= 0 { leaveLadders(slot) }
    let record = records[slot]
    if record.flags.contains(.waiting) {
      wheel.remove(slot)
      records[slot].flags.remove(.waiting)
    } else if record.flags.contains(.exotic) {
      exotic.removeAll { $0 == slot }
    }
    ownerCounts[record.owner].present -= 1
    if let own, owners[record.owner] == own { unlistOwn(slot) }
  }

  /// Brings the order in `slot` on its ladders, or off, as what is left of it demands.
  @inline(__always)
  private func refreshOpen(_ slot: Int32) {
    let isOpen = hasSomethingLeft(slot)
    if isOpen { records[slot].flags.insert(.open) } else { records[slot].flags.remove(.open) }
    let record = records[slot]
    let isResting = record.leaf >= 0
    let rests = isOpen && !record.isImmediate
    if rests, !isResting { enterLadders(slot) }
    if !rests, isResting { leaveLadders(slot) }
  }

  /// Whether something is left to trade: of a bid at least one GPU, of an offer its smallest piece.
  @inline(__always)
  func hasSomethingLeft(_ slot: Int32) -> Bool {
    let record = records[slot]
    if record.flags.contains(.exotic) { return false }
    if record.isBid { return remaining(record) > 0 }
    guard record.minimumGPUs >= 1, record.slots >= 1, record.gpus >= record.minimumGPUs else { return false }
    guard record.extra >= 0, extras[record.extra].calendar.count > 0 else { return record.length >= record.slots }
    return calendars.earliestStart(
      extras[record.extra].calendar, atMostUsed: Int64(record.gpus - record.minimumGPUs),
      length: Int64(record.slots), start: Int64(record.start), end: Int64(record.end)) != nil
  }

  /// Of a bid the GPUs not yet taken, from 0 to its GPUs.
  @inline(__always)
  func remaining(_ record: OrderRecord) -> Int32 {
    guard record.extra >= 0 else { return max(0, record.gpus) }
    let (left, overflow) = Int64(record.gpus).subtractingReportingOverflow(extras[record.extra].taken)
    if overflow { return max(0, record.gpus) }
    return Int32(clamping: max(0, min(Int64(record.gpus), left)))
  }

  @inline(__always)
  private func acquireOwner(_ owner: NodeID) -> Int32 {
    let (slot, isNew) = owners.insert(owner)
    if isNew {
      if ownerCounts.count == slot { _ = ownerCounts.append(OwnerCount()) }
      ownerCounts[slot] = OwnerCount()
    }
    ownerCounts[slot].held += 1
    return slot
  }

  @inline(__always)
  private func releaseOwner(_ slot: Int32) {
    ownerCounts[slot].held -= 1
    if ownerCounts[slot].held == 0 {
      owners.remove(slot)
      owners.vacate(slot)
    }
  }
}
