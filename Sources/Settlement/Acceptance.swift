import Market
import NodeCrypto
import Wire

/// The maker's decision: the bytes that the maker signs, and what they say.
public struct Acceptance: Hashable, Sendable {
  /// The trade: BLAKE2b-256 of the terms bytes.
  public var trade: TradeID
  /// The time of the entry that carries it.
  public var time: Timestamp
  /// The sequence of the entry that carries it.
  public var sequence: UInt64
  /// The `previous` of the entry that carries it.
  public var previous: EntryID

  /// An acceptance that stands at a place of the maker's feed.
  public init(trade: TradeID, time: Timestamp, sequence: UInt64, previous: EntryID) {
    self.trade = trade
    self.time = time
    self.sequence = sequence
    self.previous = previous
  }

  /// The canonical encoding, which is what the maker signs.
  public func encoded() -> [UInt8] {
    var out = WireAcceptance()
    out.termsHash = .init(trade.bytes)
    out.timeMs = time.wire
    out.sequence = sequence
    out.previous = .init(previous.bytes)
    return out.encoded()
  }

  /// Reads an acceptance.
  public init(decoding bytes: [UInt8]) throws(TermsError) {
    guard bytes.count <= Terms.maximumBytes else { throw .tooLong(bytes.count, maximum: Terms.maximumBytes) }
    let wire: WireAcceptance
    do {
      wire = try WireAcceptance.decodeCanonical(bytes)
    } catch {
      throw .malformed(error)
    }
    let trade: TradeID = try Terms.identifier(wire.termsHash, "terms_hash")
    let previous: EntryID = try Terms.identifier(wire.previous, "previous")
    let time = try Terms.time(wire.timeMs, "time_ms")
    guard wire.sequence > 0, wire.sequence <= 1 << 53 else {
      throw .field("sequence", value: "\(wire.sequence)", allowed: "1 to 2^53")
    }
    self.init(trade: trade, time: time, sequence: wire.sequence, previous: previous)
  }
}
