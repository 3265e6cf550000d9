import Market
import NodeCrypto
import Wire

/// What a trade fixes: the bytes that the taker signs, and what they say.
public struct Terms: Hashable, Sendable {
  /// The offer.
  public var offer: OrderID
  /// The bid.
  public var bid: OrderID
  /// The offer's owner.
  public var provider: NodeID
  /// The bid's owner.
  public var buyer: NodeID
  /// The side whose owner is the taker and proposes.
  public var takerSide: Side
  /// The class's id in the genesis file.
  public var gpuClass: String
  /// GPUs in each slot of the lease.
  public var gpus: Int32
  /// Start of the lease.
  public var start: Timestamp
  /// End of the lease.
  public var end: Timestamp
  /// The maker's price.
  public var price: Price
  /// For the whole lease: `ceil(price x gpus x seconds / 3600)`.
  public var total: Amount
  /// The currency's code.
  public var currency: String
  /// The latest entry time of an accept.
  public var deadline: Timestamp
  /// The sequence of the maker's head as the taker saw it.
  public var makerSequence: UInt64
  /// The id of that entry: it binds the terms to one branch of the maker's feed.
  public var makerHead: EntryID
  /// Sixteen bytes that make two otherwise equal proposals differ.
  public var nonce: Nonce
  /// Of a leg of a purchase, which one; nil for a trade that stands alone.
  public var leg: Leg?

  /// What makes a trade part of a purchase.
  public struct Leg: Hashable, Sendable {
    /// The purchase, whose name commits to all its legs: see ``Confirmation/purchase(of:network:)``.
    public var purchase: PurchaseID
    /// The latest entry time of the confirm that makes the purchase final; not before the deadline.
    public var confirmBy: Timestamp

    /// A leg of a purchase.
    public init(purchase: PurchaseID, confirmBy: Timestamp) {
      self.purchase = purchase
      self.confirmBy = confirmBy
    }
  }

  /// Sixteen bytes of chance.
  public struct Nonce: Hashable, Sendable {
    /// Bytes 0 to 7, most significant first.
    public var high: UInt64
    /// Bytes 8 to 15, most significant first.
    public var low: UInt64

    /// A nonce from two words.
    public init(high: UInt64, low: UInt64) {
      self.high = high
      self.low = low
    }

    init?(bytes: UnsafeRawBufferPointer) {
      guard bytes.count == 16 else { return nil }
      high = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
      low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }

    var bytes: [UInt8] {
      [high, low].flatMap { word in stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> $0) } }
    }
  }

  /// Terms with the given content.
  public init(
    offer: OrderID, bid: OrderID, provider: NodeID, buyer: NodeID, takerSide: Side, gpuClass: String, gpus: Int32,
    start: Timestamp, end: Timestamp, price: Price, total: Amount, currency: String, deadline: Timestamp,
    makerSequence: UInt64, makerHead: EntryID, nonce: Nonce, leg: Leg? = nil
  ) {
    self.offer = offer
    self.bid = bid
    self.provider = provider
    self.buyer = buyer
    self.takerSide = takerSide
    self.gpuClass = gpuClass
    self.gpus = gpus
    self.start = start
    self.end = end
    self.price = price
    self.total = total
    self.currency = currency
    self.deadline = deadline
    self.makerSequence = makerSequence
    self.makerHead = makerHead
    self.nonce = nonce
    self.leg = leg
  }

  /// The node that proposes.
  public var taker: NodeID { takerSide == .offer ? provider : buyer }
  /// The node that decides.
  public var maker: NodeID { takerSide == .offer ? buyer : provider }
  /// The order of the node that proposes.
  public var takerOrder: OrderID { takerSide == .offer ? offer : bid }
  /// The order of the node that decides.
  public var makerOrder: OrderID { takerSide == .offer ? bid : offer }
  /// The length of the lease in seconds.
  public var seconds: Int64 { (end - start) / 1000 }

  /// The canonical encoding, which is what the taker signs and whose hash names the trade.
  public func encoded() -> [UInt8] { wire.encoded() }

  /// What a purchase's name commits to of a leg: the BLAKE2b-256 of the terms without that name, which could not be in
  /// what it is made of.
  public var legDigest: Digest {
    var wire = wire
    wire.purchase = .init()
    return Blake2b.hash(wire.encoded())
  }

  private var wire: WireTerms {
    var out = WireTerms()
    out.offer = .init(offer.bytes)
    out.bid = .init(bid.bytes)
    out.provider = .init(provider.bytes)
    out.buyer = .init(buyer.bytes)
    out.taker = takerSide == .offer ? .takerProvider : .takerBuyer
    out.gpuClass = gpuClass
    out.gpus = UInt32(gpus)
    out.startMs = start.wire
    out.endMs = end.wire
    out.price = UInt64(price.micros)
    out.total = UInt64(total.micros)
    out.currency = currency
    out.deadlineMs = deadline.wire
    out.makerSequence = makerSequence
    out.makerHead = .init(makerHead.bytes)
    out.nonce = .init(nonce.bytes)
    if let leg {
      out.purchase = .init(leg.purchase.bytes)
      out.confirmMs = leg.confirmBy.wire
    }
    return out
  }

  /// Reads terms and checks all that can be checked without a market: lengths, ranges, and that the total follows from
  /// price, GPUs and seconds.
  public init(decoding bytes: [UInt8]) throws(TermsError) {
    guard bytes.count <= Self.maximumBytes else { throw .tooLong(bytes.count, maximum: Self.maximumBytes) }
    self = try bytes.withBytes { (memory) throws(TermsError) in
      guard let fields = TermsFields(canonical: memory) else { throw .malformed(WireTerms.fault(in: bytes)) }
      return try Terms(fields)
    }
  }

  /// The longest encoding in bytes; what honest nodes make stays under 400.
  public static let maximumBytes = 1024

  static func identifier<Tag>(
    _ bytes: some Collection<UInt8>, _ name: String
  ) throws(TermsError) -> Identifier<Tag> {
    guard let value = Identifier<Tag>(bytes: bytes) else {
      throw .field(name, value: "\(bytes.count) bytes", allowed: "32 bytes")
    }
    return value
  }

  static func time(_ value: UInt64, _ name: String) throws(TermsError) -> Timestamp {
    guard let time = Timestamp(wire: value) else {
      throw .field(name, value: "\(value)", allowed: "at most \(Timestamp.maximum.milliseconds)")
    }
    return time
  }
}

/// Why bytes are not terms or not an acceptance.
public enum TermsError: Error, Equatable, CustomStringConvertible {
  /// More bytes than any honest encoding has.
  case tooLong(Int, maximum: Int)
  /// Not a canonical encoding.
  case malformed(WireError)
  /// A field has a value that is not allowed.
  case field(String, value: String, allowed: String)

  /// What was wrong, with what value, and what is allowed.
  public var description: String {
    switch self {
    case .tooLong(let count, let maximum): "\(count) bytes; allowed: at most \(maximum)"
    case .malformed(let error): error.description
    case .field(let name, let value, let allowed): "\(name) is \(value); allowed: \(allowed)"
    }
  }
}
