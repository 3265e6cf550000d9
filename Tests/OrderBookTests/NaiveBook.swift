import Market
import NodeCrypto
import OrderBook

/// The order book as one would write it on a blackboard: an array, a count for each slot, everything searched and
/// sorted anew. It shares the orders' and answers' types with the product and no code.
struct NaiveBook {
  final class Entry {
    let order: Order
    let side: Side
    let price: Int64
    let classes: [GPUClassIndex]
    /// By slot of the window, from its first.
    var used: [Int]
    /// GPUs taken of a bid.
    var taken = 0

    init(_ order: Order) {
      self.order = order
      price = order.body.price.micros
      used = [Int](repeating: 0, count: Int(order.body.window.end.index - order.body.window.start.index))
      switch order.body {
      case .offer(let offer): (side, classes) = (.offer, [offer.gpuClass])
      case .bid(let bid): (side, classes) = (.bid, Array(bid.gpuClasses))
      }
    }
  }

  private(set) var entries: [Entry] = []
  private(set) var time: Int64 = 0

  func entry(_ id: OrderID) -> Entry? { entries.first { $0.order.id == id } }

  mutating func insert(_ order: Order) -> OrderBook.Insertion {
    if entry(order.id) != nil { return .duplicate }
    if order.body.expiry.milliseconds <= time { return .expired }
    entries.append(Entry(order))
    return .inserted
  }

  mutating func cancel(_ id: OrderID) -> Bool {
    let count = entries.count
    entries.removeAll { $0.order.id == id }
    return entries.count < count
  }

  mutating func removeAll(ownedBy owner: NodeID) -> [OrderID] {
    let removed = owned(by: owner).map(\.order.id)
    entries.removeAll { $0.order.priority.owner == owner }
    return removed
  }

  /// `gpus` below zero puts back.
  func take(_ id: OrderID, gpus: Int, slots: SlotRange) -> Bool {
    guard let entry = entry(id) else { return false }
    entry.taken += gpus
    for index in entry.used.indices {
      let slot = entry.order.body.window.start.index + Int64(index)
      if slots.start.index <= slot, slot < slots.end.index { entry.used[index] += gpus }
    }
    return true
  }

  mutating func advance(to time: Int64) -> [OrderID] {
    guard time > self.time else { return [] }
    self.time = time
    let expired = entries.filter { $0.order.body.expiry.milliseconds <= time }.sorted {
      let (left, right) = ($0.order.body.expiry.milliseconds, $1.order.body.expiry.milliseconds)
      return left == right ? Self.isEarlier($0.order, $1.order) : left < right
    }
    entries.removeAll { $0.order.body.expiry.milliseconds <= time }
    return expired.map(\.order.id)
  }

  func owned(by owner: NodeID) -> [Entry] {
    entries.filter { $0.order.priority.owner == owner }.sorted { Self.isEarlier($0.order, $1.order) }
  }

  func ladder(_ gpuClass: GPUClassIndex, _ side: Side) -> [Entry] {
    entries.filter { $0.isOpen && $0.side == side && $0.classes.contains(gpuClass) }.sorted(by: Self.isBetter)
  }

  static func isEarlier(_ left: Order, _ right: Order) -> Bool {
    let (one, other) = (left.priority, right.priority)
    if one.time.milliseconds != other.time.milliseconds { return one.time.milliseconds < other.time.milliseconds }
    if one.owner != other.owner { return one.owner.bytes.lexicographicallyPrecedes(other.owner.bytes) }
    return (one.sequence, one.index) < (other.sequence, other.index)
  }

  static func isBetter(_ left: Entry, _ right: Entry) -> Bool {
    if left.price == right.price { return isEarlier(left.order, right.order) }
    return left.side == .offer ? left.price < right.price : left.price > right.price
  }
}

extension NaiveBook.Entry {
  /// What is left of a bid.
  var remaining: Int { Swift.min(Int(order.body.gpus), Swift.max(0, Int(order.body.gpus) - taken)) }

  func free(_ slot: Int64) -> Int {
    let index = Int(slot - order.body.window.start.index)
    guard used.indices.contains(index) else { return 0 }
    return Swift.min(Int(order.body.gpus), Swift.max(0, Int(order.body.gpus) - used[index]))
  }

  /// The fewest GPUs free in `count` slots from `start`.
  func free(_ start: Int64, _ count: Int64) -> Int {
    var fewest = Int.max
    for slot in start..<(start + count) { fewest = Swift.min(fewest, free(slot)) }
    return fewest
  }

  var isOpen: Bool {
    switch order.body {
    case .bid: return remaining > 0
    case .offer(let offer):
      for start in offer.window.start.index..<offer.window.end.index
      where free(start, offer.minimumSlots) >= Int(offer.minimumGPUs) { return true }
      return false
    }
  }

  /// All that anybody can see of the order's remainder, for comparing books: free GPUs by slot, or GPUs left.
  var visible: [Int] {
    switch order.body {
    case .bid: [remaining]
    case .offer(let offer): (offer.window.start.index..<offer.window.end.index).map { free($0) }
    }
  }
}

extension NaiveBook {
  func match(_ taker: OrderID, _ context: MatchContext) -> Match? {
    guard let taker = entry(taker), taker.isOpen else { return nil }
    for maker in counterOrders(of: taker) where firstFailure(taker, maker, context) == .matching {
      let (sale, purchase) = taker.side == .offer ? (taker, maker) : (maker, taker)
      guard case .offer(let offer) = sale.order.body, case .bid(let bid) = purchase.order.body,
        let piece = piece(sale, offer, purchase, bid, context)
      else { return nil }
      return Match(
        offer: sale.order.id, bid: purchase.order.id, takerSide: taker.side, gpus: Int32(piece.gpus),
        slots: SlotRange(start: Slot(piece.start), end: Slot(piece.start + bid.durationSlots)),
        price: maker.order.body.price, gpuClass: offer.gpuClass)
    }
    return nil
  }

  func explain(_ id: OrderID, _ context: MatchContext) -> [MatchCondition: Int]? {
    guard let taker = entry(id), taker.isOpen else { return nil }
    var counts: [MatchCondition: Int] = [:]
    for maker in counterOrders(of: taker) { counts[firstFailure(taker, maker, context), default: 0] += 1 }
    return counts
  }

  func bestCounterPrice(_ id: OrderID) -> Price? {
    guard let taker = entry(id) else { return nil }
    return counterOrders(of: taker).first {
      $0.order.owner != taker.order.owner && !Set($0.classes).isDisjoint(with: taker.classes)
    }?.order.body.price
  }

  func counterOrders(crossing id: OrderID, ownedBy owner: NodeID) -> [OrderID] {
    guard let changed = entry(id), changed.isOpen, changed.order.owner != owner else { return [] }
    return owned(by: owner).filter {
      let (ask, limit) = changed.side == .offer ? (changed.price, $0.price) : ($0.price, changed.price)
      return $0.isOpen && $0.side != changed.side && ask <= limit && Self.isEarlier(changed.order, $0.order)
        && !Set($0.classes).isDisjoint(with: changed.classes)
    }.map(\.order.id)
  }

  private func counterOrders(of taker: Entry) -> [Entry] {
    entries.filter { $0.side != taker.side && $0.isOpen }.sorted(by: Self.isBetter)
  }

  private func firstFailure(_ taker: Entry, _ maker: Entry, _ context: MatchContext) -> MatchCondition {
    let (sale, purchase) = taker.side == .offer ? (taker, maker) : (maker, taker)
    guard case .offer(let offer) = sale.order.body, case .bid(let bid) = purchase.order.body else { return .gpuClass }
    if !bid.gpuClasses.contains(offer.gpuClass) { return .gpuClass }
    if maker.order.owner == taker.order.owner { return .ownOrder }
    if sale.price > purchase.price { return .price }
    let needs = bid.requirements
    let has = offer.attributes
    let continent = String(has.region.split(separator: "-").first ?? "")
    if !needs.regions.isEmpty, !needs.regions.contains(has.region), !needs.regions.contains(continent) {
      return .region
    }
    if !needs.interconnect.isEmpty, needs.interconnect != has.interconnect { return .attributes }
    let limits = [
      (needs.maximumWattsPerGPU, has.wattsPerGPU), (needs.maximumGramsCO2PerKWh, has.gramsCO2PerKWh),
    ]
    for (most, stated) in limits where most > 0 {
      if stated == 0 || stated > most { return .attributes }
    }
    if bid.durationSlots < offer.minimumSlots { return .window }
    if starts(offer, bid, context).isEmpty { return .window }
    if piece(sale, offer, purchase, bid, context) == nil { return .gpus }
    if context.staleOwners.contains(maker.order.owner) { return .staleOwner }
    if context.triedOrders.contains(maker.order.id) { return .alreadyTried }
    return Self.isEarlier(maker.order, taker.order) ? .matching : .later
  }

  /// The slots in which the bid's whole duration can start, in both windows.
  private func starts(_ offer: Offer, _ bid: Bid, _ context: MatchContext) -> [Int64] {
    (offer.window.start.index..<offer.window.end.index).filter {
      $0 >= bid.window.start.index && $0 >= context.earliestStart.index
        && $0 + bid.durationSlots <= offer.window.end.index && $0 + bid.durationSlots <= bid.window.end.index
    }
  }

  private func piece(
    _ sale: Entry, _ offer: Offer, _ purchase: Entry, _ bid: Bid, _ context: MatchContext
  ) -> (gpus: Int, start: Int64)? {
    for start in starts(offer, bid, context) {
      let gpus = Swift.min(purchase.remaining, sale.free(start, bid.durationSlots))
      let suitsSeller = gpus >= Int(offer.minimumGPUs)
      let suitsBuyer = gpus >= Int(bid.minimumGPUs) || gpus == purchase.remaining
      if gpus > 0, suitsSeller, suitsBuyer { return (gpus, start) }
    }
    return nil
  }
}
