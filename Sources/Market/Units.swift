/// A moment in milliseconds since the Unix epoch, the only form of time on the wire.
@frozen
public struct Timestamp: Hashable, Comparable, Sendable {
  /// Milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
  public let milliseconds: Int64

  /// A moment from milliseconds since the Unix epoch.
  @inlinable public init(milliseconds: Int64) { self.milliseconds = milliseconds }

  /// A moment from a wire value; nil past the year 9999, which bounds every sum of times far from overflow.
  public init?(wire: UInt64) {
    guard wire <= UInt64(Self.maximum.milliseconds) else { return nil }
    self.init(milliseconds: Int64(wire))
  }

  /// The last representable moment, 9999-12-31T23:59:59.999Z.
  public static let maximum = Timestamp(milliseconds: 253_402_300_799_999)
  /// The Unix epoch.
  public static let zero = Timestamp(milliseconds: 0)

  /// The value as it stands on the wire.
  @inlinable public var wire: UInt64 { UInt64(clamping: milliseconds) }

  /// By value.
  @inlinable public static func < (left: Self, right: Self) -> Bool { left.milliseconds < right.milliseconds }

  /// The moment `span` milliseconds later.
  @inlinable public static func + (left: Self, span: Int64) -> Self { Self(milliseconds: left.milliseconds + span) }
  /// The moment `span` milliseconds earlier.
  @inlinable public static func - (left: Self, span: Int64) -> Self { Self(milliseconds: left.milliseconds - span) }
  /// Milliseconds from `right` to `left`.
  @inlinable public static func - (left: Self, right: Self) -> Int64 { left.milliseconds - right.milliseconds }
}

/// The unit of delivery time: slot `n` lasts from `n` to `n + 1` slot lengths after the Unix epoch.
@frozen
public struct Slot: Hashable, Comparable, Sendable {
  /// Whole slot lengths since the Unix epoch.
  public let index: Int64

  /// The slot that starts `index` slot lengths after the Unix epoch.
  @inlinable public init(_ index: Int64) { self.index = index }

  /// By value.
  @inlinable public static func < (left: Self, right: Self) -> Bool { left.index < right.index }
  /// The slot `count` later.
  @inlinable public static func + (left: Self, count: Int64) -> Self { Self(left.index + count) }
  /// The slot `count` earlier.
  @inlinable public static func - (left: Self, count: Int64) -> Self { Self(left.index - count) }
}

/// A delivery window: the slots from `start` up to but not including `end`.
@frozen
public struct SlotRange: Hashable, Sendable {
  /// The first slot.
  public let start: Slot
  /// The slot after the last one, never before `start`.
  public let end: Slot

  /// The slots from `start` up to `end`; a caller that has `end` before `start` has a bug.
  @inlinable
  public init(start: Slot, end: Slot) {
    precondition(start <= end, "a slot range ends before it starts")
    self.start = start
    self.end = end
  }

  /// The number of slots.
  @inlinable public var count: Int64 { end.index - start.index }
  /// Whether there is no slot in it.
  @inlinable public var isEmpty: Bool { start == end }
  /// Whether every slot of `other` is one of these.
  @inlinable public func contains(_ other: SlotRange) -> Bool { start <= other.start && other.end <= end }
}

/// A price: micro-units of the market's currency per GPU-hour (1 USD = 1,000,000).
@frozen
public struct Price: Hashable, Comparable, Sendable {
  /// Micro-units per GPU-hour.
  public let micros: Int64

  /// A price in micro-units per GPU-hour.
  @inlinable public init(micros: Int64) { self.micros = micros }

  /// By value.
  @inlinable public static func < (left: Self, right: Self) -> Bool { left.micros < right.micros }

  /// What `gpus` GPUs cost for `seconds` seconds: `ceil(price x gpus x seconds / 3600)` in 128-bit arithmetic, so that
  /// every node rounds alike and nothing overflows in between.
  ///
  /// - Returns: nil when an argument is negative or the total does not fit an ``Amount``.
  public func total(gpus: Int64, seconds: Int64) -> Amount? {
    guard micros >= 0, gpus >= 0, seconds >= 0 else { return nil }
    let unitSeconds = UInt128(micros) * UInt128(gpus)
    let (product, overflow) = unitSeconds.multipliedReportingOverflow(by: UInt128(seconds))
    guard !overflow else { return nil }
    let hours = product / 3600 + (product % 3600 == 0 ? 0 : 1)
    guard let micros = Int64(exactly: hours) else { return nil }
    return Amount(micros: micros)
  }
}

/// A sum of money in micro-units of the market's currency.
@frozen
public struct Amount: Hashable, Comparable, Sendable {
  /// Micro-units: millionths of the currency's unit.
  public let micros: Int64

  /// A sum in micro-units.
  @inlinable public init(micros: Int64) { self.micros = micros }

  /// By value.
  @inlinable public static func < (left: Self, right: Self) -> Bool { left.micros < right.micros }
}

/// Which side of the market an order is on.
@frozen
public enum Side: UInt8, Hashable, Sendable {
  /// An order to sell GPU time; its owner is the provider.
  case offer = 0
  /// An order to buy GPU time; its owner is the buyer.
  case bid = 1

  /// The side that trades with this one.
  @inlinable public var opposite: Side { self == .offer ? .bid : .offer }
}

/// A GPU class as its position in the genesis file's list, from 0.
@frozen
public struct GPUClassIndex: Hashable, Comparable, Sendable {
  /// The position in ``Genesis/gpuClasses``.
  public let position: UInt16

  /// The class at `position` of the genesis file's list.
  @inlinable public init(_ position: UInt16) { self.position = position }

  /// By value.
  @inlinable public static func < (left: Self, right: Self) -> Bool { left.position < right.position }
}
