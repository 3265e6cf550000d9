import Market
import NodeCrypto

/// Purchases: what a split bid takes of several offers at once.
extension BookCore {
  /// The legs of a purchase, the best price first, each from another offer, at most as many as the context allows; none for
  /// a bid that is all-or-none where they do not make up all that is left of it.
  ///
  /// The cheapest offer gives as much as it can, then the next one: another choice might fill an all-or-none bid where
  /// this one does not, if offers have smallest pieces. O(legs) searches.
  ///
  /// - Parameter learns: whether hints that were wrong are corrected. Who only asks changes nothing.
  func purchase(_ id: OrderID, _ context: MatchContext, learns: Bool) -> [Match] {
    guard let slot = orders.slot(of: id), let taker = taker(slot, earliestStart: context.earliestPurchaseStart) else {
      return []
    }
    return purchase(taker, id: id, minimumGPUs: records[slot].minimumGPUs, context, learns: learns)
  }

  /// The same of a bid that is not in the book. Changes nothing.
  func purchase(_ bid: Order, _ context: MatchContext) -> [Match] {
    guard let taker = taker(bid, earliestStart: context.earliestPurchaseStart) else { return [] }
    return purchase(taker, id: bid.id, minimumGPUs: bid.body.minimumGPUs, context, learns: false)
  }

  private func purchase(
    _ whole: borrowing Taker, id: OrderID, minimumGPUs: Int32, _ context: MatchContext, learns: Bool
  ) -> [Match] {
    guard whole.isBid else { return [] }
    var context = context
    var taker = whole.isWhole ? patient(whole, minimumGPUs: minimumGPUs) : copy whole
    if whole.isWhole { taker.alone = Taker.Alone(time: whole.time, gpus: whole.gpus) }
    var matches: [Match] = []
    while taker.gpus > 0, matches.count < context.maximumLegs {
      var vain = VainHints()
      let candidate = search(taker, context, planned: [:], vain: &vain)
      if learns { refresh(vain, after: taker) }
      guard let candidate else { break }
      context.triedOrders.insert(orders[candidate.slot])
      matches.append(match(taker, id: id, candidate))
      taker.gpus -= candidate.gpus
      taker.minimumGPUs = min(taker.minimumGPUs, taker.gpus)
    }
    return whole.isWhole && taker.gpus > 0 ? [] : matches
  }

  /// A bid that is all-or-none, as it takes pieces: of later offers too, since none of those can fill it alone.
  func patient(_ whole: borrowing Taker, minimumGPUs: Int32) -> Taker {
    var taker = copy whole
    taker.minimumGPUs = min(minimumGPUs, taker.gpus)
    taker.time = .max
    return taker
  }

  /// Whether a bid that takes pieces leaves the offer in `slot` to its owner.
  func leaves(_ slot: Int32, _ taker: borrowing Taker, _ alone: Taker.Alone) -> Bool {
    guard records[slot].gpus >= alone.gpus, records[slot].time >= alone.time else { return false }
    var whole = copy taker
    whole.time = alone.time
    whole.gpus = alone.gpus
    whole.minimumGPUs = alone.gpus
    return isForItsOwner(slot, of: whole)
  }

  /// Whether the offer in `slot` came after the bid and can fill it alone: then its owner is the taker.
  func isForItsOwner(_ slot: Int32, of whole: borrowing Taker) -> Bool {
    !came(slot, before: whole) && piece(of: slot, for: whole, [:]) != nil
  }
}
