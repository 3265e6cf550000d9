import Market
import NodeCrypto

extension BookCore {
  func insert(_ order: borrowing Order) -> OrderBook.Insertion {
    guard time < order.body.expiry else {
      return orders.slot(of: order.id) == nil ? .expired : .duplicate
    }
    let (slot, isNew) = orders.insert(order.id)
    guard isNew else { return .duplicate }
    if records.count == slot { addSlot() }
    var record = OrderRecord.of(order, owner: acquireOwner(order.priority.owner))
    // The list of changed orders names slots, whoever has them.
    enter(slot, &record, old: records[slot].flags.intersection(.listed))
    if record.flags.contains(.detailed) { attachDetails(slot, order) }
    if let own, order.priority.owner == own { listOwn(slot) }
    if record.flags.contains(.open), !record.isImmediate { enterLadders(slot, record) }
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
    var record = OrderRecord.of(order, owner: acquireOwner(order.priority.owner))
    releaseOwner(old.owner)
    record.extra = old.extra
    enter(slot, &record, old: old.flags.intersection([.hashed, .listed]))
    if record.flags.contains(.detailed) { attachDetails(slot, order) }
    if let own, order.priority.owner == own { listOwn(slot) }
    refreshOpen(slot)
    return .amended
  }

  /// Takes the order named `id` out of the book.
  ///
  /// - Returns: whether it was in.
  func remove(_ id: OrderID) -> Bool {
    let (slot, place) = orders.find(id)
    guard slot >= 0 else { return false }
    remove(slot, at: place)
    return true
  }

  /// Takes the order in `slot` out of the book.
  ///
  /// - Parameter place: where the table of ids has it, if that is known.
  @inline(__always)
  func remove(_ slot: Int32, at place: Int32 = -1) {
    orders.remove(slot, at: place)
    leave(slot)
    let flags = records[slot].flags
    records[slot].flags = flags.subtracting([.present, .open, .waiting])
    if flags.contains(.hashed) {
      // Its elements are in the hash: what they are made of stays until they have been taken out.
      digestState.departed.append(slot)
    } else {
      vacate(slot)
    }
  }

  /// Gives back what the order in `slot`, which is not in the book, still holds.
  @inline(__always)
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
    slots.sort { expires($0, before: $1) }
    let expired = slots.map { orders[$0] }
    var first = 0
    while first < slots.count {
      let end = min(slots.count, first + Self.together)
      prefetch(slots.span.extracting(first..<end))
      for index in first..<end { remove(slots[index]) }
      first = end
    }
    return expired
  }

  /// Whether an order expires before another, or at the same time and has the better priority.
  private func expires(_ left: Int32, before right: Int32) -> Bool {
    let (one, other) = (records[left], records[right])
    if one.flags.union(other.flags).contains(.exotic) {
      return (expiry(left), priority(left)) < (expiry(right), priority(right))
    }
    return one.expiry != other.expiry ? one.expiry < other.expiry : precedes(left, right)
  }

  // MARK: Parts

  /// Puts an order whose record is `record` into `slot`, wherever it is looked for but on the ladders.
  ///
  /// - Parameter old: what stays true of the slot.
  @inline(__always)
  private func enter(_ slot: Int32, _ record: inout OrderRecord, old: OrderRecord.Flags) {
    var flags = record.flags.union(old)
    if !flags.contains(.listed), !digestState.willLook(at: slot) { append(slot) }
    flags.insert(.listed)
    if flags.contains(.exotic) {
      exotic.append(slot)
    } else {
      wheel.insert(slot, expiry: record.expiry)
      flags.insert(.waiting)
    }
    if record.isOpenWhole { flags.insert(.open) }
    record.flags = flags
    records[slot] = record
  }

  /// The inverse of `enter`, and takes the order off the ladders. Leaves the record's flags as they are.
  @inline(__always)
  private func leave(_ slot: Int32) {
    let record = records[slot]
    if record.leaf >= 0 { leaveLadders(slot, record) }
    if record.flags.contains(.waiting) {
      wheel.remove(slot)
    } else if record.flags.contains(.exotic) {
      exotic.removeAll { $0 == slot }
    }
    ownerCounts[record.owner].present &-= 1
    if let own, owners[record.owner] == own { unlistOwn(slot) }
  }

  /// Brings the order in `slot` on its ladders, or off, as what is left of it demands.
  @inline(__always)
  private func refreshOpen(_ slot: Int32) {
    let isOpen = hasSomethingLeft(slot)
    let flags = isOpen ? records[slot].flags.union(.open) : records[slot].flags.subtracting(.open)
    records[slot].flags = flags
    let isResting = records[slot].leaf >= 0
    let rests = isOpen && flags.isDisjoint(with: [.immediateOrCancel, .fillOrKill])
    if rests, !isResting { enterLadders(slot, records[slot]) }
    if !rests, isResting { leaveLadders(slot, records[slot]) }
  }

  /// Whether something is left to trade: of a bid at least one GPU, of an offer its smallest piece.
  @inline(__always)
  func hasSomethingLeft(_ slot: Int32) -> Bool {
    let record = records[slot]
    guard record.extra >= 0, !record.flags.contains(.exotic) else { return record.isOpenWhole }
    if record.isBid { return remaining(record) > 0 }
    guard record.isOpenWhole, extras[record.extra].calendar.count > 0 else { return record.isOpenWhole }
    return calendars.earliestStart(
      extras[record.extra].calendar, atMostUsed: Int64(record.gpus - record.minimumGPUs),
      length: Int64(record.slots), start: Int64(record.start), end: Int64(record.end)) != nil
  }

  /// Of a bid the GPUs not yet taken, from 0 to its GPUs.
  @inline(__always)
  func remaining(_ record: OrderRecord) -> Int32 {
    record.extra < 0 ? max(0, record.gpus) : record.gpus.left(whenUsed: extras[record.extra].taken)
  }

  @inline(__always)
  private func addSlot() {
    _ = records.append(OrderRecord())
    wheel.addSlot()
  }

  /// The slot of an owner, of whom there is one order more.
  @inline(__always)
  private func acquireOwner(_ owner: NodeID) -> Int32 {
    var slot = recentOwners[Self.recentOwner(owner)]
    // The slot of an owner who has no order left may be vacant.
    if slot < 0 || owners[slot] != owner || ownerCounts[slot].held == 0 { slot = findOwner(owner) }
    let count = ownerCounts[slot]
    ownerCounts[slot] = OwnerCount(held: count.held &+ 1, present: count.present &+ 1)
    return slot
  }

  @inline(never)
  private func findOwner(_ owner: NodeID) -> Int32 {
    let (slot, isNew) = owners.insert(owner)
    if isNew {
      if ownerCounts.count == slot { _ = ownerCounts.append(OwnerCount()) }
      ownerCounts[slot] = OwnerCount()
    }
    recentOwners[Self.recentOwner(owner)] = slot
    return slot
  }

  @inline(__always)
  private static func recentOwner(_ owner: NodeID) -> Int32 {
    Int32(truncatingIfNeeded: owner.word0) & (recentOwnerCount - 1)
  }

  /// Forgets an order that has left the book.
  @inline(__always)
  private func releaseOwner(_ slot: Int32) {
    let held = ownerCounts[slot].held &- 1
    ownerCounts[slot].held = held
    if held == 0 { forgetOwner(slot) }
  }

  @inline(never)
  private func forgetOwner(_ slot: Int32) {
    owners.remove(slot)
    owners.vacate(slot)
  }
}
