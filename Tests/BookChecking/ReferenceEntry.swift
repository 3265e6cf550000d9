import Market
import NodeCrypto

extension ReferenceBook {
  /// An order's terms, spelled out.
  final class Terms: Sendable {
    let order: Order
    let owner: NodeID
    let side: Side
    let price: Int64
    let gpus: Int
    let minimumGPUs: Int
    let classes: [UInt16]
    /// The window: from `start` up to `end`.
    let start: Int64
    let end: Int64
    let expiry: Int64
    let isImmediate: Bool
    let isPostOnly: Bool
    /// Whether it is a bid that several offers may fill together, all of it or nothing.
    let isWhole: Bool
    /// Whether no number is far outside any market and there is a class: what the others say has no meaning.
    let isSensible: Bool
    /// The shortest lease of an offer, the duration of a bid.
    let slots: Int64
    let attributes: Attributes
    /// What a bid demands; nil when nothing.
    let demands: Requirements.Demands?

    init(_ order: Order) {
      self.order = order
      owner = order.priority.owner
      switch order.body {
      case .offer(let offer):
        (side, price, gpus) = (.offer, offer.price.micros, Int(offer.gpus))
        (minimumGPUs, slots) = (Int(offer.minimumGPUs), offer.minimumSlots)
        (start, end) = (offer.window.start.index, offer.window.end.index)
        (expiry, classes) = (offer.expiry.milliseconds, [offer.gpuClass.position])
        (isImmediate, isPostOnly) = (offer.timeInForce != .goodTillCancelled, offer.isPostOnly)
        (attributes, demands, isWhole) = (offer.attributes, nil, false)
      case .bid(let bid):
        (side, price, gpus) = (.bid, bid.price.micros, Int(bid.gpus))
        (minimumGPUs, slots) = (Int(bid.minimumGPUs), bid.durationSlots)
        (start, end) = (bid.window.start.index, bid.window.end.index)
        (expiry, classes) = (bid.expiry.milliseconds, bid.gpuClasses.map(\.position))
        (isImmediate, isPostOnly) = (bid.timeInForce != .goodTillCancelled, bid.isPostOnly)
        (attributes, isWhole) = (Attributes(), bid.isWhole)
        demands = bid.requirements.isEmpty ? nil : bid.requirements.demands
      }
      let (priority, times) = (order.priority, 0..<Int64(281_474_976_710_656))
      isSensible =
        times.contains(priority.time.milliseconds) && times.contains(expiry) && !classes.isEmpty
        && priority.sequence < 4_503_599_627_370_496 && priority.index < 4096 && start >= 0 && end <= 4_294_967_295
        && end - start <= 2_147_483_647 && (-2_147_483_648...2_147_483_647).contains(slots)
    }
  }

  /// GPUs taken in some slots; below 0 put back.
  struct Rectangle: Equatable {
    var gpus: Int
    var start: Int64
    var end: Int64
  }

  /// An order and everything that was ever taken of it and put back.
  struct Entry {
    private(set) var terms: Terms
    /// What was taken of an offer and put back, anywhere, in the window or not.
    private(set) var rectangles: [Rectangle] = []
    /// What was taken of a bid less what was put back.
    private(set) var taken: Int64 = 0
    private(set) var isOpen = false
    /// By slot of the window, when it is short: the free GPUs of an offer.
    private var freeBySlot: [Int] = []
    /// The hash of the order's own element of the digest, and that of all of them; nil until asked for.
    var ownHash: SetHash?
    var fullHash: SetHash?

    /// The longest window in which every slot is looked at.
    private static let shortWindow: Int64 = 64

    init(_ order: Order) {
      terms = Terms(order)
      settle()
    }

    var id: OrderID { terms.order.id }

    /// Whether it can be taken from.
    var rests: Bool { isOpen && !terms.isImmediate }

    mutating func replaceTerms(_ order: Order) {
      terms = Terms(order)
      ownHash = nil
      settle()
    }

    mutating func change(by gpus: Int, _ slots: SlotRange) {
      switch terms.side {
      case .bid: taken += Int64(gpus)
      case .offer:
        let opposite = Rectangle(gpus: -gpus, start: slots.start.index, end: slots.end.index)
        if slots.start == slots.end { return }
        if let undone = rectangles.firstIndex(of: opposite) {
          rectangles.remove(at: undone)
        } else {
          rectangles.append(Rectangle(gpus: gpus, start: slots.start.index, end: slots.end.index))
        }
      }
      settle()
    }

    /// Works out what depends on the terms and the rectangles.
    private mutating func settle() {
      fullHash = nil
      freeBySlot = []
      switch terms.side {
      case .bid: isOpen = terms.isSensible && remaining > 0
      case .offer:
        if terms.end - terms.start <= Self.shortWindow {
          freeBySlot = (terms.start..<terms.end).map { free(atAnySlotOfWindow: $0) }
        }
        isOpen =
          terms.isSensible && terms.minimumGPUs >= 1 && terms.slots >= 1
          && earliestStart(gpus: terms.minimumGPUs, count: terms.slots, from: terms.start, to: terms.end) != nil
      }
    }

    /// What is left of a bid.
    var remaining: Int { max(0, min(terms.gpus, terms.gpus - Int(taken))) }

    /// GPUs used in a slot, in the window or not.
    func used(at slot: Int64) -> Int {
      var sum = 0
      for rectangle in rectangles where rectangle.start <= slot && slot < rectangle.end { sum += rectangle.gpus }
      return sum
    }

    func free(at slot: Int64) -> Int {
      terms.start <= slot && slot < terms.end ? free(atAnySlotOfWindow: slot) : 0
    }

    private func free(atAnySlotOfWindow slot: Int64) -> Int {
      max(0, min(terms.gpus, terms.gpus - used(at: slot)))
    }

    /// The GPUs free in the slot of the window that has most; of a bid what is left.
    var greatest: Int {
      if terms.side == .bid { return remaining }
      if !freeBySlot.isEmpty { return freeBySlot.max() ?? 0 }
      return terms.start == terms.end ? 0 : changes(in: terms.start, terms.end).map { free(at: $0) }.max() ?? 0
    }

    /// The fewest GPUs free in `count` slots of the window from `slot`.
    func fewestFree(from slot: Int64, count: Int64) -> Int {
      if freeBySlot.isEmpty { return changes(in: slot, slot + count).map { free(at: $0) }.min() ?? 0 }
      var fewest = Int.max
      for offset in Int(slot - terms.start)..<Int(slot - terms.start + count) {
        if freeBySlot[offset] < fewest { fewest = freeBySlot[offset] }
      }
      return fewest
    }

    /// The first slot from which `gpus` GPUs are free in `count` slots, at least one, from `first` up to `last`, slots of
    /// the window.
    func earliestStart(gpus: Int, count: Int64, from first: Int64, to last: Int64) -> Int64? {
      guard first < last, last - first >= count else { return nil }
      if freeBySlot.isEmpty {
        return changes(in: first, last - count + 1).sorted().first { fewestFree(from: $0, count: count) >= gpus }
      }
      for start in first...(last - count) where fewestFree(from: start, count: count) >= gpus { return start }
      return nil
    }

    /// `first`, and every slot from there up to `last` where a rectangle begins or ends: nothing changes elsewhere.
    private func changes(in first: Int64, _ last: Int64) -> [Int64] {
      [first] + rectangles.flatMap { [$0.start, $0.end] }.filter { first < $0 && $0 < last }
    }

    /// By time of entry, author, sequence, index.
    func isEarlier(than other: Entry) -> Bool {
      ReferenceBook.isEarlier(terms.order.priority, other.terms.order.priority)
    }

    /// By price, the lowest ask or the highest bid first, then by place in time.
    func isBetter(than other: Entry) -> Bool {
      if terms.price == other.terms.price { return isEarlier(than: other) }
      return terms.side == .offer ? terms.price < other.terms.price : terms.price > other.terms.price
    }
  }

  static func isEarlier(_ one: OrderPriority, _ other: OrderPriority) -> Bool {
    if one.time.milliseconds != other.time.milliseconds { return one.time.milliseconds < other.time.milliseconds }
    if one.owner != other.owner { return one.owner.bytes.lexicographicallyPrecedes(other.owner.bytes) }
    if one.sequence != other.sequence { return one.sequence < other.sequence }
    return one.index < other.index
  }
}
