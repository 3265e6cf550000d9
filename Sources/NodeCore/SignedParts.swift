import Market
import Settlement

extension Genesis {
  /// The slots of a lease; nil when it does not begin and end with one.
  func slots(of terms: Terms) -> SlotRange? {
    guard let start = slot(at: terms.start), let end = slot(at: terms.end) else { return nil }
    return SlotRange(start: start, end: end)
  }
}

extension TradeLedger {
  /// The taker's feed holds a proposal of these terms.
  public mutating func propose(_ signed: SignedTerms) -> TradeChange {
    propose(signed.terms, bytes: signed.bytes, takerSignature: signed.signature)
  }

  /// The maker has accepted these terms: its own feed holds that, or the taker's feed or a checkpoint says so.
  public mutating func accept(
    _ signed: SignedTerms, _ decision: SignedAcceptance, isInMakersFeed: Bool = false
  ) -> TradeChange {
    accept(
      signed.terms, bytes: signed.bytes, takerSignature: signed.signature, acceptance: decision.acceptance,
      acceptanceBytes: decision.bytes, makerSignature: decision.signature, isInMakersFeed: isInMakersFeed)
  }
}
