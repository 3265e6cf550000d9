import Market
import NodeCrypto

/// The spot index of a class at a moment: what a GPU-hour of it traded at in the day before, so that no two nodes can
/// set it. `docs/INDEX.md` defines it, and proves its bound.
///
/// In short: the price weighted by GPU-hours, where no node counts for more than a sixth of all that counts, and what
/// two nodes can count for is cut off at the low and at the high end. All arithmetic is of integers, and the order of
/// the trades does not matter: the same receipts give the same value everywhere.
public enum SpotIndex {
  /// The length of the window in milliseconds: a day.
  public static let windowMilliseconds: Int64 = 86_400_000
  /// Moments at which there is a value, in milliseconds: whole minutes.
  public static let stepMilliseconds = TradeTape.minuteMilliseconds
  /// A node counts for at most one in so many.
  public static let capDivisor: UInt128 = 6
  /// The most trades of a window that count: the latest ones.
  public static let maximumTrades = 1 << 20
  /// Into how many parts a GPU-second and a share are divided.
  static let scale: UInt128 = 1 << 32

  /// The index at a moment, of what is on the tape but for what is withheld.
  public static func point(
    of gpuClass: String, at time: Timestamp, tape: TradeTape, withheld: Set<TradeID> = []
  ) -> Point {
    let start = time - windowMilliseconds
    precondition(time == moment(atOrBefore: time), "there is an index at whole minutes only")
    let trades = tape.unordered(of: gpuClass, from: start, until: time)
    return point(at: time, of: withheld.isEmpty ? trades : trades.filter { !withheld.contains($0.id) })
  }

  /// The index at a moment.
  public struct Point: Hashable, Sendable {
    /// The end of the window, which is not in it.
    public let time: Timestamp
    /// The value; nil when too few nodes traded for one that no two of them can set.
    public let price: Price?
    /// What was traded in the window, before any limit.
    public let volume: GPUTime
    /// The receipts in the window.
    public let receipts: Int
    /// The nodes that are a party of any of them.
    public let identities: Int
  }

  /// The last moment, not after `now`, at which there is a value.
  public static func moment(atOrBefore now: Timestamp) -> Timestamp { now.start(ofInterval: stepMilliseconds) }

  /// The index at `time` of a window's trades, which are of one class.
  ///
  /// Complexity: O(n log n), whatever the trades are.
  public static func point(at time: Timestamp, of trades: [SettledTrade]) -> Point {
    let counted =
      trades.count <= maximumTrades
      ? trades[...] : trades.sorted { ($0.time, $0.id) < ($1.time, $1.id) }.suffix(maximumTrades)
    let weights = Weights(counted)
    let volume = counted.reduce(GPUTime()) { $0 + GPUTime(gpuSeconds: $1.gpuSeconds) }
    return Point(
      time: time, price: weights.level().map { weights.trimmedMean(level: $0) }, volume: volume,
      receipts: counted.count, identities: weights.identities)
  }

  /// What each trade counts for, for a given limit of the nodes' volumes.
  struct Weights {
    /// A trade's price, its GPU-seconds, and its share of the volume of the busier of its two nodes, rounded down; the
    /// last two times ``SpotIndex/scale``.
    struct Part {
      let price: Int64
      let full: UInt128
      let share: UInt128

      /// What it counts for when no node has more than `level` GPU-seconds.
      func counted(_ level: UInt128) -> UInt128 { min(full, share * level) }
    }

    let parts: [Part]
    let identities: Int

    init(_ trades: ArraySlice<SettledTrade>) {
      var numbers: [NodeID: Int] = [:]
      var volumes: [UInt128] = []
      func number(_ node: NodeID) -> Int {
        if let number = numbers[node] { return number }
        numbers[node] = volumes.count
        volumes.append(0)
        return volumes.count - 1
      }
      let parties = trades.map { trade in
        let (provider, buyer) = (number(trade.provider), number(trade.buyer))
        volumes[provider] += UInt128(trade.gpuSeconds)
        volumes[buyer] += UInt128(trade.gpuSeconds)
        return (provider, buyer)
      }
      parts = zip(trades, parties).map { trade, parties in
        let full = UInt128(trade.gpuSeconds) * scale
        let busier = max(volumes[parties.0], volumes[parties.1])
        return Part(price: trade.price.micros, full: full, share: Self.quotient(full, busier))
      }
      identities = volumes.count
    }

    /// The greatest limit of a node's volume, in whole GPU-seconds, at which it is at most a sixth of what counts; nil
    /// when there is none.
    ///
    /// What counts is a concave function of the limit, and its shares are rounded down by less than one part each, which
    /// the slope allows for. So Newton's method from above comes down to the greatest limit without passing it, in a
    /// number of steps that is logarithmic in the volumes.
    func level() -> UInt128? {
      let slope = capDivisor * scale - UInt128(parts.count)
      var level = parts.reduce(0) { $0 + $1.full } / slope
      while level > 0 {
        var (constant, rate): (UInt128, UInt128) = (0, 0)
        for part in parts {
          if part.share * level < part.full { rate += part.share } else { constant += part.full }
        }
        if constant + rate * level >= slope * level { return level }
        level = constant / (slope - rate)
      }
      return nil
    }

    /// The mean price of what is left when what two nodes may count for is cut off at either end, rounded down.
    func trimmedMean(level: UInt128) -> Price {
      let cut = 2 * scale * level
      let total = parts.reduce(0) { $0 + $1.counted(level) }
      let kept = total - 2 * cut
      var (before, sum): (UInt128, UInt128) = (0, 0)
      for part in parts.sorted(by: { $0.price < $1.price }) {
        let after = before + part.counted(level)
        let (low, high) = (max(before, cut), min(after, total - cut))
        if low < high { sum += UInt128(part.price) * (high - low) }
        before = after
      }
      return Price(micros: Int64(sum / kept))
    }

    /// Division, the quick one where it will do.
    private static func quotient(_ dividend: UInt128, _ divisor: UInt128) -> UInt128 {
      guard let small = UInt64(exactly: dividend), let by = UInt64(exactly: divisor) else { return dividend / divisor }
      return UInt128(small / by)
    }
  }
}
