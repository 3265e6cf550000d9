import Market

/// A command whose line states an order, or a part of one.
enum OrderForm: Sendable {
  case offer, bid, quote, amend

  /// The form in which an order of `side` is placed.
  init(_ side: Side) { self = side == .offer ? .offer : .bid }
}

/// A word that begins a part of an order, behind the price; in an amend, behind the order's id.
enum OrderClause: String, CaseIterable {
  case gpus, `class`, at, `for`, from, until, within, by, `in`, pieces, split
  case coLocated = "co-located"
  case allOrNone = "all-or-none"
  case lease, interconnect, vram, driver, watts, co2, probed, providers
  case notProviders = "not-providers"
  case trades, failures, gtc, ioc, fok
  case postOnly = "post-only"
  case expires, without

  /// Whether a line of `form` may have the part.
  func isAllowed(in form: OrderForm) -> Bool {
    switch self {
    case .gpus, .class, .at, .without: form == .amend
    case .until, .lease, .driver: form == .offer || form == .amend
    case .within, .by, .split, .coLocated, .probed, .providers, .notProviders, .trades, .failures: form != .offer
    case .gtc, .postOnly, .expires: form != .quote
    case .ioc, .fok: form == .offer || form == .bid
    case .for, .from, .in, .pieces, .allOrNone, .interconnect, .vram, .watts, .co2: true
    }
  }

  /// Whether the part says something of an order on `side`, in an amend.
  func isAmendable(on side: Side) -> Bool {
    switch self {
    case .gpus, .at, .without: true
    case .class: side == .bid
    default: isAllowed(in: OrderForm(side))
    }
  }

  /// The parts that a line of `form` may have.
  static func allowed(in form: OrderForm) -> [OrderClause] { allCases.filter { $0.isAllowed(in: form) } }

  /// Why a part that other orders may have makes no sense in a line of `form`; nil when it is just unknown there.
  func misplacement(in form: OrderForm) -> String? {
    switch (form, self) {
    case (.quote, .gtc), (.quote, .ioc), (.quote, .fok), (.quote, .postOnly), (.quote, .expires):
      "a quote, which places nothing; leave it out"
    case (.amend, .ioc), (.amend, .fok):
      "an amend: an order in the book does not become immediate; allowed: gtc or expires, or cancel it and place another"
    default: nil
    }
  }

  /// The words that completion offers behind this one; none where the person's own value follows.
  var continuation: [String] {
    switch self {
    case .pieces: ["of"]
    case .lease, .watts, .co2, .vram, .trades, .failures: ["at"]
    case .expires: ["in", "at"]
    case .without: AmendDraft.removable.map(\.word)
    case .gpus, .class, .at, .for, .from, .until, .within, .by, .in, .split, .coLocated, .allOrNone, .interconnect,
      .driver, .probed, .providers, .notProviders, .gtc, .ioc, .fok, .postOnly:
      []
    }
  }

  /// Whether the part is complete with its first word.
  var isFlag: Bool {
    switch self {
    case .split, .coLocated, .allOrNone, .probed, .gtc, .ioc, .fok, .postOnly: true
    default: false
    }
  }

  /// Whether `at least` stands before its value, or `at most`; nil when neither does.
  var bound: String? {
    switch self {
    case .lease, .vram, .trades: "least"
    case .watts, .co2, .failures: "most"
    default: nil
    }
  }
}

extension OrderClause {
  /// Two parts that cannot stand in one line.
  struct Conflict {
    let first: OrderClause
    let second: OrderClause
    let kind: Kind
    /// The only form of line in which they cannot; nil for all.
    var form: OrderForm?

    enum Kind {
      /// They say the same thing.
      case both(String)
      /// They contradict each other.
      case exclusive(String)
    }
  }

  /// Every such pair.
  static let conflicts: [Conflict] = {
    let works = Conflict.Kind.both("how long the order works")
    let ends = Conflict.Kind.both("when the window ends")
    let takes = Conflict.Kind.exclusive("the one only takes, the other never does")
    let whole = Conflict.Kind.exclusive("all or none means one trade that takes the whole order")
    let pieces = Conflict.Kind.both("in how many pieces the bid may be filled")
    let providers = Conflict.Kind.both("which providers are acceptable")
    let pairs: [(OrderClause, OrderClause, Conflict.Kind)] = [
      (.for, .until, ends), (.within, .by, ends), (.gtc, .ioc, works), (.gtc, .fok, works), (.ioc, .fok, works),
      (.gtc, .expires, works), (.ioc, .expires, works), (.fok, .expires, works), (.ioc, .postOnly, takes),
      (.fok, .postOnly, takes), (.fok, .lease, whole), (.allOrNone, .lease, whole),
      (.coLocated, .split, pieces), (.coLocated, .pieces, pieces), (.providers, .notProviders, providers),
    ]
    let all = pairs.map { Conflict(first: $0.0, second: $0.1, kind: $0.2) }
    // A bid may have all of it in pieces from several offers.
    return all + [OrderClause.fok, .allOrNone].map { Conflict(first: $0, second: .pieces, kind: whole, form: .offer) }
  }()
}

extension OrderClause {
  /// Whether the part cannot stand in a line with one of the parts that `words` begin.
  func conflicts(with words: some Collection<String>, in form: OrderForm) -> Bool {
    Self.conflicts.contains { conflict in
      guard conflict.form == nil || conflict.form == form else { return false }
      return (conflict.first == self && words.contains(conflict.second.rawValue))
        || (conflict.second == self && words.contains(conflict.first.rawValue))
    }
  }
}

/// The parts of an order as they were read, before their times are resolved.
struct OrderClauses: Hashable, Sendable {
  /// A moment, and the word that wrote it.
  struct Moment: Hashable, Sendable {
    var expression: TimeExpression
    var position: Int
  }

  /// Where each part begins in the line.
  private(set) var positions: [OrderClause: Int] = [:]
  var gpus: Int64?
  var priceMicros: Int64?
  var gpuClasses: [String]?
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
  var vramMib: Int64?
  var providers: [String]?
  var excludedProviders: [String]?
  var settledTrades: Int64?
  var failurePercent: Int64?
  var removed: [String] = []

  /// Notes that the part begins at the word at `position`; false when it stood in the line before.
  mutating func note(_ clause: OrderClause, at position: Int) -> Bool {
    guard positions[clause] == nil else { return false }
    positions[clause] = position
    return true
  }

  /// Whether the part stands in the line.
  func has(_ clause: OrderClause) -> Bool { positions[clause] != nil }

  /// The parts in the order of the line.
  var inOrder: [OrderClause] { positions.sorted { $0.value < $1.value }.map(\.key) }

  /// The first two parts, and the later one's position, that cannot stand together; nil when all can.
  func conflict(in form: OrderForm) -> (reason: CommandError.Reason, position: Int)? {
    for conflict in OrderClause.conflicts where conflict.form == nil || conflict.form == form {
      guard let first = positions[conflict.first], let second = positions[conflict.second] else { continue }
      let reason: CommandError.Reason =
        switch conflict.kind {
        case .both(let what): .conflict(conflict.first.rawValue, conflict.second.rawValue, both: what)
        case .exclusive(let why): .exclusive(conflict.first.rawValue, conflict.second.rawValue, because: why)
        }
      return (reason, max(first, second))
    }
    return nil
  }

  /// `gtc`, `ioc` or `fok` as the line says it; nil when it does not.
  var timeInForce: String? {
    [OrderClause.gtc, .ioc, .fok].first(where: has)?.rawValue
  }

  /// Whether a bid may be split, as the line says it; nil when it does not.
  var split: Bool? { has(.split) ? true : has(.coLocated) ? false : nil }

  /// What an offer says of its machine; nil when it says nothing.
  var attributes: AttributesDocument? {
    var attributes = AttributesDocument()
    attributes.region = regions.first
    attributes.interconnect = interconnect
    attributes.driver = driver
    attributes.wattsPerGpu = watts
    attributes.gco2PerKwh = co2
    attributes.vramMib = vramMib
    return attributes == AttributesDocument() ? nil : attributes
  }

  /// What a bid demands; nil when it demands nothing.
  var requirements: RequirementsDocument? {
    var requirements = RequirementsDocument()
    requirements.regions = regions.isEmpty ? nil : regions
    requirements.interconnect = interconnect
    requirements.maximumWattsPerGpu = watts
    requirements.maximumGco2PerKwh = co2
    requirements.minimumVramMib = vramMib
    requirements.probedOnly = has(.probed) ? true : nil
    requirements.providers = providers
    requirements.excludedProviders = excludedProviders
    requirements.minimumSettledTrades = settledTrades
    requirements.maximumFailurePercent = failurePercent
    return requirements == RequirementsDocument() ? nil : requirements
  }
}

/// The times of an order, resolved; in milliseconds.
struct OrderTimes: Hashable, Sendable {
  var startMs: Int64?
  var endMs: Int64?
  var expiryMs: Int64?
}
