import Market
import NodeAPI
import NodeCore
import OrderBook

extension DocumentBuilder {
  /// Price levels that are added up in a depth; an hour has far fewer.
  private static let maximumLevels = 1 << 20

  /// A quote of `bid`.
  ///
  /// - Parameter hasLimit: whether the bid's price is one that somebody named.
  func quote(_ bid: Bid, _ quote: Quote, hasLimit: Bool) -> QuoteDocument {
    QuoteDocument(
      gpuClasses: bid.gpuClasses.map { genesis.gpuClass(at: $0).id }, gpus: Int64(bid.gpus),
      durationMs: bid.durationSlots * genesis.slotMilliseconds, startMs: milliseconds(bid.window.start),
      endMs: milliseconds(bid.window.end), priceMicros: hasLimit ? bid.price.micros : nil,
      minimumGpus: Int64(bid.minimumGPUs), requirements: requirements(bid.requirements), currency: genesis.currency,
      cheapest: plan(quote.cheapest), soonest: plan(quote.soonest))
  }

  private func plan(_ matches: [Match]) -> QuoteDocument.Plan {
    let pieces = matches.compactMap { match -> QuoteDocument.Piece? in
      guard let provider = core.book.order(match.offer)?.owner,
        let total = genesis.total(match.price, gpus: match.gpus, slots: match.slots.count)
      else { return nil }
      return QuoteDocument.Piece(
        offer: match.offer.hex, provider: provider.hex, providerRecord: record(of: provider),
        gpuClass: genesis.gpuClass(at: match.gpuClass).id, gpus: Int64(match.gpus),
        startMs: milliseconds(match.slots.start), endMs: milliseconds(match.slots.end),
        priceMicros: match.price.micros, totalMicros: total.micros)
    }
    return QuoteDocument.Plan(pieces: pieces)
  }

  /// What a class's orders add up to in the given rows.
  func depth(_ rows: DepthRows) -> DepthDocument {
    func hours(from start: Slot, _ count: Int, slots: Int64) -> [DepthHour] {
      core.book.depth(
        gpuClass: rows.gpuClass, from: start, hours: count, slotsPerHour: slots, levels: Self.maximumLevels)
    }
    let all =
      hours(from: rows.start, 1, slots: rows.firstSlots)
      + hours(from: rows.start + rows.firstSlots, rows.rows, slots: rows.slotsPerRow)
    return DepthDocument(
      gpuClass: genesis.gpuClass(at: rows.gpuClass).id, rowMs: rows.slotsPerRow * genesis.slotMilliseconds,
      gpus: rows.gpus,
      hours: all.map { hour in
        DepthDocument.Hour(
          startMs: milliseconds(hour.slots.start), endMs: milliseconds(hour.slots.end),
          offers: hour.offers.map(level), bids: hour.bids.map(level), size: rows.gpus)
      })
  }

  private func level(_ level: PriceLevel) -> DepthDocument.Level {
    DepthDocument.Level(priceMicros: level.price.micros, gpus: level.gpus, orders: level.orders)
  }
}
