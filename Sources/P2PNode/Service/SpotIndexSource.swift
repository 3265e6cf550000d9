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
    cache.withLock { $0.points(of: gpuClass, at: times, tape: tape, withheld: withheld) }
  }
}
