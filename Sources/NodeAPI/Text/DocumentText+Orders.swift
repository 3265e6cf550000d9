import Market

extension DocumentText {
  /// An order as the node understood it, in one sentence.
  public func order(_ order: OrderDocument) -> String {
    let name = "\(order.side) \(style(Self.short(order.id), .cyan)) \(style(order.state, state(order.state)))"
    return "\(name): \(order.side == "offer" ? offer(order) : bid(order))"
  }

  private func offer(_ order: OrderDocument) -> String {
    var parts = [
      "sell \(order.gpus) x \(style(order.gpuClasses.joined(separator: " or "), .bold)) at \(price(order.priceMicros))",
      "\(window(order)) (\(span(order.startMs, order.endMs)))",
    ]
    if order.minimumGpus > 1 { parts.append("in pieces of \(order.minimumGpus) GPUs or more") }
    if let minimum = order.minimumMs, minimum > slotMs {
      parts.append("leases of \(DurationText.format(milliseconds: minimum)) or more")
    }
    parts += order.attributes.map(words) ?? []
    let worth = total(order, milliseconds: order.endMs - order.startMs).map { "; worth \($0) if all is sold" } ?? ""
    return parts.joined(separator: ", ") + expiry(order) + worth
  }

  private func bid(_ order: OrderDocument) -> String {
    let duration = order.durationMs ?? order.endMs - order.startMs
    var parts = [
      "buy \(order.gpus) x \(style(order.gpuClasses.joined(separator: " or "), .bold)) for "
        + "\(DurationText.format(milliseconds: duration)) at \(price(order.priceMicros)) or less",
      "within \(window(order))",
    ]
    if order.gpus > 1 {
      parts.append(
        order.minimumGpus >= order.gpus
          ? "all \(order.gpus) in one piece" : "in pieces of \(Self.count(order.minimumGpus, "GPU")) or more")
    }
    parts += order.requirements.map(words) ?? []
    let cost = total(order, milliseconds: duration).map { "; costs \($0) at most" } ?? ""
    return parts.joined(separator: ", ") + expiry(order) + cost
  }

  private func window(_ order: OrderDocument) -> String {
    "\(time.short(milliseconds: order.startMs)) to \(time.short(milliseconds: order.endMs))"
  }

  private func expiry(_ order: OrderDocument) -> String {
    order.state == "open" ? ", open until \(time.short(milliseconds: order.expiryMs))" : ""
  }

  private func total(_ order: OrderDocument, milliseconds: Int64) -> String? {
    Price(micros: order.priceMicros).total(gpus: order.gpus, seconds: milliseconds / 1000).map { money($0.micros) }
  }

  private func words(_ attributes: AttributesDocument) -> [String] {
    [
      attributes.region.map { "in \(TerminalText.clean($0))" },
      attributes.interconnect.map { "interconnect \(TerminalText.clean($0))" },
      attributes.driver.map { "driver \(TerminalText.clean($0))" },
      attributes.wattsPerGpu.map { "\($0) W per GPU" },
      attributes.gco2PerKwh.map { "\($0) gCO2/kWh" },
    ].compactMap { $0 }
  }

  private func words(_ requirements: RequirementsDocument) -> [String] {
    [
      requirements.regions.map { "in \(TerminalText.clean($0.joined(separator: " or ")))" },
      requirements.interconnect.map { "interconnect \(TerminalText.clean($0))" },
      requirements.maximumWattsPerGpu.map { "at most \($0) W per GPU" },
      requirements.maximumGco2PerKwh.map { "at most \($0) gCO2/kWh" },
    ].compactMap { $0 }
  }

  func details(_ order: OrderDocument) -> String {
    ((order.attributes.map(words) ?? []) + (order.requirements.map(words) ?? [])).joined(separator: ", ")
  }

  func state(_ state: String) -> TextStyle {
    switch state {
    case "open", "running", "settled": .green
    case "filled": .cyan
    case "proposed", "held", "reserved", "recovering", "stopping": .yellow
    case "rejected": .red
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
      .init("EXPIRES"), .init("OWNER"),
      .init("DETAILS"),
    ])
    for order in orders {
      table.append([
        .init(Self.short(order.id), .cyan), .init(order.side, side(order.side)),
        .init(order.state, state(order.state)), .init(order.gpuClasses.joined(separator: ",")), .init(order.gpus),
        .init(order.gpusLeft), .init(gpuHours(order.gpuSecondsLeft)), .init(Decimal.format(micros: order.priceMicros)),
        .init(time.short(milliseconds: order.startMs)), .init(time.short(milliseconds: order.endMs)),
        .init(DurationText.format(milliseconds: order.durationMs ?? order.endMs - order.startMs)),
        .init(time.short(milliseconds: order.expiryMs)), scope == .all ? owner(order) : "", .init(details(order)),
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
    guard order.state == "open" else { return lines[0] }
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

  /// A condition's name as a person reads it; a name that is new here stands as it is.
  static func condition(_ name: String) -> String {
    switch name {
    case "gpu_class": "the GPU class"
    case "own_order": "being your own"
    case "price": "the price"
    case "region": "the region"
    case "attributes": "the machine's attributes"
    case "window": "the delivery window"
    case "gpus": "too few GPUs free in one run"
    case "stale_owner": "a silent owner"
    case "already_tried": "a failed attempt just now"
    case "later": "being the later order, whose owner proposes"
    default: TerminalText.clean(name).replacing("_", with: " ")
    }
  }
}
