import Market

/// A budget that fills at a steady rate up to a burst. In millionths of a token, so that slow rates stay integers.
struct TokenBucket: Sendable {
  private(set) var microTokens: Int64
  private var time: Timestamp
  private let rate: TokenRate

  /// A full bucket.
  init(_ rate: TokenRate, now: Timestamp) {
    self.rate = rate
    microTokens = rate.burst * 1_000_000
    time = now
  }

  /// Takes up to `count` tokens; returns how many there were.
  mutating func take(_ count: Int, now: Timestamp) -> Int {
    refill(now: now)
    let taken = min(max(0, count), Int(microTokens / 1_000_000))
    microTokens -= Int64(taken) * 1_000_000
    return taken
  }

  /// Takes `count` tokens, or none when there are fewer.
  mutating func spend(_ count: Int, now: Timestamp) -> Bool {
    refill(now: now)
    guard count >= 0, Int64(count) <= microTokens / 1_000_000 else { return false }
    microTokens -= Int64(count) * 1_000_000
    return true
  }

  /// Whether a new bucket would hold as much.
  mutating func isFull(now: Timestamp) -> Bool {
    refill(now: now)
    return microTokens == rate.burst * 1_000_000
  }

  private mutating func refill(now: Timestamp) {
    let capacity = rate.burst * 1_000_000
    guard now > time else { return }
    let (gain, overflow) = (now - time).multipliedReportingOverflow(by: rate.perThousandSeconds)
    microTokens = overflow || gain >= capacity - microTokens ? capacity : microTokens + gain
    time = now
  }
}
