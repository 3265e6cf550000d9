import Market
import NodeAPI

/// Turns an order as a person states it into the order that is signed: times become slots, what was left out gets its
/// meaning. The answer echoes the result, so nothing is changed behind anybody's back.
struct OrderResolver {
  /// A bid that names no end may be delivered within a day, or within its duration when that is longer.
  static let defaultBidWindowMilliseconds: Int64 = 86_400_000

  let genesis: Genesis
  let now: Timestamp

  func resolve(_ request: OrderRequest) throws(OrderError) -> OrderBody {
    switch request.side {
    case "offer": .offer(try offer(request))
    case "bid": .bid(try bid(request))
    default: throw .field("side", value: "\"\(request.side)\"", allowed: "offer or bid")
    }
  }

  private func offer(_ request: OrderRequest) throws(OrderError) -> Offer {
    guard request.requirements == nil, request.withinMs == nil else {
      throw .field("requirements, within_ms", value: "given", allowed: "these belong to a bid, not to an offer")
    }
    guard request.gpuClasses.count == 1 else {
      throw .field("gpu_classes", value: "\(request.gpuClasses.count) classes", allowed: "one for an offer")
    }
    let start = try startSlot(request)
    let end: Slot
    switch (request.durationMs, request.endMs) {
    case (let duration?, nil): end = start + (try slots(duration, "duration"))
    case (nil, let last?): end = genesis.slot(containing: try time(last, "end_ms"))
    case (nil, nil): throw .field("duration_ms, end_ms", value: "left out", allowed: "one of the two")
    case (_?, _?): throw .field("duration_ms, end_ms", value: "both given", allowed: "one of the two")
    }
    let window = try window(start, end)
    let gpus = try count(request.gpus, "gpus")
    return Offer(
      gpuClass: try gpuClass(request.gpuClasses[0]), gpus: gpus, window: window,
      price: Price(micros: request.priceMicros),
      minimumGPUs: try request.minimumGpus.map { value throws(OrderError) in try count(value, "minimum_gpus") } ?? 1,
      minimumSlots: try request.minimumMs.map { value throws(OrderError) in try slots(value, "minimum_ms") } ?? 1,
      attributes: try attributes(request.attributes),
      expiry: try expiry(request, latest: genesis.start(of: window.end)))
  }

  private func bid(_ request: OrderRequest) throws(OrderError) -> Bid {
    guard request.attributes == nil, request.minimumMs == nil else {
      throw .field("attributes, minimum_ms", value: "given", allowed: "these belong to an offer, not to a bid")
    }
    guard let span = request.durationMs else {
      throw .field("duration_ms", value: "left out", allowed: "how long the GPUs are wanted")
    }
    let duration = try slots(span, "duration")
    let start = try startSlot(request)
    let end: Slot
    switch (request.withinMs, request.endMs) {
    case (let within?, nil): end = start + (try slots(within, "within"))
    case (nil, let last?): end = genesis.slot(containing: try time(last, "end_ms"))
    case (nil, nil): end = start + max(try slots(Self.defaultBidWindowMilliseconds, "within"), duration)
    case (_?, _?): throw .field("within_ms, end_ms", value: "both given", allowed: "one of the two")
    }
    let window = try window(start, end)
    let gpus = try count(request.gpus, "gpus")
    var classes: [GPUClassIndex] = []
    for id in request.gpuClasses { classes.append(try gpuClass(id)) }
    // The latest moment at which the bid could still be filled is when its last possible run starts.
    let lastStart = genesis.start(of: window.end - min(duration, window.count))
    return Bid(
      gpuClasses: GPUClassList(Set(classes).sorted()), gpus: gpus, durationSlots: duration, window: window,
      price: Price(micros: request.priceMicros),
      minimumGPUs: try request.minimumGpus.map { value throws(OrderError) in try count(value, "minimum_gpus") }
        ?? gpus,
      requirements: try requirements(request.requirements),
      expiry: try expiry(request, latest: max(lastStart, now + 1)))
  }

  /// A start that is left out is now; an order for a moment that has begun starts with the next slot.
  private func startSlot(_ request: OrderRequest) throws(OrderError) -> Slot {
    guard let start = request.startMs else { return genesis.slot(startingFrom: now) }
    let time = try time(start, "start_ms")
    guard time > now - genesis.slotMilliseconds else {
      throw .field(
        "start", value: "\((now - time) / 1000) s in the past", allowed: "now or later; leave it out for now")
    }
    return genesis.slot(startingFrom: max(time, now))
  }

  private func window(_ start: Slot, _ end: Slot) throws(OrderError) -> SlotRange {
    guard start < end else {
      throw .field(
        "end", value: "\((genesis.start(of: start) - genesis.start(of: end)) / 1000) s before the start",
        allowed: "at least one slot of \(genesis.slotMilliseconds / 1000) s after it")
    }
    return SlotRange(start: start, end: end)
  }

  /// Whole slots, rounded up: nobody gets less time than was asked for.
  private func slots(_ milliseconds: Int64, _ name: String) throws(OrderError) -> Int64 {
    guard milliseconds > 0, milliseconds <= genesis.limits.horizonMilliseconds else {
      throw .field(
        name, value: "\(milliseconds) ms", allowed: "1 to \(genesis.limits.horizonMilliseconds) ms")
    }
    return (milliseconds + genesis.slotMilliseconds - 1) / genesis.slotMilliseconds
  }

  private func time(_ milliseconds: Int64, _ name: String) throws(OrderError) -> Timestamp {
    guard (0...Timestamp.maximum.milliseconds).contains(milliseconds) else {
      throw .field(name, value: "\(milliseconds)", allowed: "0 to \(Timestamp.maximum.milliseconds)")
    }
    return Timestamp(milliseconds: milliseconds)
  }

  private func count(_ value: Int64, _ name: String) throws(OrderError) -> Int32 {
    guard let narrow = Int32(exactly: value), (1...genesis.limits.gpusPerOrder).contains(narrow) else {
      throw .field(name, value: "\(value)", allowed: "1 to \(genesis.limits.gpusPerOrder)")
    }
    return narrow
  }

  private func expiry(_ request: OrderRequest, latest: Timestamp) throws(OrderError) -> Timestamp {
    guard let expiry = request.expiryMs else { return latest }
    return try time(expiry, "expiry_ms")
  }

  private func gpuClass(_ id: String) throws(OrderError) -> GPUClassIndex {
    guard let index = genesis.gpuClass(named: id) else {
      let known = genesis.gpuClasses.map(\.id)
      let near = NearestWord.question(for: id, among: known).map { " (\($0))" } ?? ""
      throw .field("GPU class", value: "\"\(id)\"\(near)", allowed: known.joined(separator: ", "))
    }
    return index
  }

  private func attributes(_ document: AttributesDocument?) throws(OrderError) -> Attributes {
    guard let document else { return Attributes() }
    return Attributes(
      region: document.region ?? "", interconnect: document.interconnect ?? "", driver: document.driver ?? "",
      wattsPerGPU: try figure(document.wattsPerGpu, "watts_per_gpu"),
      gramsCO2PerKWh: try figure(document.gco2PerKwh, "gco2_per_kwh"))
  }

  private func requirements(_ document: RequirementsDocument?) throws(OrderError) -> Requirements {
    guard let document else { return Requirements() }
    return Requirements(
      regions: Set(document.regions ?? []).sorted(), interconnect: document.interconnect ?? "",
      maximumWattsPerGPU: try figure(document.maximumWattsPerGpu, "maximum_watts_per_gpu"),
      maximumGramsCO2PerKWh: try figure(document.maximumGco2PerKwh, "maximum_gco2_per_kwh"))
  }

  private func figure(_ value: Int64?, _ name: String) throws(OrderError) -> UInt32 {
    guard let value else { return 0 }
    guard let narrow = UInt32(exactly: value), narrow > 0 else {
      throw .field(name, value: "\(value)", allowed: "1 to \(UInt32.max)")
    }
    return narrow
  }
}
