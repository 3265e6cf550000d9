import Market
import NodeCrypto
import Wire

/// Orders between the wire, where time is in milliseconds, and the book, where it is in slots.
extension OperationCodec {
  func read(_ wire: WireOffer, index: Int, at time: Timestamp) throws(OperationError) -> Offer {
    try offer(OfferFields(wire), try attributes(wire, index), index: index, at: time)
  }

  /// An offer of what its message says.
  func offer(
    _ wire: OfferFields, _ attributes: Attributes, index: Int, at time: Timestamp
  ) throws(OperationError) -> Offer {
    let offer = Offer(
      gpuClass: try gpuClass(wire.gpuClass, index), gpus: try count(wire.gpus, "gpus", index),
      window: try window(wire.startMs, wire.endMs, index), price: try price(wire.price, index),
      minimumGPUs: try count(wire.minimumGpus, "minimum_gpus", index),
      minimumSlots: try slots(wire.minimumMs, "minimum_ms", index),
      attributes: attributes, expiry: try self.time(wire.expiryMs, "expiry_ms", index),
      timeInForce: try timeInForce(wire.timeInForce, index), isPostOnly: wire.postOnly)
    try check(.offer(offer), index: index, at: time)
    return offer
  }

  func read(_ wire: WireBid, index: Int, at time: Timestamp) throws(OperationError) -> Bid {
    try bid(BidFields(wire), wire.gpuClasses, try requirements(wire, index), index: index, at: time)
  }

  /// A bid of what its message says.
  func bid(
    _ wire: BidFields, _ gpuClasses: [UInt32], _ requirements: Requirements, index: Int, at time: Timestamp
  ) throws(OperationError) -> Bid {
    guard gpuClasses.count <= genesis.gpuClasses.count else {
      throw .field(
        index: index, name: "gpu_classes", value: "\(gpuClasses.count) classes",
        allowed: "at most \(genesis.gpuClasses.count)")
    }
    var classes: [GPUClassIndex] = []
    for position in gpuClasses { classes.append(try gpuClass(position, index)) }
    let bid = Bid(
      gpuClasses: GPUClassList(classes), gpus: try count(wire.gpus, "gpus", index),
      durationSlots: try slots(wire.durationMs, "duration_ms", index),
      window: try window(wire.startMs, wire.endMs, index), price: try price(wire.price, index),
      minimumGPUs: try count(wire.minimumGpus, "minimum_gpus", index),
      requirements: requirements, expiry: try self.time(wire.expiryMs, "expiry_ms", index),
      timeInForce: try timeInForce(wire.timeInForce, index), isPostOnly: wire.postOnly, isWhole: wire.allOrNone)
    try check(.bid(bid), index: index, at: time)
    return bid
  }

  func read(_ wire: WireAmend, index: Int, at time: Timestamp) throws(OperationError) -> Operation {
    let body: OrderBody
    switch wire.new {
    case .offer(let offer): body = .offer(try read(offer, index: index, at: time))
    case .bid(let bid): body = .bid(try read(bid, index: index, at: time))
    case nil: throw .field(index: index, name: "new", value: "empty", allowed: "an offer or a bid")
    }
    do { try OrderRules.checkRests(body) } catch { throw .order(index: index, error) }
    return .amend(try identifier(wire.order, "order", index), body)
  }

  func wire(_ body: OrderBody) -> WireOperation.OneOf_Kind {
    switch body {
    case .offer(let offer): .offer(wire(offer))
    case .bid(let bid): .bid(wire(bid))
    }
  }

  func wire(_ body: OrderBody) -> WireAmend.OneOf_New {
    switch body {
    case .offer(let offer): .offer(wire(offer))
    case .bid(let bid): .bid(wire(bid))
    }
  }

  /// Attributes or requirements that say nothing are left out: an order has one encoding.
  private func attributes(_ wire: WireOffer, _ index: Int) throws(OperationError) -> Attributes {
    guard wire.hasAttributes else { return Attributes() }
    let attributes = Attributes(
      region: wire.attributes.region, interconnect: wire.attributes.interconnect, driver: wire.attributes.driver,
      wattsPerGPU: wire.attributes.wattsPerGpu, gramsCO2PerKWh: wire.attributes.gco2PerKwh,
      vramMiB: wire.attributes.vramMib, probed: AttributeSet(rawValue: wire.attributes.probed))
    guard !attributes.isEmpty else {
      throw .field(index: index, name: "attributes", value: "empty", allowed: "at least one, or none at all")
    }
    return attributes
  }

  private func requirements(_ wire: WireBid, _ index: Int) throws(OperationError) -> Requirements {
    guard wire.hasRequirements else { return Requirements() }
    var demands = Requirements.Demands()
    demands.regions = wire.requirements.regions
    demands.interconnect = wire.requirements.interconnect
    demands.minimumVRAMMiB = wire.requirements.minimumVramMib
    demands.maximumWattsPerGPU = wire.requirements.maximumWattsPerGpu
    demands.maximumGramsCO2PerKWh = wire.requirements.maximumGco2PerKwh
    demands.probedOnly = wire.requirements.probedOnly
    demands.providers = try nodes(wire.requirements.providers, "providers", index)
    demands.excludedProviders = try nodes(wire.requirements.excludedProviders, "excluded_providers", index)
    demands.minimumSettledTrades = wire.requirements.minimumSettledTrades
    if wire.requirements.hasMaximumFailurePercent {
      demands.maximumFailurePercent = wire.requirements.maximumFailurePercent
    }
    let requirements = Requirements(demands)
    guard !requirements.isEmpty else {
      throw .field(index: index, name: "requirements", value: "empty", allowed: "at least one, or none at all")
    }
    return requirements
  }

  private func nodes(
    _ wire: [some Collection<UInt8>], _ name: String, _ index: Int
  ) throws(OperationError) -> [NodeID] {
    guard wire.count <= OrderRules.maximumProviders else {
      throw .field(index: index, name: name, value: "\(wire.count)", allowed: "at most \(OrderRules.maximumProviders)")
    }
    var nodes: [NodeID] = []
    for bytes in wire { nodes.append(try identifier(bytes, name, index)) }
    return nodes
  }

  private func timeInForce(_ wire: WireTimeInForce, _ index: Int) throws(OperationError) -> TimeInForce {
    switch wire {
    case .gtc: return .goodTillCancelled
    case .ioc: return .immediateOrCancel
    case .fok: return .fillOrKill
    case .UNRECOGNIZED(let value):
      throw .field(index: index, name: "time_in_force", value: "\(value)", allowed: "0 (gtc), 1 (ioc) or 2 (fok)")
    }
  }

  private func wire(_ timeInForce: TimeInForce) -> WireTimeInForce {
    switch timeInForce {
    case .goodTillCancelled: .gtc
    case .immediateOrCancel: .ioc
    case .fillOrKill: .fok
    }
  }

  func wire(_ offer: Offer) -> WireOffer {
    var out = WireOffer()
    out.gpuClass = UInt32(offer.gpuClass.position)
    out.gpus = UInt32(offer.gpus)
    out.startMs = genesis.start(of: offer.window.start).wire
    out.endMs = genesis.start(of: offer.window.end).wire
    out.price = UInt64(offer.price.micros)
    out.minimumGpus = UInt32(offer.minimumGPUs)
    out.minimumMs = UInt64(offer.minimumSlots * genesis.slotMilliseconds)
    if !offer.attributes.isEmpty {
      out.attributes.region = offer.attributes.region
      out.attributes.interconnect = offer.attributes.interconnect
      out.attributes.driver = offer.attributes.driver
      out.attributes.wattsPerGpu = offer.attributes.wattsPerGPU
      out.attributes.gco2PerKwh = offer.attributes.gramsCO2PerKWh
      out.attributes.vramMib = offer.attributes.vramMiB
      out.attributes.probed = offer.attributes.probed.rawValue
    }
    out.expiryMs = offer.expiry.wire
    out.timeInForce = wire(offer.timeInForce)
    out.postOnly = offer.isPostOnly
    return out
  }

  func wire(_ bid: Bid) -> WireBid {
    var out = WireBid()
    out.gpuClasses = bid.gpuClasses.map { UInt32($0.position) }
    out.gpus = UInt32(bid.gpus)
    out.durationMs = UInt64(bid.durationSlots * genesis.slotMilliseconds)
    out.startMs = genesis.start(of: bid.window.start).wire
    out.endMs = genesis.start(of: bid.window.end).wire
    out.price = UInt64(bid.price.micros)
    out.minimumGpus = UInt32(bid.minimumGPUs)
    if !bid.requirements.isEmpty { out.requirements = wire(bid.requirements.demands) }
    out.expiryMs = bid.expiry.wire
    out.timeInForce = wire(bid.timeInForce)
    out.postOnly = bid.isPostOnly
    out.allOrNone = bid.isWhole
    return out
  }

  private func wire(_ demands: Requirements.Demands) -> WireRequirements {
    var out = WireRequirements()
    out.regions = demands.regions
    out.interconnect = demands.interconnect
    out.maximumWattsPerGpu = demands.maximumWattsPerGPU
    out.maximumGco2PerKwh = demands.maximumGramsCO2PerKWh
    out.minimumVramMib = demands.minimumVRAMMiB
    out.probedOnly = demands.probedOnly
    out.providers = demands.providers.map { .init($0.bytes) }
    out.excludedProviders = demands.excludedProviders.map { .init($0.bytes) }
    out.minimumSettledTrades = demands.minimumSettledTrades
    if let percent = demands.maximumFailurePercent { out.maximumFailurePercent = percent }
    return out
  }

  private func check(_ body: OrderBody, index: Int, at time: Timestamp) throws(OperationError) {
    do { try OrderRules.check(body, placedAt: time, genesis: genesis) } catch { throw .order(index: index, error) }
  }

  private func gpuClass(_ position: UInt32, _ index: Int) throws(OperationError) -> GPUClassIndex {
    guard let narrow = UInt16(exactly: position), genesis.hasClass(at: GPUClassIndex(narrow)) else {
      throw .field(
        index: index, name: "gpu_class", value: "\(position)", allowed: "0 to \(genesis.gpuClasses.count - 1)")
    }
    return GPUClassIndex(narrow)
  }

  private func count(_ value: UInt32, _ name: String, _ index: Int) throws(OperationError) -> Int32 {
    guard let narrow = Int32(exactly: value) else {
      throw .field(index: index, name: name, value: "\(value)", allowed: "at most \(Int32.max)")
    }
    return narrow
  }

  private func price(_ value: UInt64, _ index: Int) throws(OperationError) -> Price {
    guard let micros = Int64(exactly: value) else {
      throw .field(index: index, name: "price", value: "\(value)", allowed: "at most \(Int64.max)")
    }
    return Price(micros: micros)
  }

  private func time(_ value: UInt64, _ name: String, _ index: Int) throws(OperationError) -> Timestamp {
    guard let time = Timestamp(wire: value) else {
      throw .field(index: index, name: name, value: "\(value)", allowed: "at most \(Timestamp.maximum.milliseconds)")
    }
    return time
  }

  private func slots(_ milliseconds: UInt64, _ name: String, _ index: Int) throws(OperationError) -> Int64 {
    let span = try time(milliseconds, name, index).milliseconds
    guard let slots = genesis.slots(in: span) else {
      throw .field(
        index: index, name: name, value: "\(milliseconds)", allowed: "a multiple of \(genesis.slotMilliseconds)")
    }
    return slots
  }

  func window(_ start: UInt64, _ end: UInt64, _ index: Int) throws(OperationError) -> SlotRange {
    let first = try slots(start, "start_ms", index)
    let last = try slots(end, "end_ms", index)
    guard first < last else {
      throw .field(index: index, name: "end_ms", value: "\(end)", allowed: "after start_ms, \(start)")
    }
    return SlotRange(start: Slot(first), end: Slot(last))
  }
}

extension OperationCodec {
  /// The canonical encoding of one operation inside a payload, with its tag and length.
  package func encode(_ operation: Operation) -> [UInt8] {
    var out = WireOperation()
    switch operation {
    case .place(let body): out.kind = wire(body)
    case .cancel(let order): out.cancel.order = .init(order.bytes)
    case .amend(let order, let body):
      out.amend.order = .init(order.bytes)
      out.amend.new = wire(body)
    case .propose(let signed): out.propose = wire(signed)
    case .accept(let signed, let decision): out.accept = wire(signed, decision)
    case .reject(let trade, let reason, let gpusLeft):
      out.reject.trade = .init(trade.bytes)
      out.reject.reason = WireRejectReason(rawValue: Int(reason.rawValue)) ?? .rejectUnspecified
      out.reject.gpusLeft = UInt32(gpusLeft)
    case .receipt(let decision): out.receipt = wire(decision)
    case .release(let trade, let isClosure):
      out.release.trade = .init(trade.bytes)
      out.release.closure = isClosure
    case .checkpoint(let part): out.checkpoint = wire(part)
    case .purchase(let legs): out.purchase = wire(legs)
    case .confirm(let confirmation, let acceptances): out.confirm = wire(confirmation, acceptances)
    case .withdraw(let purchase, let silent):
      out.withdraw.purchase = .init(purchase.bytes)
      out.withdraw.silent = silent.map(UInt32.init)
    case .settle(let trade, let confirmation): out.settle = wire(trade, confirmation)
    case .free(let trade, let reference):
      out.free.trade = .init(trade.bytes)
      out.free.sequence = reference.sequence
      out.free.entry = .init(reference.entry.bytes)
    case .rotate(let signed): out.rotate = wire(signed)
    }
    // A payload is the concatenation of its operations, each as a field of its own, so that they can be encoded as
    // they are decided and the entry's length is known at every step.
    var payload = WirePayload()
    payload.operations = [out]
    return payload.encoded()
  }
}
