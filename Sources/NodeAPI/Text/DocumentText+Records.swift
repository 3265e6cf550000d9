import Market

/// Public records.
extension DocumentText {
  /// A node's public record in a table.
  func record(_ record: RecordDocument) -> TextTable.Cell {
    if record.proofs > 0 { return .init("\(record.settled), fraud", .red) }
    if record.failed > 0 { return .init("\(record.settled), \(record.failed) failed", .yellow) }
    return record.settled > 0 ? .init(record.settled) : .init("none", .dim)
  }

  /// A node's public record, whole.
  public func record(_ document: NodeRecordDocument) -> String {
    let record = document.record
    var table = TextTable([.init(""), .init("")])
    func line(_ name: String, _ text: String, _ style: TextStyle = .plain) {
      table.append([.init(name, .dim), .init(text, style)])
    }
    line("node", document.node + (document.own ? " (own)" : ""), .cyan)
    for key in document.predecessors ?? [] { line("took over from", key) }
    if let successor = document.successor {
      let moment = document.handedOverMs.map { " " + time.short(milliseconds: $0) } ?? ""
      line("handed over to", successor + moment, .yellow)
    }
    line("since", record.sinceMs.map { time.short(milliseconds: $0) } ?? "nothing is known of its feed")
    line("trades", "\(record.settled) settled", record.settled > 0 ? .green : .plain)
    line("failed", "\(record.failed)\(share(record.failurePercent, "of those that settled or failed"))")
    line("GPU-hours", "\(gpuHours(record.soldGpuSeconds)) sold, \(gpuHours(record.boughtGpuSeconds)) bought")
    line("accepts", "\(record.accepts)\(share(record.acceptPercent, "of the proposals to it"))")
    line("rejects", rejects(record.rejects))
    line("expiries", "\(record.expiries) proposals to it that it did not answer")
    line("proposals", "\(record.proposals) of its own")
    line("releases", "\(record.releases)\(share(record.releasePercent, "of its proposals"))")
    line("holds lapsed", "\(record.holdsLapsed) for purchases of its own that came to nothing")
    line(
      "fraud", record.proofs == 0 ? "none proven" : "proven, \(Self.count(record.proofs, "proof"))",
      record.proofs == 0 ? .plain : .red)
    let lines = [table.render(colours: colours)] + (document.newcomer.map { [newcomerText($0)] } ?? [])
    return lines.joined(separator: "\n")
  }

  private func share(_ percent: Int?, _ whole: String) -> String { percent.map { ", \($0)% \(whole)" } ?? "" }

  private func rejects(_ rejects: RecordDocument.Rejects) -> String {
    let reasons = [
      ("order not open", rejects.orderClosed), ("no capacity", rejects.noCapacity), ("wrong terms", rejects.badTerms),
      ("stopping", rejects.stopping), ("no hold", rejects.noHold),
    ]
    let given = reasons.filter { $0.1 > 0 }
    return given.isEmpty ? "0" : given.map { "\($0.1) \($0.0)" }.joined(separator: ", ")
  }

  /// What a newcomer may have open.
  func newcomerText(_ newcomer: NewcomerDocument) -> String {
    "This node is a newcomer with \(Self.count(newcomer.settled, "settled trade")): of at most \(newcomer.maximumGpus) GPUs in "
      + "open orders \(newcomer.openGpus) are; from \(newcomer.trades) trades on there is no limit."
  }
}
