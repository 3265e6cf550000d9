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
    self = try bytes.withBytes { (memory) throws(TermsError) in
      var reader = CanonicalReader(memory)
      let (termsHash, timeMs, sequence) = (reader.bytes(1), reader.uint64(2), reader.uint64(3))
      let previousHash = reader.bytes(4)
      guard reader.isComplete else { throw .malformed(WireAcceptance.fault(in: bytes)) }
      let trade: TradeID = try Terms.identifier(termsHash, "terms_hash")
      let previous: EntryID = try Terms.identifier(previousHash, "previous")
      let time = try Terms.time(timeMs, "time_ms")
      guard sequence > 0, sequence <= 1 << 53 else {
        throw .field("sequence", value: "\(sequence)", allowed: "1 to 2^53")
      }
      return Acceptance(trade: trade, time: time, sequence: sequence, previous: previous)
    }
  }
}
