/// The spot index of one class now: the element of `GET /v1/index`.
public struct IndexDocument: Codable, Hashable, Sendable {
  /// The class.
  public var gpuClass: String
  /// The value in micro-units per GPU-hour; nil when too few nodes traded for one that no two of them can set.
  public var valueMicros: Int64?
  /// The length of the window.
  public var windowMs: Int64
  /// GPUs x seconds of the trades in the window.
  public var gpuSeconds: Int64
  /// The trades in the window.
  public var receipts: Int
  /// The nodes that are a party of any of them.
  public var identities: Int
  /// The end of the window: the last whole minute.
  public var timeMs: Int64

  /// The index of a class.
  public init(
    gpuClass: String, valueMicros: Int64?, windowMs: Int64, gpuSeconds: Int64, receipts: Int, identities: Int,
    timeMs: Int64
  ) {
    self.gpuClass = gpuClass
    self.valueMicros = valueMicros
    self.windowMs = windowMs
    self.gpuSeconds = gpuSeconds
    self.receipts = receipts
    self.identities = identities
    self.timeMs = timeMs
  }
}

/// The spot index of a class at a moment: the element of `GET /v1/index?gpu_class=ID`.
public struct IndexPointDocument: Codable, Hashable, Sendable {
  /// The end of the window.
  public var timeMs: Int64
  /// The value in micro-units per GPU-hour; nil when too few nodes traded for one that no two of them can set.
  public var valueMicros: Int64?
  /// GPUs x seconds of the trades in the window.
  public var gpuSeconds: Int64
  /// The trades in the window.
  public var receipts: Int

  /// The index at a moment.
  public init(timeMs: Int64, valueMicros: Int64?, gpuSeconds: Int64, receipts: Int) {
    self.timeMs = timeMs
    self.valueMicros = valueMicros
    self.gpuSeconds = gpuSeconds
    self.receipts = receipts
  }
}

/// What a class traded at in an interval: the element of `GET /v1/candles`. Prices are in micro-units per GPU-hour.
public struct CandleDocument: Codable, Hashable, Sendable {
  /// Start of the interval, a multiple of its length since the Unix epoch.
  public var startMs: Int64
  /// End of the interval.
  public var endMs: Int64
  /// The price of the first trade.
  public var openMicros: Int64
  /// The highest price.
  public var highMicros: Int64
  /// The lowest price.
  public var lowMicros: Int64
  /// The price of the last trade.
  public var closeMicros: Int64
  /// GPUs x seconds of the trades.
  public var gpuSeconds: Int64
  /// The trades.
  public var trades: Int

  /// A candle.
  public init(
    startMs: Int64, endMs: Int64, openMicros: Int64, highMicros: Int64, lowMicros: Int64, closeMicros: Int64,
    gpuSeconds: Int64, trades: Int
  ) {
    self.startMs = startMs
    self.endMs = endMs
    self.openMicros = openMicros
    self.highMicros = highMicros
    self.lowMicros = lowMicros
    self.closeMicros = closeMicros
    self.gpuSeconds = gpuSeconds
    self.trades = trades
  }
}

/// Which intervals a list of candles or index values is of: the last `count` ones of a length, up to now.
public struct IntervalRange: Hashable, Sendable {
  /// The length of an interval in milliseconds.
  public let intervalMs: Int64
  /// How many there are.
  public let count: Int

  /// The most intervals that one request may ask for.
  public static let maximumCount = 1000
  /// How many a request is for that does not say.
  public static let defaultCount = 100
  /// The length of an interval when a request does not say: an hour.
  public static let defaultIntervalMs: Int64 = 3_600_000
  /// The lengths that are allowed: a second to 31 days.
  public static let intervals: ClosedRange<Int64> = 1000...2_678_400_000
  /// How far a person looks back who does not say: a day.
  public static let defaultSpanMs: Int64 = 86_400_000

  /// Lengths that a person reads easily, ascending, and how many of them a screen shows.
  private static let readable: [Int64] = [
    60_000, 300_000, 900_000, 3_600_000, 14_400_000, 86_400_000, 604_800_000, 2_678_400_000,
  ]
  private static let rows: Int64 = 48

  /// The intervals of a span, which is at least 1: of the length that is given, else of the shortest readable one that
  /// makes a screen of them; nil when there are more than ``maximumCount``.
  public init?(spanMs: Int64, intervalMs: Int64?) {
    let interval =
      intervalMs ?? Self.readable.first { spanMs / $0 < Self.rows } ?? Self.readable[Self.readable.count - 1]
    let count = (spanMs - 1) / interval + 1
    guard count <= Self.maximumCount else { return nil }
    self.intervalMs = interval
    self.count = Int(count)
  }
}
