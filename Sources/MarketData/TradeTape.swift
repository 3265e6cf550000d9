import Market
import NodeCrypto

/// All settled trades, by class and by minute of their time, so that a question about a span costs what is in the span.
///
/// A copy is cheap and stays as it is: a request works on one while the node goes on.
public struct TradeTape: Sendable {
  /// The length of a minute in milliseconds; minutes are counted from the Unix epoch.
  public static let minuteMilliseconds: Int64 = 60_000

  /// One minute of one class.
  private struct Minute: Sendable {
    let number: Int64
    /// In no order; a minute that had trades stays, so that its revision tells of their going.
    var trades: [SettledTrade] = []
    var revision: UInt64 = 0
  }

  /// The minutes of one class that have, or had, trades, ascending.
  private struct Minutes: Sendable {
    var list: [Minute] = []

    /// The index of the first minute that is `number` or later.
    func first(from number: Int64) -> Int {
      var (low, high) = (0, list.count)
      while low < high {
        let middle = (low + high) / 2
        if list[middle].number < number { low = middle + 1 } else { high = middle }
      }
      return low
    }

    /// Changes the trades of a minute.
    mutating func change(_ number: Int64, revision: UInt64, _ body: (inout [SettledTrade]) -> Void) {
      let index = first(from: number)
      if index == list.count || list[index].number != number { list.insert(Minute(number: number), at: index) }
      list[index].revision = revision
      body(&list[index].trades)
    }
  }

  private var classes: [String: Minutes] = [:]
  /// Grows with every change, and never starts anew in the life of a node.
  public private(set) var revision: UInt64
  /// The trades on the tape.
  public private(set) var count = 0

  /// An empty tape, whose changes count from `revision` on: that of the tape in whose place it stands, so that nothing
  /// computed from the old one passes for something of the new one.
  public init(after revision: UInt64 = 0) { self.revision = revision }

  /// The classes of which there is, or was, a trade, ascending.
  public var gpuClasses: [String] { classes.keys.sorted() }

  /// Puts `new` in the place of `old`. O(log minutes) and the trades of the minute.
  public mutating func replace(_ old: SettledTrade?, by new: SettledTrade?) {
    guard old != new else { return }
    revision += 1
    if let old {
      classes[old.gpuClass]?.change(Self.minute(of: old.time), revision: revision) {
        $0.removeAll { $0.id == old.id }
      }
    }
    if let new {
      classes[new.gpuClass, default: Minutes()].change(Self.minute(of: new.time), revision: revision) {
        $0.append(new)
      }
    }
    count += (new == nil ? 0 : 1) - (old == nil ? 0 : 1)
  }

  /// The trades of a class from `start` up to but not including `end`, by time, then by id. O(n log n) in them.
  public func trades(of gpuClass: String, from start: Timestamp, until end: Timestamp) -> [SettledTrade] {
    var found: [SettledTrade] = []
    for minute in span(of: gpuClass, from: start, until: end) {
      found += minute.trades.filter { start <= $0.time && $0.time < end }.sorted {
        ($0.time, $0.id) < ($1.time, $1.id)
      }
    }
    return found
  }

  /// The trades of whole minutes, in no order. O(n).
  func unordered(of gpuClass: String, from start: Timestamp, until end: Timestamp) -> [SettledTrade] {
    span(of: gpuClass, from: start, until: end).flatMap(\.trades)
  }

  /// What changes when a trade of the class in these minutes comes, goes or changes; 0 before the first. O(minutes).
  public func revision(of gpuClass: String, from start: Timestamp, until end: Timestamp) -> UInt64 {
    span(of: gpuClass, from: start, until: end).reduce(0) { max($0, $1.revision) }
  }

  /// The minutes that overlap a span.
  private func span(of gpuClass: String, from start: Timestamp, until end: Timestamp) -> ArraySlice<Minute> {
    guard start < end, let minutes = classes[gpuClass] else { return [] }
    let (first, last) = (minutes.first(from: Self.minute(of: start)), minutes.first(from: Self.minute(of: end - 1) + 1))
    return minutes.list[first..<last]
  }

  private static func minute(of time: Timestamp) -> Int64 {
    let (quotient, remainder) = time.milliseconds.quotientAndRemainder(dividingBy: minuteMilliseconds)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
