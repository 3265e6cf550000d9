import Market
import NodeCrypto

/// The single parts of an order.
extension OrderResolver {
  // MARK: Times

  /// A start that is left out is now; an order for a moment that has begun starts with the next slot.
  func startSlot(_ startMs: Int64?) throws(OrderError) -> Slot {
    guard let startMs else { return genesis.slot(startingFrom: now) }
    let time = try time(startMs, "start_ms")
    guard time > now - genesis.slotMilliseconds else {
      throw .field(
        "start", value: "\((now - time) / 1000) s in the past", allowed: "now or later; leave it out for now")
    }
    return genesis.slot(startingFrom: max(time, now))
  }

  func window(_ start: Slot, _ end: Slot) throws(OrderError) -> SlotRange {
    guard start < end else {
      throw .field(
        "end", value: "\((genesis.start(of: start) - genesis.start(of: end)) / 1000) s before the start",
        allowed: "at least one slot of \(genesis.slotMilliseconds / 1000) s after it")
    }
    return SlotRange(start: start, end: end)
  }

  /// Whole slots, rounded up: nobody gets less time than was asked for.
  func slots(_ milliseconds: Int64, _ name: String) throws(OrderError) -> Int64 {
    guard milliseconds > 0, milliseconds <= genesis.limits.horizonMilliseconds else {
      throw .field(
        name, value: "\(milliseconds) ms", allowed: "1 to \(genesis.limits.horizonMilliseconds) ms")
    }
    return (milliseconds + genesis.slotMilliseconds - 1) / genesis.slotMilliseconds
  }

  func time(_ milliseconds: Int64, _ name: String) throws(OrderError) -> Timestamp {
    guard (0...Timestamp.maximum.milliseconds).contains(milliseconds) else {
      throw .field(name, value: "\(milliseconds)", allowed: "0 to \(Timestamp.maximum.milliseconds)")
    }
    return Timestamp(milliseconds: milliseconds)
  }

  func expiry(_ expiryMs: Int64?, latest: Timestamp) throws(OrderError) -> Timestamp {
    guard let expiryMs else { return latest }
    return try time(expiryMs, "expiry_ms")
  }

  // MARK: GPUs

  func count(_ value: Int64, _ name: String) throws(OrderError) -> Int32 {
    guard let narrow = Int32(exactly: value), (1...genesis.limits.gpusPerOrder).contains(narrow) else {
      throw .field(name, value: "\(value)", allowed: "1 to \(genesis.limits.gpusPerOrder)")
    }
    return narrow
  }

  func gpuClass(_ id: String) throws(OrderError) -> GPUClassIndex {
    guard let index = genesis.gpuClass(named: id) else {
      let known = genesis.gpuClasses.map(\.id)
      let near = NearestWord.question(for: id, among: known).map { " (\($0))" } ?? ""
      throw .field("GPU class", value: "\"\(id)\"\(near)", allowed: known.joined(separator: ", "))
    }
    return index
  }

  /// The classes of a bid: those named, or all of the network.
  func gpuClasses(_ ids: [String]) throws(OrderError) -> GPUClassList {
    let any = OrderRequest.anyClass
    if ids.contains(any), genesis.gpuClass(named: any) == nil {
      guard ids.count == 1 else {
        throw .field("gpu_classes", value: "\"\(any)\" and others", allowed: "\"\(any)\" alone, or class ids")
      }
      return GPUClassList(genesis.gpuClasses.indices.map { GPUClassIndex(UInt16($0)) })
    }
    var classes: [GPUClassIndex] = []
    for id in ids { classes.append(try gpuClass(id)) }
    return GPUClassList(Set(classes).sorted())
  }

  // MARK: The machine and its provider

  /// What the document says put in the place of what `attributes` say.
  func attributes(
    _ document: AttributesDocument?, onto attributes: Attributes
  ) throws(OrderError) -> Attributes {
    guard let document else { return attributes }
    var out = attributes
    // What is stated anew is declared, unless the document says that it was probed.
    func state(_ attribute: AttributeSet) { out.probed.remove(attribute) }
    if let region = document.region {
      out.region = region
      state(.region)
    }
    if let interconnect = document.interconnect {
      out.interconnect = interconnect
      state(.interconnect)
    }
    if let driver = document.driver {
      out.driver = driver
      state(.driver)
    }
    if let watts = document.wattsPerGpu {
      out.wattsPerGPU = try figure(watts, "watts_per_gpu")
      state(.watts)
    }
    if let co2 = document.gco2PerKwh {
      out.gramsCO2PerKWh = try figure(co2, "gco2_per_kwh")
      state(.co2)
    }
    if let vram = document.vramMib {
      out.vramMiB = try figure(vram, "vram_mib")
      state(.vram)
    }
    if let probed = document.probed { out.probed = try attributeSet(probed, stated: out.stated) }
    return out
  }

  private func attributeSet(_ names: [String], stated: AttributeSet) throws(OrderError) -> AttributeSet {
    var out: AttributeSet = []
    for name in names {
      guard let attribute = AttributeSet.named.first(where: { $0.name == name })?.attribute else {
        let known = AttributeSet.named.map(\.name)
        let near = NearestWord.question(for: name, among: known).map { " (\($0))" } ?? ""
        throw .field("probed", value: "\"\(name)\"\(near)", allowed: known.joined(separator: ", "))
      }
      guard stated.contains(attribute) else {
        let names = AttributeSet.named.filter { stated.contains($0.attribute) }.map(\.name)
        throw .field(
          "probed", value: "\"\(name)\", of which the offer says nothing",
          allowed: names.isEmpty ? "left out" : names.joined(separator: ", "))
      }
      out.insert(attribute)
    }
    return out
  }

  /// What the document demands put in the place of what `requirements` demand.
  func requirements(
    _ document: RequirementsDocument?, onto requirements: Requirements
  ) throws(OrderError) -> Requirements {
    guard let document else { return requirements }
    var out = requirements.demands
    if let regions = document.regions { out.regions = Set(regions).sorted() }
    if let interconnect = document.interconnect { out.interconnect = interconnect }
    if let watts = document.maximumWattsPerGpu {
      out.maximumWattsPerGPU = try figure(watts, "maximum_watts_per_gpu")
    }
    if let co2 = document.maximumGco2PerKwh {
      out.maximumGramsCO2PerKWh = try figure(co2, "maximum_gco2_per_kwh")
    }
    if let vram = document.minimumVramMib { out.minimumVRAMMiB = try figure(vram, "minimum_vram_mib") }
    if let probedOnly = document.probedOnly { out.probedOnly = probedOnly }
    if document.providers?.isEmpty == false, document.excludedProviders?.isEmpty == false {
      throw .field("providers, excluded_providers", value: "both given", allowed: "one of the two")
    }
    if let providers = document.providers { out.providers = try resolve(providers, "providers") }
    if let excluded = document.excludedProviders {
      out.excludedProviders = try resolve(excluded, "excluded_providers")
    }
    if let trades = document.minimumSettledTrades {
      out.minimumSettledTrades = try figure(trades, "minimum_settled_trades")
    }
    if let percent = document.maximumFailurePercent {
      guard (0...100).contains(percent) else {
        throw .field("maximum_failure_percent", value: "\(percent)", allowed: "0 to 100")
      }
      out.maximumFailurePercent = UInt32(percent)
    }
    return Requirements(out)
  }

  private func figure(_ value: Int64, _ name: String) throws(OrderError) -> UInt32 {
    guard let narrow = UInt32(exactly: value), narrow > 0 else {
      throw .field(name, value: "\(value)", allowed: "1 to \(UInt32.max)")
    }
    return narrow
  }

  // MARK: Nodes

  /// The nodes that ids or their first digits name, ascending and each once.
  private func resolve(_ names: [String], _ field: String) throws(OrderError) -> [NodeID] {
    var out: Set<NodeID> = []
    for name in names { out.insert(try node(name, field)) }
    return out.sorted()
  }

  private func node(_ name: String, _ field: String) throws(OrderError) -> NodeID {
    // A whole id may be of a node that is not known here yet.
    if let id = NodeID(hex: name) { return id }
    guard let prefix = IdentifierPrefix(name) else {
      throw .field(
        field, value: "\"\(name)\"",
        allowed: "node ids, or their first \(IdentifierPrefix.shortest) or more hexadecimal digits")
    }
    let found = nodes.filter { prefix.matches($0) }
    switch found.count {
    case 1: return found[0]
    case 0:
      throw .field(
        field, value: "\"\(name)\", with which no known node's id begins",
        allowed: "a node whose orders are known here, or all 64 digits")
    default:
      let shown = found.prefix(3).map { $0.short(16) }.joined(separator: ", ")
      throw .field(
        field, value: "\"\(name)\", with which \(found.count) nodes' ids begin (\(shown))", allowed: "more digits")
    }
  }
}
