import Market

/// What an amend changes. What it leaves out stays as it is, and keeps its meaning: an order that is open as long as it
/// can be filled, a bid in one piece and an order that is all or none stay so when their sizes change.
extension OrderResolver {
  /// The terms of the amended order.
  ///
  /// - Throws: ``OrderError`` naming the field that cannot be understood or amended.
  public func resolve(_ request: AmendRequest, of old: OrderBody) throws(OrderError) -> OrderBody {
    guard request != AmendRequest() else {
      throw .field("the amend", value: "without a change", allowed: "at least one field that changes the order")
    }
    guard !old.timeInForce.isImmediate else {
      throw .field(
        "time_in_force", value: old.timeInForce == .fillOrKill ? "fok" : "ioc",
        allowed: "gtc or gtt: an immediate order cannot be amended")
    }
    if let name = request.timeInForce, ["ioc", "fok"].contains(name) {
      throw .field(
        "time_in_force", value: "\"\(name)\"", allowed: "gtc or gtt: an order in the book does not become immediate")
    }
    _ = try timeInForce(request.timeInForce, expiryMs: request.expiryMs)
    let removed = try removed(request.remove ?? [], side: old.side)
    switch old {
    case .offer(let offer): return .offer(try amend(offer, request, removed))
    case .bid(let bid): return .bid(try amend(bid, request, removed))
    }
  }

  private func amend(
    _ old: Offer, _ request: AmendRequest, _ removed: [AmendRequest.Removable]
  ) throws(OrderError) -> Offer {
    guard request.requirements == nil, request.withinMs == nil, request.split == nil, request.gpuClasses == nil else {
      throw .field(
        "gpu_classes, within_ms, split, requirements", value: "given",
        allowed: "these can be amended of a bid, not of an offer")
    }
    var new = old
    if let gpus = request.gpus { new.gpus = try count(gpus, "gpus") }
    if let price = request.priceMicros { new.price = Price(micros: price) }
    let start = try request.startMs.map { value throws(OrderError) in try startSlot(value) } ?? old.window.start
    var end = old.window.end
    switch (request.durationMs, request.endMs) {
    case (let duration?, nil): end = start + (try slots(duration, "duration"))
    case (nil, let last?): end = genesis.slot(containing: try time(last, "end_ms"))
    case (nil, nil): break
    case (_?, _?): throw .field("duration_ms, end_ms", value: "both given", allowed: "one of the two")
    }
    new.window = try window(start, end)

    let wasWhole = OrderBody.offer(old).isAllOrNone && request.minimumGpus == nil && request.minimumMs == nil
    new.minimumGPUs =
      try request.minimumGpus.map { value throws(OrderError) in try count(value, "minimum_gpus") }
      ?? min(old.minimumGPUs, new.gpus)
    new.minimumSlots =
      try request.minimumMs.map { value throws(OrderError) in try slots(value, "minimum_ms") }
      ?? min(old.minimumSlots, new.window.count)
    if request.allOrNone == true {
      guard request.minimumGpus == nil, request.minimumMs == nil else {
        throw .field(
          "all_or_none, minimum_gpus, minimum_ms", value: "given together",
          allowed: "all_or_none alone: it means one trade that takes the whole order")
      }
    } else if request.allOrNone == false, wasWhole {
      new.minimumGPUs = 1
      new.minimumSlots = 1
    }
    if request.allOrNone ?? wasWhole {
      new.minimumGPUs = new.gpus
      new.minimumSlots = new.window.count
    }

    for part in removed { try remove(part, from: &new.attributes, request.attributes) }
    new.attributes = try attributes(request.attributes, onto: new.attributes)
    new.isPostOnly = request.postOnly ?? old.isPostOnly
    new.expiry = try expiry(
      request, old: old.expiry, oldLatest: genesis.start(of: old.window.end),
      latest: genesis.start(of: new.window.end))
    return new
  }

  private func amend(
    _ old: Bid, _ request: AmendRequest, _ removed: [AmendRequest.Removable]
  ) throws(OrderError) -> Bid {
    guard request.attributes == nil, request.minimumMs == nil else {
      throw .field(
        "attributes, minimum_ms", value: "given", allowed: "these can be amended of an offer, not of a bid")
    }
    var new = old
    if let ids = request.gpuClasses { new.gpuClasses = try gpuClasses(ids) }
    if let gpus = request.gpus { new.gpus = try count(gpus, "gpus") }
    if let price = request.priceMicros { new.price = Price(micros: price) }
    if let duration = request.durationMs { new.durationSlots = try slots(duration, "duration") }
    let start = try request.startMs.map { value throws(OrderError) in try startSlot(value) } ?? old.window.start
    var end = old.window.end
    switch (request.withinMs, request.endMs) {
    case (let within?, nil): end = start + (try slots(within, "within"))
    case (nil, let last?): end = genesis.slot(containing: try time(last, "end_ms"))
    case (nil, nil): break
    case (_?, _?): throw .field("within_ms, end_ms", value: "both given", allowed: "one of the two")
    }
    new.window = try window(start, end)

    if request.minimumGpus != nil || request.split != nil || request.allOrNone == true {
      let stated = BidPieces(
        minimum: request.minimumGpus, split: request.split, isWhole: request.allOrNone ?? old.isWhole)
      (new.minimumGPUs, new.isWhole) = try pieces(stated, of: new.gpus)
    } else {
      new.minimumGPUs = old.minimumGPUs == old.gpus ? new.gpus : min(old.minimumGPUs, new.gpus)
      new.isWhole = request.allOrNone != false && old.isWhole && new.minimumGPUs < new.gpus
    }

    for part in removed { try remove(part, from: &new.requirements.demands, request.requirements) }
    new.requirements = try requirements(request.requirements, onto: new.requirements)
    // The one list takes the other's place; an empty one takes none.
    if request.requirements?.providers?.isEmpty == false { new.requirements.excludedProviders = [] }
    if request.requirements?.excludedProviders?.isEmpty == false { new.requirements.providers = [] }
    new.isPostOnly = request.postOnly ?? old.isPostOnly
    new.expiry = try expiry(
      request, old: old.expiry, oldLatest: genesis.start(of: old.window.end - old.durationSlots),
      latest: latestExpiry(new.window, duration: new.durationSlots))
    return new
  }

  /// The expiry stated; for `gtc`, and for an order that was open as long as it could be filled, the latest; else the
  /// old one, as far as the new window allows.
  private func expiry(
    _ request: AmendRequest, old: Timestamp, oldLatest: Timestamp, latest: Timestamp
  ) throws(OrderError) -> Timestamp {
    if let stated = request.expiryMs { return try time(stated, "expiry_ms") }
    if request.timeInForce == "gtc" || old >= oldLatest { return latest }
    return min(old, latest)
  }

  // MARK: What is taken out

  private func removed(_ names: [String], side: Side) throws(OrderError) -> [AmendRequest.Removable] {
    let ofBids: [AmendRequest.Removable] = [.probed, .providers, .excludedProviders, .trades, .failures]
    let allowed = AmendRequest.Removable.allCases.filter { part in
      side == .offer ? !ofBids.contains(part) : part != .driver
    }
    var out: [AmendRequest.Removable] = []
    for name in names {
      guard let part = AmendRequest.Removable(rawValue: name), allowed.contains(part) else {
        let known = allowed.map(\.rawValue)
        let near = NearestWord.question(for: name, among: known).map { " (\($0))" } ?? ""
        throw .field("remove", value: "\"\(name)\"\(near)", allowed: known.joined(separator: ", "))
      }
      out.append(part)
    }
    return out
  }

  private func conflict(_ part: AmendRequest.Removable) -> OrderError {
    .field("remove", value: "\"\(part.rawValue)\", which the amend states too", allowed: "one of the two")
  }

  private func remove(
    _ part: AmendRequest.Removable, from attributes: inout Attributes, _ stated: AttributesDocument?
  ) throws(OrderError) {
    let isStated: Bool
    switch part {
    case .region:
      attributes.region = ""
      isStated = stated?.region != nil
    case .interconnect:
      attributes.interconnect = ""
      isStated = stated?.interconnect != nil
    case .driver:
      attributes.driver = ""
      isStated = stated?.driver != nil
    case .watts:
      attributes.wattsPerGPU = 0
      isStated = stated?.wattsPerGpu != nil
    case .co2:
      attributes.gramsCO2PerKWh = 0
      isStated = stated?.gco2PerKwh != nil
    case .vram:
      attributes.vramMiB = 0
      isStated = stated?.vramMib != nil
    case .probed, .providers, .excludedProviders, .trades, .failures: isStated = false
    }
    if isStated { throw conflict(part) }
    attributes.probed.formIntersection(attributes.stated)
  }

  private func remove(
    _ part: AmendRequest.Removable, from demands: inout Requirements.Demands, _ stated: RequirementsDocument?
  ) throws(OrderError) {
    let none = Requirements.Demands()
    let isStated: Bool
    switch part {
    case .region:
      demands.regions = none.regions
      isStated = stated?.regions != nil
    case .interconnect:
      demands.interconnect = none.interconnect
      isStated = stated?.interconnect != nil
    case .watts:
      demands.maximumWattsPerGPU = none.maximumWattsPerGPU
      isStated = stated?.maximumWattsPerGpu != nil
    case .co2:
      demands.maximumGramsCO2PerKWh = none.maximumGramsCO2PerKWh
      isStated = stated?.maximumGco2PerKwh != nil
    case .vram:
      demands.minimumVRAMMiB = none.minimumVRAMMiB
      isStated = stated?.minimumVramMib != nil
    case .probed:
      demands.probedOnly = none.probedOnly
      isStated = stated?.probedOnly != nil
    case .providers:
      demands.providers = none.providers
      isStated = stated?.providers != nil
    case .excludedProviders:
      demands.excludedProviders = none.excludedProviders
      isStated = stated?.excludedProviders != nil
    case .trades:
      demands.minimumSettledTrades = none.minimumSettledTrades
      isStated = stated?.minimumSettledTrades != nil
    case .failures:
      demands.maximumFailurePercent = none.maximumFailurePercent
      isStated = stated?.maximumFailurePercent != nil
    case .driver: isStated = false
    }
    if isStated { throw conflict(part) }
  }
}
