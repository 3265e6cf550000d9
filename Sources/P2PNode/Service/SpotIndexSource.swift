import Market
import MarketData
import NodeCrypto
import Synchronization

/// The values of the spot index, of which each is computed once until a trade of its window comes or goes.
final class SpotIndexSource: Sendable {
  private let cache = Mutex(SpotIndexCache())

  /// The values of a class at `times`, off the writer's queue.
  func points(
    of gpuClass: String, at times: [Timestamp], tape: TradeTape, withheld: Set<TradeID>
  ) -> [SpotIndex.Point] {
    times.map { time in
      // Which windows have withheld trades is not worth finding out: there are any for moments only.
      guard withheld.isEmpty else {
        return SpotIndex.point(of: gpuClass, at: time, tape: tape, withheld: withheld)
      }
      if let known = cache.withLock({ $0.point(of: gpuClass, at: time, tape: tape) }) { return known }
      let point = SpotIndex.point(of: gpuClass, at: time, tape: tape)
      cache.withLock { $0.keep(point, of: gpuClass, tape: tape) }
      return point
    }
  }
}
