import Market
import NodeCrypto
import OrderBook

extension ReferenceBook {
  /// What a pair of orders would trade.
  struct Piece {
    var start: Int64
    var gpus: Int
  }

  /// Why an order does or does not trade.
  struct Explanation: Equatable {
    var counts: [MatchCondition: Int] = [:]
    var counterOrders = 0
    var bestCounterPrice: Int64?
  }

  func match(_ id: OrderID, _ context: MatchContext) -> Match? {
    entry(id).flatMap { match($0, context) }
  }

  func match(_ order: Order, _ context: MatchContext) -> Match? { match(Entry(order), context) }

  private func match(_ taker: Entry, _ context: MatchContext) -> Match? {
    guard taker.isOpen else { return nil }
    var best: (maker: Entry, piece: Piece)?
    for maker in entries where maker.rests && maker.terms.side != taker.terms.side {
      if let best, !maker.isBetter(than: best.maker) { continue }
      if let piece = judge(taker, maker, context).piece { best = (maker, piece) }
    }
    return best.map { result(taker, $0.maker, $0.piece) }
  }

  private func result(_ taker: Entry, _ maker: Entry, _ piece: Piece) -> Match {
    let (sale, purchase) = taker.terms.side == .offer ? (taker, maker) : (maker, taker)
    return Match(
      offer: sale.id, bid: purchase.id, takerSide: taker.terms.side, gpus: Int32(piece.gpus),
      slots: SlotRange(start: Slot(piece.start), end: Slot(piece.start + purchase.terms.slots)),
      price: Price(micros: maker.terms.price), gpuClass: GPUClassIndex(sale.terms.classes[0]))
  }

  func explain(_ id: OrderID, _ context: MatchContext) -> Explanation? {
    guard let taker = entry(id), taker.isOpen else { return nil }
    var explanation = Explanation()
    var best: Entry?
    for maker in entries where maker.rests && maker.terms.side != taker.terms.side {
      var condition = judge(taker, maker, context, inPieces: taker.terms.isWhole).condition
      if condition == .matching, taker.terms.isPostOnly { condition = .postOnly }
      if condition == .matching, taker.terms.isWhole {
        if judge(taker, maker, context).condition == .later {
          condition = .later
        } else if match(taker, context) == nil, purchase(taker, context).isEmpty {
          condition = .together
        }
      }
      explanation.counts[condition, default: 0] += 1
      explanation.counterOrders += 1
      if condition != .gpuClass, condition != .ownOrder, best.map({ maker.isBetter(than: $0) }) ?? true { best = maker }
    }
    explanation.bestCounterPrice = best?.terms.price
    return explanation
  }

  func counterOrders(crossing id: OrderID, ownedBy owner: NodeID) -> [OrderID] {
    guard let changed = entry(id), changed.rests, changed.terms.owner != owner else { return [] }
    return owned(by: owner).filter { own in
      guard own.rests, own.terms.side != changed.terms.side, own.terms.isWhole || changed.isEarlier(than: own) else {
        return false
      }
      let (sale, purchase) = own.terms.side == .offer ? (own, changed) : (changed, own)
      return sale.terms.price <= purchase.terms.price && purchase.terms.classes.contains(sale.terms.classes[0])
    }.map(\.id)
  }

  func quote(_ bid: Order, _ context: MatchContext) -> (cheapest: [Match], soonest: [Match]) {
    let whole = Entry(bid)
    guard whole.terms.isWhole else {
      return (plan(bid, context) { $0.match($1, $2) }, plan(bid, context) { $0.soonestMatch($1, $2) })
    }
    if let match = match(whole, context) { return ([match], [match]) }
    let soonest = plan(bid, context) { $0.soonestMatch($1, $2) }
    let isAll = soonest.reduce(0) { $0 + Int($1.gpus) } == whole.remaining
    return (purchase(whole, context), isAll ? soonest : [])
  }

  func purchase(_ id: OrderID, _ context: MatchContext) -> [Match] {
    entry(id).map { purchase($0, context) } ?? []
  }

  /// What a bid takes of several offers at once, the best price first, each offer once.
  private func purchase(_ bid: Entry, _ context: MatchContext) -> [Match] {
    guard bid.isOpen, bid.terms.side == .bid else { return [] }
    var context = context
    context.earliestStart = context.earliestPurchaseStart
    var (rest, plan) = (bid, [Match]())
    // More put back than taken does not make it want more.
    if rest.taken < 0 { rest.change(by: Int(-rest.taken), SlotRange(start: Slot(0), end: Slot(0))) }
    while rest.remaining > 0, plan.count < context.maximumLegs {
      var best: (maker: Entry, piece: Piece)?
      for maker in entries where maker.rests && maker.terms.side == .offer {
        if let best, !maker.isBetter(than: best.maker) { continue }
        // A later offer that can fill an all-or-none bid alone is for its owner to propose.
        if bid.terms.isWhole, judge(bid, maker, context).condition == .later { continue }
        if let piece = judge(rest, maker, context, inPieces: bid.terms.isWhole).piece { best = (maker, piece) }
      }
      guard let best else { break }
      let match = result(rest, best.maker, best.piece)
      plan.append(match)
      context.triedOrders.insert(best.maker.id)
      rest.change(by: Int(match.gpus), match.slots)
    }
    return bid.terms.isWhole && rest.remaining > 0 ? [] : plan
  }

  /// One match after the other, each as if those before were taken.
  private func plan(
    _ bid: Order, _ context: MatchContext, next: (ReferenceBook, Entry, MatchContext) -> Match?
  ) -> [Match] {
    var (book, taker, plan) = (self, Entry(bid), [Match]())
    while let match = next(book, taker, context) {
      plan.append(match)
      _ = book.take(match.offer, gpus: match.gpus, slots: match.slots)
      taker.change(by: Int(match.gpus), match.slots)
    }
    return plan
  }

  /// The trade that starts first; among several the best price, then the earliest offer.
  private func soonestMatch(_ taker: Entry, _ context: MatchContext) -> Match? {
    guard taker.isOpen else { return nil }
    var best: (maker: Entry, piece: Piece)?
    for maker in entries where maker.rests && maker.terms.side != taker.terms.side {
      guard let piece = judge(taker, maker, context, inPieces: taker.terms.isWhole).piece else { continue }
      if let best {
        if piece.start > best.piece.start { continue }
        if piece.start == best.piece.start, !maker.isBetter(than: best.maker) { continue }
      }
      best = (maker, piece)
    }
    return best.map { result(taker, $0.maker, $0.piece) }
  }

  /// The first condition that fails for a taker and a maker on different sides, and the piece when none does.
  ///
  /// - Parameter inPieces: whether the taker is an all-or-none bid that takes a piece here and others elsewhere: of later
  ///   offers too.
  private func judge(_ taker: Entry, _ maker: Entry, _ context: MatchContext, inPieces: Bool = false) -> (
    condition: MatchCondition, piece: Piece?
  ) {
    let (sale, purchase) = taker.terms.side == .offer ? (taker, maker) : (maker, taker)
    let (offer, bid) = (sale.terms, purchase.terms)
    if !bid.classes.contains(offer.classes[0]) { return (.gpuClass, nil) }
    if offer.owner == bid.owner { return (.ownOrder, nil) }
    if offer.price > bid.price { return (.price, nil) }
    if let demands = bid.demands, let failed = unmet(demands, offer, context) { return (failed, nil) }

    let start = max(offer.start, bid.start, context.earliestStart.index)
    let end = min(offer.end, bid.end)
    let shared = start < end ? end - start : 0
    if shared < bid.slots || bid.slots < offer.slots { return (.window, nil) }
    let remaining = purchase.remaining
    let least = bid.isWhole && !inPieces ? remaining : min(bid.minimumGPUs, remaining)
    let smallest = max(least, offer.minimumGPUs)
    guard smallest <= remaining,
      let first = sale.earliestStart(gpus: smallest, count: bid.slots, from: start, to: end)
    else { return (.gpus, nil) }

    if context.staleOwners.contains(maker.terms.owner) { return (.staleOwner, nil) }
    if context.triedOrders.contains(maker.id) { return (.alreadyTried, nil) }
    if !inPieces, !maker.isEarlier(than: taker) { return (.later, nil) }
    let gpus = min(remaining, sale.fewestFree(from: first, count: bid.slots))
    return (.matching, Piece(start: first, gpus: gpus))
  }

  /// The first demand that the machine or the provider does not meet.
  private func unmet(_ demands: Requirements.Demands, _ offer: Terms, _ context: MatchContext) -> MatchCondition? {
    let machine = offer.attributes
    if !demands.regions.isEmpty {
      let parts = machine.region.split(separator: "-", maxSplits: 1).map(String.init)
      let accepted = demands.regions.filter { $0 == machine.region || (parts.count == 2 && $0 == parts[0]) }
      if accepted.isEmpty { return .region }
    }
    var vram = machine.vramMiB
    if vram == 0, Int(offer.classes[0]) < classVRAMMiB.count { vram = classVRAMMiB[Int(offer.classes[0])] }
    if vram < demands.minimumVRAMMiB { return .vram }
    if demands.interconnect != "", demands.interconnect != machine.interconnect { return .interconnect }
    if demands.maximumWattsPerGPU > 0 {
      if machine.wattsPerGPU == 0 || machine.wattsPerGPU > demands.maximumWattsPerGPU { return .watts }
    }
    if demands.maximumGramsCO2PerKWh > 0 {
      if machine.gramsCO2PerKWh == 0 || machine.gramsCO2PerKWh > demands.maximumGramsCO2PerKWh { return .co2 }
    }
    if demands.probedOnly {
      let demanded: [(Bool, AttributeSet)] = [
        (!demands.regions.isEmpty, .region), (demands.interconnect != "", .interconnect),
        (demands.minimumVRAMMiB > 0, .vram), (demands.maximumWattsPerGPU > 0, .watts),
        (demands.maximumGramsCO2PerKWh > 0, .co2),
      ]
      for (isDemanded, attribute) in demanded where isDemanded {
        if !machine.probed.contains(attribute) { return .probed }
      }
    }
    var names = [offer.owner]
    for _ in 0..<16 {
      if let before = context.predecessors[names[names.count - 1]] { names.append(before) }
    }
    if !demands.providers.isEmpty, Set(names).isDisjoint(with: demands.providers) { return .provider }
    if !Set(names).isDisjoint(with: demands.excludedProviders) { return .provider }
    let record = context.records[offer.owner] ?? PublicRecord()
    if record.settled < Int(demands.minimumSettledTrades) { return .record }
    if let percent = demands.maximumFailurePercent, record.failed > 0 {
      if record.failed * 100 > Int(percent) * (record.failed + record.settled) { return .record }
    }
    return nil
  }
}
