import Logging
import Market
import NodeCore

/// The configuration of a node, read and checked.
struct NodeSettings: Equatable, Sendable {
  /// How log lines look.
  enum LogFormat: String, Sendable {
    case human
    case json
  }

  var listen: HostPort?
  var advertise: String?
  var peers: [HostPort] = []
  var keepsHistory = false
  /// Where the API listens over TCP; nil when it does not.
  var http: HostPort?
  var httpAllowsRemote = false
  var httpNames: [HostPort] = []
  var logLevel = Logger.Level.notice
  /// Nil for what suits the stream that the log goes to.
  var logFormat: LogFormat?
  var offers = OfferPolicy()

  /// What the layers say, checked by the market's rules.
  init(_ layers: ConfigurationLayers, genesis: Genesis) throws(ConfigurationError) {
    listen = try layers.value(.listen) { HostPort($0) }
    advertise = try layers.value(.advertise) { HostPort.isHost($0) ? $0 : nil }
    peers = try layers.values(.peers) { HostPort($0) }
    keepsHistory = try layers.flag(.keepHistory) ?? false
    http = try layers.value(.http) { HostPort($0) }
    httpAllowsRemote = try layers.flag(.httpAllowRemote) ?? false
    httpNames = try layers.values(.httpNames) { HostPort($0) }
    logLevel = try layers.value(.logLevel) { Logger.Level(rawValue: $0) } ?? .notice
    logFormat = try layers.value(.logFormat) { ["auto", "human", "json"].contains($0) ? $0 : nil }
      .flatMap(LogFormat.init(rawValue:))
    offers.acceptsOffers = try layers.flag(.acceptOffers) ?? true
    offers.maximumOpenGPUs = try layers.number(.maximumOpenGPUs)
    offers.attributes.region = try layers.attribute(.region) { Attributes(region: $0) } ?? ""
    offers.attributes.interconnect = try layers.attribute(.interconnect) { Attributes(interconnect: $0) } ?? ""
    offers.attributes.driver = try layers.attribute(.driver) { Attributes(driver: $0) } ?? ""
    offers.attributes.wattsPerGPU = UInt32(clamping: try layers.number(.watts) ?? 0)
    offers.attributes.gramsCO2PerKWh = UInt32(clamping: try layers.number(.co2) ?? 0)
    offers.attributes.vramMiB = UInt32(clamping: try layers.number(.vram) ?? 0)
    for (index, gpuClass) in genesis.gpuClasses.enumerated() {
      let key = ConfigurationKey.minimumPrice.forClass(gpuClass.id)
      guard let price = try layers.price(key, genesis: genesis) else { continue }
      offers.minimumPrices[GPUClassIndex(UInt16(index))] = price
    }
  }
}

extension ConfigurationLayers {
  /// A setting's value, read by `read`, which gives nil for what is not allowed; nil when there is no value.
  fileprivate func value<Value>(
    _ key: ConfigurationKey, _ read: (String) -> Value?
  ) throws(ConfigurationError) -> Value? {
    try values(key, read).first
  }

  fileprivate func values<Value>(
    _ key: ConfigurationKey, _ read: (String) -> Value?
  ) throws(ConfigurationError) -> [Value] {
    guard let entry = self[key] else { return [] }
    var values: [Value] = []
    for text in entry.texts {
      guard let value = read(text) else { throw refusal(of: entry, text, allowed: key.allowed) }
      values.append(value)
    }
    return values
  }

  fileprivate func flag(_ key: ConfigurationKey) throws(ConfigurationError) -> Bool? {
    try value(key) { ["true": true, "false": false][$0] }
  }

  fileprivate func number(_ key: ConfigurationKey) throws(ConfigurationError) -> Int64? {
    guard case .number(let range) = key.kind else { preconditionFailure("\(key.name) is no number") }
    return try value(key) { text in Int64(text).flatMap { range.contains($0) ? $0 : nil } }
  }

  fileprivate func attribute(
    _ key: ConfigurationKey, _ attributes: (String) -> Attributes
  ) throws(ConfigurationError) -> String? {
    try value(key) { text in
      text.isEmpty || (try? OrderRules.check(attributes(text))) == nil ? nil : text
    }
  }

  fileprivate func price(_ key: ConfigurationKey, genesis: Genesis) throws(ConfigurationError) -> Price? {
    guard let entry = self[key], let text = entry.texts.first else { return nil }
    let limits = genesis.limits
    if let micros = Decimal.parse(text), (1...limits.priceMicros).contains(micros), micros % limits.priceTickMicros == 0
    {
      return Price(micros: micros)
    }
    let tick = Decimal.format(micros: limits.priceTickMicros)
    let multiples = limits.priceTickMicros == 1 ? "" : " in multiples of \(tick)"
    throw refusal(
      of: entry, text,
      allowed: "\(tick) to \(Decimal.format(micros: limits.priceMicros)) \(genesis.currency) per GPU-hour\(multiples)")
  }

  private func refusal(of entry: Entry, _ text: String, allowed: String) -> ConfigurationError {
    switch entry.layer {
    case .flag?: .value(name: entry.key.flag, place: nil, value: text, allowed: allowed)
    case .environment?: .value(name: entry.key.variable, place: nil, value: text, allowed: allowed)
    case .file?, .standard?, nil: .value(name: entry.key.name, place: entry.place, value: text, allowed: allowed)
    }
  }
}
