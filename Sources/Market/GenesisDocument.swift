/// The genesis file's JSON, field for field, and the checks on it.
struct GenesisDocument: Decodable {
  // The JSON's own names: they are what a person sees in the file and in an error.
  // swift-format-ignore: AlwaysUseLowerCamelCase
  struct ClassDocument: Decodable {
    var id: String
    var vendor: String
    var model: String
    var interface: String
    var vram_mib: Int64
    var board_power_watts: Int64
  }

  // swift-format-ignore: AlwaysUseLowerCamelCase
  struct LimitsDocument: Decodable {
    var skew_ms: Int64
    var tick_ms: Int64
    var proposal_ms: Int64
    var retry_ms: Int64
    var operations_per_entry: Int64
    var entry_bytes: Int64
    var entries_per_second: Int64
    var entry_burst: Int64
    var open_orders_per_author: Int64
    var gpus_per_order: Int64
    var lot_gpus: Int64
    var price_micros: Int64
    var price_tick_micros: Int64
    var horizon_ms: Int64
    var checkpoint_entries: Int64?
    var newcomer_trades: Int64?
    var newcomer_gpus: Int64?
  }

  var format: String
  var name: String
  var currency: String
  // swift-format-ignore: AlwaysUseLowerCamelCase
  var slot_seconds: Int64
  // swift-format-ignore: AlwaysUseLowerCamelCase
  var gpu_classes: [ClassDocument]
  var limits: LimitsDocument
  var bootstrap: [String]

  static let format = "p2pnode-network-v1"

  func check() throws(GenesisError) {
    guard format == Self.format else { throw .field("format", value: "\"\(format)\"", allowed: "\"\(Self.format)\"") }
    guard (1...64).contains(name.utf8.count) else {
      throw .field("name", value: "\"\(name)\"", allowed: "1 to 64 bytes of text")
    }
    guard currency.utf8.count == 3, currency.utf8.allSatisfy({ (0x41...0x5A).contains($0) }) else {
      throw .field("currency", value: "\"\(currency)\"", allowed: "three capital letters, such as USD")
    }
    try Self.check("slot_seconds", slot_seconds, 1...86_400)
    try checkClasses()
    try limits.check(slotMilliseconds: slot_seconds * 1000)
    guard bootstrap.count <= 64 else {
      throw .field("bootstrap", value: "\(bootstrap.count) addresses", allowed: "at most 64")
    }
  }

  private func checkClasses() throws(GenesisError) {
    guard (1...1024).contains(gpu_classes.count) else {
      throw .field("gpu_classes", value: "\(gpu_classes.count) classes", allowed: "1 to 1024")
    }
    var seen: Set<String> = []
    for gpuClass in gpu_classes {
      let isName = gpuClass.id.utf8.allSatisfy { $0.isDigit || $0.isLowercaseLetter || $0 == 0x2D }
      guard (1...32).contains(gpuClass.id.utf8.count), isName else {
        throw .field(
          "gpu_classes.id", value: "\"\(gpuClass.id)\"", allowed: "1 to 32 lowercase letters, digits and hyphens")
      }
      guard seen.insert(gpuClass.id).inserted else {
        throw .field("gpu_classes.id", value: "\"\(gpuClass.id)\" twice", allowed: "each id once")
      }
      try Self.check("\(gpuClass.id).vram_mib", gpuClass.vram_mib, 1...16_777_216)
      try Self.check("\(gpuClass.id).board_power_watts", gpuClass.board_power_watts, 1...100_000)
    }
  }

  static func check(_ field: String, _ value: Int64, _ allowed: ClosedRange<Int64>) throws(GenesisError) {
    guard allowed.contains(value) else {
      throw .field(field, value: String(value), allowed: "\(allowed.lowerBound) to \(allowed.upperBound)")
    }
  }
}

extension GenesisDocument.LimitsDocument {
  func check(slotMilliseconds: Int64) throws(GenesisError) {
    try GenesisDocument.check("limits.skew_ms", skew_ms, 0...600_000)
    try GenesisDocument.check("limits.tick_ms", tick_ms, 100...3_600_000)
    try GenesisDocument.check("limits.proposal_ms", proposal_ms, 100...3_600_000)
    // The feed of a maker whose clock is ahead must not be past a deadline before the proposal is made.
    guard proposal_ms > skew_ms else {
      throw .field("limits.proposal_ms", value: String(proposal_ms), allowed: "more than limits.skew_ms, \(skew_ms)")
    }
    try GenesisDocument.check("limits.retry_ms", retry_ms, 0...86_400_000)
    try GenesisDocument.check("limits.operations_per_entry", operations_per_entry, 1...4096)
    // Two entries, which make an equivocation proof, must fit one transport frame together.
    try GenesisDocument.check("limits.entry_bytes", entry_bytes, 4096...32_600)
    try GenesisDocument.check("limits.entries_per_second", entries_per_second, 1...1_000_000)
    try GenesisDocument.check("limits.entry_burst", entry_burst, 1...10_000_000)
    try GenesisDocument.check("limits.open_orders_per_author", open_orders_per_author, 1...10_000_000)
    try GenesisDocument.check("limits.gpus_per_order", gpus_per_order, 1...1_000_000)
    try GenesisDocument.check("limits.price_micros", price_micros, 1...1_000_000_000_000)
    try checkGranularity()
    if let checkpoint_entries {
      try GenesisDocument.check("limits.checkpoint_entries", checkpoint_entries, 1...1_000_000_000)
    }
    if let newcomer_trades {
      try GenesisDocument.check("limits.newcomer_trades", newcomer_trades, 0...1_000_000)
    }
    if let newcomer_gpus {
      try GenesisDocument.check("limits.newcomer_gpus", newcomer_gpus, lot_gpus...1_000_000_000_000)
    }
    try GenesisDocument.check("limits.horizon_ms", horizon_ms, slotMilliseconds...366 * 86_400_000)
    guard Price(micros: price_micros).total(gpus: gpus_per_order, seconds: horizon_ms / 1000 + 1) != nil else {
      throw .field(
        "limits", value: "a largest total of price_micros x gpus_per_order x horizon_ms past 2^63 micro-units",
        allowed: "limits whose largest total fits 63 bits")
    }
  }

  /// What is largest must itself be a value that an order can have.
  private func checkGranularity() throws(GenesisError) {
    try GenesisDocument.check("limits.lot_gpus", lot_gpus, 1...gpus_per_order)
    guard gpus_per_order % lot_gpus == 0 else {
      throw .field(
        "limits.gpus_per_order", value: String(gpus_per_order), allowed: "a multiple of limits.lot_gpus, \(lot_gpus)")
    }
    try GenesisDocument.check("limits.price_tick_micros", price_tick_micros, 1...1_000_000_000)
    guard price_micros % price_tick_micros == 0 else {
      throw .field(
        "limits.price_micros", value: String(price_micros),
        allowed: "a multiple of limits.price_tick_micros, \(price_tick_micros)")
    }
  }

  var limits: GenesisLimits {
    GenesisLimits(
      skewMilliseconds: skew_ms, tickMilliseconds: tick_ms, proposalMilliseconds: proposal_ms,
      retryMilliseconds: retry_ms, operationsPerEntry: Int(operations_per_entry), entryBytes: Int(entry_bytes),
      entriesPerSecond: entries_per_second, entryBurst: entry_burst, openOrdersPerAuthor: Int(open_orders_per_author),
      gpusPerOrder: Int32(gpus_per_order), lotGPUs: Int32(lot_gpus), priceMicros: price_micros,
      priceTickMicros: price_tick_micros, horizonMilliseconds: horizon_ms,
      checkpointEntries: checkpoint_entries ?? GenesisLimits.defaultCheckpointEntries,
      newcomerTrades: newcomer_trades.map { Int($0) } ?? GenesisLimits.defaultNewcomerTrades,
      newcomerGPUs: newcomer_gpus ?? GenesisLimits.defaultNewcomerGPUs)
  }
}
