import Market
import NodeCrypto

/// Finding the best counter-order that can trade.
extension BookCore {
  /// The best counter-order of `taker` that can trade with it, by price, then priority; nil when there is none.
  ///
  /// - Parameters:
  ///   - planned: offers of which more is to count as taken than is, with their calendars.
  ///   - vain: receives the places whose hints were wrong.
  func search(
    _ taker: borrowing Taker, _ context: borrowing MatchContext, planned: borrowing [Int32: CapacityCalendar],
    vain: inout VainHints
  ) -> Candidate? {
    guard taker.isBid else {
      return searchBids(taker, context, ladder: Self.ladderIndex(of: taker.classes[0], isBid: true))
    }
    var best: Candidate?
    // An offer is in one ladder only: the best of several ladders is the best of each one's best.
    for gpuClass in taker.classes {
      let found = searchOffers(
        taker, context, ladder: Self.ladderIndex(of: gpuClass, isBid: false), planned: planned, better: best,
        vain: &vain)
      best = found ?? best
    }
    return best
  }

  /// Brings the hints that promised `taker` too much back to the truth.
  func refresh(_ vain: borrowing VainHints, after taker: borrowing Taker) {
    guard vain.count > 0 else { return }
    let gpuRow = StartSummary.gpuRow(taker.minimumGPUs)
    for index in 0..<vain.count {
      let place = vain[index]
      if place >= 0 {
        makeColumns(of: place)
        refreshRow(gpuRow, ofLeaf: place)
      } else {
        refreshRow(gpuRow, ofShelf: ~place)
      }
    }
  }

  /// The best offer of a ladder, if it is better than `better`.
  private func searchOffers(
    _ taker: borrowing Taker, _ context: borrowing MatchContext, ladder: Int,
    planned: borrowing [Int32: CapacityCalendar], better: Candidate?, vain: inout VainHints
  ) -> Candidate? {
    guard ladder < ladders.count, taker.slots >= 1, taker.start <= taker.end - Int64(taker.slots) else { return nil }
    let need = Need(taker, scale)
    let limit = min(taker.limit, better?.rank ?? .max)
    for index in ladders[ladder].indices {
      let shelf = ladders[ladder][index]
      guard mayServe(shelves[shelf].hints, need) else { continue }
      var isShelfVain = true
      let count = shelves[shelf].count
      for position in 0..<count {
        prefetch(shelf, behind: position, count, need)
        let leaf = shelves.leaf(shelf, position)
        if leaves[leaf].base > limit { return nil }
        guard mayServe(leaves[leaf].hints, need) else { continue }
        switch best(of: leaf, for: taker, need, context, planned: planned, limit: limit, better: better) {
        case .found(let candidate): return candidate
        case .over: return nil
        case .none(let isVain): if isVain { vain.addLeaf(leaf) } else { isShelfVain = false }
        }
      }
      if isShelfVain { vain.addShelf(shelf) }
    }
    return nil
  }

  /// Asks the processor to bring near what is read next of the leaves behind a position of a shelf: of the second its row,
  /// of the fourth its hints, which say where the row is.
  @inline(__always)
  private func prefetch(_ shelf: Int32, behind position: Int32, _ count: Int32, _ need: borrowing Need) {
    if position &+ 4 < count { leaves.prefetchHints(of: shelves.leaf(shelf, position &+ 4)) }
    guard position &+ 2 < count else { return }
    let row = leaves[shelves.leaf(shelf, position &+ 2)].hints.rows.row(need.gpuRow)
    if row >= 0 { rows.prefetch(row &+ Int32(truncatingIfNeeded: need.firstBucket &>> 3 & 31)) }
  }

  /// What a search finds in one leaf.
  private enum LeafResult {
    case found(Candidate)
    /// Nothing, and nothing behind it either: the prices no longer cross.
    case over
    /// Nothing here; `isVain` when nothing had room.
    case none(isVain: Bool)
  }

  /// The best offer of a leaf, if it is better than `better`.
  @inline(__always)
  private func best(
    of leaf: Int32, for taker: borrowing Taker, _ need: borrowing Need, _ context: borrowing MatchContext,
    planned: borrowing [Int32: CapacityCalendar], limit: Int64, better: Candidate?
  ) -> LeafResult {
    var isVain = true
    var places = places(of: leaf, for: need)
    if better == nil, !columns.has(leaf), leaves[leaf].base <= limit {
      // Often the first offer has what is wanted: then no others need to be read.
      let slot = leaves.slot(leaf, 0)
      if let piece = piece(of: slot, for: taker, planned), came(slot, before: taker),
        isEligible(slot, for: taker, context)
      {
        return .found(Candidate(slot: slot, rank: leaves[leaf].base, start: piece.start, gpus: piece.gpus))
      }
    }
    var scan = LeafScan()
    while places != 0 {
      scan.read(leaf, &places, of: self)
      for index in 0..<scan.count {
        let offer = scan.offers[index]
        let rank = leaves.rank(leaf, offer.position)
        if rank > limit { return .over }
        // Most of a leaf whose columns are not known fail here, on what the scan has.
        let shared = min(taker.end, Int64(offer.end)) - max(taker.start, Int64(offer.start))
        guard shared >= Int64(taker.slots), offer.gpus >= need.gpus,
          let piece = piece(of: offer.slot, for: taker, planned)
        else { continue }
        isVain = false
        guard came(offer.slot, before: taker), isEligible(offer.slot, for: taker, context) else { continue }
        if let better, rank == better.rank, !precedes(offer.slot, better.slot) { return .over }
        return .found(Candidate(slot: offer.slot, rank: rank, start: piece.start, gpus: piece.gpus))
      }
    }
    return .none(isVain: isVain)
  }

  /// The best bid of a ladder.
  private func searchBids(
    _ taker: borrowing Taker, _ context: borrowing MatchContext, ladder: Int
  ) -> Candidate? {
    guard ladder < ladders.count, taker.start < taker.end else { return nil }
    for shelf in ladders[ladder] where shelves[shelf].hints.mayFit(taker) {
      for position in 0..<shelves[shelf].count {
        let leaf = shelves.leaf(shelf, position)
        if leaves[leaf].base > taker.limit { return nil }
        guard leaves[leaf].hints.mayFit(taker) else { continue }
        for place in 0..<leaves[leaf].count {
          let rank = leaves.rank(leaf, place)
          if rank > taker.limit { return nil }
          let slot = leaves.slot(leaf, place)
          guard came(slot, before: taker), let piece = pieceOfTaker(taker, for: slot),
            isEligible(slot, for: taker, context)
          else { continue }
          return Candidate(slot: slot, rank: rank, start: piece.start, gpus: piece.gpus)
        }
      }
    }
    return nil
  }

  // MARK: One pair

  /// The earliest start at which the offer in `slot` has the smallest piece that both accept, and as many GPUs as are
  /// free there and wanted; nil when there is none.
  @inline(__always)
  func piece(
    of slot: Int32, for bid: borrowing Taker, _ planned: borrowing [Int32: CapacityCalendar]
  ) -> (start: Int64, gpus: Int32)? {
    let start = max(bid.start, Int64(records[slot].start))
    let end = min(bid.end, Int64(records[slot].end))
    let duration = bid.slots
    let least = max(bid.minimumGPUs, records[slot].minimumGPUs)
    guard end - start >= Int64(duration), duration >= records[slot].slots, least <= bid.gpus,
      least <= records[slot].gpus
    else { return nil }
    let extra = records[slot].extra
    if !planned.isEmpty, let calendar = planned[slot] {
      let range = SlotRange(start: Slot(start), end: Slot(end))
      guard let first = calendar.earliestStart(gpus: least, slots: Int64(duration), within: range) else { return nil }
      let free = calendar.minimumFree(in: SlotRange(start: first, end: first + Int64(duration)))
      return (first.index, min(free, bid.gpus))
    }
    guard extra >= 0, extras[extra].calendar.count > 0 else {
      return (start, min(records[slot].gpus, bid.gpus))
    }
    return piece(
      of: extras[extra].calendar, gpus: records[slot].gpus, least: least, most: bid.gpus, duration: Int64(duration),
      start: start, end: end)
  }

  /// The same for an offer as the taker and the bid in `slot`.
  @inline(__always)
  func pieceOfTaker(_ offer: borrowing Taker, for slot: Int32) -> (start: Int64, gpus: Int32)? {
    let start = max(offer.start, Int64(records[slot].start))
    let end = min(offer.end, Int64(records[slot].end))
    let duration = records[slot].slots
    guard duration >= 1, end - start >= Int64(duration), duration >= offer.slots else { return nil }
    let wanted = remaining(records[slot])
    let least = max(records[slot].smallestPiece(remaining: wanted), offer.minimumGPUs)
    guard least <= wanted, least <= offer.gpus else { return nil }
    guard offer.calendar.count > 0 else { return (start, min(offer.gpus, wanted)) }
    return piece(
      of: offer.calendar, gpus: offer.gpus, least: least, most: wanted, duration: Int64(duration), start: start,
      end: end)
  }

  /// A piece of an offer of which something was taken.
  @inline(__always)
  private func piece(
    of calendar: StepRun, gpus: Int32, least: Int32, most: Int32, duration: Int64, start: Int64, end: Int64
  ) -> (start: Int64, gpus: Int32)? {
    guard
      let first = calendars.earliestStart(
        calendar, atMostUsed: Int64(gpus - least), length: duration, start: start, end: end)
    else { return nil }
    let used = max(0, calendars.mostUsed(calendar, start: first, end: first + duration))
    return (first, min(most, gpus - Int32(truncatingIfNeeded: used)))
  }

  /// Whether everything but price, time and capacity lets the order in `slot` be the maker.
  @inline(__always)
  func isEligible(
    _ slot: Int32, for taker: borrowing Taker, _ context: borrowing MatchContext
  ) -> Bool {
    let owner = owners[records[slot].owner]
    if owner == taker.owner { return false }
    if !context.staleOwners.isEmpty, context.staleOwners.contains(owner) { return false }
    if !context.triedOrders.isEmpty, context.triedOrders.contains(orders[slot]) { return false }
    if let alone = taker.alone, leaves(slot, taker, alone) { return false }
    return unmetDemand(slot, taker, context) == nil
  }

  /// The first demand of the bid of a pair that its offer does not meet.
  @inline(__always)
  func unmetDemand(
    _ slot: Int32, _ taker: borrowing Taker, _ context: borrowing MatchContext
  ) -> Requirements.Demand? {
    if taker.isBid {
      if taker.requirements.isEmpty { return nil }
      let index = detailsIndex(records[slot])
      return unmet(
        taker.requirements, by: index < 0 ? Attributes() : details[index].attributes, records[slot].gpuClass,
        provider: owners[records[slot].owner], context)
    }
    let index = detailsIndex(records[slot])
    if index < 0 { return nil }
    return unmet(
      details[index].requirements, by: taker.attributes, taker.classes[0], provider: taker.owner, context)
  }

  private func unmet(
    _ requirements: Requirements, by attributes: Attributes, _ gpuClass: GPUClassIndex, provider: NodeID,
    _ context: borrowing MatchContext
  ) -> Requirements.Demand? {
    let position = Int(gpuClass.position)
    let records = context.records
    return requirements.firstUnmet(
      by: attributes, classVRAMMiB: position < classVRAMMiB.count ? classVRAMMiB[position] : 0, provider: provider,
      predecessors: context.predecessors, record: { records[provider] ?? PublicRecord() })
  }
}

extension Hints {
  /// Whether one of the bids may fit into an offer's window and GPUs.
  @inline(__always)
  func mayFit(_ offer: borrowing Taker) -> Bool {
    leastGPUs <= offer.gpus && Int64(leastSlots) <= offer.end - offer.start
      && Int64(earliestStart) < offer.end && Int64(latestEnd) > offer.start
  }
}
