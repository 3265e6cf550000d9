import Market
import NodeCrypto
import OrderBook
import Settlement

/// What a maker answers to a proposal.
enum Verdict: Equatable, Sendable {
  case accept
  case reject(RejectReason, gpusLeft: Int32)
}

extension Exchange {
  /// Whether the maker of a proposed trade accepts it at `time`: the terms must follow from the two orders by the same
  /// rules by which the taker matched them, and the maker's order must still have room.
  func judge(_ terms: Terms, at time: Timestamp) -> Verdict {
    guard let maker = book.state(of: terms.makerOrder), maker.owner == terms.maker, maker.isOpen,
      maker.order.body.expiry > time
    else { return .reject(.orderClosed, gpusLeft: 0) }
    guard let taker = book.state(of: terms.takerOrder), taker.owner == terms.taker,
      follows(terms, maker: maker.order, taker: taker.order)
    else { return .reject(.badTerms, gpusLeft: 0) }
    guard let slots = genesis.slots(of: terms) else { return .reject(.badTerms, gpusLeft: 0) }
    let left =
      switch maker.order.body {
      case .offer: maker.calendar?.minimumFree(in: slots) ?? 0
      case .bid: maker.remainingGPUs
      }
    guard left >= terms.gpus else { return .reject(.noCapacity, gpusLeft: left) }
    if terms.leg != nil {
      let room = holdRoom(of: terms.makerOrder, ownedBy: terms.maker)
      guard room >= terms.gpus else { return .reject(.noHold, gpusLeft: room) }
    }
    return .accept
  }

  private func follows(_ terms: Terms, maker: Order, taker: Order) -> Bool {
    // What an all-or-none bid takes of several offers it takes whichever came first: none of them could fill it.
    let mayCome = maker.priority < taker.priority || (terms.leg != nil && taker.body.isWhole)
    guard mayCome, maker.side != taker.side, terms.price == maker.body.price,
      !maker.body.timeInForce.isImmediate, terms.gpus % genesis.limits.lotGPUs == 0
    else { return false }
    let orders = maker.side == .offer ? (maker.body, taker.body) : (taker.body, maker.body)
    guard case (.offer(let offer), .bid(let bid)) = orders, offer.price <= bid.price,
      let gpuClass = genesis.gpuClass(named: terms.gpuClass), offer.gpuClass == gpuClass,
      bid.gpuClasses.contains(gpuClass),
      bid.requirements.firstUnmet(
        by: offer.attributes, classVRAMMiB: UInt32(clamping: genesis.gpuClass(at: gpuClass).vramMiB),
        provider: terms.provider, predecessors: predecessors, record: { record(of: terms.provider) }) == nil,
      let slots = genesis.slots(of: terms)
    else { return false }
    // A smallest piece binds whoever asked for it to be kept; the taker's own is the taker's business.
    let smallest =
      maker.side == .offer
      ? offer.minimumGPUs
      : min(bid.isWhole ? bid.gpus : bid.minimumGPUs, book.state(of: terms.bid)?.remainingGPUs ?? 0)
    return offer.window.contains(slots) && bid.window.contains(slots) && slots.count == bid.durationSlots
      && slots.count >= offer.minimumSlots && terms.gpus >= smallest && terms.gpus <= bid.gpus
      && terms.gpus <= offer.gpus
  }
}
