import Market
import NodeCrypto

/// An offer and a bid side by side: what their terms and remainders allow, whoever came first.
struct Pairing {
  let offer: Offer
  let calendar: CapacityCalendar
  let bid: Bid
  let remaining: Int32
  /// The slots that both windows have from the earliest start on.
  let window: SlotRange

  /// The pair of two orders on different sides, for a delivery that starts at `earliestStart` at the earliest.
  init(_ one: OrderState, _ other: OrderState, earliestStart: Slot) {
    switch (one.holding, other.holding) {
    case (.offer(let offer, let calendar), .bid(let bid, let taken)),
      (.bid(let bid, let taken), .offer(let offer, let calendar)):
      self.offer = offer
      self.calendar = calendar
      self.bid = bid
      remaining = bid.remaining(taken: taken)
      let common = offer.window.intersection(bid.window)
      let start = max(common.start, earliestStart)
      window = SlotRange(start: start, end: max(start, common.end))
    default:
      preconditionFailure("a pairing of two orders on the same side")
    }
  }

  func failedTerm(_ context: MatchContext, _ book: OrderBook, _ provider: NodeID) -> MatchCondition? {
    if bid.price < offer.price { return .price }
    let position = Int(offer.gpuClass.position)
    let vram = position < book.classVRAMMiB.count ? book.classVRAMMiB[position] : 0
    if let unmet = bid.requirements.firstUnmet(
      by: offer.attributes, classVRAMMiB: vram, provider: provider,
      record: { context.records[provider] ?? ProviderRecord() })
    {
      switch unmet {
      case .region: return .region
      case .vram: return .vram
      case .interconnect: return .interconnect
      case .watts: return .watts
      case .co2: return .co2
      case .probed: return .probed
      case .provider: return .provider
      case .record: return .record
      }
    }
    if bid.durationSlots < offer.minimumSlots || window.count < bid.durationSlots { return .window }
    return nil
  }

  /// The GPUs and slots that change hands: the earliest start at which the smallest piece that both accept is free for
  /// the whole duration, and there as many GPUs as are free and wanted. Nil when it is free nowhere.
  ///
  /// An offer's smallest piece holds to the end: a calendar with less than that in a slot has nothing to sell there. A
  /// bid's does not: what is left of it may be smaller, and is then filled whole.
  var piece: (gpus: Int32, slots: SlotRange)? {
    let smallest = max(min(bid.minimumGPUs, remaining), offer.minimumGPUs)
    guard
      smallest <= remaining,
      let start = calendar.earliestStart(gpus: smallest, slots: bid.durationSlots, within: window)
    else { return nil }
    let slots = SlotRange(start: start, end: start + bid.durationSlots)
    return (min(remaining, calendar.minimumFree(in: slots)), slots)
  }
}
