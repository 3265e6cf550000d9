import Market
import Wire

/// Orders between the wire, where time is in milliseconds, and the book, where it is in slots.
extension OperationCodec {
  func read(_ wire: WireOffer, index: Int, at time: Timestamp) throws(OperationError) -> Offer {
    let offer = Offer(
      gpuClass: try gpuClass(wire.gpuClass, index), gpus: try count(wire.gpus, "gpus", index),
      window: try window(wire.startMs, wire.endMs, index), price: try price(wire.price, index),
      minimumGPUs: try count(wire.minimumGpus, "minimum_gpus", index),
      minimumSlots: try slots(wire.minimumMs, "minimum_ms", index),
      attributes: Attributes(
        region: wire.attributes.region, interconnect: wire.attributes.interconnect, driver: wire.attributes.driver,
        wattsPerGPU: wire.attributes.wattsPerGpu, gramsCO2PerKWh: wire.attributes.gco2PerKwh),
      expiry: try self.time(wire.expiryMs, "expiry_ms", index))
    try check(.offer(offer), index: index, at: time)
    return offer
  }

  func read(_ wire: WireBid, index: Int, at time: Timestamp) throws(OperationError) -> Bid {
    guard wire.gpuClasses.count <= genesis.gpuClasses.count else {
      throw .field(
        index: index, name: "gpu_classes", value: "\(wire.gpuClasses.count) classes",
        allowed: "at most \(genesis.gpuClasses.count)")
    }
    var classes: [GPUClassIndex] = []
    for position in wire.gpuClasses { classes.append(try gpuClass(position, index)) }
    let bid = Bid(
      gpuClasses: classes, gpus: try count(wire.gpus, "gpus", index),
      durationSlots: try slots(wire.durationMs, "duration_ms", index),
      window: try window(wire.startMs, wire.endMs, index), price: try price(wire.price, index),
      minimumGPUs: try count(wire.minimumGpus, "minimum_gpus", index),
      requirements: Requirements(
        regions: wire.requirements.regions, interconnect: wire.requirements.interconnect,
        maximumWattsPerGPU: wire.requirements.maximumWattsPerGpu,
        maximumGramsCO2PerKWh: wire.requirements.maximumGco2PerKwh),
      expiry: try self.time(wire.expiryMs, "expiry_ms", index))
    try check(.bid(bid), index: index, at: time)
    return bid
  }

  func wire(_ body: OrderBody) -> WireOperation.OneOf_Kind {
    switch body {
    case .offer(let offer): .offer(wire(offer))
    case .bid(let bid): .bid(wire(bid))
    }
  }

  private func wire(_ offer: Offer) -> WireOffer {
    var out = WireOffer()
    out.gpuClass = UInt32(offer.gpuClass.position)
    out.gpus = UInt32(offer.gpus)
    out.startMs = genesis.start(of: offer.window.start).wire
    out.endMs = genesis.start(of: offer.window.end).wire
    out.price = UInt64(offer.price.micros)
    out.minimumGpus = UInt32(offer.minimumGPUs)
    out.minimumMs = UInt64(offer.minimumSlots * genesis.slotMilliseconds)
    if offer.attributes != Attributes() {
      out.attributes.region = offer.attributes.region
      out.attributes.interconnect = offer.attributes.interconnect
      out.attributes.driver = offer.attributes.driver
      out.attributes.wattsPerGpu = offer.attributes.wattsPerGPU
      out.attributes.gco2PerKwh = offer.attributes.gramsCO2PerKWh
    }
    out.expiryMs = offer.expiry.wire
    return out
  }

  private func wire(_ bid: Bid) -> WireBid {
    var out = WireBid()
    out.gpuClasses = bid.gpuClasses.map { UInt32($0.position) }
    out.gpus = UInt32(bid.gpus)
    out.durationMs = UInt64(bid.durationSlots * genesis.slotMilliseconds)
    out.startMs = genesis.start(of: bid.window.start).wire
    out.endMs = genesis.start(of: bid.window.end).wire
    out.price = UInt64(bid.price.micros)
    out.minimumGpus = UInt32(bid.minimumGPUs)
    if bid.requirements != Requirements() {
      out.requirements.regions = bid.requirements.regions
      out.requirements.interconnect = bid.requirements.interconnect
      out.requirements.maximumWattsPerGpu = bid.requirements.maximumWattsPerGPU
      out.requirements.maximumGco2PerKwh = bid.requirements.maximumGramsCO2PerKWh
    }
    out.expiryMs = bid.expiry.wire
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

  private func window(_ start: UInt64, _ end: UInt64, _ index: Int) throws(OperationError) -> SlotRange {
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
  func encode(_ operation: Operation) -> [UInt8] {
    var out = WireOperation()
    switch operation {
    case .place(let body): out.kind = wire(body)
    case .cancel(let order): out.cancel.order = .init(order.bytes)
    case .propose(let signed):
      out.propose.terms = .init(signed.bytes)
      out.propose.takerSignature = .init(signed.signature.bytes)
    case .accept(let signed, let decision):
      out.accept.terms = .init(signed.bytes)
      out.accept.takerSignature = .init(signed.signature.bytes)
      out.accept.acceptance = .init(decision.bytes)
      out.accept.makerSignature = .init(decision.signature.bytes)
    case .reject(let trade, let reason, let gpusLeft):
      out.reject.trade = .init(trade.bytes)
      out.reject.reason = WireRejectReason(rawValue: Int(reason.rawValue)) ?? .rejectUnspecified
      out.reject.gpusLeft = UInt32(gpusLeft)
    case .receipt(let decision):
      out.receipt.acceptance = .init(decision.bytes)
      out.receipt.makerSignature = .init(decision.signature.bytes)
      out.receipt.maker = .init(decision.maker.bytes)
    case .release(let trade): out.release.trade = .init(trade.bytes)
    }
    // A payload is the concatenation of its operations, each as a field of its own, so that they can be encoded as
    // they are decided and the entry's length is known at every step.
    var payload = WirePayload()
    payload.operations = [out]
    return payload.encoded()
  }
}
