import Market
import MarketData
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
  /// The maker holds no more of its order for purchases, or nothing for this taker.
  case noHold = 5
}

/// Where a trade stands, as the feeds say. Whether an undecided one is overdue is a question of the clock, not of this.
public enum TradeState: Hashable, Sendable {
  /// The taker has proposed; the maker has not answered.
  case proposed
  /// The maker has accepted a leg and holds what it sells; the taker has not decided about the purchase yet.
  case held
  /// Both have signed. Final.
  case settled
  /// The maker has declined; the taker has not taken its reservation back yet.
  case rejected
  /// The taker has taken its reservation back, or the purchase has come to nothing.
  case released
}

/// One trade, joined from the two feeds in which its parts stand.
///
/// | known | state |
/// |---|---|
/// | an accept, or the taker's copy of one, and no reject at an earlier place of the maker's feed; of a leg also a confirmation, and no earlier entry of the taker's by which the purchase came to nothing, or if only a checkpoint has the confirmation no such entry nor a free at all | settled |
/// | otherwise a release; of a leg an entry by which the purchase came to nothing, or the maker's word that it did | released |
/// | otherwise of a leg an accept as above | held |
/// | otherwise a reject | rejected |
/// | only the proposal | proposed |
///
/// The maker's first answer counts: an accept after a reject would settle what the taker has taken back. So does the
/// taker's first decision about a purchase.
///
/// The state depends on what is known, never on the order in which it became known: two nodes with the same feeds have
/// the same trades.
public struct Trade: Sendable {
  /// An acceptance, the bytes that the maker signed, and its signature.
  public typealias HeldAcceptance = (acceptance: Acceptance, bytes: [UInt8], signature: Signature)

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
  /// The acceptance at the earliest place of the maker's feed.
  var earliest: HeldAcceptance?
  /// The sequence of the first entry of the maker's own feed that has an accept; nil while none is held.
  public internal(set) var acceptedAt: UInt64?
  /// Why the maker declined, and the sequence of the entry in which it did so first.
  public internal(set) var rejection: (reason: RejectReason, sequence: UInt64)?
  /// Whether the taker's feed holds a release.
  public internal(set) var isReleased = false
  /// Of a trade that stands alone: whether the taker's feed holds a copy of the acceptance. Of a leg: whether the maker's
  /// feed holds a copy of the confirmation.
  public internal(set) var isCopied = false
  /// Of a leg: the confirmation of its purchase, with the acceptance that it names; of several one that stands in a feed
  /// rather than one that a checkpoint restates, then the one at the earliest place of the taker's feed.
  public internal(set) var confirmation:
    (confirmation: Confirmation, signed: Receipt.SignedConfirmation, acceptance: HeldAcceptance)?
  /// Whether a checkpoint alone says that the leg is confirmed.
  public internal(set) var isConfirmationRestated = false
  /// Of a leg: the sequence of the taker's entry by which the purchase came to nothing.
  public internal(set) var voidedAt: UInt64?
  /// Of a leg: the entry of the taker's that the maker names as the reason for which it holds nothing any more.
  public internal(set) var freedBy: (sequence: UInt64, entry: EntryID)?

  /// The maker's acceptance: the one that the confirmation names, else of several the one at the earliest place of the
  /// maker's feed. So nothing that a maker signs later takes a confirmed leg's acceptance away from its confirmation.
  public var acceptance: HeldAcceptance? { confirmation?.acceptance ?? earliest }

  /// Where the trade stands.
  public var state: TradeState {
    if isFinal { return .settled }
    if isReleased || voidedAt != nil || freedBy != nil { return .released }
    if isAccepted { return .held }
    return rejection == nil ? .proposed : .rejected
  }

  /// Whether the maker's first answer, as far as it is known, is an accept.
  public var isAccepted: Bool {
    guard let acceptance else { return false }
    return rejection.map { acceptance.acceptance.sequence <= $0.sequence } ?? true
  }

  private var isFinal: Bool {
    guard terms.leg != nil else { return isAccepted }
    guard isAccepted, let confirmation else { return false }
    // What the feeds say as it happens outweighs what is said of it afterwards.
    if isConfirmationRestated, voidedAt != nil || freedBy != nil { return false }
    return confirmation.confirmation.sequence < voidedAt ?? .max
  }

  /// What the trade says to the market; nil unless settled, and between two nodes.
  var settlement: SettledTrade? {
    guard isFinal, let accepted = acceptance?.acceptance.time else { return nil }
    return SettledTrade(
      id: id, gpuClass: terms.gpuClass, provider: terms.provider, buyer: terms.buyer, price: terms.price,
      gpuTime: GPUTime(gpus: terms.gpus, from: terms.start, until: terms.end),
      time: confirmation?.confirmation.time ?? accepted)
  }

  /// What both signed; nil unless settled.
  public var receipt: Receipt? {
    guard let acceptance, isFinal else { return nil }
    return Receipt(
      termsBytes: termsBytes, takerSignature: takerSignature, acceptanceBytes: acceptance.bytes,
      makerSignature: acceptance.signature, confirmation: confirmation?.signed)
  }
}
