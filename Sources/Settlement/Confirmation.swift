import Market
import NodeCrypto
import Wire

/// The taker's decision to buy what all makers of a purchase have accepted: the bytes that the taker signs, and what
/// they say. It makes every leg final at once.
///
/// It names its place in the taker's feed: one that is shown elsewhere, and is not at that place, is a lie that the feed
/// proves.
public struct Confirmation: Hashable, Sendable {
  /// A leg as it is confirmed.
  public struct Leg: Hashable, Sendable {
    /// The leg's terms: ``Terms/legDigest``.
    public var terms: Digest
    /// The BLAKE2b-256 of the acceptance that the leg's maker signed.
    public var acceptance: Digest

    /// A leg of these terms, accepted with that acceptance.
    public init(terms: Digest, acceptance: Digest) {
      self.terms = terms
      self.acceptance = acceptance
    }
  }

  /// The fewest and the most legs of a purchase.
  public static let legCounts = 2...16
  /// The longest encoding in bytes.
  public static let maximumBytes = 2048

  /// The purchase.
  public var purchase: PurchaseID
  /// The time of the entry that carries it.
  public var time: Timestamp
  /// The sequence of the entry that carries it.
  public var sequence: UInt64
  /// The `previous` of the entry that carries it.
  public var previous: EntryID
  /// All legs, in the order in which the purchase's name has them.
  public var legs: [Leg]

  /// A confirmation that stands at a place of the taker's feed.
  public init(purchase: PurchaseID, time: Timestamp, sequence: UInt64, previous: EntryID, legs: [Leg]) {
    self.purchase = purchase
    self.time = time
    self.sequence = sequence
    self.previous = previous
    self.legs = legs
  }

  /// The name of a purchase: BLAKE2b-256 of `"p2pnode/purchase/v1" 0x00 ‖ network id ‖ the legs' digests`. Whoever knows
  /// it knows that there are no legs but these.
  public static func purchase(of legs: [Digest], network: NetworkID) -> PurchaseID {
    var bytes = Array("p2pnode/purchase/v1".utf8)
    bytes.append(0)
    network.append(to: &bytes)
    for leg in legs { leg.append(to: &bytes) }
    return Blake2b.hash(bytes)
  }

  /// The canonical encoding, which is what the taker signs.
  public func encoded() -> [UInt8] {
    var out = WireConfirmation()
    out.purchase = .init(purchase.bytes)
    out.timeMs = time.wire
    out.sequence = sequence
    out.previous = .init(previous.bytes)
    out.legs = legs.map { leg in
      var out = WireConfirmedLeg()
      out.terms = .init(leg.terms.bytes)
      out.acceptance = .init(leg.acceptance.bytes)
      return out
    }
    return out.encoded()
  }

  /// Reads a confirmation, and checks that its legs are those to which the purchase's name commits.
  public init(decoding bytes: [UInt8], network: NetworkID) throws(TermsError) {
    guard bytes.count <= Self.maximumBytes else { throw .tooLong(bytes.count, maximum: Self.maximumBytes) }
    self = try bytes.withBytes { (memory) throws(TermsError) in
      var reader = CanonicalReader(memory)
      let (purchase, timeMs, sequence) = (reader.bytes(1), reader.uint64(2), reader.uint64(3))
      let previous = reader.bytes(4)
      var parts: [(terms: UnsafeRawBufferPointer, acceptance: UnsafeRawBufferPointer)] = []
      while let leg = reader.message(5) {
        var reader = CanonicalReader(leg)
        parts.append((reader.bytes(1), reader.bytes(2)))
        guard reader.isComplete else { throw .malformed(WireConfirmation.fault(in: bytes)) }
      }
      guard reader.isComplete else { throw .malformed(WireConfirmation.fault(in: bytes)) }
      guard Self.legCounts.contains(parts.count) else {
        throw .field(
          "legs", value: "\(parts.count)", allowed: "\(Self.legCounts.lowerBound) to \(Self.legCounts.upperBound)")
      }
      guard sequence > 0, sequence <= 1 << 53 else {
        throw .field("sequence", value: "\(sequence)", allowed: "1 to 2^53")
      }
      var legs: [Leg] = []
      legs.reserveCapacity(parts.count)
      for part in parts {
        legs.append(
          Leg(
            terms: try Terms.identifier(part.terms, "legs.terms"),
            acceptance: try Terms.identifier(part.acceptance, "legs.acceptance")))
      }
      return Confirmation(
        purchase: try Terms.identifier(purchase, "purchase"), time: try Terms.time(timeMs, "time_ms"),
        sequence: sequence, previous: try Terms.identifier(previous, "previous"), legs: legs)
    }
    guard purchase == Self.purchase(of: legs.map(\.terms), network: network) else {
      throw .field("purchase", value: purchase.hex, allowed: "the hash of the legs' terms")
    }
  }

  /// Whether it confirms the leg of these terms, as its maker accepted it.
  public func confirms(_ terms: Terms, acceptanceBytes: [UInt8]) -> Bool {
    guard let leg = terms.leg, leg.purchase == purchase, time <= leg.confirmBy else { return false }
    return legs.contains(Leg(terms: terms.legDigest, acceptance: Blake2b.hash(acceptanceBytes)))
  }
}
