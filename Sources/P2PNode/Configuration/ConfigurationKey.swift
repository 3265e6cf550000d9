import Logging
import Market

/// A setting of the node: its name in `config.yaml`, from which the names of its flag and of its variable follow.
struct ConfigurationKey: Hashable, Sendable {
  /// What a value may be.
  enum Kind: Hashable, Sendable {
    /// `HOST:PORT`.
    case address
    /// Several of them.
    case addresses
    /// A host without a port.
    case host
    /// One of the words.
    case choice([String])
    /// `true` or `false`.
    case flag
    /// A whole number.
    case number(ClosedRange<Int64>)
    /// A price of the market.
    case price
    /// A word that an offer may say of its machine.
    case attribute
  }

  /// The name; dots separate sections.
  let name: String
  let kind: Kind
  /// The value when nothing says otherwise; nil when there is none then.
  let standard: String?
  /// What it may be, in words.
  let allowed: String
  /// What it does, in a line.
  let summary: String
  /// Whether SIGHUP makes a running node go by a new value.
  var isReloadable = false
  /// Whether the command line has it.
  var hasFlag = true

  /// In a name, what stands for a GPU class of the market.
  static let classPlaceholder = "CLASS"

  /// The variable's name.
  var variable: String { Self.variable(for: name) }

  /// The flag's name.
  var flag: String {
    // A list's flag is given once for each element.
    let word = kind == .addresses && name.hasSuffix("s") ? String(name.dropLast()) : name
    return "--\(word.replacing("_", with: "-"))"
  }

  /// Whether each GPU class has one.
  var isPerClass: Bool { name.hasSuffix(".\(Self.classPlaceholder)") }

  /// The key of one class.
  func forClass(_ id: String) -> ConfigurationKey {
    ConfigurationKey(
      name: name.dropLast(Self.classPlaceholder.count) + id, kind: kind, standard: standard, allowed: allowed,
      summary: summary, isReloadable: isReloadable, hasFlag: hasFlag)
  }

  /// The name's parts.
  var components: [String] { name.split(separator: ".").map(String.init) }

  /// What the names of the classes' lowest prices begin with.
  static let pricePrefix = "offers.minimum_price."

  private static func variable(for name: String) -> String {
    "P2PNODE_" + name.uppercased().map { $0.isLetter || $0.isNumber ? String($0) : "_" }.joined()
  }
}

extension ConfigurationKey {
  static let listen = ConfigurationKey(
    name: "listen", kind: .address, standard: nil, allowed: "HOST:PORT, such as 127.0.0.1:47100 or [::1]:47100",
    summary: "The address to accept peers on; without it a loopback address")
  static let advertise = ConfigurationKey(
    name: "advertise", kind: .host, standard: nil, allowed: "a host name or an address without a port",
    summary: "The host under which others reach this node, when it is behind NAT")
  static let peers = ConfigurationKey(
    name: "peers", kind: .addresses, standard: nil, allowed: "a list of HOST:PORT",
    summary: "Nodes to dial first, instead of the network's bootstrap addresses")
  static let keepHistory = ConfigurationKey(
    name: "keep_history", kind: .flag, standard: "false", allowed: "true or false",
    summary: "Keep and serve the whole history of others' feeds instead of pruning it at checkpoints")
  static let http = ConfigurationKey(
    name: "http", kind: .address, standard: nil, allowed: "HOST:PORT, such as 127.0.0.1:8080",
    summary: "Where the dashboard and the API are served over TCP, with a token")
  static let httpAllowRemote = ConfigurationKey(
    name: "http_allow_remote", kind: .flag, standard: "false", allowed: "true or false",
    summary: "Let `http` be an address that other machines reach; it is not encrypted")
  static let httpNames = ConfigurationKey(
    name: "http_names", kind: .addresses, standard: nil, allowed: "a list of HOST:PORT",
    summary: "Further names under which browsers reach `http`")
  static let logLevel = ConfigurationKey(
    name: "log_level", kind: .choice(Logger.Level.allCases.map(\.rawValue)), standard: "notice",
    allowed: Logger.Level.allCases.map(\.rawValue).joined(separator: ", "), summary: "The least level that is logged",
    isReloadable: true)
  static let logFormat = ConfigurationKey(
    name: "log_format", kind: .choice(["auto", "human", "json"]), standard: "auto", allowed: "auto, human, json",
    summary: "How log lines look; auto: human on a terminal, JSON lines otherwise")

  static let acceptOffers = policy(
    "accept", .flag, standard: "true", allowed: "true or false", "Whether new offers are accepted at all")
  static let minimumPrice = policy(
    "minimum_price.\(classPlaceholder)", .price, allowed: "a price of the market, such as 2.10",
    "The lowest price of an offer of the class, per GPU-hour")
  static let maximumOpenGPUs = policy(
    "maximum_open_gpus", .number(0...Int64(Int32.max)), allowed: "0 to \(Int32.max)",
    "The most GPUs in open offers together")
  static let region = policy(
    "attributes.region", .attribute, allowed: "CONTINENT or CONTINENT-COUNTRY in capitals, such as EU or EU-FR",
    "The region of an offer that states none")
  static let interconnect = policy(
    "attributes.interconnect", .attribute,
    allowed: "at most \(OrderRules.maximumTextBytes) lowercase letters, digits, dots and hyphens",
    "The interconnect of an offer that states none")
  static let driver = policy(
    "attributes.driver", .attribute,
    allowed: "at most \(OrderRules.maximumTextBytes) lowercase letters, digits, dots and hyphens",
    "The driver's version of an offer that states none")
  static let watts = policy(
    "attributes.watts_per_gpu", .number(1...Int64(UInt32.max)), allowed: "1 to \(UInt32.max)",
    "Watts a GPU draws at most, of an offer that states none")
  static let co2 = policy(
    "attributes.gco2_per_kwh", .number(1...Int64(UInt32.max)), allowed: "1 to \(UInt32.max)",
    "Grams of CO2 per kWh, of an offer that states none")
  static let vram = policy(
    "attributes.vram_mib", .number(1...Int64(UInt32.max)), allowed: "1 to \(UInt32.max)",
    "Video memory of one GPU in MiB, of an offer that states none")

  /// All settings, in the order in which they are shown.
  static let all = [
    listen, advertise, peers, keepHistory, http, httpAllowRemote, httpNames, logLevel, logFormat, acceptOffers,
    minimumPrice, maximumOpenGPUs, region, interconnect, driver, watts, co2, vram,
  ]

  /// Variables with the settings' prefix that are none of them: where a node is and what opens its identity have to be
  /// known before any setting.
  static let otherVariables = ["P2PNODE_DATA", "P2PNODE_PASSPHRASE"]

  /// All settings of a market with these GPU classes.
  static func all(classes: [String]) -> [ConfigurationKey] {
    all.flatMap { key in key.isPerClass ? classes.map(key.forClass) : [key] }
  }

  private static func policy(
    _ name: String, _ kind: Kind, standard: String? = nil, allowed: String, _ summary: String
  ) -> ConfigurationKey {
    ConfigurationKey(
      name: "offers.\(name)", kind: kind, standard: standard, allowed: allowed, summary: summary, isReloadable: true,
      hasFlag: false)
  }
}
