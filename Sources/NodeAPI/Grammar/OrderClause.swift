import Market

/// A word that begins a part of an order, behind the price.
enum OrderClause: String, CaseIterable {
  case `for`, from, until, within, by, `in`, pieces, lease, interconnect, driver, watts, co2, expires

  /// Whether an order on `side` may have the part.
  func isAllowed(on side: Side) -> Bool {
    switch self {
    case .until, .lease, .driver: side == .offer
    case .within, .by: side == .bid
    case .for, .from, .in, .pieces, .interconnect, .watts, .co2, .expires: true
    }
  }

  /// The parts that an order on `side` may have.
  static func allowed(on side: Side) -> [OrderClause] { allCases.filter { $0.isAllowed(on: side) } }

  /// The words that completion offers behind this one; none where the person's own value follows.
  var continuation: [String] {
    switch self {
    case .pieces: ["of"]
    case .lease, .watts, .co2: ["at"]
    case .expires: ["in", "at"]
    case .for, .from, .until, .within, .by, .in, .interconnect, .driver: []
    }
  }
}

/// The parts of an order as they were read, before their times are resolved.
struct OrderClauses {
  /// A moment, and the word that wrote it.
  struct Moment {
    var expression: TimeExpression
    var position: Int
  }

  private(set) var seen: Set<OrderClause> = []
  var durationMs: Int64?
  var withinMs: Int64?
  var minimumGpus: Int64?
  var minimumMs: Int64?
  var start: Moment?
  var end: Moment?
  var expiry: Moment?
  var regions: [String] = []
  var interconnect: String?
  var driver: String?
  var watts: Int64?
  var co2: Int64?

  /// Notes that the part stands in the line; false when it did before.
  mutating func note(_ clause: OrderClause) -> Bool { seen.insert(clause).inserted }
}
