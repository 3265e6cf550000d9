/// What a provider says about the machine that it sells. An empty text or a zero says nothing.
///
/// Attributes that say nothing, as those of most orders, need no memory of their own.
public struct Attributes: Hashable, Sendable {
  /// `CONTINENT` or `CONTINENT-COUNTRY` in two capital letters each: `EU`, `EU-FR`.
  public var region: String {
    get { content.region }
    set { content.region = newValue }
  }
  /// How the GPUs are joined: `pcie`, `nvlink`, `infiniband`, …
  public var interconnect: String {
    get { content.interconnect }
    set { content.interconnect = newValue }
  }
  /// The driver's version.
  public var driver: String {
    get { content.driver }
    set { content.driver = newValue }
  }
  /// Watts a GPU draws at most.
  public var wattsPerGPU: UInt32 {
    get { content.wattsPerGPU }
    set { content.wattsPerGPU = newValue }
  }
  /// Grams of CO2 per kWh of the site's power.
  public var gramsCO2PerKWh: UInt32 {
    get { content.gramsCO2PerKWh }
    set { content.gramsCO2PerKWh = newValue }
  }
  /// Video memory of one GPU in MiB, where it is not the class's.
  public var vramMiB: UInt32 {
    get { content.vramMiB }
    set { content.vramMiB = newValue }
  }
  /// Which of these the provider's node read from the machine; the others its owner declares.
  public var probed: AttributeSet {
    get { content.probed }
    set { content.probed = newValue }
  }

  private struct Content: Hashable {
    var region = ""
    var interconnect = ""
    var driver = ""
    var wattsPerGPU: UInt32 = 0
    var gramsCO2PerKWh: UInt32 = 0
    var vramMiB: UInt32 = 0
    var probed: AttributeSet = []
  }

  private final class Box: Sendable {
    let content: Content
    init(_ content: Content) { self.content = content }
  }

  private var box: Box?

  private var content: Content {
    get { box?.content ?? Content() }
    set { box = newValue == Content() ? nil : Box(newValue) }
  }

  /// Attributes that say nothing.
  public init() { box = nil }

  /// Attributes; each left out says nothing.
  public init(
    region: String = "", interconnect: String = "", driver: String = "", wattsPerGPU: UInt32 = 0,
    gramsCO2PerKWh: UInt32 = 0, vramMiB: UInt32 = 0, probed: AttributeSet = []
  ) {
    content = Content(
      region: region, interconnect: interconnect, driver: driver, wattsPerGPU: wattsPerGPU,
      gramsCO2PerKWh: gramsCO2PerKWh, vramMiB: vramMiB, probed: probed)
  }

  /// Whether nothing is said. O(1).
  public var isEmpty: Bool { box == nil }

  /// The attributes of which something is said.
  public var stated: AttributeSet {
    var stated: AttributeSet = []
    if !region.isEmpty { stated.insert(.region) }
    if !interconnect.isEmpty { stated.insert(.interconnect) }
    if !driver.isEmpty { stated.insert(.driver) }
    if wattsPerGPU != 0 { stated.insert(.watts) }
    if gramsCO2PerKWh != 0 { stated.insert(.co2) }
    if vramMiB != 0 { stated.insert(.vram) }
    return stated
  }

  /// Equal content.
  public static func == (left: Self, right: Self) -> Bool {
    left.box === right.box || left.content == right.content
  }

  /// Feeds the content to `hasher`.
  public func hash(into hasher: inout Hasher) { hasher.combine(content) }
}

/// Some of a machine's attributes.
public struct AttributeSet: OptionSet, Hashable, Sendable {
  /// One bit an attribute, as on the wire.
  public let rawValue: UInt32

  /// The attributes whose bits are set in `rawValue`.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Where the machine is.
  public static let region = AttributeSet(rawValue: 1)
  /// How the GPUs are joined.
  public static let interconnect = AttributeSet(rawValue: 2)
  /// The driver's version.
  public static let driver = AttributeSet(rawValue: 4)
  /// The power draw.
  public static let watts = AttributeSet(rawValue: 8)
  /// The carbon intensity of the site's power.
  public static let co2 = AttributeSet(rawValue: 16)
  /// The video memory.
  public static let vram = AttributeSet(rawValue: 32)
  /// All of them.
  public static let all: AttributeSet = [.region, .interconnect, .driver, .watts, .co2, .vram]

  /// Each attribute with its name in the API and the console, in the order of their bits.
  public static let named: [(attribute: AttributeSet, name: String)] = [
    (.region, "region"), (.interconnect, "interconnect"), (.driver, "driver"), (.watts, "watts"), (.co2, "co2"),
    (.vram, "vram"),
  ]
}
