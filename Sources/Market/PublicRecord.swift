/// What a node's own feed adds up to of its conduct. Every number only ever grows from entry to entry.
public struct FeedCounts: Hashable, Sendable {
  /// The time of the feed's first entry; nil when that is not known.
  public var since: Timestamp?
  /// Trades that it proposed, as taker, legs of purchases among them.
  public var proposals = 0
  /// Proposals that it accepted, as maker, legs of purchases among them.
  public var accepts = 0
  /// Proposals that it declined, as maker.
  public var rejects = RejectCounts()
  /// Proposals of its own that it took back: single ones, and every leg of a purchase that came to nothing.
  public var releases = 0
  /// Trades that settled by its own word, on either side of the market: accepts of single trades, receipts, and the
  /// legs that it confirmed or settled.
  public var settled = 0
  /// What it sold in those trades.
  public var sold = GPUTime()
  /// What it bought in those trades.
  public var bought = GPUTime()

  /// The counts of a feed without entries.
  public init() {}

  /// Adds what an earlier key's feed adds up to.
  mutating func add(_ earlier: FeedCounts) {
    since = [since, earlier.since].compactMap { $0 }.min()
    proposals += earlier.proposals
    accepts += earlier.accepts
    rejects.add(earlier.rejects)
    releases += earlier.releases
    settled += earlier.settled
    sold += earlier.sold
    bought += earlier.bought
  }

  /// The greatest number that a checkpoint carries on: sums of such stay far from overflow.
  public static let maximum = 1 << 40
}

/// Proposals that a maker declined, by what it gave as the reason.
public struct RejectCounts: Hashable, Sendable {
  /// The maker's order was not open.
  public var orderClosed = 0
  /// Less was left in the window than proposed.
  public var noCapacity = 0
  /// The terms did not follow from the two orders.
  public var badTerms = 0
  /// The maker was shutting down.
  public var stopping = 0
  /// The maker held no more of the order for purchases, or nothing for that taker.
  public var noHold = 0

  /// None.
  public init() {}

  mutating func add(_ others: RejectCounts) {
    orderClosed += others.orderClosed
    noCapacity += others.noCapacity
    badTerms += others.badTerms
    stopping += others.stopping
    noHold += others.noHold
  }

  /// All of them.
  public var total: Int { orderClosed + noCapacity + badTerms + stopping + noHold }

  /// Those in which the terms were right and the maker still did not sell or buy: not what a taker got wrong, nor what
  /// a maker may keep back from purchases.
  public var failures: Int { orderClosed + noCapacity + stopping }
}

/// GPUs times time, in whole GPU-seconds. A sum stops at ``maximum``, so that whoever makes up trades overflows nothing
/// and every node stops at the same value.
public struct GPUTime: Hashable, Comparable, Sendable {
  /// GPU-seconds, 0 to ``maximum``'s.
  public private(set) var gpuSeconds: Int64

  /// What is at least so much: the largest integer that every JSON reader takes exactly.
  public static let maximum = GPUTime(gpuSeconds: 1 << 53)

  /// So many GPU-seconds, from 0 on; more than the maximum is the maximum.
  public init(gpuSeconds: Int64 = 0) { self.gpuSeconds = min(max(gpuSeconds, 0), 1 << 53) }

  /// `gpus` GPUs from one moment to another; parts of a second do not count.
  public init(gpus: Int32, from start: Timestamp, until end: Timestamp) {
    let (product, isOver) = Int64(max(gpus, 0)).multipliedReportingOverflow(by: max(0, end - start) / 1000)
    self.init(gpuSeconds: isOver ? .max : product)
  }

  /// The sum, at most ``maximum``.
  public static func + (left: Self, right: Self) -> Self { GPUTime(gpuSeconds: left.gpuSeconds + right.gpuSeconds) }

  /// Adds, up to ``maximum``.
  public static func += (left: inout Self, right: Self) { left = left + right }

  /// The shorter is the smaller.
  public static func < (left: Self, right: Self) -> Bool { left.gpuSeconds < right.gpuSeconds }
}

/// What the feeds say of how a node has kept its word: a sum of what single feeds say, so the same on every node that
/// has the same feeds.
public struct PublicRecord: Hashable, Sendable {
  /// What its own feed says.
  public var own = FeedCounts()
  /// Proposals to it, as maker, that their takers took back because it did not answer: by the takers' feeds.
  public var expiries = 0
  /// Holds for purchases of its own, as taker, that their makers freed because the purchase came to nothing: by the
  /// makers' feeds.
  public var holdsLapsed = 0
  /// Proofs of fraud that name it.
  public var proofs = 0

  /// The record of a node that nobody has heard of.
  public init() {}

  /// A record of trades that settled and proposals that expired.
  public init(settled: Int, expiries: Int = 0) {
    own.settled = settled
    self.expiries = expiries
  }

  /// Adds the record of a key from which this one took over.
  public mutating func add(_ earlier: PublicRecord) {
    own.add(earlier.own)
    expiries += earlier.expiries
    holdsLapsed += earlier.holdsLapsed
    proofs += earlier.proofs
  }

  /// Trades that settled, on either side of the market.
  public var settled: Int { own.settled }

  /// Proposals to it that it declined though their terms were right, or that ended without its answer.
  public var failed: Int { own.rejects.failures + expiries }

  /// Whether at most `percent` of a hundred of its decided trades failed; an empty record fails in none.
  public func failsAtMost(percent: UInt32) -> Bool { failurePercent ?? 0 <= Int(percent) }

  /// The share of failed trades among those that settled or failed, in percent, rounded up: the smallest rate that a
  /// demand can name and this record meets. Nil without any.
  public var failurePercent: Int? { Self.percentUp(failed, of: settled + failed) }

  /// The share of accepts among the proposals to it that it answered or let expire, in percent, rounded down; nil
  /// without any.
  public var acceptPercent: Int? {
    let asked = own.accepts + own.rejects.total + expiries
    return asked > 0 ? Int(clamping: 100 * Int128(own.accepts) / Int128(asked)) : nil
  }

  /// The share of its own proposals that it took back, in percent, rounded up; nil without any.
  public var releasePercent: Int? { Self.percentUp(own.releases, of: own.proposals) }

  private static func percentUp(_ part: Int, of whole: Int) -> Int? {
    whole > 0 ? Int(clamping: (100 * Int128(part) + Int128(whole) - 1) / Int128(whole)) : nil
  }
}
