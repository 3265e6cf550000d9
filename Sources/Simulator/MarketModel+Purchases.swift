import Market
import NodeCore
import NodeCrypto
import Settlement

/// Purchases as the published entries tell them: all legs or none, and nothing held for ever.
extension MarketModel {
  /// An honest author's entry, whatever is in it: its purchase that was still open after the last moment is void.
  mutating func enter(_ author: NodeID, at time: Timestamp) -> [Finding] {
    guard honest.contains(author), let (id, purchase) = open(of: author), purchase.confirmBy < time else { return [] }
    return void(id)
  }

  private func open(of taker: NodeID) -> (PurchaseID, KnownPurchase)? {
    purchases.first { $0.value.taker == taker && $0.value.state == .open }.map { ($0.key, $0.value) }
  }

  mutating func purchase(_ legs: [SignedTerms], by author: NodeID, at time: Timestamp) -> [Finding] {
    guard honest.contains(author), let leg = legs.first?.terms.leg else { return [] }
    var findings: [Finding] = []
    if open(of: author) != nil {
      findings.append((.brokenPurchase, "\(author.short(6)) has two open purchases"))
    }
    purchases[leg.purchase] = KnownPurchase(taker: author, legs: legs.map { note($0) }, confirmBy: leg.confirmBy)
    for signed in legs {
      trades[note(signed)]?.isProposed = true
      findings += take(signed.terms, of: signed.terms.bid, sign: 1)
    }
    return findings
  }

  mutating func confirm(_ confirmation: Confirmation, by author: NodeID, at time: Timestamp) -> [Finding] {
    guard honest.contains(author) else { return [] }
    guard let purchase = purchases[confirmation.purchase], purchase.taker == author, purchase.state == .open,
      time <= purchase.confirmBy
    else { return [(.brokenPurchase, "\(confirmation.purchase.short(6)) is confirmed and was not open")] }
    purchases[confirmation.purchase]?.state = .confirmed
    settled.formUnion(purchase.legs)
    // What a hostile maker published nobody may have taken.
    let missing = purchase.legs.filter {
      guard let leg = trades[$0] else { return true }
      return honest.contains(leg.terms.maker) && !leg.isAccepted
    }
    return missing.map { (.brokenPurchase, "leg \($0.short(6)) is confirmed and was not accepted") }
  }

  mutating func withdraw(_ id: PurchaseID, by author: NodeID) -> [Finding] {
    guard honest.contains(author) else { return [] }
    guard purchases[id]?.taker == author, purchases[id]?.state == .open else {
      return [(.brokenPurchase, "\(id.short(6)) is withdrawn and was not open")]
    }
    return void(id)
  }

  private mutating func void(_ id: PurchaseID) -> [Finding] {
    purchases[id]?.state = .void
    return (purchases[id]?.legs ?? []).flatMap { leg -> [Finding] in
      guard let terms = trades[leg]?.terms else { return [] }
      trades[leg]?.isReleased = true
      return take(terms, of: terms.bid, sign: -1)
    }
  }

  /// The state of a leg's purchase, where its taker is honest.
  private func purchase(of leg: KnownTrade) -> KnownPurchase.State? {
    leg.terms.leg.flatMap { purchases[$0.purchase]?.state }
  }

  mutating func settle(_ id: TradeID, by author: NodeID) -> [Finding] {
    guard honest.contains(author), let leg = trades[id], leg.isAccepted, !leg.isConcluded else { return [] }
    trades[id]?.isConcluded = true
    settled.insert(id)
    guard let state = purchase(of: leg), state != .confirmed else { return [] }
    return [(.brokenPurchase, "leg \(id.short(6)) is settled and its purchase is \(state)")]
  }

  mutating func free(_ id: TradeID, by author: NodeID) -> [Finding] {
    guard honest.contains(author), let leg = trades[id], leg.isAccepted, !leg.isConcluded else { return [] }
    trades[id]?.isConcluded = true
    var findings = take(leg.terms, of: leg.terms.makerOrder, sign: -1)
    if let state = purchase(of: leg), state != .void {
      findings.append((.brokenPurchase, "leg \(id.short(6)) is freed and its purchase is \(state)"))
    }
    return findings
  }

  /// How many purchases there have been, and how many of them were confirmed.
  var purchaseCounts: (all: Int, confirmed: Int) {
    (purchases.count, purchases.values.count { $0.state == .confirmed })
  }

  /// Purchases of honest takers between honest makers that have settled some of their legs on a node, and not all.
  func torn(isSettled: (TradeID) -> Bool) -> [PurchaseID] {
    purchases.filter { _, purchase in
      let makers = purchase.legs.compactMap { trades[$0]?.terms.maker }
      guard makers.allSatisfy(honest.contains) else { return false }
      return Set(purchase.legs.map(isSettled)).count > 1
    }.map(\.key).sorted()
  }

  /// Legs between honest parties whose purchase is open, or is decided while their maker still holds what it accepted,
  /// with leases that have not begun at `now`.
  func undecidedLegs(at now: Timestamp, among present: Set<NodeID>) -> [TradeID] {
    trades.filter { _, leg in
      guard let state = purchase(of: leg), present.contains(leg.terms.maker), present.contains(leg.terms.taker),
        leg.terms.start > now
      else { return false }
      return state == .open || (leg.isAccepted && !leg.isConcluded)
    }.map(\.key).sorted()
  }
}
