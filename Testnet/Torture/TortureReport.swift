import NodeAPI

/// What a run led to: the JSON that `torture --json` prints.
struct TortureReport: Encodable, Equatable, Sendable {
  /// The counts of some cycles of one kind.
  struct Tally: Equatable, Sendable {
    /// Cycles that came to their end.
    var cycles = 0
    /// Cycles in which the fault struck: something that was written was lost, a call failed, a start was cut off.
    var hits = 0
    /// Cycles in which it could not strike.
    var missed = 0
    /// Starts that a node refused, with an error that says what to do.
    var refused = 0
    /// The longest time from a node's start until it traded and had its receipts again, in seconds.
    var slowestReturn = 0.0
    /// The longest time until nothing was in doubt after the last order, in seconds.
    var slowestEnd = 0.0
    /// Trades whose receipt was seen at either side.
    var receipts = 0
    /// Purchases over several providers among them.
    var purchases = 0
    /// What must not happen, and has.
    var violations: [Violation] = []

    /// Adds the counts of other cycles.
    mutating func add(_ other: Tally) {
      cycles += other.cycles
      hits += other.hits
      missed += other.missed
      refused += other.refused
      slowestReturn = max(slowestReturn, other.slowestReturn)
      slowestEnd = max(slowestEnd, other.slowestEnd)
      receipts += other.receipts
      purchases += other.purchases
      violations += other.violations
    }

    func count(_ kind: Violation.Kind) -> Int { violations.lazy.filter { $0.kind == kind }.count }
  }

  /// One kind, or all of them together.
  struct Counts: Encodable, Equatable, Sendable {
    /// The kind; nil for all.
    var kind: String?
    var cycles: Int
    var hits: Int
    var missed: Int
    var refused: Int
    var slowestReturnSeconds: Double
    var slowestEndSeconds: Double
    var receipts: Int
    var purchases: Int
    var receiptsLost: Int
    var ordersLost: Int
    var forks: Int
    var leaks: Int
    var stuck: Int
    var reserved: Int
    var digestsDiffer: Int
    var badRefusals: Int

    init(kind: TortureKind?, _ tally: Tally) {
      self.kind = kind?.rawValue
      cycles = tally.cycles
      hits = tally.hits
      missed = tally.missed
      refused = tally.refused
      slowestReturnSeconds = Self.rounded(tally.slowestReturn)
      slowestEndSeconds = Self.rounded(tally.slowestEnd)
      receipts = tally.receipts
      purchases = tally.purchases
      receiptsLost = tally.count(.receiptLost)
      ordersLost = tally.count(.orderLost)
      forks = tally.count(.fork)
      leaks = tally.count(.leak)
      stuck = tally.count(.stuck)
      reserved = tally.count(.reserved)
      digestsDiffer = tally.count(.digest)
      badRefusals = tally.count(.badRefusal)
    }

    private static func rounded(_ seconds: Double) -> Double { (seconds * 1000).rounded() / 1000 }
  }

  /// A batch in which something happened that must not.
  struct Failure: Encodable, Equatable, Sendable {
    /// The command line that runs it again.
    var command: String
    /// What is left of it: data directories and logs.
    var directory: String
    /// What happened.
    var violations: [Violation]
  }

  /// The counts of each kind, in the order of the kinds.
  private(set) var kinds: [Counts] = []
  /// What was wrong.
  private(set) var failures: [Failure] = []
  /// The counts of all kinds.
  private(set) var total: Counts
  /// How long it took.
  let seconds: Double
  /// Of the draws.
  let seed: UInt64

  /// Adds up what the batches counted.
  init(batches: [(plan: Batch.Plan, directory: String, tally: Tally)], seconds: Double, seed: UInt64) {
    var all = Tally()
    for kind in TortureKind.allCases {
      var tally = Tally()
      for batch in batches where batch.plan.kind == kind { tally.add(batch.tally) }
      if batches.contains(where: { $0.plan.kind == kind }) { kinds.append(Counts(kind: kind, tally)) }
      all.add(tally)
    }
    failures = batches.filter { !$0.tally.violations.isEmpty }.map {
      Failure(command: $0.plan.command, directory: $0.directory, violations: $0.tally.violations)
    }
    total = Counts(kind: nil, all)
    self.seconds = seconds
    self.seed = seed
  }

  /// Whether nothing happened that must not.
  var isSound: Bool { failures.isEmpty }

  private enum Key: String, CodingKey {
    case kinds, failures, seconds, seed
  }

  /// The sums stand at the top, beside the kinds.
  func encode(to encoder: any Encoder) throws {
    try total.encode(to: encoder)
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(seconds, forKey: .seconds)
    try container.encode(seed, forKey: .seed)
    try container.encode(kinds, forKey: .kinds)
    try container.encode(failures, forKey: .failures)
  }

  /// The report as a table, and what was wrong.
  var text: String {
    let header = [
      "kind", "cycles", "hits", "refused", "return s", "end s", "receipts", "purchases", "receipts lost", "orders lost",
      "forks", "leaks", "stuck",
      "reserved", "digests differ", "bad refusals",
    ]
    let rows = (kinds + [total]).map { counts in
      [counts.kind ?? "all"]
        + [counts.cycles, counts.hits, counts.refused].map(String.init)
        + [counts.slowestReturnSeconds, counts.slowestEndSeconds].map { "\($0)" }
        + [
          counts.receipts, counts.purchases, counts.receiptsLost,
          counts.ordersLost, counts.forks, counts.leaks, counts.stuck, counts.reserved, counts.digestsDiffer,
          counts.badRefusals,
        ].map(String.init)
    }
    let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
    let lines = ([header] + rows).map { row in
      zip(row, widths).enumerated().map { index, cell in
        let padding = String(repeating: " ", count: cell.1 - cell.0.count)
        return index == 0 ? cell.0 + padding : padding + cell.0
      }.joined(separator: "  ")
    }
    return (lines + ["\(Int(seconds)) s, seed \(seed)"] + failures.map(Self.text)).joined(separator: "\n")
  }

  /// One failure in sentences.
  static func text(_ failure: Failure) -> String {
    let lines = failure.violations.map { "  \($0.kind.rawValue): \($0.text)" }
    return (["again: \(failure.command)", "left:  \(failure.directory)"] + lines).joined(separator: "\n")
  }
}
