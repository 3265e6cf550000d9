import Market

extension CommandParser {
  /// Reads `GPUS CLASS[,CLASS] at PRICE` and the parts behind it.
  func order(_ side: Side, _ reader: inout WordReader) throws(CommandError) -> OrderRequest {
    let gpus = try reader.number("number of GPUs", in: 1...Int64.max)
    _ = reader.accept("x")
    var classes: [String] = []
    try reader.list("a GPU class") { (word, reader) throws(CommandError) in
      let id = try gpuClass(word, reader)
      guard side == .bid || classes.isEmpty else {
        throw reader.failure(.notAllowed(name: "second GPU class", value: word, allowed: "one class in an offer"))
      }
      guard !classes.contains(id) else { throw reader.failure(.repeated(word)) }
      classes.append(id)
    }
    guard !classes.isEmpty else { throw reader.failure(.unknownClass(",", allowed: gpuClasses)) }
    _ = try reader.expect("at")
    let price = try price(&reader)
    _ = reader.accept(currency)

    var clauses = OrderClauses()
    while !reader.isAtEnd { try clause(side, &reader, &clauses) }
    var request = OrderRequest(
      side: side == .offer ? "offer" : "bid", gpuClasses: classes, gpus: gpus, priceMicros: price)
    try resolveTimes(side, clauses, reader, into: &request)
    request.minimumGpus = clauses.minimumGpus
    request.minimumMs = clauses.minimumMs
    switch side {
    case .offer: request.attributes = clauses.attributes
    case .bid: request.requirements = clauses.requirements
    }
    return request
  }

  private func price(_ reader: inout WordReader) throws(CommandError) -> Int64 {
    let word = try reader.next("a price")
    guard let micros = Decimal.parse(word.hasPrefix("$") ? word.dropFirst() : word[...]) else {
      throw reader.failure(
        .notAllowed(
          name: "price", value: word, allowed: "a number per GPU-hour with at most 6 decimals, such as 2.10"))
    }
    return micros
  }

  private func clause(
    _ side: Side, _ reader: inout WordReader, _ clauses: inout OrderClauses
  ) throws(CommandError) {
    let word = try reader.next("a part of the order")
    guard var clause = OrderClause(rawValue: word.lowercased()), clause.isAllowed(on: side) else {
      throw reader.failure(.unknownWord(word, allowed: OrderClause.allowed(on: side).map(\.rawValue)))
    }
    if clause == .in, reader.accept(OrderClause.pieces.rawValue) { clause = .pieces }
    guard clauses.note(clause) else { throw reader.failure(.repeated(word)) }
    switch clause {
    case .for: clauses.durationMs = try reader.duration()
    case .within: clauses.withinMs = try reader.duration()
    case .from: clauses.start = try moment(&reader)
    case .until, .by: clauses.end = try moment(&reader)
    case .expires:
      if try reader.expect("in", "at") == "at" {
        clauses.expiry = try moment(&reader)
      } else {
        let span = try reader.duration()
        clauses.expiry = .init(expression: .fromNow(milliseconds: span), position: reader.position - 1)
      }
    case .pieces:
      _ = try reader.expect("of")
      clauses.minimumGpus = try reader.number("piece", in: 1...Int64.max)
    case .lease:
      try phrase("least", &reader)
      clauses.minimumMs = try reader.duration()
    case .in: clauses.regions = try regions(side, &reader)
    case .interconnect: clauses.interconnect = try reader.next("a name such as nvlink").lowercased()
    case .driver: clauses.driver = try reader.next("a version such as 550.54")
    case .watts:
      try phrase("most", &reader)
      clauses.watts = try reader.number("power in watts", in: 1...Int64(UInt32.max))
    case .co2:
      try phrase("most", &reader)
      clauses.co2 = try reader.number("CO2 in g/kWh", in: 1...Int64(UInt32.max))
    }
  }

  /// Reads `at least` or `at most`, which may be left out.
  private func phrase(_ last: String, _ reader: inout WordReader) throws(CommandError) {
    if reader.accept("at") { _ = try reader.expect(last) }
  }

  private func moment(_ reader: inout WordReader) throws(CommandError) -> OrderClauses.Moment {
    let expression = try reader.time(in: calendar)
    return .init(expression: expression, position: reader.position - 1)
  }

  private func regions(_ side: Side, _ reader: inout WordReader) throws(CommandError) -> [String] {
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
      guard side == .bid || regions.isEmpty else {
        throw reader.failure(.notAllowed(name: "second region", value: word, allowed: "one region in an offer"))
      }
      guard !regions.contains(region) else { throw reader.failure(.repeated(word)) }
      regions.append(region)
    }
    return regions
  }

  private func resolveTimes(
    _ side: Side, _ clauses: OrderClauses, _ reader: WordReader, into request: inout OrderRequest
  ) throws(CommandError) {
    let start = try resolve(clauses.start, after: now, reader)
    let end = try resolve(clauses.end, after: start ?? now, reader)
    if let end, let moment = clauses.end, end <= start ?? now {
      throw reader.failure(
        .notAllowed(
          name: "end", value: reader.words[moment.position],
          allowed: "a time after the start\(start == nil ? ", which is now" : "")"),
        at: moment.position)
    }
    let required = side == .offer ? "\"for DURATION\" or \"until TIME\"" : "\"for DURATION\""
    switch side {
    case .offer:
      guard clauses.durationMs == nil || end == nil else {
        throw reader.failure(.conflict("for", "until", both: "when the window ends"), at: clauses.end?.position ?? 0)
      }
      guard clauses.durationMs != nil || end != nil else {
        throw reader.failure(.lacks(command: .offer, part: required), at: reader.words.count)
      }
    case .bid:
      guard clauses.withinMs == nil || end == nil else {
        throw reader.failure(.conflict("within", "by", both: "when the window ends"), at: clauses.end?.position ?? 0)
      }
      guard clauses.durationMs != nil else {
        throw reader.failure(.lacks(command: .bid, part: required), at: reader.words.count)
      }
    }
    request.durationMs = clauses.durationMs
    request.startMs = start?.milliseconds
    request.endMs = end?.milliseconds
    request.withinMs = clauses.withinMs
    request.expiryMs = try resolve(clauses.expiry, after: now, reader)?.milliseconds
  }

  private func resolve(
    _ moment: OrderClauses.Moment?, after reference: Timestamp, _ reader: WordReader
  ) throws(CommandError) -> Timestamp? {
    guard let moment else { return nil }
    guard
      let time = moment.expression.resolve(now: now, after: reference, calendar: calendar), time <= .maximum
    else {
      throw reader.failure(
        .notAllowed(
          name: "time", value: reader.words[moment.position], allowed: "a time up to the end of the year 9999"),
        at: moment.position)
    }
    return time
  }
}

extension OrderClauses {
  /// What an offer declares; nil when it says nothing.
  var attributes: AttributesDocument? {
    var attributes = AttributesDocument()
    attributes.region = regions.first
    attributes.interconnect = interconnect
    attributes.driver = driver
    attributes.wattsPerGpu = watts
    attributes.gco2PerKwh = co2
    return attributes == AttributesDocument() ? nil : attributes
  }

  /// What a bid demands; nil when it demands nothing.
  var requirements: RequirementsDocument? {
    var requirements = RequirementsDocument()
    requirements.regions = regions.isEmpty ? nil : regions
    requirements.interconnect = interconnect
    requirements.maximumWattsPerGpu = watts
    requirements.maximumGco2PerKwh = co2
    return requirements == RequirementsDocument() ? nil : requirements
  }
}
