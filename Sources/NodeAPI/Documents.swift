/// The JSON documents of the node's API, field for field. On the wire the names are in snake case (``NodeJSON``).
/// Money is in micro-units of the market's currency, times are milliseconds since the Unix epoch.

/// One market as its genesis file fixes it: `GET /v1/network`.
public struct NetworkDocument: Codable, Hashable, Sendable {
  /// One standard grade.
  public struct GPUClassDocument: Codable, Hashable, Sendable {
    /// The class's id, such as `h100-sxm-80g`.
    public var id: String
    /// Who makes the GPU.
    public var vendor: String
    /// The maker's model name.
    public var model: String
    /// How the board is attached.
    public var interface: String
    /// Video memory of one GPU in MiB.
    public var vramMib: Int64
    /// What one board may draw, in watts.
    public var boardPowerWatts: Int64

    /// A class with the given facts.
    public init(
      id: String, vendor: String, model: String, interface: String, vramMib: Int64, boardPowerWatts: Int64
    ) {
      self.id = id
      self.vendor = vendor
      self.model = model
      self.interface = interface
      self.vramMib = vramMib
      self.boardPowerWatts = boardPowerWatts
    }
  }

  /// The network id in hexadecimal.
  public var id: String
  /// The network's name.
  public var name: String
  /// The currency's code.
  public var currency: String
  /// The length of a slot in milliseconds.
  public var slotMs: Int64
  /// The standard grades.
  public var gpuClasses: [GPUClassDocument]
  /// Prices are multiples of it, in micro-units per GPU-hour.
  public var priceTickMicros: Int64
  /// The GPUs of an order, and its smallest piece, are multiples of it.
  public var lotGpus: Int64

  /// A network with the given facts.
  public init(
    id: String, name: String, currency: String, slotMs: Int64, gpuClasses: [GPUClassDocument],
    priceTickMicros: Int64 = 1, lotGpus: Int64 = 1
  ) {
    self.id = id
    self.name = name
    self.currency = currency
    self.slotMs = slotMs
    self.gpuClasses = gpuClasses
    self.priceTickMicros = priceTickMicros
    self.lotGpus = lotGpus
  }
}

/// What a provider says about its machine; a missing field says nothing.
public struct AttributesDocument: Codable, Hashable, Sendable {
  /// `CONTINENT` or `CONTINENT-COUNTRY`.
  public var region: String?
  /// How the GPUs are joined.
  public var interconnect: String?
  /// The driver's version.
  public var driver: String?
  /// Watts a GPU draws at most.
  public var wattsPerGpu: Int64?
  /// Grams of CO2 per kWh of the site's power.
  public var gco2PerKwh: Int64?
  /// Video memory of one GPU in MiB, where it is not the class's.
  public var vramMib: Int64?
  /// Which of these the provider's node read from the machine, by name: `region`, `interconnect`, `driver`, `watts`,
  /// `co2`, `vram`. The others its owner declares.
  public var probed: [String]?

  /// Attributes that say nothing yet.
  public init() {}
}

/// What a bid demands of the machine and its provider; a missing field demands nothing.
public struct RequirementsDocument: Codable, Hashable, Sendable {
  /// Acceptable regions; a continent accepts its countries.
  public var regions: [String]?
  /// The interconnect demanded.
  public var interconnect: String?
  /// The most watts per GPU.
  public var maximumWattsPerGpu: Int64?
  /// The most grams of CO2 per kWh.
  public var maximumGco2PerKwh: Int64?
  /// The least video memory of one GPU in MiB.
  public var minimumVramMib: Int64?
  /// Whether each demanded attribute must be one that the provider's node read from the machine.
  public var probedOnly: Bool?
  /// The only acceptable providers: node ids, or in a request their first digits, at least 4.
  public var providers: [String]?
  /// Providers that are not acceptable, named like `providers`.
  public var excludedProviders: [String]?
  /// The fewest settled trades in the provider's public record.
  public var minimumSettledTrades: Int64?
  /// The highest failure rate in the provider's public record, in percent.
  public var maximumFailurePercent: Int64?

  /// Requirements that demand nothing yet.
  public init() {}
}

/// An order to place: `POST /v1/orders`. Left-out times mean what a person means: an offer without a start starts
/// now, a bid without an end may be delivered within a day or its duration, whichever is longer.
public struct OrderRequest: Codable, Hashable, Sendable {
  /// `offer` or `bid`.
  public var side: String
  /// Class ids: one for an offer, one or more for a bid, or ``anyClass`` alone for all of the network's.
  public var gpuClasses: [String]
  /// GPUs for sale or wanted.
  public var gpus: Int64
  /// The limit in micro-units per GPU-hour.
  public var priceMicros: Int64
  /// The length of an offer's window, or the run that a bid wants, in milliseconds.
  public var durationMs: Int64?
  /// Start of an offer's window, or a bid's earliest start; now when left out.
  public var startMs: Int64?
  /// End of an offer's window (instead of a duration), or a bid's latest end.
  public var endMs: Int64?
  /// A bid's latest end as a span from the earliest start, in milliseconds (instead of `endMs`).
  public var withinMs: Int64?
  /// The fewest GPUs in one trade. Left out: 1 for an offer and for a bid with `split`, all of them for another bid.
  public var minimumGpus: Int64?
  /// The shortest lease an offer sells, in milliseconds; one slot when left out.
  public var minimumMs: Int64?
  /// When the order is no longer open; left out, when it could no longer be filled.
  public var expiryMs: Int64?
  /// How long the order works: `gtc` until it is filled, cancelled or can no longer be filled; `gtt` until `expiryMs`;
  /// `ioc` takes what it can at once and is cancelled; `fok` takes all of it at once or is cancelled. Left out: `gtt`
  /// with an `expiryMs`, else `gtc`.
  public var timeInForce: String?
  /// Whether the order only ever waits to be taken; it is refused when it would take at once.
  public var postOnly: Bool?
  /// Whether one trade takes the whole order or none does: all GPUs, and of an offer all of its window.
  public var allOrNone: Bool?
  /// Whether a bid may be filled in pieces, from several offers; false says that it may not.
  public var split: Bool?
  /// An offer's machine.
  public var attributes: AttributesDocument?
  /// A bid's demands.
  public var requirements: RequirementsDocument?

  /// In `gpuClasses`, all classes of the network.
  public static let anyClass = "any"

  /// An order with only what every order needs.
  public init(side: String, gpuClasses: [String], gpus: Int64, priceMicros: Int64) {
    self.side = side
    self.gpuClasses = gpuClasses
    self.gpus = gpus
    self.priceMicros = priceMicros
  }
}

/// A run of slots with the GPUs that are sold or held in it.
public struct CalendarRunDocument: Codable, Hashable, Sendable {
  /// Start of the run.
  public var startMs: Int64
  /// End of the run.
  public var endMs: Int64
  /// GPUs sold or held in each of its slots.
  public var usedGpus: Int64

  /// A run from `startMs` to `endMs`.
  public init(startMs: Int64, endMs: Int64, usedGpus: Int64) {
    self.startMs = startMs
    self.endMs = endMs
    self.usedGpus = usedGpus
  }
}

/// An order as the node understood it: the answer to `POST /v1/orders`, and the element of `GET /v1/orders`.
public struct OrderDocument: Codable, Hashable, Sendable {
  /// The order's id in hexadecimal.
  public var id: String
  /// `offer` or `bid`.
  public var side: String
  /// `open`, `reserved` (all that is left is in trades that are proposed and not decided), `filled`, `cancelled` or
  /// `expired`.
  public var state: String
  /// The owner's node id.
  public var owner: String
  /// Whether this node is the owner.
  public var own: Bool
  /// Whether the owner has been silent for three ticks, so that the order is not taken.
  public var stale: Bool
  /// Class ids.
  public var gpuClasses: [String]
  /// GPUs for sale or wanted.
  public var gpus: Int64
  /// A bid's GPUs still wanted; an offer's GPUs free in its freest slot from now on.
  public var gpusLeft: Int64
  /// Start of the window.
  public var startMs: Int64
  /// End of the window.
  public var endMs: Int64
  /// The run that a bid wants; nil for an offer.
  public var durationMs: Int64?
  /// The limit in micro-units per GPU-hour.
  public var priceMicros: Int64
  /// The fewest GPUs in one trade.
  public var minimumGpus: Int64
  /// The shortest lease an offer sells; nil for a bid.
  public var minimumMs: Int64?
  /// An offer's machine; nil for a bid.
  public var attributes: AttributesDocument?
  /// A bid's demands; nil for an offer.
  public var requirements: RequirementsDocument?
  /// When the entry that gave the order its place in time was signed: the one that placed it, or an amend that did more
  /// than reduce it.
  public var placedMs: Int64
  /// When the order is no longer open.
  public var expiryMs: Int64
  /// What of an offer is sold or held; nil for a bid.
  public var calendar: [CalendarRunDocument]?
  /// GPUs x seconds that can still be traded: of an offer, what is free from now on.
  public var gpuSecondsLeft: Int64?
  /// How long the order works: `gtc`, `gtt`, `ioc` or `fok`.
  public var timeInForce = "gtc"
  /// Whether the order only ever waits to be taken.
  public var postOnly = false
  /// Whether one trade takes the whole order or none does.
  public var allOrNone = false
  /// What the feeds say of how the owner has kept its word.
  public var ownerRecord = RecordDocument()
  /// In the answer to an amend, whether the order kept its place in time; nil elsewhere.
  public var keptPriority: Bool?

  /// An order with the given facts.
  public init(
    id: String, side: String, state: String, owner: String, own: Bool, stale: Bool, gpuClasses: [String],
    gpus: Int64, gpusLeft: Int64, startMs: Int64, endMs: Int64, durationMs: Int64?, priceMicros: Int64,
    minimumGpus: Int64, minimumMs: Int64?, attributes: AttributesDocument?, requirements: RequirementsDocument?,
    placedMs: Int64, expiryMs: Int64, calendar: [CalendarRunDocument]?
  ) {
    self.id = id
    self.side = side
    self.state = state
    self.owner = owner
    self.own = own
    self.stale = stale
    self.gpuClasses = gpuClasses
    self.gpus = gpus
    self.gpusLeft = gpusLeft
    self.startMs = startMs
    self.endMs = endMs
    self.durationMs = durationMs
    self.priceMicros = priceMicros
    self.minimumGpus = minimumGpus
    self.minimumMs = minimumMs
    self.attributes = attributes
    self.requirements = requirements
    self.placedMs = placedMs
    self.expiryMs = expiryMs
    self.calendar = calendar
  }
}

/// The orders of one class in price-time priority: `GET /v1/book?gpu_class=ID`.
public struct BookDocument: Codable, Hashable, Sendable {
  /// The class.
  public var gpuClass: String
  /// Offers, cheapest first.
  public var offers: [OrderDocument]
  /// Bids, highest first.
  public var bids: [OrderDocument]

  /// A class's orders.
  public init(gpuClass: String, offers: [OrderDocument], bids: [OrderDocument]) {
    self.gpuClass = gpuClass
    self.offers = offers
    self.bids = bids
  }
}

/// One class at a glance: the element of `GET /v1/book` without a class.
public struct BookSummaryDocument: Codable, Hashable, Sendable {
  /// The class.
  public var gpuClass: String
  /// Open offers.
  public var offers: Int
  /// GPUs free in the freest slot of each of them, added up.
  public var gpusOffered: Int64
  /// The lowest ask in micro-units per GPU-hour; nil without offers.
  public var bestOfferMicros: Int64?
  /// Open bids.
  public var bids: Int
  /// GPUs still wanted by them.
  public var gpusWanted: Int64
  /// The highest limit in micro-units per GPU-hour; nil without bids.
  public var bestBidMicros: Int64?

  /// A class at a glance.
  public init(
    gpuClass: String, offers: Int, gpusOffered: Int64, bestOfferMicros: Int64?, bids: Int, gpusWanted: Int64,
    bestBidMicros: Int64?
  ) {
    self.gpuClass = gpuClass
    self.offers = offers
    self.gpusOffered = gpusOffered
    self.bestOfferMicros = bestOfferMicros
    self.bids = bids
    self.gpusWanted = gpusWanted
    self.bestBidMicros = bestBidMicros
  }
}
