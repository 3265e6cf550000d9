import Market

extension DocumentText {
  /// The spot index of each class that was traded.
  public func index(_ classes: [IndexDocument]) -> String {
    let traded = classes.filter { $0.receipts > 0 }
    let span = classes.first.map {
      "the \(DurationText.format(milliseconds: $0.windowMs)) until \(time.short(milliseconds: $0.timeMs))"
    }
    guard let span, !traded.isEmpty else {
      return "Nothing was traded in \(span ?? "the last day"). book shows the market."
    }
    var table = TextTable([
      .init("CLASS"), .init("INDEX", .decimal), .init("GPUH", .decimal), .init("TRADES", .right),
      .init("NODES", .right),
    ])
    for line in traded {
      table.append([
        .init(line.gpuClass, .cyan), .init(line.valueMicros.map(Decimal.format) ?? "-", .bold),
        .init(gpuHours(line.gpuSeconds)), .init(line.receipts), .init(line.identities),
      ])
    }
    var note = "\(currency) per GPU-hour over \(span)."
    if traded.contains(where: { $0.valueMicros == nil }) {
      note += " Where there is -, too few nodes traded for a value that no two of them can set."
    }
    return table.render(colours: colours) + "\n" + style(note, .dim)
  }

  /// What a class traded at, interval by interval.
  public func candles(_ candles: [CandleDocument], gpuClass: String, range: IntervalRange) -> String {
    let span = DurationText.format(milliseconds: range.intervalMs * Int64(range.count))
    guard !candles.isEmpty else {
      return "No \(gpuClass) was traded in the last \(span). book \(gpuClass) shows its orders."
    }
    var table = TextTable([
      .init("FROM"), .init("OPEN", .decimal), .init("HIGH", .decimal), .init("LOW", .decimal), .init("CLOSE", .decimal),
      .init("GPUH", .decimal), .init("TRADES", .right),
    ])
    for candle in candles {
      let direction: TextStyle =
        candle.closeMicros > candle.openMicros ? .green : candle.closeMicros < candle.openMicros ? .red : .plain
      table.append([
        .init(time.short(milliseconds: candle.startMs)), .init(Decimal.format(micros: candle.openMicros)),
        .init(Decimal.format(micros: candle.highMicros)), .init(Decimal.format(micros: candle.lowMicros)),
        .init(Decimal.format(micros: candle.closeMicros), direction), .init(gpuHours(candle.gpuSeconds)),
        .init(candle.trades),
      ])
    }
    let length = DurationText.format(milliseconds: range.intervalMs)
    let note = "\(currency) per GPU-hour, each row \(length); without a trade there is no row."
    return table.render(colours: colours) + "\n" + style(note, .dim)
  }
}
