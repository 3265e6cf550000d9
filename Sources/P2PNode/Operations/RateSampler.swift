import NodeAPI
import NodeMetrics
import Synchronization

/// Rates as means over the last seconds, from the counters.
final class RateSampler: Sendable {
  /// How far two samples are apart.
  static let pause = Duration.seconds(1)
  /// Pauses over which a mean goes.
  private static let pauses = 10

  private struct Sample {
    let nanoseconds: Int64
    let totals: [Int64]
  }

  private static let counters = [
    "p2pnode_entries_persisted_total", "p2pnode_operations_total", "p2pnode_signatures_verified_total",
    "p2pnode_commands_total",
  ]

  private let registry: MetricsRegistry
  private let samples = Mutex<[Sample]>([])

  init(registry: MetricsRegistry) { self.registry = registry }

  /// Reads the counters.
  func sample() {
    let sample = Sample(nanoseconds: MonotonicTime.nanoseconds, totals: Self.counters.map(registry.total))
    samples.withLock { samples in
      samples.append(sample)
      if samples.count > Self.pauses + 1 { samples.removeFirst() }
    }
  }

  /// The rates, to a tenth.
  var rates: RatesDocument {
    let (first, last) = samples.withLock { ($0.first, $0.last) }
    func rate(_ index: Int) -> Double {
      guard let first, let last, last.nanoseconds > first.nanoseconds else { return 0 }
      let seconds = Double(last.nanoseconds - first.nanoseconds) / 1e9
      return (Double(last.totals[index] - first.totals[index]) / seconds * 10).rounded() / 10
    }
    return RatesDocument(
      entriesPerSecond: rate(0), operationsPerSecond: rate(1), verificationsPerSecond: rate(2),
      commandsPerSecond: rate(3))
  }
}
