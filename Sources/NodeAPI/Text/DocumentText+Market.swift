import Market

extension DocumentText {
  /// The market at a glance: the classes that have orders.
  public func summary(_ classes: [BookSummaryDocument]) -> String {
    let busy = classes.filter { $0.offers > 0 || $0.bids > 0 }
    guard !busy.isEmpty else {
      return "The book is empty. Place the first order: offer 8 h100-sxm-80g at 2.10 for 12h"
    }
    var table = TextTable([
      .init("CLASS"), .init("OFFERS", .right), .init("GPUS", .right), .init("BEST OFFER", .decimal),
      .init("BEST BID", .decimal), .init("GPUS", .right), .init("BIDS", .right),
    ])
    for line in busy {
      table.append([
        .init(line.gpuClass, .cyan), .init(line.offers), .init(line.gpusOffered),
        .init(line.bestOfferMicros.map(Decimal.format) ?? "-", .red),
        .init(line.bestBidMicros.map(Decimal.format) ?? "-", .green), .init(line.gpusWanted), .init(line.bids),
      ])
    }
    return table.render(colours: colours) + "\n" + style("Prices in \(currency) per GPU-hour.", .dim)
  }

  /// The orders of one class as a ladder: offers above, the cheapest lowest; bids below, the highest first; between
  /// them the spread.
  public func book(_ book: BookDocument) -> String {
    guard !book.offers.isEmpty || !book.bids.isEmpty else {
      let example = "offer 8 \(book.gpuClass) at 2.10 for 12h"
      return "Nobody offers or wants \(book.gpuClass). Place the first order: \(example)"
    }
    var table = TextTable([
      .init(""), .init("PRICE", .decimal), .init("GPUS", .right), .init("GPUH LEFT", .decimal),
      .init("FOR", .right), .init("FROM"), .init("TO"), .init("OWNER"), .init("TRADES"), .init("ORDER"),
      .init("DETAILS"),
    ])
    for order in book.offers.reversed() { table.append(rung(order)) }
    table.appendRule(spread(book))
    for order in book.bids { table.append(rung(order)) }
    return table.render(colours: colours)
  }

  private func rung(_ order: OrderDocument) -> [TextTable.Cell] {
    let duration = order.durationMs ?? order.endMs - order.startMs
    let accepted = classes(order.gpuClasses, separator: ", ")
    let others = order.gpuClasses.count > 1 ? (accepted == "any class" ? accepted : "any of \(accepted)") : ""
    let details = [others, details(order)].filter { !$0.isEmpty }.joined(separator: ", ")
    return [
      .init(order.side, side(order.side)),
      .init(Decimal.format(micros: order.priceMicros), order.stale ? .dim : order.own ? .bold : side(order.side)),
      .init(order.gpusLeft), .init(gpuHours(order.gpuSecondsLeft)), .init(DurationText.format(milliseconds: duration)),
      .init(time.short(milliseconds: order.startMs)), .init(time.short(milliseconds: order.endMs)), owner(order),
      record(order.ownerRecord), .init(Self.short(order.id), .cyan), .init(details),
    ]
  }

  private func spread(_ book: BookDocument) -> String {
    let label: String
    switch (book.offers.first?.priceMicros, book.bids.first?.priceMicros) {
    case (let offer?, let bid?) where offer >= bid: label = "spread \(price(offer - bid))"
    case (.some, .some): label = "prices cross"
    case (nil, _): label = "no offers"
    case (_, nil): label = "no bids"
    }
    return "-- \(label) --"
  }

  /// The list that `trades` shows.
  public func trades(_ trades: [TradeDocument], scope: ListScope) -> String {
    guard !trades.isEmpty else {
      return scope == .mine
        ? "You have no trades yet. why ORDER explains what an open order waits for."
        : "No trades are known yet. book shows the market."
    }
    var table = TextTable([
      .init("TRADE"), .init("STATE"), .init("YOU"), .init("CLASS"), .init("GPUS", .right), .init("PRICE", .decimal),
      .init("TOTAL", .decimal), .init("FROM"), .init("TO"), .init("FOR", .right), .init("PROVIDER"), .init("BUYER"),
      .init("PURCHASE"),
    ])
    for trade in trades {
      table.append([
        .init(Self.short(trade.id), .cyan), .init(trade.state, state(trade.state)),
        .init(Self.role(trade.role)), .init(trade.gpuClass), .init(trade.gpus),
        .init(Decimal.format(micros: trade.priceMicros)), .init(Decimal.format(micros: trade.totalMicros)),
        .init(time.short(milliseconds: trade.startMs)), .init(time.short(milliseconds: trade.endMs)),
        .init(span(trade.startMs, trade.endMs)), .init(Self.short(trade.provider)), .init(Self.short(trade.buyer)),
        .init(trade.purchase.map(Self.short) ?? ""),
      ])
    }
    return table.render(colours: colours) + "\n" + style("Money in \(currency), prices per GPU-hour.", .dim)
  }

  /// A fill in one line.
  public func fill(_ trade: TradeDocument) -> String {
    let isSale = trade.role == "provider"
    let (order, other) = isSale ? (trade.offer, trade.buyer) : (trade.bid, trade.provider)
    let what = "\(trade.gpus) x \(trade.gpuClass) at \(Decimal.format(micros: trade.priceMicros))"
    let lease = "\(time.short(milliseconds: trade.startMs)) to \(time.short(milliseconds: trade.endMs))"
    let sides =
      "\(isSale ? "to" : "from") \(Self.short(other)), order \(Self.short(order)), trade \(Self.short(trade.id))"
    return "\(style(Self.role(trade.role), isSale ? .red : .green)) "
      + TerminalText.clean("\(what), \(lease), for \(money(trade.totalMicros)), \(sides)")
  }

  /// What the reader did in a trade.
  static func role(_ role: String) -> String {
    switch role {
    case "provider": "sold"
    case "buyer": "bought"
    default: ""
    }
  }
}
