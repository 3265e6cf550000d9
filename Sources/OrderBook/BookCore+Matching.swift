import Market
import NodeCrypto

extension BookCore {
  /// The match of `taker` with the counter-order that a search found.
  @inline(__always)
  func match(_ taker: borrowing Taker, id: OrderID, _ candidate: Candidate) -> Match {
    let counter = records[candidate.slot]
    let slots = taker.isBid ? taker.slots : counter.slots
    let start = Slot(candidate.start)
    return Match(
      offer: taker.isBid ? orders[candidate.slot] : id, bid: taker.isBid ? id : orders[candidate.slot],
      takerSide: taker.isBid ? .bid : .offer, gpus: candidate.gpus,
      slots: SlotRange(start: start, end: start + Int64(slots)), price: Price(micros: counter.price),
      gpuClass: taker.isBid ? counter.gpuClass : taker.classes[0])
  }

  func match(_ id: OrderID, _ context: MatchContext) -> Match? {
    guard let slot = orders.slot(of: id) else { return nil }
    if let match = matchFirst(slot, id, context) { return match }
    guard let taker = taker(slot, earliestStart: context.earliestStart) else { return nil }
    var vain = VainHints()
    let candidate = search(taker, context, planned: [:], vain: &vain)
    if taker.isBid {
      refresh(vain, after: taker)
      if let candidate { makeColumns(of: records[candidate.slot].leaf) }
    }
    return candidate.map { match(taker, id: id, $0) }
  }

  /// The match of an order that demands nothing in particular with the first counter-order there is, if the two can trade:
  /// then no search is needed. Where the leaf of that has rows, as those of long offers have, a search does better.
  @inline(__always)
  private func matchFirst(_ slot: Int32, _ id: OrderID, _ context: borrowing MatchContext) -> Match? {
    let record = records[slot]
    let ladder = Self.ladderIndex(of: record.gpuClass, isBid: !record.isBid)
    guard record.flags.contains(.open), record.flags.isDisjoint(with: [.detailed, .whole]), ladder < ladders.count,
      let shelf = ladders[ladder].first
    else { return nil }
    let leaf = shelves.leaf(shelf, 0)
    let counter = leaves.slot(leaf, 0)
    let rank = leaves[leaf].base
    let limit = OrderRecord.rank(of: record.price, isBid: !record.isBid)
    guard counter >= 0, leaves[leaf].hints.rows.first < 0, rank <= limit else { return nil }
    let gpus = record.isBid ? remaining(record) : record.gpus
    let taker = Taker(
      slot: slot, isBid: record.isBid, owner: owners[record.owner], time: record.time, place: record.place,
      limit: limit,
      start: max(Int64(record.start), context.earliestStart.index), end: Int64(record.end), gpus: gpus,
      minimumGPUs: record.smallestPiece(remaining: gpus), slots: record.slots,
      calendar: record.extra < 0 || record.isBid ? StepRun() : extras[record.extra].calendar,
      classes: GPUClassList(record.gpuClass))
    let piece = taker.isBid ? piece(of: counter, for: taker, [:]) : pieceOfTaker(taker, for: counter)
    guard let piece, taker.slots >= 1 || !taker.isBid, came(counter, before: taker),
      isEligible(counter, for: taker, context)
    else { return nil }
    return match(taker, id: id, Candidate(slot: counter, rank: rank, start: piece.start, gpus: piece.gpus))
  }

  func match(_ order: Order, _ context: MatchContext) -> Match? {
    guard let taker = taker(order, earliestStart: context.earliestStart) else { return nil }
    var vain = VainHints()
    return search(taker, context, planned: [:], vain: &vain).map { match(taker, id: order.id, $0) }
  }

  // MARK: Quotes

  func quote(_ bid: Order, _ context: MatchContext) -> Quote {
    Quote(
      cheapest: plan(bid, context, isSoonest: false), soonest: plan(bid, context, isSoonest: true))
  }

  /// The matches of a bid one after the other, each as if those before it had been taken.
  private func plan(_ bid: Order, _ context: MatchContext, isSoonest: Bool) -> [Match] {
    guard bid.side == .bid, var taker = taker(bid, earliestStart: context.earliestStart) else { return [] }
    if taker.isWhole {
      if let match = match(bid, context) { return [match] }
      guard isSoonest else { return purchase(bid, context) }
      taker = patient(taker, minimumGPUs: bid.body.minimumGPUs)
    }
    var planned: [Int32: CapacityCalendar] = [:]
    var matches: [Match] = []
    while taker.gpus > 0 {
      var vain = VainHints()
      let candidate =
        isSoonest ? soonest(taker, context, planned) : search(taker, context, planned: planned, vain: &vain)
      guard let candidate else { break }
      let match = match(taker, id: bid.id, candidate)
      matches.append(match)
      guard var calendar = planned[candidate.slot] ?? state(candidate.slot).calendar else {
        preconditionFailure("a bid is planned with a bid")
      }
      calendar.add(match.gpus, match.slots)
      planned[candidate.slot] = calendar
      taker.gpus -= match.gpus
      taker.minimumGPUs = min(taker.minimumGPUs, taker.gpus)
    }
    return taker.isWhole && taker.gpus > 0 ? [] : matches
  }

  /// Of all offers that `taker` can trade with, the one with the earliest start, then the best price and priority. O(n).
  private func soonest(
    _ taker: borrowing Taker, _ context: MatchContext, _ planned: borrowing [Int32: CapacityCalendar]
  ) -> Candidate? {
    var best: Candidate?
    for slot in counterOrders(of: taker) {
      let rank = records[slot].rank
      guard rank <= taker.limit, came(slot, before: taker), let piece = piece(of: slot, for: taker, planned),
        isEligible(slot, for: taker, context)
      else { continue }
      if let best {
        guard piece.start <= best.start else { continue }
        if piece.start == best.start {
          guard rank < best.rank || (rank == best.rank && precedes(slot, best.slot)) else { continue }
        }
      }
      best = Candidate(slot: slot, rank: rank, start: piece.start, gpus: piece.gpus)
    }
    return best
  }

  // MARK: Explaining

  func explain(_ slot: Int32, _ context: MatchContext) -> MatchExplanation? {
    guard let whole = taker(slot, earliestStart: context.earliestStart) else { return nil }
    let taker = whole.isWhole ? patient(whole, minimumGPUs: records[slot].minimumGPUs) : whole
    let isPostOnly = records[slot].flags.contains(.postOnly)
    var orders: [MatchCondition: Int] = [:]
    var best: (rank: Int64, price: Price)?
    var ofAcceptableClass = 0
    var sufficesTogether: Bool?
    for counter in counterOrders(of: taker) {
      ofAcceptableClass += 1
      var failed = failedCondition(counter, taker, context)
      if failed != .ownOrder, best.map({ records[counter].rank < $0.rank }) ?? true {
        best = (records[counter].rank, Price(micros: records[counter].price))
      }
      if failed == nil, isPostOnly { failed = .postOnly }
      if failed == nil, whole.isWhole {
        if isForItsOwner(counter, of: whole) {
          failed = .later
        } else {
          let suffices = sufficesTogether ?? canTakeWhole(whole, in: slot, context)
          sufficesTogether = suffices
          if !suffices { failed = .together }
        }
      }
      orders[failed ?? .matching, default: 0] += 1
    }
    let counterOrders = taker.isBid ? restingOffers : restingBids
    orders[.gpuClass] = counterOrders - ofAcceptableClass
    return MatchExplanation(counterOrders: counterOrders, bestCounterPrice: best?.price, orders: orders)
  }

  /// Whether an all-or-none bid can have all that it wants now, of one offer or of several.
  private func canTakeWhole(_ whole: borrowing Taker, in slot: Int32, _ context: MatchContext) -> Bool {
    var vain = VainHints()
    return search(whole, context, planned: [:], vain: &vain) != nil
      || !purchase(orders[slot], context, learns: false).isEmpty
  }

  /// The first condition of matching that the order in `slot`, of a class that the two share, fails.
  private func failedCondition(
    _ slot: Int32, _ taker: borrowing Taker, _ context: MatchContext
  ) -> MatchCondition? {
    let counter = records[slot]
    let owner = owners[counter.owner]
    if owner == taker.owner { return .ownOrder }
    if counter.rank > taker.limit { return .price }
    if let demand = unmetDemand(slot, taker, context) { return MatchCondition(demand) }
    let (duration, minimum) = taker.isBid ? (taker.slots, counter.slots) : (counter.slots, taker.slots)
    let shared = min(taker.end, Int64(counter.end)) - max(taker.start, Int64(counter.start))
    if duration < minimum || shared < Int64(duration) || duration < 1 { return .window }
    let piece = taker.isBid ? piece(of: slot, for: taker, [:]) : pieceOfTaker(taker, for: slot)
    if piece == nil { return .gpus }
    if context.staleOwners.contains(owner) { return .staleOwner }
    if context.triedOrders.contains(orders[slot]) { return .alreadyTried }
    return came(slot, before: taker) ? nil : .later
  }

  /// The resting orders on the other side that share a class with `taker`, each once, ladder by ladder.
  private func counterOrders(of taker: borrowing Taker) -> [Int32] {
    var found: [Int32] = []
    for (position, gpuClass) in taker.classes.enumerated()
    where taker.classes.firstIndex(of: gpuClass) == position {
      forEachResting(gpuClass, isBid: !taker.isBid) {
        found.append($0)
        return true
      }
    }
    return found
  }

  // MARK: Walking

  /// Calls `body` with the slots of a ladder, the best first, until it gives false.
  func forEachResting(_ gpuClass: GPUClassIndex, isBid: Bool, _ body: (Int32) -> Bool) {
    let ladder = Self.ladderIndex(of: gpuClass, isBid: isBid)
    guard ladder < ladders.count else { return }
    for shelf in ladders[ladder] {
      for position in 0..<shelves[shelf].count {
        let leaf = shelves.leaf(shelf, position)
        for place in 0..<leaves[leaf].count {
          if !body(leaves.slot(leaf, place)) { return }
        }
      }
    }
  }

  /// The resting orders of `owner` that might take from the order in `slot`: those that came after it, and bids that are
  /// all-or-none over several offers.
  func counterOrders(crossing slot: Int32, ownedBy owner: NodeID) -> [OrderID] {
    let record = records[slot]
    guard record.flags.contains(.open), !record.isImmediate, owners[record.owner] != owner else { return [] }
    let limit = OrderRecord.rank(of: record.price, isBid: !record.isBid)
    let candidates =
      owner == own
      ? (record.isBid ? ownOffers : ownBids) : slots(ownedBy: owner).filter { records[$0].isBid != record.isBid }
    return candidates.filter { candidate in
      let counter = records[candidate]
      let mayTake = counter.flags.contains(.whole) || precedes(slot, candidate)
      return counter.flags.contains(.open) && !counter.isImmediate && counter.rank <= limit
        && mayTake && sharesClass(record, counter)
    }.map { orders[$0] }
  }

  private func sharesClass(_ left: OrderRecord, _ right: OrderRecord) -> Bool {
    let classes = classes(left)
    return self.classes(right).contains { classes.contains($0) }
  }
}

extension MatchCondition {
  fileprivate init(_ demand: Requirements.Demand) {
    self =
      switch demand {
      case .region: .region
      case .vram: .vram
      case .interconnect: .interconnect
      case .watts: .watts
      case .co2: .co2
      case .probed: .probed
      case .provider: .provider
      case .record: .record
      }
  }
}
