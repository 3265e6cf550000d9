import Market
import NodeCrypto

/// Values of the index that were computed before. A cache: it changes what a question costs, never its answer.
public struct SpotIndexCache: Sendable {
  private struct Key: Hashable {
    let gpuClass: String
    let time: Timestamp
  }

  private var points: [Key: (point: SpotIndex.Point, revision: UInt64)] = [:]
  private let capacity: Int
  /// How many points had to be computed.
  public private(set) var computedCount = 0

  /// An empty cache for at most `capacity` values.
  public init(capacity: Int = 16_384) { self.capacity = capacity }

  /// The values of a class at `times`.
  ///
  /// Complexity: O(n log n) in the trades of the window for each value that no change of the tape has spared, else
  /// O(minutes of the window).
  ///
  /// - Parameter withheld: trades on the tape that do not count; values of windows that have any are computed anew.
  public mutating func points(
    of gpuClass: String, at times: [Timestamp], tape: TradeTape, withheld: Set<TradeID> = []
  ) -> [SpotIndex.Point] {
    times.map { time in
      let (key, start) = (Key(gpuClass: gpuClass, time: time), time - SpotIndex.windowMilliseconds)
      let revision = tape.revision(of: gpuClass, from: start, until: time)
      if withheld.isEmpty, let known = points[key], known.revision == revision { return known.point }
      let trades = tape.trades(of: gpuClass, from: start, until: time)
      let counted = withheld.isEmpty ? trades : trades.filter { !withheld.contains($0.id) }
      let point = SpotIndex.point(at: time, of: counted)
      computedCount += 1
      if counted.count == trades.count {
        // Old moments are asked for again rarely, so that all may go at once.
        if points.count >= capacity { points = [:] }
        points[key] = (point, revision)
      }
      return point
    }
  }
}
