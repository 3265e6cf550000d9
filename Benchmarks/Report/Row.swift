/// One number of the report.
struct Row: Hashable, Sendable {
  /// Which side of a target is the good one.
  enum Goal: Hashable, Sendable {
    case atMost(Double)
    case atLeast(Double)

    /// The target itself.
    var target: Double {
      switch self {
      case .atMost(let target), .atLeast(let target): target
      }
    }

    /// Whether `value` is on the good side.
    func isMet(by value: Double) -> Bool {
      switch self {
      case .atMost(let target): value <= target
      case .atLeast(let target): value >= target
      }
    }
  }

  /// The section, the workload and what is measured: `book/plain/S`.
  var name: String
  /// The number; of a time the minimum over the runs.
  var value: Double
  /// The median over the runs, where a run gives one number.
  var median: Double?
  /// What the number counts: `ns`, `us`, `bytes`, …
  var unit: String
  /// What a plain reference needs in the same run, in the same unit.
  var floor: Double?
  /// The target.
  var goal: Goal?

  /// A row with the given numbers.
  init(
    _ name: String, _ value: Double, _ unit: String, median: Double? = nil, floor: Double? = nil, goal: Goal? = nil
  ) {
    self.name = name
    self.value = value
    self.unit = unit
    self.median = median
    self.floor = floor
    self.goal = goal
  }

  /// A row of a time or another number that noise only makes larger.
  init(_ name: String, _ series: Series, _ unit: String, floor: Series? = nil, goal: Goal? = nil) {
    self.init(name, series.minimum, unit, median: series.median, floor: floor?.minimum, goal: goal)
  }

  /// ``value`` divided by ``floor``.
  var ratio: Double? {
    guard let floor, floor > 0 else { return nil }
    return value / floor
  }

  /// Whether the target is met; nil without one.
  var isMet: Bool? { goal?.isMet(by: value) }
}
