import NodeCrypto

/// What a bid demands of the machine and of its provider. An empty list or text, a zero or nil demands nothing; an offer
/// that says nothing of a demanded attribute does not meet the demand.
///
/// Requirements that demand nothing, as those of most bids, need no memory of their own.
@dynamicMemberLookup
public struct Requirements: Hashable, Sendable {
  /// The single demands.
  public struct Demands: Hashable, Sendable {
    /// Acceptable regions, ascending and distinct; `EU` accepts `EU-FR`.
    public var regions: [String] = []
    /// The interconnect demanded.
    public var interconnect = ""
    /// The least video memory of one GPU in MiB.
    public var minimumVRAMMiB: UInt32 = 0
    /// The most watts per GPU.
    public var maximumWattsPerGPU: UInt32 = 0
    /// The most grams of CO2 per kWh.
    public var maximumGramsCO2PerKWh: UInt32 = 0
    /// Whether each demanded attribute must be one that the provider's node read from the machine.
    public var probedOnly = false
    /// The only acceptable providers, ascending and distinct; empty accepts all.
    public var providers: [NodeID] = []
    /// Providers that are not acceptable, ascending and distinct.
    public var excludedProviders: [NodeID] = []
    /// The fewest settled trades in the provider's public record.
    public var minimumSettledTrades: UInt32 = 0
    /// The highest failure rate in the provider's public record, in percent.
    public var maximumFailurePercent: UInt32?

    /// Demands nothing.
    public init() {}
  }

  private final class Box: Sendable {
    let demands: Demands
    init(_ demands: Demands) { self.demands = demands }
  }

  private var box: Box?

  /// The single demands.
  public var demands: Demands {
    get { box?.demands ?? Demands() }
    set { box = newValue == Demands() ? nil : Box(newValue) }
  }

  /// One of the demands.
  public subscript<Value>(dynamicMember path: WritableKeyPath<Demands, Value>) -> Value {
    get { demands[keyPath: path] }
    set { demands[keyPath: path] = newValue }
  }

  /// Requirements that demand nothing.
  public init() { box = nil }

  /// Requirements with the given demands.
  public init(_ demands: Demands) { self.demands = demands }

  /// Requirements of the machine; each left out demands nothing.
  public init(
    regions: [String] = [], interconnect: String = "", minimumVRAMMiB: UInt32 = 0, maximumWattsPerGPU: UInt32 = 0,
    maximumGramsCO2PerKWh: UInt32 = 0
  ) {
    var demands = Demands()
    demands.regions = regions
    demands.interconnect = interconnect
    demands.minimumVRAMMiB = minimumVRAMMiB
    demands.maximumWattsPerGPU = maximumWattsPerGPU
    demands.maximumGramsCO2PerKWh = maximumGramsCO2PerKWh
    self.init(demands)
  }

  /// Whether nothing is demanded. O(1).
  public var isEmpty: Bool { box == nil }

  /// The first demand that a provider's machine and record do not meet, in the order of ``Demand``; nil when all are
  /// met.
  ///
  /// - Parameters:
  ///   - attributes: what the offer says of the machine.
  ///   - classVRAMMiB: the video memory of the offer's class, which counts when the offer states none; 0 when unknown.
  ///   - provider: the offer's owner.
  ///   - predecessors: what a list says of a key it says of those that took over from it.
  ///   - record: the provider's public record, asked for only when it matters.
  /// - Complexity: O(regions + log of the lists' lengths).
  public func firstUnmet(
    by attributes: Attributes, classVRAMMiB: UInt32, provider: NodeID, predecessors: Predecessors = Predecessors(),
    record: () -> PublicRecord
  ) -> Demand? {
    guard let demands = box?.demands else { return nil }
    if !demands.acceptsRegion(attributes.region) { return .region }
    let vram = attributes.vramMiB == 0 ? classVRAMMiB : attributes.vramMiB
    if vram < demands.minimumVRAMMiB { return .vram }
    if !demands.interconnect.isEmpty, demands.interconnect != attributes.interconnect { return .interconnect }
    if !Self.isMet(demands.maximumWattsPerGPU, by: attributes.wattsPerGPU) { return .watts }
    if !Self.isMet(demands.maximumGramsCO2PerKWh, by: attributes.gramsCO2PerKWh) { return .co2 }
    if demands.probedOnly, !attributes.probed.isSuperset(of: demands.attributes) { return .probed }
    if !demands.acceptsProvider(provider, predecessors: predecessors) { return .provider }
    if demands.demandsRecord, !demands.accepts(record()) { return .record }
    return nil
  }

  private static func isMet(_ maximum: UInt32, by value: UInt32) -> Bool {
    maximum == 0 || (value != 0 && value <= maximum)
  }

  /// Equal demands.
  public static func == (left: Self, right: Self) -> Bool {
    left.box === right.box || left.demands == right.demands
  }

  /// Feeds the demands to `hasher`.
  public func hash(into hasher: inout Hasher) { hasher.combine(demands) }
}

extension Requirements {
  /// One kind of demand, in the order in which they are checked.
  public enum Demand: Hashable, Sendable {
    /// An acceptable region.
    case region
    /// Enough video memory.
    case vram
    /// The interconnect.
    case interconnect
    /// Few enough watts.
    case watts
    /// Little enough CO2.
    case co2
    /// Attributes that were probed, not declared.
    case probed
    /// An acceptable provider.
    case provider
    /// A good enough public record.
    case record
  }
}

extension Requirements.Demands {
  /// Whether the region of an offer is acceptable.
  public func acceptsRegion(_ region: String) -> Bool {
    regions.isEmpty || regions.contains { $0 == region || region.hasPrefix($0 + "-") }
  }

  /// Whether an offer's owner is acceptable. What a list says of a key it says of those that took over from it.
  public func acceptsProvider(_ provider: NodeID, predecessors: Predecessors) -> Bool {
    if providers.isEmpty, excludedProviders.isEmpty { return true }
    let names = predecessors.names(of: provider)
    return (providers.isEmpty || names.contains { providers.contains($0) })
      && !names.contains { excludedProviders.contains($0) }
  }

  /// Whether anything is demanded of the provider's public record.
  public var demandsRecord: Bool { minimumSettledTrades > 0 || maximumFailurePercent != nil }

  /// Whether a provider's public record is what is demanded.
  public func accepts(_ record: PublicRecord) -> Bool {
    record.settled >= minimumSettledTrades
      && maximumFailurePercent.map { record.failsAtMost(percent: $0) } ?? true
  }

  /// The attributes that are demanded.
  public var attributes: AttributeSet {
    var attributes: AttributeSet = []
    if !regions.isEmpty { attributes.insert(.region) }
    if !interconnect.isEmpty { attributes.insert(.interconnect) }
    if minimumVRAMMiB != 0 { attributes.insert(.vram) }
    if maximumWattsPerGPU != 0 { attributes.insert(.watts) }
    if maximumGramsCO2PerKWh != 0 { attributes.insert(.co2) }
    return attributes
  }
}
