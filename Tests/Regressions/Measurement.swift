import CCounters

/// Something of which the costs are counted: the same input, and the same work, in every run.
struct Measurement {
  /// Its name in the file of thresholds.
  let name: String
  /// Of how many operations the work consists.
  let operations: Int
  /// The work. Called twice: what the first call does once for all does not count.
  let run: () -> Void

  /// What an operation costs.
  struct Cost {
    let name: String
    let operations: Int
    /// Calls of the allocator.
    let allocations: Double
  }

  /// Counts the second run. Under callgrind its instructions are in the profile that has the name.
  func measure() -> Cost {
    run()
    let before = counters_allocations()
    counters_begin()
    run()
    counters_end(name)
    let after = counters_allocations()
    return Cost(name: name, operations: operations, allocations: Double(after - before) / Double(operations))
  }
}
