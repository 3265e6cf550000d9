import Gossip
import Market
import NodeCrypto
import OrderBook
import Settlement

/// What becomes of the trades of an author that is proven to be a fraud. Their receipts stay valid: both have signed.
/// Where it sold more than it had, its counterparties have to know which of them come first, everywhere the same.
extension Exchange {
  /// Whether a settled trade is one too many of an order whose owner is a frozen author.
  ///
  /// What stands in the author's feed before it was frozen is in order. Of what only the counterparties' feeds know, as
  /// much as the order still had is honoured, in the order of the acceptances' sequences and times, then of the trades'
  /// ids; the rest is disputed.
  ///
  /// - Complexity: O(n log n) in the trades of the order; O(1) when neither party is frozen.
  func isDisputed(_ trade: Trade, feeds: Feeds) -> Bool {
    guard trade.state == .settled else { return false }
    return [trade.terms.maker, trade.terms.taker].contains { author in
      guard let frozenFrom = feeds.feed(of: author)?.frozenFrom else { return false }
      return !isHonoured(trade, by: author, frozenFrom: frozenFrom)
    }
  }

  private func isHonoured(_ trade: Trade, by author: NodeID, frozenFrom: UInt64) -> Bool {
    guard isContested(trade, by: author, frozenFrom: frozenFrom) else { return true }
    let order = trade.terms.maker == author ? trade.terms.makerOrder : trade.terms.takerOrder
    guard let live = authors[author]?.state.orders.live[order] else { return false }
    let contested = ledger.trades(of: order).compactMap { ledger[$0] }
      .filter { $0.state == .settled && isContested($0, by: author, frozenFrom: frozenFrom) }
      .sorted { Self.precedes($0, $1, isMaker: trade.terms.maker == author) }
    var taken = live.taken
    for other in contested {
      guard let lease = genesis.slots(of: other.terms) else { continue }
      let slots = live.side == .offer ? lease : nil
      let fits = taken.maximum(in: slots) + Int64(other.terms.gpus) <= Int64(live.gpus)
      if other.id == trade.id { return fits }
      guard fits else { continue }
      if let slots { taken.add(Int64(other.terms.gpus), slots) } else { taken.add(Int64(other.terms.gpus)) }
    }
    return false
  }

  /// Whether the part of a frozen author in a trade does not stand in its feed as far as that counts.
  private func isContested(_ trade: Trade, by author: NodeID, frozenFrom: UInt64) -> Bool {
    if trade.terms.maker == author { return trade.acceptance.map { $0.acceptance.sequence >= frozenFrom } ?? true }
    return !trade.isProposed
  }

  private static func precedes(_ left: Trade, _ right: Trade, isMaker: Bool) -> Bool {
    guard let one = left.acceptance?.acceptance, let other = right.acceptance?.acceptance else {
      return left.id < right.id
    }
    let places = isMaker ? (one.sequence, other.sequence) : (0, 0)
    return (places.0, one.time, left.id) < (places.1, other.time, right.id)
  }
}
