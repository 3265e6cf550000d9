import Market
import NodeCrypto
import Wire

/// What the encoding of terms says, field by field, before anything but its form is checked. The bytes lie in the
/// encoding itself.
struct TermsFields {
  let offer: UnsafeRawBufferPointer
  let bid: UnsafeRawBufferPointer
  let provider: UnsafeRawBufferPointer
  let buyer: UnsafeRawBufferPointer
  let taker: UInt64
  let gpuClass: String
  let gpus: UInt32
  let startMs: UInt64
  let endMs: UInt64
  let price: UInt64
  let total: UInt64
  let currency: String
  let deadlineMs: UInt64
  let makerSequence: UInt64
  let makerHead: UnsafeRawBufferPointer
  let nonce: UnsafeRawBufferPointer
  let purchase: UnsafeRawBufferPointer
  let confirmMs: UInt64

  /// The fields; nil when the bytes are not the canonical encoding of a `Terms` message.
  init?(canonical bytes: UnsafeRawBufferPointer) {
    var reader = CanonicalReader(bytes)
    offer = reader.bytes(1)
    bid = reader.bytes(2)
    provider = reader.bytes(3)
    buyer = reader.bytes(4)
    taker = reader.uint64(5)
    gpuClass = reader.string(6)
    gpus = reader.uint32(7)
    startMs = reader.uint64(8)
    endMs = reader.uint64(9)
    price = reader.uint64(10)
    total = reader.uint64(11)
    currency = reader.string(12)
    deadlineMs = reader.uint64(13)
    makerSequence = reader.uint64(14)
    makerHead = reader.bytes(15)
    nonce = reader.bytes(16)
    purchase = reader.bytes(17)
    confirmMs = reader.uint64(18)
    guard reader.isComplete else { return nil }
  }
}

extension Terms {
  /// Checks each field, and what has to hold between them.
  init(_ fields: TermsFields) throws(TermsError) {
    offer = try Self.identifier(fields.offer, "offer")
    bid = try Self.identifier(fields.bid, "bid")
    guard offer != bid else { throw .field("bid", value: bid.hex, allowed: "another order than the offer") }
    provider = try Self.identifier(fields.provider, "provider")
    buyer = try Self.identifier(fields.buyer, "buyer")
    makerHead = try Self.identifier(fields.makerHead, "maker_head")
    guard let nonce = Nonce(bytes: fields.nonce) else {
      throw .field("nonce", value: "\(fields.nonce.count) bytes", allowed: "16 bytes")
    }
    self.nonce = nonce
    switch fields.taker {
    case 1: takerSide = .offer
    case 2: takerSide = .bid
    default: throw .field("taker", value: "\(fields.taker)", allowed: "1 (provider) or 2 (buyer)")
    }
    guard provider != buyer else { throw .field("buyer", value: buyer.hex, allowed: "another node than the provider") }
    gpuClass = fields.gpuClass
    guard (1...32).contains(gpuClass.utf8.count) else {
      throw .field("gpu_class", value: "\(gpuClass.utf8.count) bytes", allowed: "1 to 32 bytes")
    }
    currency = fields.currency
    guard currency.utf8.count == 3 else {
      throw .field("currency", value: "\(currency.utf8.count) bytes", allowed: "3 capital letters")
    }
    guard let gpus = Int32(exactly: fields.gpus), gpus > 0 else {
      throw .field("gpus", value: "\(fields.gpus)", allowed: "1 to \(Int32.max)")
    }
    self.gpus = gpus
    start = try Self.time(fields.startMs, "start_ms")
    end = try Self.time(fields.endMs, "end_ms")
    deadline = try Self.time(fields.deadlineMs, "deadline_ms")
    guard start < end, (end - start) % 1000 == 0 else {
      throw .field("end_ms", value: "\(fields.endMs)", allowed: "whole seconds after the start \(fields.startMs)")
    }
    guard fields.makerSequence <= 1 << 53 else {
      throw .field("maker_sequence", value: "\(fields.makerSequence)", allowed: "0 to 2^53")
    }
    makerSequence = fields.makerSequence
    guard let micros = Int64(exactly: fields.price), micros > 0 else {
      throw .field("price", value: "\(fields.price)", allowed: "1 to \(Int64.max) micro-units")
    }
    price = Price(micros: micros)
    guard let total = price.total(gpus: Int64(gpus), seconds: (end - start) / 1000), fields.total == total.micros else {
      throw .field("total", value: "\(fields.total)", allowed: "price x gpus x seconds / 3600, rounded up")
    }
    self.total = total
    leg = try Self.leg(fields, deadline: deadline)
  }

  private static func leg(_ fields: TermsFields, deadline: Timestamp) throws(TermsError) -> Leg? {
    guard !fields.purchase.isEmpty || fields.confirmMs != 0 else { return nil }
    let leg = Leg(
      purchase: try identifier(fields.purchase, "purchase"), confirmBy: try time(fields.confirmMs, "confirm_ms"))
    guard leg.confirmBy >= deadline else {
      throw .field("confirm_ms", value: "\(fields.confirmMs)", allowed: "the deadline \(fields.deadlineMs) or later")
    }
    guard fields.taker == 2 else {
      throw .field("taker", value: "\(fields.taker)", allowed: "2 (buyer) in a leg of a purchase")
    }
    return leg
  }
}
