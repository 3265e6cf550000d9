import Market

/// A bid to price without placing it: `POST /v1/quote`. The fields are those of an ``OrderRequest``; without a price,
/// any price will do.
public struct QuoteRequest: Codable, Hashable, Sendable {
  /// Class ids, or ``OrderRequest/anyClass`` alone.
  public var gpuClasses: [String]
  /// GPUs wanted.
  public var gpus: Int64
  /// The run that is wanted, in milliseconds.
  public var durationMs: Int64?
  /// The limit in micro-units per GPU-hour.
  public var priceMicros: Int64?
  /// The earliest start; now when left out.
  public var startMs: Int64?
  /// The latest end.
  public var endMs: Int64?
  /// The latest end as a span from the earliest start, in milliseconds (instead of `endMs`).
  public var withinMs: Int64?
  /// The fewest GPUs in one trade. Left out: 1 with `split`, else all of them.
  public var minimumGpus: Int64?
  /// Whether one offer has to have all of them.
  public var allOrNone: Bool?
  /// Whether it may be pieces, from several offers.
  public var split: Bool?
  /// What is demanded of the machine and its provider.
  public var requirements: RequirementsDocument?

  /// A bid with only what every quote needs.
  public init(gpuClasses: [String], gpus: Int64) {
    self.gpuClasses = gpuClasses
    self.gpus = gpus
  }
}

/// What a bid would cost now, nothing of it placed: the answer to `POST /v1/quote`.
public struct QuoteDocument: Codable, Hashable, Sendable {
  /// What one offer would give.
  public struct Piece: Codable, Hashable, Sendable {
    /// The offer's id.
    public var offer: String
    /// The offer's owner.
    public var provider: String
    /// The provider's public record.
    public var providerRecord: RecordDocument
    /// The offer's class.
    public var gpuClass: String
    /// GPUs in each slot of the lease.
    public var gpus: Int64
    /// Start of the lease.
    public var startMs: Int64
    /// End of the lease.
    public var endMs: Int64
    /// The offer's price in micro-units per GPU-hour.
    public var priceMicros: Int64
    /// Micro-units for the whole lease.
    public var totalMicros: Int64

    /// A piece with the given terms.
    public init(
      offer: String, provider: String, providerRecord: RecordDocument, gpuClass: String, gpus: Int64, startMs: Int64,
      endMs: Int64, priceMicros: Int64, totalMicros: Int64
    ) {
      self.offer = offer
      self.provider = provider
      self.providerRecord = providerRecord
      self.gpuClass = gpuClass
      self.gpus = gpus
      self.startMs = startMs
      self.endMs = endMs
      self.priceMicros = priceMicros
      self.totalMicros = totalMicros
    }
  }

  /// One way to fill the bid.
  public struct Plan: Codable, Hashable, Sendable {
    /// GPUs that it gives; fewer than wanted when there is not enough.
    public var gpus: Int64
    /// Micro-units for all pieces.
    public var totalMicros: Int64
    /// When its first lease starts; nil when it gives nothing.
    public var startMs: Int64?
    /// When its last lease ends; nil when it gives nothing.
    public var endMs: Int64?
    /// What each offer gives, in the order in which they would be taken.
    public var pieces: [Piece]

    /// The plan that the given pieces make.
    public init(pieces: [Piece]) {
      gpus = pieces.reduce(0) { $0 + $1.gpus }
      // Each total fits 63 bits, their sum need not.
      totalMicros = pieces.reduce(0) { sum, piece in
        let (total, overflow) = sum.addingReportingOverflow(piece.totalMicros)
        return overflow ? .max : total
      }
      startMs = pieces.map(\.startMs).min()
      endMs = pieces.map(\.endMs).max()
      self.pieces = pieces
    }
  }

  /// Acceptable class ids.
  public var gpuClasses: [String]
  /// GPUs wanted.
  public var gpus: Int64
  /// The run that is wanted.
  public var durationMs: Int64
  /// The earliest start.
  public var startMs: Int64
  /// The latest end.
  public var endMs: Int64
  /// The limit in micro-units per GPU-hour; nil when the request gives none.
  public var priceMicros: Int64?
  /// The fewest GPUs in one trade.
  public var minimumGpus: Int64
  /// What is demanded.
  public var requirements: RequirementsDocument?
  /// The currency's code.
  public var currency: String
  /// How much of it can be had now: `all`, `part` or `none`.
  public var available: String
  /// The best price first.
  public var cheapest: Plan
  /// The earliest start first.
  public var soonest: Plan
  /// What the soonest plan costs more than the cheapest, in micro-units; nil unless both give equally many GPUs.
  public var waitingSavesMicros: Int64?
  /// How much later the cheapest plan starts than the soonest, in milliseconds; nil with the saving.
  public var waitingMs: Int64?

  /// A quote of a bid; what follows from its two plans is worked out here.
  public init(
    gpuClasses: [String], gpus: Int64, durationMs: Int64, startMs: Int64, endMs: Int64, priceMicros: Int64?,
    minimumGpus: Int64, requirements: RequirementsDocument?, currency: String, cheapest: Plan, soonest: Plan
  ) {
    self.gpuClasses = gpuClasses
    self.gpus = gpus
    self.durationMs = durationMs
    self.startMs = startMs
    self.endMs = endMs
    self.priceMicros = priceMicros
    self.minimumGpus = minimumGpus
    self.requirements = requirements
    self.currency = currency
    self.cheapest = cheapest
    self.soonest = soonest
    let most = max(cheapest.gpus, soonest.gpus)
    available = most == 0 ? "none" : most < gpus ? "part" : "all"
    if cheapest.gpus == soonest.gpus, let late = cheapest.startMs, let early = soonest.startMs {
      waitingSavesMicros = soonest.totalMicros - cheapest.totalMicros
      waitingMs = late - early
    }
  }
}

/// What a class's orders add up to, by delivery hour: `GET /v1/depth?gpu_class=ID&hours=N`.
public struct DepthDocument: Codable, Hashable, Sendable {
  /// The orders at one price.
  public struct Level: Codable, Hashable, Sendable {
    /// Micro-units per GPU-hour.
    public var priceMicros: Int64
    /// GPUs offered or wanted at it.
    public var gpus: Int64
    /// How many orders they are of.
    public var orders: Int

    /// A price with what is offered or wanted at it.
    public init(priceMicros: Int64, gpus: Int64, orders: Int) {
      self.priceMicros = priceMicros
      self.gpus = gpus
      self.orders = orders
    }
  }

  /// One delivery hour, or what takes its place on a network with shorter or longer slots.
  public struct Hour: Codable, Hashable, Sendable {
    /// When it begins.
    public var startMs: Int64
    /// When it ends.
    public var endMs: Int64
    /// GPUs free throughout it.
    public var gpusOffered: Int64
    /// The lowest ask in micro-units per GPU-hour; nil when nothing is offered.
    public var bestOfferMicros: Int64?
    /// What the document's `gpus` would cost throughout it, in micro-units; nil when fewer are offered.
    public var costMicros: Int64?
    /// GPUs wanted by bids whose windows it lies in or overlaps.
    public var gpusWanted: Int64
    /// The highest limit in micro-units per GPU-hour; nil when nothing is wanted.
    public var bestBidMicros: Int64?
    /// The best asks, the lowest first, at most ``DepthDocument/maximumLevels``.
    public var offers: [Level]
    /// The best limits, the highest first, at most ``DepthDocument/maximumLevels``.
    public var bids: [Level]

    /// An hour with all levels of both sides, the best first.
    ///
    /// - Parameter size: how many GPUs to price.
    public init(startMs: Int64, endMs: Int64, offers: [Level], bids: [Level], size: Int64) {
      self.startMs = startMs
      self.endMs = endMs
      gpusOffered = offers.reduce(0) { $0 + $1.gpus }
      bestOfferMicros = offers.first?.priceMicros
      costMicros = Self.cost(of: size, seconds: (endMs - startMs) / 1000, offers)
      gpusWanted = bids.reduce(0) { $0 + $1.gpus }
      bestBidMicros = bids.first?.priceMicros
      self.offers = Array(offers.prefix(DepthDocument.maximumLevels))
      self.bids = Array(bids.prefix(DepthDocument.maximumLevels))
    }

    private static func cost(of size: Int64, seconds: Int64, _ offers: [Level]) -> Int64? {
      var missing = size
      var cost: Int64 = 0
      for level in offers where missing > 0 {
        let taken = min(missing, level.gpus)
        guard let part = Price(micros: level.priceMicros).total(gpus: taken, seconds: seconds) else { return nil }
        let (sum, overflow) = cost.addingReportingOverflow(part.micros)
        guard !overflow else { return nil }
        cost = sum
        missing -= taken
      }
      return missing == 0 ? cost : nil
    }
  }

  /// Levels of each side that an hour shows at most.
  public static let maximumLevels = 10
  /// GPUs that are priced when the request does not say.
  public static let defaultGpus: Int64 = 8

  /// The class.
  public var gpuClass: String
  /// The length of a row in milliseconds; the first one is shorter when its hour has begun.
  public var rowMs: Int64
  /// How many GPUs each row prices.
  public var gpus: Int64
  /// The rows, from now on.
  public var hours: [Hour]

  /// A class's depth.
  public init(gpuClass: String, rowMs: Int64, gpus: Int64, hours: [Hour]) {
    self.gpuClass = gpuClass
    self.rowMs = rowMs
    self.gpus = gpus
    self.hours = hours
  }
}
