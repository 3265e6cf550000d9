import Market
import NodeCrypto

/// What matching reads of an order: one cache line.
///
/// The widths are those of any market: see ``of(_:owner:)``. An order that does not fit is *exotic*: kept with all its
/// values in its ``OrderDetails``, never open.
struct OrderRecord: BitwiseCopyable, Sendable {
  /// Micro-units per GPU-hour.
  var price: Int64 = 0
  /// Milliseconds in the upper 48 bits, the class's position in the lower 16: of several classes the first.
  private var timeAndClass: UInt64 = 0
  /// Milliseconds in the upper 48 bits, ``Flags`` in the lower 16.
  private var expiryAndFlags: UInt64 = 0
  /// The sequence in the upper 52 bits, the index in the lower 12: compares like the two.
  private(set) var place: UInt64 = 0
  /// The owner's slot in the owners' table; in a vacant record without meaning.
  var owner: Int32 = -1
  /// The window's first slot.
  private(set) var start: UInt32 = 0
  /// The window's length in slots.
  private(set) var length: Int32 = 0
  /// GPUs for sale in each slot, or wanted.
  private(set) var gpus: Int32 = 0
  /// The fewest GPUs in one trade.
  private(set) var minimumGPUs: Int32 = 0
  /// The slots that a bid wants, or the fewest that an offer sells.
  private(set) var slots: Int32 = 0
  /// The leaf of the ladder in which the order rests, or -1. Of several classes: that of the first.
  var leaf: Int32 = -1
  /// Where the rest of its state is, or -1 while there is none: see ``OrderExtra``.
  var extra: Int32 = -1

  /// What is true of an order.
  struct Flags: OptionSet, BitwiseCopyable, Sendable {
    let rawValue: UInt16
    /// A bid, not an offer.
    static let bid = Flags(rawValue: 1)
    /// Immediate-or-cancel.
    static let immediateOrCancel = Flags(rawValue: 2)
    /// Fill-or-kill.
    static let fillOrKill = Flags(rawValue: 4)
    /// Never takes.
    static let postOnly = Flags(rawValue: 8)
    /// Something is left to trade.
    static let open = Flags(rawValue: 16)
    /// Does not fit: its details have the whole order.
    static let exotic = Flags(rawValue: 32)
    /// Its elements are in the digest's hash.
    static let hashed = Flags(rawValue: 64)
    /// Its slot is in the list of those whose elements may have to change.
    static let listed = Flags(rawValue: 128)
    /// In the book.
    static let present = Flags(rawValue: 256)
    /// Names several classes.
    static let severalClasses = Flags(rawValue: 512)
    /// In the expiry wheel.
    static let waiting = Flags(rawValue: 1024)
    /// Has details.
    static let detailed = Flags(rawValue: 2048)
    /// All-or-none over several offers.
    static let whole = Flags(rawValue: 4096)
  }

  /// A vacant record.
  init() {}

  /// The record of `order`, whose owner has the slot `owner`: exotic where a number does not fit.
  @inline(never)
  static func of(_ order: borrowing Order, owner: Int32) -> OrderRecord {
    var record = OrderRecord()
    switch order.body {
    case .offer(let offer):
      record.fill(
        order.priority, owner, flags: offer.attributes.isEmpty ? .present : [.present, .detailed],
        offer.gpuClass, gpus: offer.gpus, minimumGPUs: offer.minimumGPUs,
        slots: offer.minimumSlots, window: offer.window, price: offer.price, expiry: offer.expiry,
        offer.timeInForce, isPostOnly: offer.isPostOnly)
    case .bid(let bid):
      var flags: Flags = bid.requirements.isEmpty ? [.bid, .present] : [.bid, .present, .detailed]
      if bid.isWhole { flags.insert(.whole) }
      if !bid.gpuClasses.isSingle, !bid.gpuClasses.isEmpty { flags.formUnion([.detailed, .severalClasses]) }
      record.fill(
        order.priority, owner, flags: flags, bid.gpuClasses.first, gpus: bid.gpus,
        minimumGPUs: bid.minimumGPUs, slots: bid.durationSlots, window: bid.window, price: bid.price,
        expiry: bid.expiry, bid.timeInForce, isPostOnly: bid.isPostOnly)
    }
    return record
  }

  @inline(__always)
  private mutating func fill(
    _ priority: OrderPriority, _ owner: Int32, flags known: Flags, _ gpuClass: GPUClassIndex?, gpus: Int32,
    minimumGPUs: Int32, slots duration: Int64, window: SlotRange, price: Price, expiry: Timestamp,
    _ timeInForce: TimeInForce, isPostOnly: Bool
  ) {
    self.owner = owner
    self.price = price.micros
    self.gpus = gpus
    self.minimumGPUs = minimumGPUs
    var flags = known
    switch timeInForce {
    case .goodTillCancelled: break
    case .immediateOrCancel: flags.insert(.immediateOrCancel)
    case .fillOrKill: flags.insert(.fillOrKill)
    }
    if isPostOnly { flags.insert(.postOnly) }
    // What does not fit has a bit where there must be none.
    let count = window.end.index &- window.start.index
    let excess =
      (Self.bits(priority.time.milliseconds) | Self.bits(expiry.milliseconds)) &>> 48 | priority.sequence &>> 52
      | UInt64(priority.index) &>> 12 | (Self.bits(window.start.index) | Self.bits(window.end.index)) &>> 32
      | Self.bits(count) &>> 31 | Self.bits(duration &+ 1 &<< 31) &>> 32
    if excess == 0 {
      timeAndClass = Self.bits(priority.time.milliseconds) &<< 16 | UInt64(gpuClass?.position ?? 0)
      expiryAndFlags = Self.bits(expiry.milliseconds) &<< 16
      place = priority.sequence &<< 12 | UInt64(priority.index)
      start = UInt32(truncatingIfNeeded: window.start.index)
      length = Int32(truncatingIfNeeded: count)
      slots = Int32(truncatingIfNeeded: duration)
      if gpuClass == nil { flags.formUnion([.exotic, .detailed]) }
    } else {
      flags.formUnion([.exotic, .detailed])
    }
    self.flags = flags
  }

  /// The last moment that fits, for times and expiries.
  static let maximumTime = Timestamp(milliseconds: 1 << 48 - 1)

  /// What is below 0 has the highest bit.
  @inline(__always)
  private static func bits(_ number: Int64) -> UInt64 { UInt64(bitPattern: number) }

  /// When the order was placed, in milliseconds.
  @inline(__always) var time: UInt64 { timeAndClass >> 16 }
  /// The class.
  @inline(__always) var gpuClass: GPUClassIndex { GPUClassIndex(UInt16(truncatingIfNeeded: timeAndClass)) }
  /// When the order expires, in milliseconds.
  @inline(__always) var expiry: UInt64 { expiryAndFlags >> 16 }
  /// What is true of it.
  @inline(__always) var flags: Flags {
    get { Flags(rawValue: UInt16(truncatingIfNeeded: expiryAndFlags)) }
    set { expiryAndFlags = expiryAndFlags & ~0xFFFF | UInt64(newValue.rawValue) }
  }
  /// The slot after the window's last one.
  @inline(__always) var end: UInt32 { start &+ UInt32(bitPattern: length) }
  @inline(__always) var isBid: Bool { flags.contains(.bid) }
  /// Whether the order never rests on a ladder.
  @inline(__always) var isImmediate: Bool { !flags.isDisjoint(with: [.immediateOrCancel, .fillOrKill]) }
  /// The fewest GPUs in one trade while so many are left: of a bid no more than those, and all of them if it is
  /// all-or-none over several offers.
  @inline(__always)
  func smallestPiece(remaining: Int32) -> Int32 {
    guard isBid else { return minimumGPUs }
    return flags.contains(.whole) ? remaining : min(minimumGPUs, remaining)
  }
  /// The key by which ladders are sorted: ascending is better first. The complement turns the order of bids round and,
  /// unlike the negative, fits every value.
  @inline(__always) var rank: Int64 { Self.rank(of: price, isBid: isBid) }

  @inline(__always)
  static func rank(of price: Int64, isBid: Bool) -> Int64 { isBid ? ~price : price }

  /// Whether something is left to trade of the order, of which nothing is taken.
  @inline(__always) var isOpenWhole: Bool {
    if flags.contains(.exotic) { return false }
    if isBid { return gpus > 0 }
    return minimumGPUs >= 1 && slots >= 1 && gpus >= minimumGPUs && length >= slots
  }

  var timeInForce: TimeInForce {
    if flags.contains(.fillOrKill) { return .fillOrKill }
    return flags.contains(.immediateOrCancel) ? .immediateOrCancel : .goodTillCancelled
  }
}

/// What few orders have: something taken, or details.
struct OrderExtra: BitwiseCopyable, Sendable {
  /// Of a bid: the GPUs taken, exactly.
  var taken: Int64 = 0
  /// Of an offer: where its calendar's steps are.
  var calendar = StepRun()
  /// The slot of its ``OrderDetails``, or -1.
  var details: Int32 = -1
}

/// What the hot records have no room for.
struct OrderDetails: Sendable {
  /// Of an offer: what its provider says of the machine.
  var attributes = Attributes()
  /// Of a bid: what it demands.
  var requirements = Requirements()
  /// Of a bid that names several: the classes.
  var classes: GPUClassList = []
  /// By position in `classes`: the leaf in which the bid rests, or -1. The first is in the record.
  var leaves: [Int32] = []
  /// The whole order, when it is exotic.
  var exotic: Order?
}
