import Market

extension CommandParser {
  /// Reads an offer, which says what it sells or leaves that to the machine. The command line's option
  /// `--from-hardware` means the same word.
  func offer(_ reader: inout WordReader) throws(CommandError) -> Command {
    guard reader.accept(HardwareOffer.word) || reader.accept("--\(HardwareOffer.word)") else {
      return .place(try order(.offer, &reader))
    }
    var stated: Int64?
    if let word = reader.upcoming, word.isDigits {
      stated = try gpus(&reader)
    }
    var named: String?
    if let word = reader.upcoming, word != "at" { named = try gpuClass(try reader.next("a GPU class"), reader) }
    let order = try order(.offer, gpus: stated ?? 0, gpuClasses: named.map { [$0] } ?? [], &reader)
    return .offerHardware(HardwareOffer(gpus: stated, gpuClass: named, order: order))
  }

  /// Reads `GPUS CLASS[,CLASS] at PRICE` and the parts behind it.
  func order(_ side: Side, _ reader: inout WordReader) throws(CommandError) -> OrderRequest {
    let gpus = try gpus(&reader)
    return try order(side, gpus: gpus, gpuClasses: try gpuClasses(OrderForm(side), &reader), &reader)
  }

  /// Reads `at PRICE` and the parts behind it.
  private func order(
    _ side: Side, gpus: Int64, gpuClasses classes: [String], _ reader: inout WordReader
  ) throws(CommandError) -> OrderRequest {
    _ = try reader.expect("at")
    let price = try price(&reader)
    let clauses = try clauses(OrderForm(side), &reader)
    let times = try times(clauses, reader)
    try checkLength(OrderForm(side), clauses, reader)

    var request = OrderRequest(
      side: side == .offer ? "offer" : "bid", gpuClasses: classes, gpus: gpus, priceMicros: price)
    request.durationMs = clauses.durationMs
    request.startMs = times.startMs
    request.endMs = times.endMs
    request.withinMs = clauses.withinMs
    request.expiryMs = times.expiryMs
    request.minimumGpus = clauses.minimumGpus
    request.minimumMs = clauses.minimumMs
    request.timeInForce = clauses.timeInForce
    request.postOnly = clauses.has(.postOnly) ? true : nil
    request.allOrNone = clauses.has(.allOrNone) ? true : nil
    request.split = clauses.split
    switch side {
    case .offer: request.attributes = clauses.attributes
    case .bid: request.requirements = clauses.requirements
    }
    return request
  }

  /// Reads `GPUS CLASS[,CLASS] [at PRICE]` and the parts behind it: a bid that is not placed.
  func quote(_ reader: inout WordReader) throws(CommandError) -> QuoteRequest {
    let gpus = try gpus(&reader)
    var request = QuoteRequest(gpuClasses: try gpuClasses(.quote, &reader), gpus: gpus)
    if reader.accept("at") { request.priceMicros = try price(&reader) }
    let clauses = try clauses(.quote, &reader)
    let times = try times(clauses, reader)
    try checkLength(.quote, clauses, reader)
    request.durationMs = clauses.durationMs
    request.startMs = times.startMs
    request.endMs = times.endMs
    request.withinMs = clauses.withinMs
    request.minimumGpus = clauses.minimumGpus
    request.allOrNone = clauses.has(.allOrNone) ? true : nil
    request.split = clauses.split
    request.requirements = clauses.requirements
    return request
  }

  /// Reads `ORDER` and the parts of it that change.
  func amend(_ reader: inout WordReader) throws(CommandError) -> Command {
    let order = try orderID(&reader)
    let clauses = try clauses(.amend, &reader)
    guard !clauses.inOrder.isEmpty else {
      throw reader.failure(.lacks(command: .amend, part: "what changes"), at: reader.words.count)
    }
    let draft = AmendDraft(clauses: clauses, times: try times(clauses, reader), words: reader.words)
    try draft.checkRemovals()
    return .amend(order: order, draft)
  }

  private func gpus(_ reader: inout WordReader) throws(CommandError) -> Int64 {
    let gpus = try reader.number("number of GPUs", in: 1...Int64.max)
    _ = reader.accept("x")
    return gpus
  }

  /// Reads class ids: one for an offer, several or `any` for a bid.
  func gpuClasses(_ form: OrderForm, _ reader: inout WordReader) throws(CommandError) -> [String] {
    if form != .offer, !gpuClasses.contains(OrderRequest.anyClass), reader.accept(OrderRequest.anyClass) {
      return [OrderRequest.anyClass]
    }
    var classes: [String] = []
    try reader.list("a GPU class") { (word, reader) throws(CommandError) in
      if form != .offer, !classes.isEmpty, word.lowercased() == OrderRequest.anyClass {
        throw reader.failure(
          .notAllowed(name: "GPU class", value: word, allowed: "any alone, or the classes one by one"))
      }
      let id = try gpuClass(word, reader)
      guard form != .offer || classes.isEmpty else {
        throw reader.failure(.notAllowed(name: "second GPU class", value: word, allowed: "one class in an offer"))
      }
      guard !classes.contains(id) else { throw reader.failure(.repeated(word)) }
      classes.append(id)
    }
    guard !classes.isEmpty else { throw reader.failure(.unknownClass(",", allowed: gpuClasses)) }
    return classes
  }

  /// Reads a price, and the currency that may follow it.
  func price(_ reader: inout WordReader) throws(CommandError) -> Int64 {
    let word = try reader.next("a price")
    guard let micros = Decimal.parse(word.hasPrefix("$") ? word.dropFirst() : word[...]) else {
      throw reader.failure(
        .notAllowed(
          name: "price", value: word, allowed: "a number per GPU-hour with at most 6 decimals, such as 2.10"))
    }
    _ = reader.accept(currency)
    return micros
  }

  // MARK: Times

  /// Fails unless the line says how long the GPUs are for sale or wanted.
  private func checkLength(
    _ form: OrderForm, _ clauses: OrderClauses, _ reader: WordReader
  ) throws(CommandError) {
    let (isGiven, command, part): (Bool, CommandName, String) =
      switch form {
      case .offer: (clauses.has(.for) || clauses.has(.until), .offer, "\"for DURATION\" or \"until TIME\"")
      case .bid, .amend: (clauses.has(.for), .bid, "\"for DURATION\"")
      case .quote: (clauses.has(.for), .quote, "\"for DURATION\"")
      }
    guard isGiven else { throw reader.failure(.lacks(command: command, part: part), at: reader.words.count) }
  }

  private func times(_ clauses: OrderClauses, _ reader: WordReader) throws(CommandError) -> OrderTimes {
    let start = try resolve(clauses.start, after: now, reader)
    let end = try resolve(clauses.end, after: start ?? now, reader)
    if let end, let moment = clauses.end, end <= start ?? now {
      throw reader.failure(
        .notAllowed(
          name: "end", value: reader.words[moment.position],
          allowed: "a time after the start\(start == nil ? ", which is now" : "")"),
        at: moment.position)
    }
    let expiry = try resolve(clauses.expiry, after: now, reader)
    return OrderTimes(
      startMs: start?.milliseconds, endMs: end?.milliseconds, expiryMs: expiry?.milliseconds)
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
