import Market

/// What a line says of an order that is to be amended. Which of it the order can have depends on its side, which only
/// the node knows.
public struct AmendDraft: Hashable, Sendable {
  let clauses: OrderClauses
  let times: OrderTimes
  let words: [String]

  /// What `without` takes out of an order: the word, and the part that states it.
  static let removable: [(word: String, clause: OrderClause, part: AmendRequest.Removable?)] = [
    ("region", .in, .region), ("vram", .vram, .vram), ("interconnect", .interconnect, .interconnect),
    ("driver", .driver, .driver), ("watts", .watts, .watts), ("co2", .co2, .co2), ("probed", .probed, .probed),
    ("providers", .providers, .providers), ("not-providers", .notProviders, .excludedProviders),
    ("trades", .trades, .trades), ("failures", .failures, .failures), ("post-only", .postOnly, nil),
  ]

  /// The request for an order on `side`, which is `offer` or `bid`.
  ///
  /// - Throws: ``CommandError`` at the first part that an order on that side cannot have.
  public func request(for side: String) throws(CommandError) -> AmendRequest {
    let market: Side = side == "offer" ? .offer : .bid
    try check(on: market)
    var request = AmendRequest()
    request.gpuClasses = clauses.gpuClasses
    request.gpus = clauses.gpus
    request.priceMicros = clauses.priceMicros
    request.durationMs = clauses.durationMs
    request.startMs = times.startMs
    request.endMs = times.endMs
    request.withinMs = clauses.withinMs
    request.minimumGpus = clauses.minimumGpus
    request.minimumMs = clauses.minimumMs
    request.expiryMs = times.expiryMs
    request.timeInForce = clauses.timeInForce
    request.postOnly = clauses.has(.postOnly) ? true : clauses.removed.contains("post-only") ? false : nil
    request.allOrNone = clauses.has(.allOrNone) ? true : nil
    request.split = clauses.split
    switch market {
    case .offer: request.attributes = clauses.attributes
    case .bid: request.requirements = clauses.requirements
    }
    let removed = Self.removable.filter { clauses.removed.contains($0.word) }.compactMap { $0.part?.rawValue }
    request.remove = removed.isEmpty ? nil : removed
    return request
  }

  private func check(on side: Side) throws(CommandError) {
    let order = side == .offer ? "an offer" : "a bid"
    for clause in clauses.inOrder where !clause.isAmendable(on: side) {
      let allowed = OrderClause.allowed(in: .amend).filter { $0.isAmendable(on: side) }.map(\.rawValue)
      throw failure(
        .misplaced(clause.rawValue, in: "the amend of \(order); allowed there: \(allowed.joined(separator: ", "))"),
        at: clauses.positions[clause])
    }
    if side == .offer, clauses.regions.count > 1 {
      throw failure(
        .notAllowed(name: "second region", value: clauses.regions[1], allowed: "one region in an offer"),
        at: clauses.positions[.in])
    }
    for removal in Self.removable where clauses.removed.contains(removal.word) {
      guard !removal.clause.isAmendable(on: side) else { continue }
      throw failure(
        .misplaced("without \(removal.word)", in: "the amend of \(order), which never says it"),
        at: clauses.positions[.without])
    }
  }

  /// Fails when the line says something and takes it out again.
  func checkRemovals() throws(CommandError) {
    for removal in Self.removable where clauses.removed.contains(removal.word) && clauses.has(removal.clause) {
      throw failure(
        .exclusive(removal.clause.rawValue, "without \(removal.word)", because: "one takes out what the other says"),
        at: clauses.positions[.without])
    }
  }

  private func failure(_ reason: CommandError.Reason, at position: Int?) -> CommandError {
    CommandError(reason, words: words, position: position ?? 0)
  }
}
