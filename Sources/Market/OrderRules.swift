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
  /// The most providers that a bid may allow, or exclude.
  public static let maximumProviders = 16
  /// The longest interconnect and driver text in bytes.
  public static let maximumTextBytes = 32

  /// Checks an order against the limits of the market.
  ///
  /// - Parameter placedAt: the time of the entry that places or amends it.
  public static func check(_ body: OrderBody, placedAt time: Timestamp, genesis: Genesis) throws(OrderError) {
    let limits = genesis.limits
    try checkGPUs("gpus", body.gpus, unit: "", atMost: limits.gpusPerOrder, limits)
    guard (1...limits.priceMicros).contains(body.price.micros), body.price.micros % limits.priceTickMicros == 0 else {
      let lowest = Decimal.format(micros: limits.priceTickMicros)
      let multiples = limits.priceTickMicros == 1 ? "" : " in multiples of \(lowest)"
      throw .field(
        "price", value: Decimal.format(micros: body.price.micros),
        allowed: "\(lowest) to \(Decimal.format(micros: limits.priceMicros)) \(genesis.currency) per GPU-hour"
          + multiples)
    }
    try checkTimes(body, placedAt: time, genesis: genesis)
    try checkGPUs("smallest piece", body.minimumGPUs, unit: " GPUs", atMost: body.gpus, limits)
    switch body {
    case .offer(let offer): try check(offer)
    case .bid(let bid): try check(bid)
    }
    try checkTimeInForce(body)
  }

  /// Checks what an order that replaces another one's terms has to keep besides the rules for any order.
  ///
  /// - Parameters:
  ///   - new: the terms from the amend on.
  ///   - side: the side of the order that is amended.
  ///   - timeInForce: the order's time in force before.
  public static func checkAmend(
    to new: OrderBody, side: Side, timeInForce: TimeInForce
  ) throws(OrderError) {
    guard new.side == side else {
      throw .field("the amended order", value: name(new.side), allowed: "\(name(side)), as the order is")
    }
    guard !timeInForce.isImmediate else {
      throw .field(
        "the order's time in force", value: name(timeInForce), allowed: "gtc: an order that never rests is not amended")
    }
    try checkRests(new)
  }

  /// Checks that an order which an amend makes is one that rests in the book.
  public static func checkRests(_ new: OrderBody) throws(OrderError) {
    guard !new.timeInForce.isImmediate else {
      throw .field("time in force", value: name(new.timeInForce), allowed: "gtc in an amend")
    }
  }

  private static func checkGPUs(
    _ field: String, _ gpus: Int32, unit: String, atMost maximum: Int32, _ limits: GenesisLimits
  ) throws(OrderError) {
    guard (1...maximum).contains(gpus), gpus % limits.lotGPUs == 0 else {
      let multiples = limits.lotGPUs == 1 ? "" : " in multiples of \(limits.lotGPUs)"
      throw .field(field, value: "\(gpus)\(unit)", allowed: "\(limits.lotGPUs) to \(maximum)\(unit)\(multiples)")
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

  private static func checkTimeInForce(_ body: OrderBody) throws(OrderError) {
    if body.timeInForce == .fillOrKill, !body.isAllOrNone {
      let value =
        switch body {
        case .bid(let bid): "fok with pieces from \(bid.minimumGPUs) of \(bid.gpus) GPUs"
        case .offer(let offer):
          "fok with pieces from \(offer.minimumGPUs) of \(offer.gpus) GPUs for \(offer.minimumSlots) of "
            + "\(offer.window.count) slots"
        }
      throw .field(
        "time in force", value: value, allowed: "fok only for an all-or-none order: all of it at once, or nothing")
    }
    if body.isPostOnly, body.timeInForce.isImmediate {
      throw .field(
        "time in force", value: "\(name(body.timeInForce)) together with post-only",
        allowed: "either, since a post-only order never takes and an \(name(body.timeInForce)) order never rests")
    }
  }

  private static func check(_ offer: Offer) throws(OrderError) {
    guard (1...offer.window.count).contains(offer.minimumSlots) else {
      throw .field(
        "shortest lease", value: "\(offer.minimumSlots) slots", allowed: "1 to \(offer.window.count) slots")
    }
    try check(offer.attributes)
  }

  /// Checks what an offer says of the machine.
  public static func check(_ attributes: Attributes) throws(OrderError) {
    if !attributes.region.isEmpty { try checkRegion(attributes.region) }
    try checkText("interconnect", attributes.interconnect)
    try checkText("driver", attributes.driver)
    try checkProbed(attributes)
  }

  private static func checkProbed(_ attributes: Attributes) throws(OrderError) {
    guard AttributeSet.all.isSuperset(of: attributes.probed) else {
      throw .field("probed", value: "\(attributes.probed.rawValue)", allowed: "a sum of the bits 1, 2, 4, 8, 16, 32")
    }
    for (attribute, name) in AttributeSet.named
    where attributes.probed.contains(attribute) && !attributes.stated.contains(attribute) {
      throw .field("probed", value: "\"\(name)\", which the offer does not state", allowed: "attributes that it states")
    }
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
    if bid.isWhole {
      guard bid.minimumGPUs < bid.gpus else {
        throw .field(
          "all-or-none over several offers", value: "pieces from \(bid.minimumGPUs) of \(bid.gpus) GPUs",
          allowed: "a smallest piece below the whole; a bid in one piece is all-or-none anyway")
      }
      guard !bid.isPostOnly else {
        throw .field(
          "post-only", value: "together with all-or-none over several offers",
          allowed: "either: such a bid takes from all its offers")
      }
    }
    if !bid.requirements.isEmpty { try check(bid.requirements.demands) }
  }

  private static func check(_ demands: Requirements.Demands) throws(OrderError) {
    guard demands.regions.count <= maximumRegions else {
      throw .field("regions", value: "\(demands.regions.count)", allowed: "at most \(maximumRegions)")
    }
    for region in demands.regions { try checkRegion(region) }
    guard zip(demands.regions, demands.regions.dropFirst()).allSatisfy({ $0 < $1 }) else {
      throw .field("regions", value: "not ascending and distinct", allowed: "each region once, in order")
    }
    try checkText("interconnect", demands.interconnect)
    guard demands.providers.isEmpty || demands.excludedProviders.isEmpty else {
      throw .field(
        "excluded providers",
        value: "\(demands.excludedProviders.count) together with \(demands.providers.count) allowed ones",
        allowed: "either list, since a list of allowed providers excludes all others")
    }
    for (name, list) in [("providers", demands.providers), ("excluded providers", demands.excludedProviders)] {
      guard list.count <= maximumProviders else {
        throw .field(name, value: "\(list.count)", allowed: "at most \(maximumProviders)")
      }
      guard zip(list, list.dropFirst()).allSatisfy({ $0 < $1 }) else {
        throw .field(name, value: "not ascending and distinct", allowed: "each node once, in order")
      }
    }
    if let percent = demands.maximumFailurePercent, percent > 100 {
      throw .field("maximum failure rate", value: "\(percent) percent", allowed: "0 to 100 percent")
    }
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

  /// Whether an attribute that is a text may say this.
  package static func isAttributeText(_ text: String) -> Bool {
    text.utf8.count <= maximumTextBytes
      && text.utf8.allSatisfy { $0.isDigit || $0.isLowercaseLetter || $0 == 0x2D || $0 == 0x2E }
  }

  private static func checkText(_ name: String, _ text: String) throws(OrderError) {
    guard isAttributeText(text) else {
      throw .field(
        name, value: "\"\(text)\"", allowed: "at most \(maximumTextBytes) lowercase letters, digits, dots and hyphens")
    }
  }

  private static func name(_ side: Side) -> String { side == .offer ? "an offer" : "a bid" }

  private static func name(_ timeInForce: TimeInForce) -> String {
    switch timeInForce {
    case .goodTillCancelled: "gtc"
    case .immediateOrCancel: "ioc"
    case .fillOrKill: "fok"
    }
  }
}
