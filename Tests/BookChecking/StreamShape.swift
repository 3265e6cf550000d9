import Market
import NodeCrypto

/// The sizes that the orders of one stream have, drawn from its seed: streams differ from each other more than the steps
/// of one stream do, so that rare combinations meet.
package struct StreamShape: Sendable {
  /// Which sizes to draw from.
  package enum Profile: String, CaseIterable, Sendable {
    /// Few of everything: nearly all orders meet.
    case small
    /// Long windows, many GPUs, prices and orders.
    case wide
    /// So many orders that every structure of the book has several levels; what costs a look at each is seldom asked.
    case crowd
    /// Small, with values at the edges of their types and orders that make no sense.
    case edges
    /// Small, and every owner keeps to the rules: only matches are taken, and only fills are put back.
    case honest
  }

  var profile: Profile
  var owners: Int
  var classes: Int
  var prices: Int
  var mostGPUs: Int
  /// Windows begin in `base ..< base + span`.
  var base: Int64
  var span: Int
  var longestWindow: Int
  /// About as many orders are in the book at a time.
  var liveOrders: Int
  /// Steps in which `base` moves on by one slot; 0 never.
  var stepsPerSlot: Int
  /// One in so many values is at an edge; 0 none.
  var oddsOfEdges: Int
  /// One in so many bids has demands.
  var oddsOfDemands: Int
  /// One in so many orders is immediate, one in so many post-only.
  var oddsOfFlags: Int
  /// How ids differ.
  var ids: IDStyle
  /// By the kind of step: how often it is drawn.
  var weights: [Int]

  /// How the ids of a stream's orders differ.
  enum IDStyle: Int, CaseIterable {
    /// In the last word, which counts up.
    case counted
    /// In all words.
    case scattered
    /// In the first word alone.
    case leading
  }

  /// The kinds of steps with their usual weights.
  enum Step: Int, CaseIterable {
    case insert, insertAgain, amend, cancel, removeAll, take, putBack, advance
    case match, probe, quote, fill, sweep, undo, explain, crossing, ladder, depth, owned, keepCopy, checkCopies

    var usualWeight: Int {
      switch self {
      case .insert: 240
      case .amend: 70
      case .cancel: 30
      case .fill: 260
      case .undo: 60
      case .take, .match, .advance: 40
      case .explain, .sweep: 30
      case .putBack, .ladder: 20
      case .probe, .quote, .depth, .crossing: 15
      case .owned: 8
      case .insertAgain: 5
      case .keepCopy, .checkCopies, .removeAll: 3
      }
    }
  }

  init(_ profile: Profile, _ random: inout Draw) {
    self.profile = profile
    let isWide = profile == .wide || profile == .crowd
    owners = random.pick(isWide ? [3, 20, 60] : [3, 5, 8])
    classes = random.pick(isWide ? [1, 2, 6] : [1, 1, 3])
    prices = random.pick(isWide ? [1, 20, 500, 1_000_000] : [1, 3, 8, 20])
    mostGPUs = random.pick(isWide ? [1, 8, 9, 16, 64, 300, 4096] : [1, 2, 8, 8, 12])
    base = random.pick(isWide ? [0, 95, 1_940_000, 1 << 32 - 2_000_000] : [0, 0, 3, 1_940_003])
    span = random.pick(isWide ? [16, 200, 700, 3000, 100_000] : [1, 4, 6, 10, 40])
    longestWindow = random.pick(isWide ? [1, 20, 96, 200, 700, 5000, 1_000_000] : [1, 4, 8, 12, 30])
    liveOrders = random.pick(isWide ? [30, 100, 300, 600] : [8, 20, 30, 45])
    if profile == .crowd { liveOrders = random.pick([2000, 5000]) }
    stepsPerSlot = random.pick(isWide ? [0, 5, 40] : [0, 0, 100, 400])
    oddsOfEdges = profile == .edges ? random.pick([4, 8, 20]) : 0
    oddsOfDemands = random.pick(isWide ? [0, 3, 10] : [0, 2, 3, 3])
    oddsOfFlags = random.pick([0, 5, 10, 20])
    ids = random.pick(IDStyle.allCases)
    weights = Step.allCases.map { step in
      if profile == .honest, [.take, .putBack, .amend].contains(step) { return 0 }
      // Always some of the steps without which nothing happens; of the others now and then none or many.
      let factors = [.insert, .fill, .advance].contains(step) ? [3, 4, 4, 6] : [0, 2, 4, 4, 4, 8]
      return step.usualWeight * random.pick(factors)
    }
    // Many insertions at first would be mostly that: a crowd has to come together in a stream.
    if profile == .crowd { weights[Step.insert.rawValue] *= 2 }
  }
}

/// Seeded draws.
package struct Draw: Sendable {
  private var random: SplitMix64

  package init(seed: UInt64) { random = SplitMix64(seed: seed) }

  package mutating func word() -> UInt64 { random.next() }

  /// From 0 up to but not including `bound`, which is at least 1.
  package mutating func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }

  package mutating func pick<Value>(_ values: [Value]) -> Value { values[below(values.count)] }

  /// True once in `odds` draws; never when `odds` is 0.
  package mutating func once(in odds: Int) -> Bool { odds > 0 && below(odds) == 0 }
}
