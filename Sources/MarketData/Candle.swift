import Market

/// What a class traded at in an interval.
public struct Candle: Hashable, Sendable {
  /// The start of the interval, a multiple of its length since the Unix epoch.
  public let start: Timestamp
  /// Its end, which is not in it.
  public let end: Timestamp
  /// The price of the first trade.
  public let open: Price
  /// The highest price.
  public private(set) var high: Price
  /// The lowest price.
  public private(set) var low: Price
  /// The price of the last trade.
  public private(set) var close: Price
  /// What was traded.
  public private(set) var volume: GPUTime
  /// The trades.
  public private(set) var trades = 1

  private init(start: Timestamp, end: Timestamp, first: SettledTrade) {
    self.start = start
    self.end = end
    (open, high, low, close) = (first.price, first.price, first.price, first.price)
    volume = GPUTime(gpuSeconds: first.gpuSeconds)
  }

  private mutating func add(_ trade: SettledTrade) {
    high = max(high, trade.price)
    low = min(low, trade.price)
    close = trade.price
    volume += GPUTime(gpuSeconds: trade.gpuSeconds)
    trades += 1
  }

  /// The candles of `trades`, which are ordered by time, oldest first; an interval without a trade has none. O(n).
  ///
  /// - Parameter intervalMilliseconds: the length of an interval, at least 1.
  public static func candles(of trades: [SettledTrade], intervalMilliseconds: Int64) -> [Candle] {
    precondition(intervalMilliseconds > 0, "an interval has a length")
    var candles: [Candle] = []
    for trade in trades {
      if let last = candles.last, trade.time < last.end {
        candles[candles.count - 1].add(trade)
      } else {
        let start = trade.time.start(ofInterval: intervalMilliseconds)
        candles.append(Candle(start: start, end: start + intervalMilliseconds, first: trade))
      }
    }
    return candles
  }
}

extension Timestamp {
  /// The latest multiple of an interval's length since the Unix epoch that is not after this moment.
  ///
  /// - Parameter milliseconds: the interval's length, at least 1.
  public func start(ofInterval milliseconds: Int64) -> Timestamp {
    let remainder = self.milliseconds % milliseconds
    return self - (remainder < 0 ? remainder + milliseconds : remainder)
  }
}
