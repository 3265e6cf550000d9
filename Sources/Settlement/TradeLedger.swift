import Market
import NodeCrypto

/// Why a maker declined.
public enum RejectReason: UInt8, Hashable, Sendable {
  /// The maker's order is not open: unknown, cancelled, expired or filled.
  case orderClosed = 1
  /// Less is left in that window than proposed.
  case noCapacity = 2
  /// The terms do not follow from the two orders.
  case badTerms = 3
  /// The maker is shutting down.
  case stopping = 4
}

/// Where a trade stands, as the feeds say. Whether an undecided one is overdue is a question of the clock, not of this.
public enum TradeState: Hashable, Sendable {
  /// The taker has proposed; the maker has not answered.
  case proposed
  /// Both have signed. Final.
  case settled
  /// The maker has declined; the taker has not taken its reservation back yet.
  case rejected
  /// The taker has taken its reservation back.
  case released
}

/// One trade, joined from the two feeds in which its parts stand.
///
/// | known | state |
/// |---|---|
/// | an accept, or the taker's copy of one, and no reject at an earlier place of the maker's feed | settled |
/// | otherwise a release | released |
/// | otherwise a reject | rejected |
/// | only the proposal | proposed |
///
/// The maker's first answer counts: an accept after a reject would settle what the taker has taken back.
///
/// The state depends on what is known, never on the order in which it became known: two nodes with the same feeds have
/// the same trades.
public struct Trade: Sendable {
  /// The trade's name.
  public let id: TradeID
  /// What it fixes.
  public let terms: Terms
  /// The bytes that the taker signed.
  public let termsBytes: [UInt8]
  /// The taker's signature over them.
  public let takerSignature: Signature
  /// Whether the taker's feed holds the proposal.
  public internal(set) var isProposed = false
  /// The maker's acceptance; of several the one at the earliest place of the maker's feed.
  public internal(set) var acceptance: (acceptance: Acceptance, bytes: [UInt8], signature: Signature)?
  /// Why the maker declined, and the sequence of the entry in which it did so first.
  public internal(set) var rejection: (reason: RejectReason, sequence: UInt64)?
  /// Whether the taker's feed holds a release.
  public internal(set) var isReleased = false
  /// Whether the taker's feed holds a copy of the acceptance.
  public internal(set) var isCopied = false

  /// Where the trade stands.
  public var state: TradeState {
    if isAccepted { return .settled }
    if isReleased { return .released }
    return rejection == nil ? .proposed : .rejected
  }

  private var isAccepted: Bool {
    guard let acceptance else { return false }
    return rejection.map { acceptance.acceptance.sequence <= $0.sequence } ?? true
  }

  /// What both signed; nil unless settled.
  public var receipt: Receipt? {
    guard let acceptance, isAccepted else { return nil }
    return Receipt(
      termsBytes: termsBytes, takerSignature: takerSignature, acceptanceBytes: acceptance.bytes,
      makerSignature: acceptance.signature)
  }
}

/// That a part of a trade became known.
public struct TradeChange: Sendable {
  /// The trade.
  public let trade: TradeID
  /// Whether the state changed, or the proposal or the copy of the acceptance became known.
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
  /// Settled trades.
  public private(set) var settledCount = 0

  /// No trades.
  public init() {}

  /// The trade named `id`.
  public subscript(id: TradeID) -> Trade? { trades[id] }

  /// The number of trades, whatever their state.
  public var count: Int { trades.count }

  /// All trades, ascending by id. O(n log n).
  public var sorted: [Trade] { trades.keys.sorted().compactMap { trades[$0] } }

  /// The trades that name an order, in the order in which they became known here; the caller must not let that order
  /// reach an output.
  public func trades(of order: OrderID) -> [TradeID] { byOrder[order] ?? [] }

  /// The taker's feed holds a proposal.
  public mutating func propose(_ terms: Terms, bytes: [UInt8], takerSignature: Signature) -> TradeChange {
    let id: TradeID = Blake2b.hash(bytes)
    return change(id, terms: terms, bytes: bytes, takerSignature: takerSignature) { $0.isProposed = true }
  }

  /// The maker's feed holds an accept.
  public mutating func accept(
    _ terms: Terms, bytes: [UInt8], takerSignature: Signature, acceptance: Acceptance, acceptanceBytes: [UInt8],
    makerSignature: Signature
  ) -> TradeChange {
    change(acceptance.trade, terms: terms, bytes: bytes, takerSignature: takerSignature) {
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
    guard let trade = trades[acceptance.trade], trade.isProposed, trade.terms.taker == author,
      acceptance.time <= trade.terms.deadline
    else { return nil }
    return change(acceptance.trade) {
      Self.settle(&$0, acceptance: acceptance, bytes: bytes, signature: makerSignature)
      $0.isCopied = true
    }
  }

  /// The taker's feed holds a release; nil when its author did not propose the trade before.
  public mutating func release(_ id: TradeID, by author: NodeID) -> TradeChange? {
    guard let trade = trades[id], trade.isProposed, trade.terms.taker == author else { return nil }
    return change(id) { $0.isReleased = true }
  }

  private static func settle(
    _ trade: inout Trade, acceptance: Acceptance, bytes: [UInt8], signature: Signature
  ) {
    // Of several acceptances every node keeps the same one: the earliest place, then the smaller bytes.
    if let held = trade.acceptance {
      if held.acceptance.sequence < acceptance.sequence { return }
      if held.acceptance.sequence == acceptance.sequence, !bytes.lexicographicallyPrecedes(held.bytes) { return }
    }
    trade.acceptance = (acceptance, bytes, signature)
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
    settledCount += (trade.state == .settled ? 1 : 0) - (before.state == .settled ? 1 : 0)
    return TradeChange(
      trade: id,
      isNews: isNew || trade.state != before.state || trade.isProposed != before.isProposed
        || trade.isCopied != before.isCopied)
  }

  /// Forgets a trade that is proposed or rejected, because the taker's feed has brought it to an end in entries that are
  /// not held here; false when there is none.
  public mutating func forget(undecided id: TradeID) -> Bool {
    guard let trade = trades[id], trade.state == .proposed || trade.state == .rejected else { return false }
    trades[id] = nil
    byOrder[trade.terms.offer]?.removeAll { $0 == id }
    byOrder[trade.terms.bid]?.removeAll { $0 == id }
    return true
  }
}
