import Gossip
import Market
import NodeCore
import NodeCrypto
import Settlement

/// What must hold of purchases whose buyers are hostile, in the end.
extension SimulationRun {
  /// What a maker holds is free as soon as it knows that the purchase has come to nothing; and of a purchase all legs
  /// are settled or none, unless somebody who has signed part of it is proven to be a fraud.
  func judgePurchases(_ node: VirtualNode) {
    guard let core = node.process?.core else { return }
    let proven = Set(core.fraudProofs.map(\.author))
    var settled: [PurchaseID: [Trade]] = [:]
    for leg in core.ledger.sorted {
      guard let purchase = leg.terms.leg else { continue }
      if leg.state == .settled { settled[purchase.purchase, default: []].append(leg) }
      guard node.names.contains(leg.terms.maker), leg.isAccepted, leg.freedBy == nil, leg.state != .settled,
        leg.terms.start > network.time, let feed = core.feeds.feed(of: leg.terms.taker), feed.frozenFrom == nil,
        leg.voidedAt != nil || feed.head.time > purchase.confirmBy
      else { continue }
      inspector.report(
        .reservedForever, "leg \(leg.id.short(6)) at its maker \(node.index), of a purchase that is over")
    }
    guard core.feeds.prunedCount == 0 else { return }
    for (purchase, legs) in settled.sorted(by: { $0.key < $1.key }) {
      guard let all = legs[0].confirmation?.confirmation.legs.count, legs.count < all else { continue }
      // Of a purchase that stands past a fork only what makers have copied is known, and no list of its legs.
      let known = core.ledger.legs(of: purchase).compactMap { core.ledger[$0] } + legs
      let parties = known.flatMap { [$0.terms.maker, $0.terms.taker] }
      guard proven.isDisjoint(with: parties) else { continue }
      inspector.report(
        .brokenPurchase, "\(legs.count) of \(all) legs of \(purchase.short(6)) are settled at node \(node.index)")
    }
  }
}
