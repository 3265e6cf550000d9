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
  public var gpuClasses: [GPUClassIndex] {
    switch self {
    case .offer(let offer): [offer.gpuClass]
    case .bid(let bid): bid.gpuClasses
    }
  }
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
  /// What the provider declares about the machine.
  public var attributes: Attributes
  /// The moment from which the offer is no longer open.
  public var expiry: Timestamp

  /// An offer with the given terms.
  public init(
    gpuClass: GPUClassIndex, gpus: Int32, window: SlotRange, price: Price, minimumGPUs: Int32 = 1,
    minimumSlots: Int64 = 1, attributes: Attributes = Attributes(), expiry: Timestamp
  ) {
    self.gpuClass = gpuClass
    self.gpus = gpus
    self.window = window
    self.price = price
    self.minimumGPUs = minimumGPUs
    self.minimumSlots = minimumSlots
    self.attributes = attributes
    self.expiry = expiry
  }
}

/// A wish for some GPUs during a contiguous run of slots inside a window.
public struct Bid: Hashable, Sendable {
  /// The acceptable classes, ascending and distinct, at least one.
  public var gpuClasses: [GPUClassIndex]
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
  /// What the machine must offer.
  public var requirements: Requirements
  /// The moment from which the bid is no longer open.
  public var expiry: Timestamp

  /// A bid with the given terms.
  public init(
    gpuClasses: [GPUClassIndex], gpus: Int32, durationSlots: Int64, window: SlotRange, price: Price,
    minimumGPUs: Int32, requirements: Requirements = Requirements(), expiry: Timestamp
  ) {
    self.gpuClasses = gpuClasses
    self.gpus = gpus
    self.durationSlots = durationSlots
    self.window = window
    self.price = price
    self.minimumGPUs = minimumGPUs
    self.requirements = requirements
    self.expiry = expiry
  }
}

/// What a provider declares about the machine that it sells. An empty text or a zero says nothing.
public struct Attributes: Hashable, Sendable {
  /// `CONTINENT` or `CONTINENT-COUNTRY` in two capital letters each: `EU`, `EU-FR`.
  public var region: String
  /// How the GPUs are joined: `pcie`, `nvlink`, `infiniband`, …
  public var interconnect: String
  /// The driver's version.
  public var driver: String
  /// Watts a GPU draws at most.
  public var wattsPerGPU: UInt32
  /// Grams of CO2 per kWh of the site's power.
  public var gramsCO2PerKWh: UInt32

  /// Attributes; each left out says nothing.
  public init(
    region: String = "", interconnect: String = "", driver: String = "", wattsPerGPU: UInt32 = 0,
    gramsCO2PerKWh: UInt32 = 0
  ) {
    self.region = region
    self.interconnect = interconnect
    self.driver = driver
    self.wattsPerGPU = wattsPerGPU
    self.gramsCO2PerKWh = gramsCO2PerKWh
  }
}

/// What a bid demands of the machine. An empty list or text or a zero demands nothing; an offer that says nothing of
/// a demanded attribute does not meet the demand.
public struct Requirements: Hashable, Sendable {
  /// Acceptable regions, ascending and distinct; `EU` accepts `EU-FR`.
  public var regions: [String]
  /// The interconnect demanded.
  public var interconnect: String
  /// The most watts per GPU.
  public var maximumWattsPerGPU: UInt32
  /// The most grams of CO2 per kWh.
  public var maximumGramsCO2PerKWh: UInt32

  /// Requirements; each left out demands nothing.
  public init(
    regions: [String] = [], interconnect: String = "", maximumWattsPerGPU: UInt32 = 0,
    maximumGramsCO2PerKWh: UInt32 = 0
  ) {
    self.regions = regions
    self.interconnect = interconnect
    self.maximumWattsPerGPU = maximumWattsPerGPU
    self.maximumGramsCO2PerKWh = maximumGramsCO2PerKWh
  }

  /// Whether the region of `attributes` is acceptable.
  public func acceptsRegion(of attributes: Attributes) -> Bool {
    regions.isEmpty
      || regions.contains { $0 == attributes.region || attributes.region.hasPrefix($0 + "-") }
  }

  /// Whether everything but the region is as demanded.
  public func acceptsMachine(of attributes: Attributes) -> Bool {
    (interconnect.isEmpty || interconnect == attributes.interconnect)
      && (maximumWattsPerGPU == 0
        || (attributes.wattsPerGPU != 0 && attributes.wattsPerGPU <= maximumWattsPerGPU))
      && (maximumGramsCO2PerKWh == 0
        || (attributes.gramsCO2PerKWh != 0 && attributes.gramsCO2PerKWh <= maximumGramsCO2PerKWh))
  }
}
