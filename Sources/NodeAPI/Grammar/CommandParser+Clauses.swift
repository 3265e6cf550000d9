import Market

extension CommandParser {
  /// Reads the parts of an order up to the end of the line.
  func clauses(_ form: OrderForm, _ reader: inout WordReader) throws(CommandError) -> OrderClauses {
    var clauses = OrderClauses()
    while !reader.isAtEnd { try clause(form, &reader, &clauses) }
    if let conflict = clauses.conflict(in: form) { throw reader.failure(conflict.reason, at: conflict.position) }
    return clauses
  }

  private func clause(
    _ form: OrderForm, _ reader: inout WordReader, _ clauses: inout OrderClauses
  ) throws(CommandError) {
    let word = try reader.next("a part of the order")
    let position = reader.position - 1
    guard var clause = OrderClause(rawValue: word.lowercased()), clause.isAllowed(in: form) else {
      if let why = OrderClause(rawValue: word.lowercased())?.misplacement(in: form) {
        throw reader.failure(.misplaced(word, in: why))
      }
      throw reader.failure(.unknownWord(word, allowed: OrderClause.allowed(in: form).map(\.rawValue)))
    }
    if clause == .in, reader.accept(OrderClause.pieces.rawValue) { clause = .pieces }
    guard clauses.note(clause, at: position) else { throw reader.failure(.repeated(word)) }
    // In a few words, `at least` or `at most` may be left out.
    if let bound = clause.bound, reader.accept("at") { _ = try reader.expect(bound) }
    switch clause {
    case .for, .from, .until, .within, .by, .expires, .lease: try time(clause, &reader, &clauses)
    case .split, .coLocated, .allOrNone, .probed, .gtc, .ioc, .fok, .postOnly: break
    case .gpus: clauses.gpus = try reader.number("number of GPUs", in: 1...Int64.max)
    case .class: clauses.gpuClasses = try gpuClasses(form, &reader)
    case .at: clauses.priceMicros = try price(&reader)
    case .pieces:
      _ = try reader.expect("of")
      clauses.minimumGpus = try reader.number("piece", in: 1...Int64.max)
    case .in: clauses.regions = try regions(form, &reader)
    case .interconnect: clauses.interconnect = try reader.next("a name such as nvlink").lowercased()
    case .vram: clauses.vramMib = try memory(&reader)
    case .driver: clauses.driver = try reader.next("a version such as 550.54")
    case .watts: clauses.watts = try reader.number("power in watts", in: 1...Int64(UInt32.max))
    case .co2: clauses.co2 = try reader.number("CO2 in g/kWh", in: 1...Int64(UInt32.max))
    case .providers: clauses.providers = try nodes(&reader)
    case .notProviders: clauses.excludedProviders = try nodes(&reader)
    case .trades: clauses.settledTrades = try reader.number("number of trades", in: 1...Int64(UInt32.max))
    case .failures: clauses.failurePercent = try percent(&reader)
    case .without: clauses.removed = try removals(&reader)
    }
  }

  private func time(
    _ clause: OrderClause, _ reader: inout WordReader, _ clauses: inout OrderClauses
  ) throws(CommandError) {
    switch clause {
    case .for: clauses.durationMs = try reader.duration()
    case .within: clauses.withinMs = try reader.duration()
    case .lease: clauses.minimumMs = try reader.duration()
    case .from: clauses.start = try moment(&reader)
    case .expires:
      if try reader.expect("in", "at") == "at" {
        clauses.expiry = try moment(&reader)
      } else {
        let span = try reader.duration()
        clauses.expiry = .init(expression: .fromNow(milliseconds: span), position: reader.position - 1)
      }
    default: clauses.end = try moment(&reader)
    }
  }

  private func moment(_ reader: inout WordReader) throws(CommandError) -> OrderClauses.Moment {
    let expression = try reader.time(in: calendar)
    return .init(expression: expression, position: reader.position - 1)
  }

  /// Reads regions; an amend may be of a bid, which accepts several.
  private func regions(_ form: OrderForm, _ reader: inout WordReader) throws(CommandError) -> [String] {
    var regions: [String] = []
    try reader.list("a region such as EU or EU-FR") { (word, reader) throws(CommandError) in
      let region = word.uppercased()
      let parts = region.split(separator: "-", omittingEmptySubsequences: false)
      let isRegion =
        parts.count <= 2
        && parts.allSatisfy { part in
          part.utf8.count == 2 && part.utf8.allSatisfy { (0x41...0x5A).contains($0) }
        }
      guard isRegion else {
        throw reader.failure(.notAllowed(name: "region", value: word, allowed: "a continent or a country: EU, EU-FR"))
      }
      guard form != .offer || regions.isEmpty else {
        throw reader.failure(.notAllowed(name: "second region", value: word, allowed: "one region in an offer"))
      }
      guard !regions.contains(region) else { throw reader.failure(.repeated(word)) }
      regions.append(region)
    }
    return regions
  }

  /// Reads an amount of memory, in MiB.
  private func memory(_ reader: inout WordReader) throws(CommandError) -> Int64 {
    let word = try reader.next("an amount of memory such as 80g")
    guard let mebibytes = MemoryText.parse(word), mebibytes <= Int64(UInt32.max) else {
      throw reader.failure(.notAllowed(name: "memory", value: word, allowed: MemoryText.allowed))
    }
    return mebibytes
  }

  /// Reads node ids or their first digits.
  private func nodes(_ reader: inout WordReader) throws(CommandError) -> [String] {
    var nodes: [String] = []
    try reader.list("a node's id") { (word, reader) throws(CommandError) in
      let id = try identifier(word, name: "node's id", reader)
      guard !nodes.contains(id) else { throw reader.failure(.repeated(word)) }
      nodes.append(id)
    }
    guard !nodes.isEmpty else {
      throw reader.failure(.notAllowed(name: "node's id", value: ",", allowed: Self.identifierForms))
    }
    return nodes
  }

  /// Reads a whole number of percent; the sign may be left out.
  private func percent(_ reader: inout WordReader) throws(CommandError) -> Int64 {
    let word = try reader.next("a failure rate such as 5%")
    let digits = word.hasSuffix("%") ? word.dropLast() : word[...]
    guard
      digits.isDigits, let percent = Int64(digits),
      percent <= 100
    else {
      throw reader.failure(
        .notAllowed(name: "failure rate", value: word, allowed: "a whole number of percent from 0% to 100%"))
    }
    return percent
  }

  /// Reads what an amend takes out of an order.
  private func removals(_ reader: inout WordReader) throws(CommandError) -> [String] {
    let allowed = AmendDraft.removable.map(\.word)
    var removals: [String] = []
    try reader.list("what the order is to say no longer") { (word, reader) throws(CommandError) in
      let name = word.lowercased()
      guard allowed.contains(name) else { throw reader.failure(.unknownWord(word, allowed: allowed)) }
      guard !removals.contains(name) else { throw reader.failure(.repeated(word)) }
      removals.append(name)
    }
    return removals
  }
}
