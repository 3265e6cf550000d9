/// How often spans of so many milliseconds came; the last of the places stands for all longer ones.
public struct Histogram: Sendable, Equatable {
  private var counts: [Int64] = Array(repeating: 0, count: 60_001)
  /// How many spans there were.
  public private(set) var count: Int64 = 0

  /// No spans.
  public init() {}

  /// Adds a span.
  public mutating func add(_ milliseconds: Int64) {
    counts[Int(max(0, min(milliseconds, Int64(counts.count - 1))))] += 1
    count += 1
  }

  /// How many spans were at most so long.
  public func count(atMost milliseconds: Int64) -> Int64 {
    counts.prefix(Int(max(0, milliseconds)) + 1).reduce(0, +)
  }

  /// The shortest span that at least `perMille` thousandths of all do not exceed; nil when there are none.
  public func percentile(perMille: Int64) -> Int64? {
    let rank = (count * perMille + 999) / 1000
    var seen: Int64 = 0
    for (span, count) in counts.enumerated() where count > 0 {
      seen += count
      if seen >= rank { return Int64(span) }
    }
    return nil
  }
}
