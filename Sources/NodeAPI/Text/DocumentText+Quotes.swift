import Market

extension DocumentText {
  /// What a bid would cost now.
  public func quote(_ quote: QuoteDocument) -> String {
    let limit = quote.priceMicros.map { "at \(price($0)) or less" } ?? "at any price"
    let window = "within \(time.short(milliseconds: quote.startMs)) to \(time.short(milliseconds: quote.endMs))"
    let bid =
      [
        "\(quote.gpus) x \(style(classes(quote.gpuClasses), .bold)) for "
          + "\(DurationText.format(milliseconds: quote.durationMs)) \(limit)", window,
        pieces(gpus: quote.gpus, minimum: quote.minimumGpus),
      ].compactMap { $0 } + (quote.requirements.map(words) ?? [])
    var lines = [bid.joined(separator: ", ")]
    guard quote.available != "none" else {
      lines.append(
        "Nothing in the book can fill it now; placed as a bid, it would wait. depth CLASS shows what there is.")
      return lines.joined(separator: "\n")
    }
    if quote.available == "part" {
      let most = max(quote.cheapest.gpus, quote.soonest.gpus)
      lines.append("Only \(most) of \(Self.count(quote.gpus, "GPU")) can be had now; a bid would wait for the rest.")
    }
    let isOnePlan = quote.cheapest.pieces == quote.soonest.pieces
    var table = TextTable([
      .init(""), .init("GPUS", .right), .init("CLASS"), .init("PRICE", .decimal), .init("TOTAL", .decimal),
      .init("FROM"), .init("TO"), .init("PROVIDER"), .init("TRADES"), .init("OFFER"),
    ])
    append(quote.cheapest, isOnePlan ? "cheapest and soonest" : "cheapest", to: &table)
    if !isOnePlan { append(quote.soonest, "soonest", to: &table) }
    lines += [table.render(colours: colours), saving(quote, isOnePlan: isOnePlan)]
    return lines.joined(separator: "\n")
  }

  private func append(_ plan: QuoteDocument.Plan, _ name: String, to table: inout TextTable) {
    for (index, piece) in plan.pieces.enumerated() {
      table.append([
        .init(index == 0 ? name : "", .bold), .init(piece.gpus), .init(piece.gpuClass),
        .init(Decimal.format(micros: piece.priceMicros)), .init(Decimal.format(micros: piece.totalMicros)),
        .init(time.short(milliseconds: piece.startMs)), .init(time.short(milliseconds: piece.endMs)),
        .init(Self.short(piece.provider)), record(piece.providerRecord), .init(Self.short(piece.offer), .cyan),
      ])
    }
  }

  /// What each plan costs in all, and what waiting for the cheapest would save.
  private func saving(_ quote: QuoteDocument, isOnePlan: Bool) -> String {
    func cost(_ plan: QuoteDocument.Plan) -> String {
      let start = plan.startMs.map { " from \(time.short(milliseconds: $0))" } ?? ""
      return "\(money(plan.totalMicros))\(start)"
    }
    if isOnePlan { return "It costs \(cost(quote.cheapest)). Waiting would save nothing." }
    let both = "The cheapest costs \(cost(quote.cheapest)), the soonest \(cost(quote.soonest))."
    guard let saving = quote.waitingSavesMicros, let wait = quote.waitingMs else {
      return "\(both) They are for \(quote.cheapest.gpus) and \(Self.count(quote.soonest.gpus, "GPU"))."
    }
    guard saving > 0 else { return "\(both) Waiting would save nothing." }
    return wait > 0
      ? "\(both) Waiting \(DurationText.format(milliseconds: wait)) saves \(money(saving))."
      : "\(both) The cheapest saves \(money(saving)) and starts no later."
  }

  /// What a class's orders add up to, by delivery hour.
  public func depth(_ depth: DepthDocument) -> String {
    let isEmpty = depth.hours.allSatisfy { $0.gpusOffered == 0 && $0.gpusWanted == 0 }
    guard !isEmpty else {
      let last = depth.hours.last.map { " until \(time.short(milliseconds: $0.endMs))" } ?? ""
      return "Nobody offers or wants \(depth.gpuClass)\(last). book shows the market."
    }
    var table = TextTable([
      .init("FROM"), .init("TO"), .init("OFFERED", .right), .init("BEST OFFER", .decimal),
      .init("cost of \(Self.count(depth.gpus, "GPU"))".uppercased(), .decimal), .init("WANTED", .right),
      .init("BEST BID", .decimal),
    ])
    for hour in depth.hours {
      table.append([
        .init(time.short(milliseconds: hour.startMs)), .init(time.short(milliseconds: hour.endMs)),
        .init(hour.gpusOffered), .init(hour.bestOfferMicros.map(Decimal.format) ?? "-", .red),
        .init(hour.costMicros.map(Decimal.format) ?? "-"), .init(hour.gpusWanted),
        .init(hour.bestBidMicros.map(Decimal.format) ?? "-", .green),
      ])
    }
    let note = "Offers and bids in \(currency) per GPU-hour; the cost is of the whole row."
    return table.render(colours: colours) + "\n" + style(note, .dim)
  }
}
