import CoreMetrics
import Synchronization

/// A number that threads add to without a lock.
final class CounterCell: CounterHandler {
  private let count = Atomic<Int64>(0)

  var value: Int64 { count.load(ordering: .relaxed) }

  func increment(by amount: Int64) { count.wrappingAdd(amount, ordering: .relaxed) }

  func reset() { count.store(0, ordering: .relaxed) }
}

/// The observations of one series: each costs two additions without a lock.
final class HistogramCell: RecorderHandler, TimerHandler {
  let buckets: MetricBuckets
  /// One more than there are bounds.
  private let counts: [CounterCell]
  private let sum = CounterCell()

  init(_ buckets: MetricBuckets) {
    self.buckets = buckets
    counts = (0...buckets.bounds.count).map { _ in CounterCell() }
  }

  /// How many observations each bucket has for itself, and all of them added up.
  var snapshot: (counts: [Int64], sum: Int64) { (counts.map(\.value), sum.value) }

  func record(_ value: Int64) {
    counts[buckets.index(of: value)].increment(by: 1)
    sum.increment(by: value)
  }

  func record(_ value: Double) { record(Int64(exactly: value.rounded()) ?? 0) }

  func recordNanoseconds(_ duration: Int64) { record(duration) }
}

/// Takes what no definition has, and keeps nothing.
final class IgnoredMetric: CounterHandler, FloatingPointCounterHandler, MeterHandler, RecorderHandler, TimerHandler {
  func increment(by amount: Int64) {}
  func increment(by amount: Double) {}
  func decrement(by amount: Double) {}
  func set(_ value: Int64) {}
  func set(_ value: Double) {}
  func record(_ value: Int64) {}
  func record(_ value: Double) {}
  func recordNanoseconds(_ duration: Int64) {}
  func reset() {}
}
