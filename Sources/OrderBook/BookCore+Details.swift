import Market
import NodeCrypto

/// What few orders have, and the orders of the listed owner.
extension BookCore {
  /// The place of the extra of the order in `slot`, which is made when there is none.
  @inline(__always)
  func ensureExtra(_ slot: Int32) -> Int32 {
    let extra = records[slot].extra
    if extra >= 0 { return extra }
    var made = vacantExtra
    if made >= 0 {
      vacantExtra = extras[made].details
      extras[made].details = -1
    } else {
      made = extras.append(OrderExtra())
    }
    records[slot].extra = made
    return made
  }

  /// Gives back the extra of the order in `slot`, which has one.
  @inline(__always)
  func releaseExtra(_ slot: Int32) {
    let extra = records[slot].extra
    if extras[extra].details >= 0 { detachDetails(slot) }
    extras[extra].taken = 0
    calendars.clear(&extras[extra].calendar)
    extras[extra].details = vacantExtra
    vacantExtra = extra
    records[slot].extra = -1
  }

  /// Keeps what of `order` does not fit its record.
  @inline(never)
  func attachDetails(_ slot: Int32, _ order: borrowing Order) {
    switch order.body {
    case .offer(let offer):
      attach(slot, OrderDetails(attributes: offer.attributes, exotic: exoticOrder(slot, order)))
    case .bid(let bid):
      var details = OrderDetails(requirements: bid.requirements, exotic: exoticOrder(slot, order))
      if bid.gpuClasses.count > 1 {
        details.classes = bid.gpuClasses
        details.leaves = [Int32](repeating: -1, count: bid.gpuClasses.count)
      }
      attach(slot, details)
    }
  }

  private func exoticOrder(_ slot: Int32, _ order: borrowing Order) -> Order? {
    records[slot].flags.contains(.exotic) ? copy order : nil
  }

  private func attach(_ slot: Int32, _ new: OrderDetails) {
    let extra = ensureExtra(slot)
    if let reused = vacantDetails.popLast() {
      details[Int(reused)] = new
      extras[extra].details = reused
    } else {
      extras[extra].details = Int32(details.count)
      details.append(new)
    }
  }

  /// Forgets the details of the order in `slot`; what is taken stays.
  func detachDetails(_ slot: Int32) {
    let extra = records[slot].extra
    guard extra >= 0, extras[extra].details >= 0 else { return }
    details[Int(extras[extra].details)] = OrderDetails()
    vacantDetails.append(extras[extra].details)
    extras[extra].details = -1
  }

  /// The place of the details of an order in `details`, or -1.
  @inline(__always)
  func detailsIndex(_ record: OrderRecord) -> Int {
    record.extra < 0 ? -1 : Int(extras[record.extra].details)
  }

  // MARK: Values

  /// When the order in `slot` expires.
  func expiry(_ slot: Int32) -> Timestamp {
    exoticOrder(slot)?.body.expiry ?? Timestamp(milliseconds: Int64(records[slot].expiry))
  }

  /// The place in time of the order in `slot`.
  func priority(_ slot: Int32) -> OrderPriority {
    if let exotic = exoticOrder(slot) { return exotic.priority }
    let record = records[slot]
    return OrderPriority(
      time: Timestamp(milliseconds: Int64(record.time)), owner: owners[record.owner], sequence: record.place >> 12,
      index: UInt32(record.place & 0xFFF))
  }

  /// The order in `slot`, as it was inserted or amended.
  func order(_ slot: Int32) -> Order {
    if let exotic = exoticOrder(slot) { return exotic }
    let record = records[slot]
    let index = detailsIndex(record)
    let window = SlotRange(start: Slot(Int64(record.start)), end: Slot(Int64(record.end)))
    let expiry = Timestamp(milliseconds: Int64(record.expiry))
    let isPostOnly = record.flags.contains(.postOnly)
    let body: OrderBody =
      if record.isBid {
        .bid(
          Bid(
            gpuClasses: classes(record), gpus: record.gpus, durationSlots: Int64(record.slots), window: window,
            price: Price(micros: record.price), minimumGPUs: record.minimumGPUs,
            requirements: index < 0 ? Requirements() : details[index].requirements, expiry: expiry,
            timeInForce: record.timeInForce, isPostOnly: isPostOnly, isWhole: record.flags.contains(.whole)))
      } else {
        .offer(
          Offer(
            gpuClass: record.gpuClass, gpus: record.gpus, window: window, price: Price(micros: record.price),
            minimumGPUs: record.minimumGPUs, minimumSlots: Int64(record.slots),
            attributes: index < 0 ? Attributes() : details[index].attributes, expiry: expiry,
            timeInForce: record.timeInForce, isPostOnly: isPostOnly))
      }
    return Order(id: orders[slot], priority: priority(slot), body: body)
  }

  /// The order in `slot` and what is taken of it.
  func state(_ slot: Int32) -> OrderState {
    let record = records[slot]
    let order = order(slot)
    let extra = record.extra < 0 ? OrderExtra() : extras[record.extra]
    var calendar: CapacityCalendar?
    if !record.isBid {
      calendar = CapacityCalendar(
        gpus: order.body.gpus, window: order.body.window, steps: calendars.steps(extra.calendar))
    }
    return OrderState(
      order: order, calendar: calendar, taken: record.isBid ? extra.taken : 0,
      isOpen: record.flags.contains(.open))
  }

  /// The classes that an order names.
  func classes(_ record: OrderRecord) -> GPUClassList {
    guard record.flags.contains(.severalClasses) else { return GPUClassList(record.gpuClass) }
    return details[detailsIndex(record)].classes
  }

  private func exoticOrder(_ slot: Int32) -> Order? {
    guard records[slot].flags.contains(.exotic) else { return nil }
    return details[detailsIndex(records[slot])].exotic
  }

  // MARK: The listed owner

  func listOwn(_ slot: Int32) {
    let position = ownPosition(of: slot)
    if records[slot].isBid { ownBids.insert(slot, at: position) } else { ownOffers.insert(slot, at: position) }
  }

  func unlistOwn(_ slot: Int32) {
    let position = ownPosition(of: slot)
    if records[slot].isBid { ownBids.remove(at: position) } else { ownOffers.remove(at: position) }
  }

  /// Where the order in `slot` stands, or belongs, among the listed owner's.
  private func ownPosition(of slot: Int32) -> Int {
    let list = records[slot].isBid ? ownBids : ownOffers
    let priority = priority(slot)
    var low = 0
    var high = list.count
    while low < high {
      let middle = (low + high) / 2
      if self.priority(list[middle]) < priority { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The orders of `owner` in the book, the earliest first. O(its orders) for the listed owner, O(all) for others.
  func slots(ownedBy owner: NodeID) -> [Int32] {
    guard let slot = owners.slot(of: owner), ownerCounts[slot].present > 0 else { return [] }
    var found: [Int32] = []
    if owner == own {
      found = ownOffers + ownBids
    } else {
      for order in 0..<records.count
      where records[order].owner == slot && records[order].flags.contains(.present) {
        found.append(order)
      }
    }
    return found.map { (priority($0), $0) }.sorted { $0.0 < $1.0 }.map(\.1)
  }
}
