/// What a metric is: its name, its type, what its labels may say, and what it tells. Nothing else is ever exported.
public struct MetricDefinition: Hashable, Sendable {
  /// Prometheus' types, as far as they are used here.
  public enum Kind: Hashable, Sendable {
    /// Only ever grows while the process lives.
    case counter
    /// Goes up and down.
    case gauge
    /// Observations, counted by upper bounds.
    case histogram(MetricBuckets)

    /// The type's name in Prometheus' text format.
    public var name: String {
      switch self {
      case .counter: "counter"
      case .gauge: "gauge"
      case .histogram: "histogram"
      }
    }
  }

  /// A label, and everything that it may say: so no peer makes the number of series grow.
  public struct Label: Hashable, Sendable {
    /// The label's name.
    public let name: String
    /// Its values, in the order of the output; empty when whoever renders names them, such as a version.
    public let values: [String]

    /// A label with the given values.
    public init(_ name: String, _ values: [String] = []) {
      self.name = name
      self.values = values
    }
  }

  /// The value that stands for one which is not listed, where the label lists it.
  public static let other = "other"

  /// The name, by Prometheus' conventions: base units, counters end in `_total`.
  public let name: String
  /// The type.
  public let kind: Kind
  /// The labels, in the order of the output.
  public let labels: [Label]
  /// What it tells, one line.
  public let help: String

  /// A metric.
  public init(_ name: String, _ kind: Kind, labels: [Label] = [], _ help: String) {
    self.name = name
    self.kind = kind
    self.labels = labels
    self.help = help
  }

  /// The listed labels' values in all combinations, the last label's changing fastest: one for each series. Empty when
  /// a label lists none.
  var combinations: [[String]] {
    labels.reduce([[]]) { combinations, label in
      combinations.flatMap { combination in label.values.map { combination + [$0] } }
    }
  }
}

/// The upper bounds of a histogram, fixed when it is defined.
public struct MetricBuckets: Hashable, Sendable {
  /// What is observed.
  public enum Unit: Hashable, Sendable {
    /// Durations, observed in nanoseconds and shown in seconds.
    case seconds
    /// Numbers, shown as they are.
    case number
  }

  /// What is observed.
  public let unit: Unit
  /// The bounds, ascending, in nanoseconds or as they are; the last bucket, without a bound, is not among them.
  public let bounds: [Int64]

  /// Buckets with the given bounds.
  public init(unit: Unit, bounds: [Int64]) {
    self.unit = unit
    self.bounds = bounds
  }

  /// Durations from 50 microseconds, a signature's, to 10 seconds, the longest that anybody waits.
  public static let seconds = MetricBuckets(
    unit: .seconds,
    bounds: [
      50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000,
      100_000_000, 250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000, 5_000_000_000, 10_000_000_000,
    ])

  /// Numbers by powers of two up to 4,096, a commit's most.
  public static let number = MetricBuckets(unit: .number, bounds: (0...12).map { 1 << $0 })

  /// The bucket of an observation: the first whose bound is not below it. O(log buckets).
  func index(of observation: Int64) -> Int {
    var low = 0
    var high = bounds.count
    while low < high {
      let middle = (low + high) / 2
      if bounds[middle] < observation { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
