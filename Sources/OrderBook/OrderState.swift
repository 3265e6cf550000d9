import Market
import NodeCrypto

/// An order in the book and what is taken of it.
///
/// What is taken is a sum that only its owner's feed changes. It is kept exactly, also where a dishonest owner takes
/// more than there is, so that the same takes and put-backs in any order give equal states on every node.
public struct OrderState: Hashable, Sendable {
  /// The order's name.
  public let id: OrderID
  /// Its place in time and its owner.
  public let priority: OrderPriority
  /// The terms and what is taken. The two are one value, so that an offer always has a calendar and a bid a count.
  var holding: Holding
  /// Whether something is left to trade: of a bid at least one GPU, of an offer at least one smallest piece, that is
  /// `minimumGPUs` GPUs free in `minimumSlots` consecutive slots. An order that is not open is not on the ladder and
  /// not in the digest, but a put-back makes it open again.
  public internal(set) var isOpen: Bool

  public var taken: Int64 {
    if case .bid(_, let taken) = holding { taken } else { 0 }
  }

  var rests: Bool { isOpen && !order.body.timeInForce.isImmediate }

  /// The state with other terms.
  func amended(_ order: Order) -> OrderState? {
    var state = OrderState(order)
    switch (holding, order.body) {
    case (.offer(_, let old), .offer(let offer)):
      state.holding = .offer(offer, old.moved(gpus: offer.gpus, window: offer.window))
    case (.bid(_, let taken), .bid(let bid)): state.holding = .bid(bid, taken: taken)
    default: return nil
    }
    state.isOpen = state.holding.isOpen
    return state
  }

  enum Holding: Hashable, Sendable {
    case offer(Offer, CapacityCalendar)
    case bid(Bid, taken: Int64)
  }

  /// An order of which nothing is taken.
  init(_ order: Order) {
    id = order.id
    priority = order.priority
    holding =
      switch order.body {
      case .offer(let offer): .offer(offer, CapacityCalendar(gpus: offer.gpus, window: offer.window))
      case .bid(let bid): .bid(bid, taken: 0)
      }
    isOpen = holding.isOpen
  }

  /// The node that placed the order.
  public var owner: NodeID { priority.owner }

  /// The order as its owner's feed states it.
  public var order: Order {
    switch holding {
    case .offer(let offer, _): Order(id: id, priority: priority, body: .offer(offer))
    case .bid(let bid, _): Order(id: id, priority: priority, body: .bid(bid))
    }
  }

  /// Which side of the market the order is on.
  public var side: Side {
    switch holding {
    case .offer: .offer
    case .bid: .bid
    }
  }

  /// The limit per GPU-hour.
  public var price: Price {
    switch holding {
    case .offer(let offer, _): offer.price
    case .bid(let bid, _): bid.price
    }
  }

  /// The calendar of an offer; nil for a bid.
  public var calendar: CapacityCalendar? {
    switch holding {
    case .offer(_, let calendar): calendar
    case .bid: nil
    }
  }

  /// Of a bid the GPUs not yet taken, of an offer the GPUs free in the slot that has most of them; from 0 to the
  /// order's GPUs.
  public var remainingGPUs: Int32 {
    switch holding {
    case .offer(_, let calendar): calendar.greatestFree
    case .bid(let bid, let taken): bid.remaining(taken: taken)
    }
  }

  /// The classes: one of an offer, one or more of a bid, ascending.
  var gpuClasses: GPUClassList {
    switch holding {
    case .offer(let offer, _): GPUClassList(offer.gpuClass)
    case .bid(let bid, _): bid.gpuClasses
    }
  }

  /// Whether the bid of the two accepts the offer's class.
  func sharesClass(with other: OrderState) -> Bool {
    gpuClasses.contains { other.gpuClasses.contains($0) }
  }

  var expiry: Timestamp {
    switch holding {
    case .offer(let offer, _): offer.expiry
    case .bid(let bid, _): bid.expiry
    }
  }

  /// Takes `gpus` GPUs, of an offer in `slots`.
  mutating func take(gpus: Int32, slots: SlotRange) {
    switch holding {
    case .offer(let offer, var calendar):
      calendar.add(gpus, slots)
      holding = .offer(offer, calendar)
    case .bid(let bid, let taken):
      holding = .bid(bid, taken: taken + Int64(gpus))
    }
    isOpen = holding.isOpen
  }

  /// Undoes a `take` of the same GPUs and slots.
  mutating func putBack(gpus: Int32, slots: SlotRange) {
    switch holding {
    case .offer(let offer, var calendar):
      calendar.remove(gpus, slots)
      holding = .offer(offer, calendar)
    case .bid(let bid, let taken):
      holding = .bid(bid, taken: taken - Int64(gpus))
    }
    isOpen = holding.isOpen
  }
}

extension OrderState.Holding {
  var isOpen: Bool {
    switch self {
    case .offer(let offer, let calendar):
      calendar.earliestStart(gpus: offer.minimumGPUs, slots: offer.minimumSlots, within: offer.window) != nil
    case .bid(let bid, let taken):
      bid.remaining(taken: taken) > 0
    }
  }
}

extension Bid {
  /// The GPUs left when `taken` are taken, from 0 to the bid's GPUs.
  func remaining(taken: Int64) -> Int32 {
    Int32(clamping: max(0, min(Int64(gpus), Int64(gpus) - taken)))
  }
}
