/// One number from each run.
struct Series: Hashable, Sendable {
  private(set) var values: [Double] = []

  /// Adds a run's number.
  mutating func append(_ value: Double) { values.append(value) }

  /// The smallest; what the machine's other work disturbed least. 0 before the first run.
  var minimum: Double { values.min() ?? 0 }
  /// The middle one, the lower of two. 0 before the first run.
  var median: Double { values.isEmpty ? 0 : values.sorted()[(values.count - 1) / 2] }
}

/// The times of single operations in nanoseconds: of each operation the least over the runs. The same stream is run
/// each time, so what an operation itself causes comes back in every run, and what the machine does to it does not.
struct OperationTimes: Sendable {
  private var least: [UInt32] = []
  private var position = 0

  /// Adds the time of the run's next operation.
  mutating func append(_ nanoseconds: UInt64) {
    let time = UInt32(clamping: nanoseconds)
    if position < least.count {
      least[position] = min(least[position], time)
    } else {
      least.append(time)
    }
    position += 1
  }

  /// Ends the run.
  mutating func endRun() { position = 0 }

  /// The mean in nanoseconds; 0 when there are no operations.
  var mean: Double {
    Double(least.reduce(0) { $0 + UInt64($1) }) / Double(max(1, least.count))
  }

  /// The times at these parts of 1, in nanoseconds; 0 when there are no operations.
  func percentiles(_ parts: Double...) -> [Double] {
    let sorted = least.sorted()
    return parts.map { part in
      sorted.isEmpty ? 0 : Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))])
    }
  }
}
