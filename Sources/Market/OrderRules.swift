/// Why an order is refused.
public enum OrderError: Error, Equatable, CustomStringConvertible {
  /// A part of the order has a value that is not allowed.
  case field(String, value: String, allowed: String)

  /// What was wrong, with what value, and what is allowed.
  public var description: String {
    switch self {
    case .field(let name, let value, let allowed): "\(name) is \(value); allowed: \(allowed)"
    }
  }
}

/// The rules that an order must keep on its own, whatever else is in the book: the same checks for an order that a
/// person types and for one that comes from a peer.
public enum OrderRules {
  /// The most GPU classes that a bid may name.
  public static let maximumClasses = 64
  /// The most regions that a bid may name.
  public static let maximumRegions = 32
  /// The longest interconnect and driver text in bytes.
  public static let maximumTextBytes = 32

  /// Checks an order against the limits of the market.
  ///
  /// - Parameter placedAt: the time of the entry that places it.
  public static func check(_ body: OrderBody, placedAt time: Timestamp, genesis: Genesis) throws(OrderError) {
    let limits = genesis.limits
    guard (1...limits.gpusPerOrder).contains(body.gpus) else {
      throw .field("gpus", value: "\(body.gpus)", allowed: "1 to \(limits.gpusPerOrder)")
    }
    guard (1...limits.priceMicros).contains(body.price.micros) else {
      throw .field(
        "price", value: Decimal.format(micros: body.price.micros),
        allowed: "0.000001 to \(Decimal.format(micros: limits.priceMicros)) \(genesis.currency) per GPU-hour")
    }
    try checkTimes(body, placedAt: time, genesis: genesis)
    switch body {
    case .offer(let offer): try check(offer)
    case .bid(let bid): try check(bid)
    }
  }

  private static func checkTimes(
    _ body: OrderBody, placedAt time: Timestamp, genesis: Genesis
  ) throws(OrderError) {
    guard !body.window.isEmpty else {
      throw .field("window", value: "0 slots", allowed: "at least one slot of \(genesis.slotMilliseconds) ms")
    }
    let end = genesis.start(of: body.window.end)
    guard end > time else {
      throw .field(
        "end", value: "\(end.milliseconds) ms", allowed: "after the present, \(time.milliseconds) ms")
    }
    guard end <= time + genesis.limits.horizonMilliseconds else {
      throw .field(
        "end", value: "\((end - time) / 1000) s from now",
        allowed: "at most \(genesis.limits.horizonMilliseconds / 1000) s from now")
    }
    guard body.expiry > time, body.expiry <= end else {
      throw .field(
        "expiry", value: "\(body.expiry.milliseconds) ms",
        allowed: "after the present, \(time.milliseconds) ms, and at most the window's end, \(end.milliseconds) ms")
    }
    guard body.window.start.index >= 0 else {
      throw .field("start", value: "before the Unix epoch", allowed: "any time since")
    }
  }

  private static func check(_ offer: Offer) throws(OrderError) {
    guard (1...offer.gpus).contains(offer.minimumGPUs) else {
      throw .field("smallest piece", value: "\(offer.minimumGPUs) GPUs", allowed: "1 to \(offer.gpus) GPUs")
    }
    guard (1...offer.window.count).contains(offer.minimumSlots) else {
      throw .field(
        "shortest lease", value: "\(offer.minimumSlots) slots", allowed: "1 to \(offer.window.count) slots")
    }
    if !offer.attributes.region.isEmpty { try checkRegion(offer.attributes.region) }
    try checkText("interconnect", offer.attributes.interconnect)
    try checkText("driver", offer.attributes.driver)
  }

  private static func check(_ bid: Bid) throws(OrderError) {
    guard (1...maximumClasses).contains(bid.gpuClasses.count) else {
      throw .field("GPU classes", value: "\(bid.gpuClasses.count)", allowed: "1 to \(maximumClasses)")
    }
    guard zip(bid.gpuClasses, bid.gpuClasses.dropFirst()).allSatisfy({ $0 < $1 }) else {
      throw .field("GPU classes", value: "not ascending and distinct", allowed: "each class once, in genesis order")
    }
    guard (1...bid.window.count).contains(bid.durationSlots) else {
      throw .field(
        "duration", value: "\(bid.durationSlots) slots", allowed: "1 to \(bid.window.count) slots, the window's length")
    }
    guard (1...bid.gpus).contains(bid.minimumGPUs) else {
      throw .field("smallest piece", value: "\(bid.minimumGPUs) GPUs", allowed: "1 to \(bid.gpus) GPUs")
    }
    guard bid.requirements.regions.count <= maximumRegions else {
      throw .field("regions", value: "\(bid.requirements.regions.count)", allowed: "at most \(maximumRegions)")
    }
    for region in bid.requirements.regions { try checkRegion(region) }
    guard zip(bid.requirements.regions, bid.requirements.regions.dropFirst()).allSatisfy({ $0 < $1 }) else {
      throw .field("regions", value: "not ascending and distinct", allowed: "each region once, in order")
    }
    try checkText("interconnect", bid.requirements.interconnect)
  }

  private static func checkRegion(_ region: String) throws(OrderError) {
    let parts = region.utf8.split(separator: 0x2D, omittingEmptySubsequences: false)
    let isRegion =
      (1...2).contains(parts.count)
      && parts.allSatisfy { $0.count == 2 && $0.allSatisfy { (0x41...0x5A).contains($0) } }
    guard isRegion else {
      throw .field(
        "region", value: "\"\(region)\"", allowed: "CONTINENT or CONTINENT-COUNTRY in capitals, such as EU or EU-FR")
    }
  }

  private static func checkText(_ name: String, _ text: String) throws(OrderError) {
    let isText = text.utf8.allSatisfy {
      (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D || $0 == 0x2E
    }
    guard text.utf8.count <= maximumTextBytes, isText else {
      throw .field(
        name, value: "\"\(text)\"", allowed: "at most \(maximumTextBytes) lowercase letters, digits, dots and hyphens")
    }
  }
}
