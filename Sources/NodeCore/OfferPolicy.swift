import Market

/// What the owner of a node demands of the offers that are placed on it, and what they say of the machine where they say
/// nothing themselves. It concerns nobody else: whether an order is valid never depends on it.
public struct OfferPolicy: Hashable, Sendable {
  /// The rules' names, which are the configuration's keys.
  public enum Rule {
    /// Whether new offers are taken.
    public static let accept = "offers.accept"
    /// The lowest price of a class; the class's id follows behind a dot.
    public static let minimumPrice = "offers.minimum_price"
    /// The most GPUs in open offers.
    public static let maximumOpenGPUs = "offers.maximum_open_gpus"
  }

  /// Whether new offers are taken; open ones stay.
  public var acceptsOffers = true
  /// The lowest price of each class that has one.
  public var minimumPrices: [GPUClassIndex: Price] = [:]
  /// The most GPUs in open offers together; nil for any number.
  public var maximumOpenGPUs: Int64?
  /// What an offer says of the machine where it says nothing.
  public var attributes = Attributes()

  /// A policy that demands and adds nothing.
  public init() {}

  /// The order with what it does not say of the machine added. A bid stays as it is.
  public func completing(_ body: OrderBody) -> OrderBody {
    guard case .offer(var offer) = body, !attributes.isEmpty else { return body }
    let stated = offer.attributes.stated
    if !stated.contains(.region) { offer.attributes.region = attributes.region }
    if !stated.contains(.interconnect) { offer.attributes.interconnect = attributes.interconnect }
    if !stated.contains(.driver) { offer.attributes.driver = attributes.driver }
    if !stated.contains(.watts) { offer.attributes.wattsPerGPU = attributes.wattsPerGPU }
    if !stated.contains(.co2) { offer.attributes.gramsCO2PerKWh = attributes.gramsCO2PerKWh }
    if !stated.contains(.vram) { offer.attributes.vramMiB = attributes.vramMiB }
    return .offer(offer)
  }

  /// Why an order is not placed or amended so; nil when nothing stands against it. An amend is refused only for what it
  /// makes worse: what a policy forbids later can still be reduced.
  ///
  /// - Parameters:
  ///   - old: the order before an amend; nil of a new one.
  ///   - openGPUs: the GPUs in the node's open offers, this one among them; asked for only when it matters.
  public func violation(
    of body: OrderBody, replacing old: OrderBody?, openGPUs: @autoclosure () -> Int64, genesis: Genesis
  ) -> PolicyViolation? {
    guard case .offer(let offer) = body else { return nil }
    if old == nil, !acceptsOffers {
      return PolicyViolation(rule: Rule.accept, value: "a new offer", allowed: "none; open offers stay")
    }
    if let minimum = minimumPrices[offer.gpuClass], offer.price < minimum, old.map({ offer.price < $0.price }) ?? true {
      return PolicyViolation(
        rule: "\(Rule.minimumPrice).\(genesis.gpuClass(at: offer.gpuClass).id)",
        value: "a price of \(Decimal.format(micros: offer.price.micros))",
        allowed: "at least \(Decimal.format(micros: minimum.micros)) \(genesis.currency) per GPU-hour")
    }
    if let maximum = maximumOpenGPUs, old.map({ offer.gpus > $0.gpus }) ?? true {
      let together = openGPUs() - Int64(old?.gpus ?? 0) + Int64(offer.gpus)
      if together > maximum {
        return PolicyViolation(
          rule: Rule.maximumOpenGPUs, value: "\(offer.gpus) GPUs, \(together) with the open offers",
          allowed: "\(maximum) GPUs together")
      }
    }
    return nil
  }
}

/// A rule of the owner's policy that an order breaks.
public struct PolicyViolation: Error, Equatable, Sendable, CustomStringConvertible {
  /// The rule's name, which is the configuration's key.
  public let rule: String
  /// What breaks it.
  public let value: String
  /// What it allows.
  public let allowed: String

  /// A rule that is broken.
  public init(rule: String, value: String, allowed: String) {
    self.rule = rule
    self.value = value
    self.allowed = allowed
  }

  /// Which rule is broken, by what value, and what is allowed.
  public var description: String {
    "\(value) breaks this node's rule \(rule); allowed: \(allowed). The node's configuration has the rule"
  }
}
