import Market

/// When the core is restored from the store because of a proof of fraud. Proofs cost their makers little and a
/// restoring costs much, so several are served by one, and after each there is a pause ten times as long as it took.
struct RebuildSchedule {
  private static let pausePerDuration: Int64 = 10

  /// Whether something is to be taken back.
  var isWanted = false
  private var earliest = Timestamp.zero

  /// The moment at which a wanted restoring may happen; nil when none is wanted.
  var next: Timestamp? { isWanted ? earliest : nil }

  /// Whether one is wanted and may happen.
  func isDue(now: Timestamp) -> Bool { isWanted && now >= earliest }

  /// Notes that one has happened, or has failed and is wanted again.
  mutating func done(started: Timestamp, ended: Timestamp, isWhole: Bool) {
    isWanted = !isWhole
    earliest = ended + max(0, ended - started) * Self.pausePerDuration
  }
}
