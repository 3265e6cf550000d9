import Market

extension DocumentText {
  /// An order as the node understood it, in one sentence.
  public func order(_ order: OrderDocument) -> String {
    let name = "\(order.side) \(style(Self.short(order.id), .cyan)) \(style(order.state, state(order.state)))"
    return "\(name): \(order.side == "offer" ? offer(order) : bid(order))"
  }

  /// An amended order, and whether it kept its place in time.
  public func amended(_ order: OrderDocument) -> String {
    let priority =
      switch order.keptPriority {
      case true?: "It kept its priority."
      case false?: "It lost its priority: it now comes after the orders that were there before at its price."
      case nil: ""
      }
    return priority.isEmpty ? self.order(order) : self.order(order) + "\n" + priority
  }

  private func offer(_ order: OrderDocument) -> String {
    let length = span(order.startMs, order.endMs)
    let parts =
      [
        "sell \(order.gpus) x \(style(classes(order.gpuClasses), .bold)) at \(price(order.priceMicros))",
        "\(window(order)) (\(length))",
      ] + pieces(order) + (order.attributes.map(words) ?? []) + working(order)
    let worth = total(order, milliseconds: order.endMs - order.startMs).map { "; worth \($0) if all is sold" } ?? ""
    return parts.joined(separator: ", ") + worth
  }

  private func bid(_ order: OrderDocument) -> String {
    let duration = order.durationMs ?? order.endMs - order.startMs
    let parts =
      [
        "buy \(order.gpus) x \(style(classes(order.gpuClasses), .bold)) for "
          + "\(DurationText.format(milliseconds: duration)) at \(price(order.priceMicros)) or less",
        "within \(window(order))",
      ] + pieces(order) + (order.requirements.map(words) ?? []) + working(order)
    let cost = total(order, milliseconds: duration).map { "; costs \($0) at most" } ?? ""
    return parts.joined(separator: ", ") + cost
  }

  /// In which pieces an order may be filled, where that is not in any.
  private func pieces(_ order: OrderDocument) -> [String] {
    guard order.side == "offer" else {
      let isWhole = order.allOrNone && order.minimumGpus < order.gpus
      return [pieces(gpus: order.gpus, minimum: order.minimumGpus, isWhole: isWhole)].compactMap { $0 }
    }
    if order.allOrNone {
      return ["all \(order.gpus) for all of the \(span(order.startMs, order.endMs)), or none"]
    }
    var parts: [String] = []
    if order.minimumGpus > 1 { parts.append("in pieces of \(order.minimumGpus) GPUs or more") }
    if let minimum = order.minimumMs, minimum > slotMs {
      parts.append("leases of \(DurationText.format(milliseconds: minimum)) or more")
    }
    return parts
  }

  /// In which pieces a bid may be filled; nil for one GPU.
  func pieces(gpus: Int64, minimum: Int64, isWhole: Bool = false) -> String? {
    guard gpus > 1 else { return nil }
    guard minimum < gpus else { return "all \(gpus) in one piece" }
    return (isWhole ? "all \(gpus) or none, " : "") + "split in pieces of \(Self.count(minimum, "GPU")) or more"
  }

  /// How an order works: whether it takes, and for how long.
  private func working(_ order: OrderDocument) -> [String] {
    var parts: [String] = []
    if order.postOnly { parts.append("post-only: it waits to be taken") }
    switch order.timeInForce {
    case "ioc": parts.append("ioc: what cannot be had at once is cancelled")
    case "fok": parts.append("fok: all of it at once, or none")
    default:
      let until = time.short(milliseconds: order.expiryMs)
      if order.state == "open" { parts.append("\(TerminalText.clean(order.timeInForce)): open until \(until)") }
    }
    return parts
  }

  private func window(_ order: OrderDocument) -> String {
    "\(time.short(milliseconds: order.startMs)) to \(time.short(milliseconds: order.endMs))"
  }

  private func total(_ order: OrderDocument, milliseconds: Int64) -> String? {
    Price(micros: order.priceMicros).total(gpus: order.gpus, seconds: milliseconds / 1000).map { money($0.micros) }
  }

  private func words(_ attributes: AttributesDocument) -> [String] {
    func mark(_ name: String, _ text: String) -> String {
      TerminalText.clean(text) + (attributes.probed?.contains(name) == true ? " (probed)" : "")
    }
    return [
      attributes.region.map { mark("region", "in \($0)") },
      attributes.interconnect.map { mark("interconnect", "interconnect \($0)") },
      attributes.vramMib.map { mark("vram", "VRAM \(MemoryText.format(mebibytes: $0))") },
      attributes.driver.map { mark("driver", "driver \($0)") },
      attributes.wattsPerGpu.map { mark("watts", "\($0) W per GPU") },
      attributes.gco2PerKwh.map { mark("co2", "\($0) gCO2/kWh") },
    ].compactMap { $0 }
  }

  func words(_ requirements: RequirementsDocument) -> [String] {
    func nodes(_ ids: [String]) -> String {
      TerminalText.clean(ids.map(Self.short).joined(separator: " or "))
    }
    return [
      requirements.regions.map { "in \(TerminalText.clean($0.joined(separator: " or ")))" },
      requirements.minimumVramMib.map { "VRAM at least \(MemoryText.format(mebibytes: $0))" },
      requirements.interconnect.map { "interconnect \(TerminalText.clean($0))" },
      requirements.maximumWattsPerGpu.map { "at most \($0) W per GPU" },
      requirements.maximumGco2PerKwh.map { "at most \($0) gCO2/kWh" },
      requirements.probedOnly == true ? "probed, not declared" : nil,
      requirements.providers.map { "only from \(nodes($0))" },
      requirements.excludedProviders.map { "not from \(nodes($0))" },
      requirements.minimumSettledTrades.map { "providers with \(Self.count($0, "settled trade")) or more" },
      requirements.maximumFailurePercent.map { "providers that failed in at most \($0)%" },
    ].compactMap { $0 }
  }

  /// What a table says of an order beside its numbers.
  func details(_ order: OrderDocument) -> String {
    var parts: [String] = []
    if order.timeInForce != "gtc" { parts.append(TerminalText.clean(order.timeInForce)) }
    if order.postOnly { parts.append("post-only") }
    if order.side == "bid", order.minimumGpus < order.gpus { parts.append("split") }
    if order.allOrNone, order.side == "offer" || order.minimumGpus < order.gpus { parts.append("all or none") }
    parts += order.attributes.map(words) ?? []
    parts += order.requirements.map(words) ?? []
    return parts.joined(separator: ", ")
  }

  func state(_ state: String) -> TextStyle {
    switch state {
    case "open", "running", "settled": .green
    case "filled": .cyan
    case "proposed", "held", "reserved", "recovering", "stopping": .yellow
    case "rejected", "disputed": .red
    default: .dim
    }
  }

  /// The list that `orders` shows.
  public func orders(_ orders: [OrderDocument], scope: ListScope) -> String {
    guard !orders.isEmpty else {
      return scope == .mine
        ? "You have no orders. Place one: offer 8 h100-sxm-80g at 2.10 for 12h"
        : "The book is empty. Place the first order: offer 8 h100-sxm-80g at 2.10 for 12h"
    }
    var table = TextTable([
      .init("ORDER"), .init("SIDE"), .init("STATE"), .init("CLASS"), .init("GPUS", .right), .init("LEFT", .right),
      .init("GPUH LEFT", .decimal), .init("PRICE", .decimal), .init("FROM"), .init("TO"), .init("FOR", .right),
      .init("EXPIRES"), .init("OWNER"), .init("TRADES"),
      .init("DETAILS"),
    ])
    for order in orders {
      table.append([
        .init(Self.short(order.id), .cyan), .init(order.side, side(order.side)),
        .init(order.state, state(order.state)), .init(classes(order.gpuClasses, separator: ",")), .init(order.gpus),
        .init(order.gpusLeft), .init(gpuHours(order.gpuSecondsLeft)), .init(Decimal.format(micros: order.priceMicros)),
        .init(time.short(milliseconds: order.startMs)), .init(time.short(milliseconds: order.endMs)),
        .init(DurationText.format(milliseconds: order.durationMs ?? order.endMs - order.startMs)),
        .init(time.short(milliseconds: order.expiryMs)), scope == .all ? owner(order) : "",
        scope == .all ? record(order.ownerRecord) : "", .init(details(order)),
      ])
    }
    return table.render(colours: colours)
  }

  /// GPU-hours with two decimals, rounded down; empty when nothing is said.
  func gpuHours(_ gpuSeconds: Int64?) -> String {
    gpuSeconds.map { Decimal.format(micros: $0 * 100 / 3600 * 10_000) } ?? ""
  }

  func side(_ side: String) -> TextStyle { side == "offer" ? .red : .green }

  func owner(_ order: OrderDocument) -> TextTable.Cell {
    let name = order.own ? "own" : Self.short(order.owner)
    return .init(order.stale ? name + " stale" : name, order.stale ? .yellow : order.own ? .bold : .plain)
  }

  /// Why an order has not traded.
  public func why(_ document: WhyDocument) -> String {
    let order = document.order
    let counter = order.side == "offer" ? "bid" : "offer"
    var lines = [self.order(order)]
    if let purchase = document.purchase { lines.append(purchaseText(purchase)) }
    if let newcomer = document.newcomer { lines.append(newcomerText(newcomer)) }
    guard order.state == "open" else { return lines.joined(separator: "\n") }
    if document.waitsForPurchase == true {
      lines.append("It waits until this node's other purchase is decided: there is one at a time.")
    }
    guard document.counterOrders > 0 else {
      lines.append("There is no \(counter) in the book to trade with. orders all lists what there is.")
      return lines.joined(separator: "\n")
    }
    lines.append("Of \(Self.count(document.counterOrders, counter)) in the book:")
    var table = TextTable([.init("", .right), .init("")])
    for condition in document.conditions where condition.ruledOut > 0 {
      table.append([.init(condition.ruledOut), .init("ruled out by " + Self.condition(condition.condition))])
    }
    table.append([
      .init(document.matching, document.matching > 0 ? .green : .plain),
      .init(document.matching > 0 ? "can be taken now" : "left to trade with", .bold),
    ])
    lines.append(table.render(colours: colours))
    if let best = document.bestCounterPriceMicros {
      lines.append("The best \(counter) in an acceptable class is at \(price(best)).")
    }
    if document.undecided > 0 { lines.append("\(Self.count(document.undecided, "trade")) proposed and undecided.") }
    return lines.joined(separator: "\n")
  }

  /// How far an open purchase is.
  private func purchaseText(_ purchase: PurchaseDocument) -> String {
    "Purchase \(Self.short(purchase.id)) over \(Self.count(purchase.legs, "offer")) is open: "
      + "\(purchase.accepted) of \(purchase.legs) accepted; all of them or none by "
      + "\(time.short(milliseconds: purchase.confirmMs))."
  }

  /// A condition's name as a person reads it; a name that is new here stands as it is.
  static func condition(_ name: String) -> String {
    switch name {
    case "gpu_class": "the GPU class"
    case "own_order": "being your own"
    case "price": "the price"
    case "region": "the region"
    case "vram": "too little video memory"
    case "interconnect": "the interconnect"
    case "watts": "the power draw"
    case "co2": "the CO2 of the site's power"
    case "probed": "attributes that are declared, not probed"
    case "provider": "the providers that are acceptable"
    case "record": "the provider's public record"
    case "window": "the delivery window"
    case "gpus": "too few GPUs free in one run"
    case "together": "having too few GPUs together with the others"
    case "stale_owner": "a silent owner"
    case "already_tried": "a failed attempt just now"
    case "later": "being the later order, whose owner proposes"
    case "post_only": "being post-only, which never takes"
    default: TerminalText.clean(name).replacing("_", with: " ")
    }
  }
}
