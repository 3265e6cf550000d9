import Market
import MarketData
import NodeCrypto

/// That a part of a trade became known.
public struct TradeChange: Sendable {
  /// The trade.
  public let trade: TradeID
  /// Whether the state changed, or the proposal, the copy of the acceptance or a leg's free became known.
  public let isNews: Bool
}

/// All trades. A pure function of the feeds: every method is idempotent, and any two of them that come from different
/// feeds commute.
public struct TradeLedger: Sendable {
  private var trades: [TradeID: Trade] = [:]
  /// Rejects whose trade is not known yet, because the taker's feed is behind; by their authors, of whom only the
  /// trade's maker counts.
  private var early: [TradeID: [NodeID: (reason: RejectReason, sequence: UInt64)]] = [:]
  private var byOrder: [OrderID: [TradeID]] = [:]
  /// The legs of purchases, in their order.
  private var byPurchase: [PurchaseID: [TradeID]] = [:]
  /// Settled trades.
  public private(set) var settledCount = 0
  /// Settled trades by their parties.
  private var settledByParty: [NodeID: Int] = [:]
  /// The settled trades by class and time, disputed ones among them.
  public private(set) var tape: TradeTape

  /// No trades.
  ///
  /// - Parameter tape: the tape of the ledger in whose place this one stands.
  public init(after tape: TradeTape = TradeTape()) { self.tape = TradeTape(after: tape.revision) }

  /// The trade named `id`.
  public subscript(id: TradeID) -> Trade? { trades[id] }

  /// The number of trades, whatever their state.
  public var count: Int { trades.count }

  /// All trades, ascending by id. O(n log n).
  public var sorted: [Trade] { trades.keys.sorted().compactMap { trades[$0] } }

  /// How many settled trades a node is a party of. O(1).
  public func settledCount(of party: NodeID) -> Int { settledByParty[party] ?? 0 }

  /// The latest `limit` of the trades that `isIncluded` takes, of those before `cursor` where there is one, in the order of
  /// their deadlines, which never change, and of equal ones ascending by id. O(n + m log m) for m that it takes.
  public func latest(_ limit: Int, before cursor: Trade?, where isIncluded: (Trade) -> Bool) -> [Trade] {
    let end = cursor.map { ($0.terms.deadline, $0.id) }
    let keys = trades.values.lazy.filter(isIncluded).map { ($0.terms.deadline, $0.id) }
      .filter { key in end.map { key < $0 } ?? true }
    return keys.sorted(by: <).suffix(limit).compactMap { trades[$0.1] }
  }

  /// The trades that name an order, in the order in which they became known here; the caller must not let that order
  /// reach an output.
  public func trades(of order: OrderID) -> [TradeID] { byOrder[order] ?? [] }

  /// The legs of a purchase in their order, as its taker proposed them; none of an unknown one.
  public func legs(of purchase: PurchaseID) -> [TradeID] { byPurchase[purchase] ?? [] }

  /// The taker's feed holds a purchase of these legs, which are proposed one by one.
  public mutating func note(_ purchase: PurchaseID, legs: [TradeID]) { byPurchase[purchase] = legs }

  /// The taker's feed holds a proposal.
  public mutating func propose(_ terms: Terms, bytes: [UInt8], takerSignature: Signature) -> TradeChange {
    let id: TradeID = Blake2b.hash(bytes)
    return change(id, terms: terms, bytes: bytes, takerSignature: takerSignature) { $0.isProposed = true }
  }

  /// The maker has accepted: its own feed holds that, or the taker's feed or a checkpoint says so.
  public mutating func accept(
    _ terms: Terms, bytes: [UInt8], takerSignature: Signature, acceptance: Acceptance, acceptanceBytes: [UInt8],
    makerSignature: Signature, isInMakersFeed: Bool = false
  ) -> TradeChange {
    change(acceptance.trade, terms: terms, bytes: bytes, takerSignature: takerSignature) {
      if isInMakersFeed { $0.acceptedAt = min($0.acceptedAt ?? .max, acceptance.sequence) }
      Self.settle(&$0, acceptance: acceptance, bytes: acceptanceBytes, signature: makerSignature)
    }
  }

  /// The feed of `author` holds a reject at `sequence`; nil when the author is not the maker of a known trade (yet).
  public mutating func reject(
    _ id: TradeID, by author: NodeID, at sequence: UInt64, reason: RejectReason
  ) -> TradeChange? {
    guard let trade = trades[id] else {
      if early[id]?[author] == nil { early[id, default: [:]][author] = (reason, sequence) }
      return nil
    }
    guard trade.terms.maker == author, trade.rejection == nil else { return nil }
    return change(id) { $0.rejection = (reason, sequence) }
  }

  /// The taker's feed holds a copy of the maker's acceptance; nil when its author did not propose the trade before.
  public mutating func copy(
    _ acceptance: Acceptance, bytes: [UInt8], makerSignature: Signature, by author: NodeID
  ) -> TradeChange? {
    guard let trade = trades[acceptance.trade], trade.isProposed, trade.terms.taker == author, trade.terms.leg == nil,
      acceptance.time <= trade.terms.deadline
    else { return nil }
    return change(acceptance.trade) {
      Self.settle(&$0, acceptance: acceptance, bytes: bytes, signature: makerSignature)
      $0.isCopied = true
    }
  }

  /// The taker's feed holds a release; nil when its author did not propose the trade before.
  public mutating func release(_ id: TradeID, by author: NodeID) -> TradeChange? {
    guard let trade = trades[id], trade.isProposed, trade.terms.taker == author, trade.terms.leg == nil else {
      return nil
    }
    return change(id) { $0.isReleased = true }
  }

  // MARK: Legs

  /// Where a confirmation is known from.
  public enum ConfirmationSource: Sendable {
    /// The taker's confirm.
    case taker
    /// The maker's settle, which copies it.
    case maker
    /// A checkpoint of the taker's.
    case checkpoint
  }

  /// A purchase is confirmed. `accepted` is the acceptance of the leg that the confirmation names.
  public mutating func confirm(
    _ leg: TradeID, _ confirmation: Confirmation, _ signed: Receipt.SignedConfirmation,
    accepted: Trade.HeldAcceptance, from source: ConfirmationSource
  ) -> TradeChange? {
    guard trades[leg]?.terms.leg?.purchase == confirmation.purchase else { return nil }
    return change(leg) {
      if source == .maker { $0.isCopied = true }
      let isRestated = source == .checkpoint
      if let held = $0.confirmation {
        // Of several confirmations every node keeps the same one.
        if isRestated != $0.isConfirmationRestated {
          if isRestated { return }
        } else if held.confirmation.sequence != confirmation.sequence {
          if held.confirmation.sequence < confirmation.sequence { return }
        } else if !signed.bytes.lexicographicallyPrecedes(held.signed.bytes) {
          return
        }
      }
      $0.isConfirmationRestated = isRestated
      $0.confirmation = (confirmation, signed, accepted)
    }
  }

  /// An entry of the taker's brought the purchase of a leg to nothing.
  public mutating func void(_ leg: TradeID, at sequence: UInt64) -> TradeChange? {
    guard trades[leg]?.terms.leg != nil else { return nil }
    return change(leg) { $0.voidedAt = min($0.voidedAt ?? .max, sequence) }
  }

  /// The maker's feed says that an entry of the taker's brought the purchase of a leg to nothing.
  public mutating func free(_ leg: TradeID, by entry: (sequence: UInt64, entry: EntryID)) -> TradeChange? {
    guard let trade = trades[leg], trade.terms.leg != nil, trade.freedBy == nil else { return nil }
    return change(leg) { $0.freedBy = entry }
  }

  private static func settle(
    _ trade: inout Trade, acceptance: Acceptance, bytes: [UInt8], signature: Signature
  ) {
    // Of several acceptances every node keeps the same one: the earliest place, then the smaller bytes.
    if let held = trade.earliest {
      if held.acceptance.sequence < acceptance.sequence { return }
      if held.acceptance.sequence == acceptance.sequence, !bytes.lexicographicallyPrecedes(held.bytes) { return }
    }
    trade.earliest = (acceptance, bytes, signature)
  }

  private mutating func change(
    _ id: TradeID, terms: Terms, bytes: [UInt8], takerSignature: Signature, _ body: (inout Trade) -> Void
  ) -> TradeChange {
    guard trades[id] == nil else { return change(id, body) }
    var trade = Trade(id: id, terms: terms, termsBytes: bytes, takerSignature: takerSignature)
    trade.rejection = early.removeValue(forKey: id)?[terms.maker]
    trades[id] = trade
    byOrder[terms.offer, default: []].append(id)
    byOrder[terms.bid, default: []].append(id)
    return change(id, isNew: true, body)
  }

  private mutating func change(
    _ id: TradeID, isNew: Bool = false, _ body: (inout Trade) -> Void
  ) -> TradeChange {
    guard var trade = trades[id] else { preconditionFailure("a change of an unknown trade") }
    let before = trade
    body(&trade)
    trades[id] = trade
    let settled = (trade.state == .settled ? 1 : 0) - (before.state == .settled ? 1 : 0)
    if settled != 0 {
      settledCount += settled
      for party in [trade.terms.provider, trade.terms.buyer] { settledByParty[party, default: 0] += settled }
    }
    tape.replace(before.settlement, by: trade.settlement)
    return TradeChange(
      trade: id,
      isNews: isNew || trade.state != before.state || trade.isProposed != before.isProposed
        || trade.isCopied != before.isCopied || (trade.freedBy == nil) != (before.freedBy == nil))
  }

  /// Forgets a trade that is proposed or rejected, because the taker's feed has brought it to an end in entries that are
  /// not held here; false when there is none.
  public mutating func forget(undecided id: TradeID) -> Bool {
    guard let trade = trades[id], trade.terms.leg == nil, trade.state == .proposed || trade.state == .rejected else {
      return false
    }
    trades[id] = nil
    byOrder[trade.terms.offer]?.removeAll { $0 == id }
    byOrder[trade.terms.bid]?.removeAll { $0 == id }
    return true
  }
}
