import Market

extension DocumentText {
  /// The list that `receipts` shows.
  public static func receipts(
    _ receipts: [ReceiptDocument], scope: ListScope, time: TimeText, colours: Bool
  ) -> String {
    guard !receipts.isEmpty else {
      return scope == .mine
        ? "You have no receipts yet: a trade gives one when both sides have signed. trades shows what is under way."
        : "No receipts are known yet. book shows the market."
    }
    var table = TextTable([
      .init("TRADE"), .init("CLASS"), .init("GPUS", .right), .init("PRICE", .decimal), .init("TOTAL", .decimal),
      .init("CURRENCY"), .init("FROM"), .init("TO"), .init("PROVIDER"), .init("BUYER"), .init("SIGNED"),
      .init("PURCHASE"),
    ])
    for document in receipts {
      let lease = document.decoded
      table.append([
        .init(short(lease.trade), .cyan), .init(lease.gpuClass), .init(lease.gpus),
        .init(Decimal.format(micros: lease.priceMicros)), .init(Decimal.format(micros: lease.totalMicros)),
        .init(lease.currency), .init(time.short(milliseconds: lease.startMs)),
        .init(time.short(milliseconds: lease.endMs)), .init(short(lease.provider)), .init(short(lease.buyer)),
        .init(time.short(milliseconds: lease.confirmedMs ?? lease.acceptedMs)),
        .init(lease.purchase.map(short) ?? ""),
      ])
    }
    return table.render(colours: colours)
  }

  /// A line for each receipt of a file.
  public static func verdicts(_ verdicts: [ReceiptVerdict], time: TimeText, colours: Bool) -> String {
    guard !verdicts.isEmpty else { return "The file holds no receipts." }
    return verdicts.map { verdict in
      guard let lease = verdict.decoded, verdict.valid else {
        let why = TerminalText.clean(verdict.error ?? "")
        return "\(TextStyle.red.apply(to: "invalid", colours: colours))  receipt \(verdict.receipt): \(why)"
      }
      let window = "\(time.short(milliseconds: lease.startMs)) to \(time.short(milliseconds: lease.endMs))"
      let total = "\(Decimal.format(micros: lease.totalMicros)) \(lease.currency)"
      let text =
        "trade \(short(lease.trade)): \(lease.gpus) x \(lease.gpuClass), \(window), \(total), "
        + "provider \(short(lease.provider)), buyer \(short(lease.buyer))"
        + (lease.purchase.map { ", one of \(lease.purchaseLegs ?? 0) legs of purchase \(short($0))" } ?? "")
      return "\(TextStyle.green.apply(to: "valid", colours: colours))    \(TerminalText.clean(text))"
    }.joined(separator: "\n")
  }
}
