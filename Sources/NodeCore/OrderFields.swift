import NodeCrypto
import Wire

/// What an offer says on the wire, as far as most offers say anything.
///
/// Orders are what entries mostly consist of. They are read straight out of an entry's bytes; those that say more than
/// this, and everything else, are decoded as the messages that they are. Either way the same checks follow.
struct OfferFields {
  var gpuClass: UInt32
  var gpus: UInt32
  var startMs: UInt64
  var endMs: UInt64
  var price: UInt64
  var minimumGpus: UInt32
  var minimumMs: UInt64
  var expiryMs: UInt64
  var timeInForce: WireTimeInForce
  var postOnly: Bool

  /// The fields of an offer without attributes; nil when the bytes are not the canonical encoding of one.
  init?(canonical bytes: UnsafeRawBufferPointer) {
    var reader = CanonicalReader(bytes)
    gpuClass = reader.uint32(1)
    gpus = reader.uint32(2)
    startMs = reader.uint64(3)
    endMs = reader.uint64(4)
    price = reader.uint64(5)
    minimumGpus = reader.uint32(6)
    minimumMs = reader.uint64(7)
    expiryMs = reader.uint64(9)
    guard let timeInForce = reader.timeInForce(10) else { return nil }
    self.timeInForce = timeInForce
    postOnly = reader.bool(11)
    guard reader.isComplete else { return nil }
  }

  init(_ wire: WireOffer) {
    gpuClass = wire.gpuClass
    gpus = wire.gpus
    startMs = wire.startMs
    endMs = wire.endMs
    price = wire.price
    minimumGpus = wire.minimumGpus
    minimumMs = wire.minimumMs
    expiryMs = wire.expiryMs
    timeInForce = wire.timeInForce
    postOnly = wire.postOnly
  }
}

/// The same of a bid for one GPU class.
struct BidFields {
  var gpus: UInt32
  var durationMs: UInt64
  var startMs: UInt64
  var endMs: UInt64
  var price: UInt64
  var minimumGpus: UInt32
  var expiryMs: UInt64
  var timeInForce: WireTimeInForce
  var postOnly: Bool
  var allOrNone: Bool

  /// The fields of a bid without requirements, and its classes, which are one byte each; nil when the bytes are not
  /// the canonical encoding of one.
  static func read(canonical bytes: UnsafeRawBufferPointer) -> (fields: BidFields, gpuClasses: [UInt32])? {
    var reader = CanonicalReader(bytes)
    let classes = reader.bytes(1)
    guard classes.allSatisfy({ $0 < 0x80 }) else { return nil }
    let gpus = reader.uint32(2)
    let (durationMs, startMs, endMs, price) = (reader.uint64(3), reader.uint64(4), reader.uint64(5), reader.uint64(6))
    let minimumGpus = reader.uint32(7)
    let expiryMs = reader.uint64(9)
    guard let timeInForce = reader.timeInForce(10) else { return nil }
    let (postOnly, allOrNone) = (reader.bool(11), reader.bool(12))
    guard reader.isComplete else { return nil }
    return (
      BidFields(
        gpus: gpus, durationMs: durationMs, startMs: startMs, endMs: endMs, price: price, minimumGpus: minimumGpus,
        expiryMs: expiryMs, timeInForce: timeInForce, postOnly: postOnly, allOrNone: allOrNone),
      classes.map(UInt32.init)
    )
  }
}

extension BidFields {
  init(_ wire: WireBid) {
    self.init(
      gpus: wire.gpus, durationMs: wire.durationMs, startMs: wire.startMs, endMs: wire.endMs, price: wire.price,
      minimumGpus: wire.minimumGpus, expiryMs: wire.expiryMs, timeInForce: wire.timeInForce, postOnly: wire.postOnly,
      allOrNone: wire.allOrNone)
  }
}

extension CanonicalReader {
  /// The field `number` as a time in force; nil when there is none of that number.
  fileprivate mutating func timeInForce(_ number: UInt8) -> WireTimeInForce? {
    switch uint64(number) {
    case 0: .gtc
    case 1: .ioc
    case 2: .fok
    default: nil
    }
  }
}
