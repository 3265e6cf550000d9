import NodeCrypto

/// An order's place in time: entry time, then author, then sequence, then position in the entry. The same on every
/// node, because all four come from the author's feed. Of two crossing orders the later one is the taker.
@frozen
public struct OrderPriority: Hashable, Comparable, Sendable {
  /// The time of the entry that placed the order.
  public let time: Timestamp
  /// The author of that entry, the order's owner.
  public let owner: NodeID
  /// The entry's sequence in its owner's feed.
  public let sequence: UInt64
  /// The operation's position in the entry, from 0.
  public let index: UInt32

  /// A place in time.
  public init(time: Timestamp, owner: NodeID, sequence: UInt64, index: UInt32) {
    self.time = time
    self.owner = owner
    self.sequence = sequence
    self.index = index
  }

  /// The earlier place.
  @inlinable
  public static func < (left: Self, right: Self) -> Bool {
    if left.time != right.time { return left.time < right.time }
    if left.owner != right.owner { return left.owner < right.owner }
    if left.sequence != right.sequence { return left.sequence < right.sequence }
    return left.index < right.index
  }
}

/// An order to sell or to buy GPU time, as its owner's feed states it. What is left of it is the book's business.
public struct Order: Hashable, Sendable {
  /// The order's name.
  public let id: OrderID
  /// Its place in time and its owner.
  public let priority: OrderPriority
  /// What is sold or wanted.
  public let body: OrderBody

  /// An order named `id`, placed at `priority`.
  public init(id: OrderID, priority: OrderPriority, body: OrderBody) {
    self.id = id
    self.priority = priority
    self.body = body
  }

  /// The node that placed the order, the only one that can fill it.
  public var owner: NodeID { priority.owner }
  /// Which side of the market it is on.
  public var side: Side { body.side }
}

/// What an order states, apart from its name and place in time.
public enum OrderBody: Hashable, Sendable {
  /// An order to sell.
  case offer(Offer)
  /// An order to buy.
  case bid(Bid)

  /// Which side of the market it is on.
  public var side: Side {
    switch self {
    case .offer: .offer
    case .bid: .bid
    }
  }

  /// The limit: the least an offer takes, the most a bid pays, per GPU-hour.
  public var price: Price {
    switch self {
    case .offer(let offer): offer.price
    case .bid(let bid): bid.price
    }
  }

  /// GPUs for sale in each slot, or wanted.
  public var gpus: Int32 {
    switch self {
    case .offer(let offer): offer.gpus
    case .bid(let bid): bid.gpus
    }
  }

  /// The delivery window.
  public var window: SlotRange {
    switch self {
    case .offer(let offer): offer.window
    case .bid(let bid): bid.window
    }
  }

  /// The moment from which the order is no longer open.
  public var expiry: Timestamp {
    switch self {
    case .offer(let offer): offer.expiry
    case .bid(let bid): bid.expiry
    }
  }

  /// The classes: one for an offer, one or more in ascending order for a bid.
  public var gpuClasses: GPUClassList {
    switch self {
    case .offer(let offer): GPUClassList(offer.gpuClass)
    case .bid(let bid): bid.gpuClasses
    }
  }

  /// The fewest GPUs in one trade.
  public var minimumGPUs: Int32 {
    switch self {
    case .offer(let offer): offer.minimumGPUs
    case .bid(let bid): bid.minimumGPUs
    }
  }

  /// Whether it is a bid that is all-or-none over several offers.
  public var isWhole: Bool {
    guard case .bid(let bid) = self else { return false }
    return bid.isWhole
  }

  /// Whether several offers may have a piece each of a bid.
  public var isSplit: Bool {
    guard case .bid(let bid) = self else { return false }
    return bid.minimumGPUs < bid.gpus
  }

  /// How long the order works.
  public var timeInForce: TimeInForce {
    switch self {
    case .offer(let offer): offer.timeInForce
    case .bid(let bid): bid.timeInForce
    }
  }

  /// Whether the order only ever waits to be taken.
  public var isPostOnly: Bool {
    switch self {
    case .offer(let offer): offer.isPostOnly
    case .bid(let bid): bid.isPostOnly
    }
  }

  /// Whether the whole order is traded at once or nothing of it: all GPUs, and of an offer all of its window. Only of a
  /// bid whose ``Bid/isWhole`` is set can that take several trades.
  public var isAllOrNone: Bool {
    switch self {
    case .offer(let offer): offer.minimumGPUs == offer.gpus && offer.minimumSlots == offer.window.count
    case .bid(let bid): bid.minimumGPUs == bid.gpus || bid.isWhole
    }
  }
}

/// How long an order works. Good-till-time is ``goodTillCancelled`` with an early expiry.
public enum TimeInForce: UInt8, Hashable, Sendable, CaseIterable {
  /// It rests in the book until it is filled, cancelled or expired.
  case goodTillCancelled = 0
  /// It takes what it can when it is placed; the rest is cancelled. It never rests, so nobody can take from it.
  case immediateOrCancel = 1
  /// The same for an order that is all-or-none: the whole of it is taken at once, or it is cancelled.
  case fillOrKill = 2

  /// Whether an order of this kind never rests in the book.
  public var isImmediate: Bool { self != .goodTillCancelled }
}

/// GPUs of one class, free in every slot of a window.
public struct Offer: Hashable, Sendable {
  /// The class.
  public var gpuClass: GPUClassIndex
  /// GPUs in each slot, at least 1.
  public var gpus: Int32
  /// The slots in which they are for sale.
  public var window: SlotRange
  /// The ask per GPU-hour.
  public var price: Price
  /// The fewest GPUs sold in one trade, from 1 to `gpus`.
  public var minimumGPUs: Int32
  /// The fewest slots sold in one trade, from 1 to the window's length.
  public var minimumSlots: Int64
  /// What the provider says about the machine.
  public var attributes: Attributes
  /// The moment from which the offer is no longer open.
  public var expiry: Timestamp
  /// How long it works.
  public var timeInForce: TimeInForce
  /// Whether it only ever waits to be taken: it is cancelled rather than that its owner takes.
  public var isPostOnly: Bool

  /// An offer with the given terms.
  public init(
    gpuClass: GPUClassIndex, gpus: Int32, window: SlotRange, price: Price, minimumGPUs: Int32 = 1,
    minimumSlots: Int64 = 1, attributes: Attributes = Attributes(), expiry: Timestamp,
    timeInForce: TimeInForce = .goodTillCancelled, isPostOnly: Bool = false
  ) {
    self.gpuClass = gpuClass
    self.gpus = gpus
    self.window = window
    self.price = price
    self.minimumGPUs = minimumGPUs
    self.minimumSlots = minimumSlots
    self.attributes = attributes
    self.expiry = expiry
    self.timeInForce = timeInForce
    self.isPostOnly = isPostOnly
  }
}

/// A wish for some GPUs during a contiguous run of slots inside a window.
public struct Bid: Hashable, Sendable {
  /// The acceptable classes, ascending and distinct, at least one.
  public var gpuClasses: GPUClassList
  /// GPUs wanted, at least 1.
  public var gpus: Int32
  /// Slots wanted in one run, at least 1.
  public var durationSlots: Int64
  /// Earliest start and latest end.
  public var window: SlotRange
  /// The limit per GPU-hour.
  public var price: Price
  /// The fewest GPUs taken in one trade: `gpus` for a bid that must be filled in one piece, from one offer.
  public var minimumGPUs: Int32
  /// What the machine and its provider must offer.
  public var requirements: Requirements
  /// The moment from which the bid is no longer open.
  public var expiry: Timestamp
  /// How long it works.
  public var timeInForce: TimeInForce
  /// Whether it only ever waits to be taken: it is cancelled rather than that its owner takes.
  public var isPostOnly: Bool
  /// Whether all of it is traded at once or nothing, though several offers may have a piece of it each. Only of a bid
  /// whose smallest piece is not the whole.
  public var isWhole: Bool

  /// A bid with the given terms.
  public init(
    gpuClasses: GPUClassList, gpus: Int32, durationSlots: Int64, window: SlotRange, price: Price,
    minimumGPUs: Int32, requirements: Requirements = Requirements(), expiry: Timestamp,
    timeInForce: TimeInForce = .goodTillCancelled, isPostOnly: Bool = false, isWhole: Bool = false
  ) {
    self.gpuClasses = gpuClasses
    self.gpus = gpus
    self.durationSlots = durationSlots
    self.window = window
    self.price = price
    self.minimumGPUs = minimumGPUs
    self.requirements = requirements
    self.expiry = expiry
    self.timeInForce = timeInForce
    self.isPostOnly = isPostOnly
    self.isWhole = isWhole
  }
}
