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

  /// A line for each receipt of some files, and the sum where there is more than one.
  public static func verdicts(_ verdicts: [ReceiptVerdict], time: TimeText, colours: Bool) -> String {
    guard !verdicts.isEmpty else { return "There are neither receipts nor proofs in it." }
    var lines = verdicts.map { verdict($0, time: time, colours: colours) }
    if verdicts.count > 1 { lines.append(sum(ReceiptSum(verdicts))) }
    return lines.joined(separator: "\n")
  }

  /// The line for one receipt.
  public static func verdict(_ verdict: ReceiptVerdict, time: TimeText, colours: Bool) -> String {
    let place = verdict.file.map { "\(TerminalText.clean($0)) " } ?? ""
    if let fraud = verdict.fraud {
      let text = Self.verdict(fraud, verdict.receipt, time: time)
      return "\(TextStyle.green.apply(to: "valid", colours: colours))    \(place)\(TerminalText.clean(text))"
    }
    guard let lease = verdict.decoded, verdict.valid else {
      let why = TerminalText.clean(verdict.error ?? "")
      return "\(TextStyle.red.apply(to: "invalid", colours: colours))  \(place)receipt \(verdict.receipt): \(why)"
    }
    let window = "\(time.short(milliseconds: lease.startMs)) to \(time.short(milliseconds: lease.endMs))"
    let total = "\(Decimal.format(micros: lease.totalMicros)) \(lease.currency)"
    let text =
      "trade \(short(lease.trade)): \(lease.gpus) x \(lease.gpuClass), \(window), \(total), "
      + "provider \(short(lease.provider)), buyer \(short(lease.buyer))"
      + (lease.purchase.map { ", one of \(lease.purchaseLegs ?? 0) legs of purchase \(short($0))" } ?? "")
    let handovers = (verdict.handovers ?? []).map {
      "; key \(short($0.key)) was handed over to \(short($0.successor)) \(time.short(milliseconds: $0.handedOverMs))"
    }.joined()
    return "\(TextStyle.green.apply(to: "valid", colours: colours))    \(place)\(TerminalText.clean(text + handovers))"
  }

  /// The line under the receipts: `3 receipts: 2 valid, 1 invalid; 25.20 USD for 12.00 GPU-hours`.
  public static func sum(_ sum: ReceiptSum) -> String {
    if sum.frauds > 0, sum.valid + sum.invalid == 0 { return "\(sum.frauds) proofs of fraud, all valid" }
    let repeated = sum.repeated > 0 ? ", \(sum.repeated) of trades that are there already" : ""
    let counts = "\(sum.valid + sum.invalid) receipts: \(sum.valid) valid\(repeated), \(sum.invalid) invalid"
    guard sum.valid > 0 else { return counts }
    let totals = sum.micros.sorted { $0.key < $1.key }.map { currency, micros in
      "\(Decimal.format(micros: micros)) \(TerminalText.clean(currency))"
    }
    let hours = Decimal.format(micros: sum.gpuSeconds * Int128(Decimal.microsPerUnit) / 3600)
    return "\(counts); \(totals.joined(separator: " and ")) for \(hours) GPU-hours"
  }
}
