import Market
import NodeCrypto

/// Turns an order as a person states it into the order that is signed: times become slots, what was left out gets its
/// meaning. The answer echoes the result, so nothing is changed behind anybody's back.
public struct OrderResolver: Sendable {
  /// A bid that names no end may be delivered within a day, or within its duration when that is longer.
  static let defaultBidWindowMilliseconds: Int64 = 86_400_000

  /// What a time that is left out counts from.
  public let now: Timestamp

  let genesis: Genesis
  let nodes: [NodeID]

  /// A resolver of orders on a market.
  ///
  /// - Parameters:
  ///   - now: what a time that is left out counts from.
  ///   - nodes: the nodes whose feeds are known, which an order may name by their first digits.
  public init(genesis: Genesis, now: Timestamp, nodes: [NodeID] = []) {
    self.genesis = genesis
    self.now = now
    self.nodes = nodes
  }

  /// The order that `request` states. That it keeps the market's rules is for ``OrderRules`` to say.
  ///
  /// - Throws: ``OrderError`` naming the field that cannot be understood, its value and what is allowed.
  public func resolve(_ request: OrderRequest) throws(OrderError) -> OrderBody {
    switch request.side {
    case "offer": .offer(try offer(request))
    case "bid": .bid(try bid(request))
    default: throw .field("side", value: "\"\(request.side)\"", allowed: "offer or bid")
    }
  }

  /// The bid that a quote is of; without a price the highest that the network allows.
  ///
  /// - Throws: as ``resolve(_:)-(OrderRequest)``.
  public func resolve(_ request: QuoteRequest) throws(OrderError) -> Bid {
    let highest = genesis.limits.priceMicros - genesis.limits.priceMicros % genesis.limits.priceTickMicros
    var order = OrderRequest(
      side: "bid", gpuClasses: request.gpuClasses, gpus: request.gpus, priceMicros: request.priceMicros ?? highest)
    order.durationMs = request.durationMs
    order.startMs = request.startMs
    order.endMs = request.endMs
    order.withinMs = request.withinMs
    order.minimumGpus = request.minimumGpus
    order.allOrNone = request.allOrNone
    order.split = request.split
    order.requirements = request.requirements
    return try bid(order)
  }

  private func offer(_ request: OrderRequest) throws(OrderError) -> Offer {
    guard request.requirements == nil, request.withinMs == nil else {
      throw .field("requirements, within_ms", value: "given", allowed: "these belong to a bid, not to an offer")
    }
    guard request.split == nil else {
      throw .field("split", value: "given", allowed: "it belongs to a bid, not to an offer")
    }
    guard request.gpuClasses.count == 1 else {
      throw .field("gpu_classes", value: "\(request.gpuClasses.count) classes", allowed: "one for an offer")
    }
    let timeInForce = try timeInForce(request.timeInForce, expiryMs: request.expiryMs)
    try checkPostOnly(request.postOnly, timeInForce)
    let isWhole = try isWhole(request.allOrNone, timeInForce)
    // All of a window can be delivered only from the moment on at which a trade can be settled.
    let earliest = genesis.slot(startingFrom: now + genesis.limits.proposalMilliseconds) + 1
    let start = isWhole && request.startMs == nil ? earliest : try startSlot(request.startMs)
    let end: Slot
    switch (request.durationMs, request.endMs) {
    case (let duration?, nil): end = start + (try slots(duration, "duration"))
    case (nil, let last?): end = genesis.slot(containing: try time(last, "end_ms"))
    case (nil, nil): throw .field("duration_ms, end_ms", value: "left out", allowed: "one of the two")
    case (_?, _?): throw .field("duration_ms, end_ms", value: "both given", allowed: "one of the two")
    }
    let window = try window(start, end)
    let gpus = try count(request.gpus, "gpus")
    var offer = Offer(
      gpuClass: try gpuClass(request.gpuClasses[0]), gpus: gpus, window: window,
      price: Price(micros: request.priceMicros),
      minimumGPUs: try request.minimumGpus.map { value throws(OrderError) in try count(value, "minimum_gpus") } ?? 1,
      minimumSlots: try request.minimumMs.map { value throws(OrderError) in try slots(value, "minimum_ms") } ?? 1,
      attributes: try attributes(request.attributes, onto: Attributes()),
      expiry: try expiry(request.expiryMs, latest: genesis.start(of: window.end)), timeInForce: timeInForce,
      isPostOnly: request.postOnly ?? false)
    if isWhole {
      if let pieces = request.minimumGpus { try checkWhole("minimum_gpus", pieces, all: Int64(gpus)) }
      if request.minimumMs != nil { try checkWhole("minimum_ms", offer.minimumSlots, all: window.count) }
      offer.minimumGPUs = gpus
      offer.minimumSlots = window.count
    }
    return offer
  }

  private func bid(_ request: OrderRequest) throws(OrderError) -> Bid {
    guard request.attributes == nil, request.minimumMs == nil else {
      throw .field("attributes, minimum_ms", value: "given", allowed: "these belong to an offer, not to a bid")
    }
    guard let span = request.durationMs else {
      throw .field("duration_ms", value: "left out", allowed: "how long the GPUs are wanted")
    }
    let timeInForce = try timeInForce(request.timeInForce, expiryMs: request.expiryMs)
    try checkPostOnly(request.postOnly, timeInForce)
    let duration = try slots(span, "duration")
    let start = try startSlot(request.startMs)
    let end: Slot
    switch (request.withinMs, request.endMs) {
    case (let within?, nil): end = start + (try slots(within, "within"))
    case (nil, let last?): end = genesis.slot(containing: try time(last, "end_ms"))
    case (nil, nil): end = start + max(try slots(Self.defaultBidWindowMilliseconds, "within"), duration)
    case (_?, _?): throw .field("within_ms, end_ms", value: "both given", allowed: "one of the two")
    }
    let window = try window(start, end)
    let gpus = try count(request.gpus, "gpus")
    let isWhole = try isWhole(request.allOrNone, timeInForce)
    let pieces = try pieces(
      BidPieces(minimum: request.minimumGpus, split: request.split, isWhole: isWhole), of: gpus)
    return Bid(
      gpuClasses: try gpuClasses(request.gpuClasses), gpus: gpus, durationSlots: duration, window: window,
      price: Price(micros: request.priceMicros),
      minimumGPUs: pieces.minimum,
      requirements: try requirements(request.requirements, onto: Requirements()),
      expiry: try expiry(request.expiryMs, latest: latestExpiry(window, duration: duration)),
      timeInForce: timeInForce, isPostOnly: request.postOnly ?? false, isWhole: pieces.isWhole)
  }

  /// The latest moment at which a bid could still be filled is when its last possible run starts.
  func latestExpiry(_ window: SlotRange, duration: Int64) -> Timestamp {
    max(genesis.start(of: window.end - min(duration, window.count)), now + 1)
  }

  // MARK: How an order works

  /// The time in force; `gtt` is `gtc` with an expiry.
  func timeInForce(_ name: String?, expiryMs: Int64?) throws(OrderError) -> TimeInForce {
    let conflict = OrderError.field(
      "time_in_force, expiry_ms", value: "\"\(name ?? "")\" and \(expiryMs ?? 0)",
      allowed: "an expiry_ms with gtt only, or left out with gtc, ioc and fok")
    switch name {
    case nil: return .goodTillCancelled
    case "gtt":
      guard expiryMs != nil else {
        throw .field("expiry_ms", value: "left out", allowed: "the time until which a gtt order is open")
      }
      return .goodTillCancelled
    case "gtc", "ioc", "fok":
      guard expiryMs == nil else { throw conflict }
      return name == "gtc" ? .goodTillCancelled : name == "ioc" ? .immediateOrCancel : .fillOrKill
    case let other?:
      throw .field("time_in_force", value: "\"\(other)\"", allowed: "gtc, gtt, ioc or fok")
    }
  }

  private func checkPostOnly(_ postOnly: Bool?, _ timeInForce: TimeInForce) throws(OrderError) {
    guard postOnly == true, timeInForce.isImmediate else { return }
    let name = timeInForce == .fillOrKill ? "fok" : "ioc"
    throw .field(
      "time_in_force, post_only", value: "\"\(name)\" and true",
      allowed: "one of the two: the one only takes, the other never does")
  }

  /// Whether all of the order has to be traded at once.
  private func isWhole(_ allOrNone: Bool?, _ timeInForce: TimeInForce) throws(OrderError) -> Bool {
    guard timeInForce == .fillOrKill else { return allOrNone ?? false }
    guard allOrNone != false else {
      throw .field(
        "time_in_force, all_or_none", value: "\"fok\" and false",
        allowed: "true or left out: a fok order is all or none")
    }
    return true
  }

  /// Fails unless the piece that an all-or-none offer states is all of it.
  private func checkWhole(_ name: String, _ piece: Int64, all: Int64) throws(OrderError) {
    guard piece == all else {
      throw .field(
        "all_or_none, \(name)", value: "true and \(piece)",
        allowed: "one of the two: all or none means one trade that takes the whole order")
    }
  }

  /// What a request says of the pieces in which a bid may be filled.
  struct BidPieces {
    var minimum: Int64?
    var split: Bool?
    var isWhole: Bool
  }

  /// The fewest GPUs of a bid in one trade, and whether it is all-or-none over several offers. When nothing is said of
  /// pieces, one offer has to have them all.
  func pieces(_ pieces: BidPieces, of gpus: Int32) throws(OrderError) -> (minimum: Int32, isWhole: Bool) {
    let stated = try pieces.minimum.map { value throws(OrderError) in try count(value, "minimum_gpus") }
    if pieces.split == false, let stated, stated != gpus {
      throw .field(
        "split, minimum_gpus", value: "false and \(stated)",
        allowed: "one of the two: a bid that may not be split has one piece")
    }
    let minimum = stated ?? (pieces.split == true ? 1 : gpus)
    return (minimum, pieces.isWhole && minimum < gpus)
  }
}
