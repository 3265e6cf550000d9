import Market
import MarketData
import NodeCrypto
import Synchronization

/// The values of the spot index, of which each is computed once until a trade of its window comes or goes.
final class SpotIndexSource: Sendable {
  private let cache = Mutex(SpotIndexCache())

  /// The values of a class at `times`, off the writer's queue.
  func points(
    of gpuClass: String, at times: [Timestamp], tape: TradeTape, withheld: [TradeID: Timestamp]
  ) -> [SpotIndex.Point] {
    times.map { time in
      let start = time - SpotIndex.windowMilliseconds
      guard !withheld.values.contains(where: { start < $0 && $0 <= time }) else {
        return SpotIndex.point(of: gpuClass, at: time, tape: tape, withheld: Set(withheld.keys))
      }
      if let known = cache.withLock({ $0.point(of: gpuClass, at: time, tape: tape) }) { return known }
      let point = SpotIndex.point(of: gpuClass, at: time, tape: tape)
      cache.withLock { $0.keep(point, of: gpuClass, tape: tape) }
      return point
    }
  }
}
