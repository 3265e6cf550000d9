/// Which batches a run has: a pure function of the options.
enum TorturePlan {
  /// Cycles on one market. A market grows with them, and a node takes the longer to start.
  static func batchCycles(_ kind: TortureKind) -> Int {
    switch kind {
    case .kill, .lost, .torn, .eio: 25
    case .page, .backup: 10
    case .full, .readOnly, .clock, .upgrade: 6
    }
  }

  /// The batches of a run, those of one kind after the other.
  ///
  /// - Parameters:
  ///   - kills: cycles of ``TortureKind/kill``; the other kinds' are in proportion.
  ///   - seed: the first batch's seed; each has one of its own.
  static func batches(kinds: [TortureKind], kills: Int, seed: UInt64) -> [Batch.Plan] {
    var plans: [Batch.Plan] = []
    for kind in kinds {
      let cycles = kind.cycles(kills: kills)
      for first in stride(from: 0, to: cycles, by: batchCycles(kind)) {
        plans.append(
          Batch.Plan(
            kind: kind, cycles: min(batchCycles(kind), cycles - first), first: first, seed: seed &+ UInt64(plans.count))
        )
      }
    }
    return plans
  }
}
