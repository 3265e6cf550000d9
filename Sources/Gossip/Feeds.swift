import Market
import NodeCrypto

/// What a verified entry is to the feeds held here.
public enum Admission: Equatable, Sendable {
  /// The next entry of its feed: append it.
  case next
  /// Already held.
  case known
  /// Entries are missing before it; `from` is the first of them.
  case gap(from: UInt64)
  /// Valid, but too far ahead of the clock: try again at that moment.
  case early(until: Timestamp)
  /// A different entry stands at its sequence: the author equivocated.
  case fork
  /// It follows an entry other than the one held here: the author equivocated further back.
  case divergent
  /// The author's feed is frozen from a sequence at or before this one.
  case frozen
  /// It breaks a rule that depends on the feed and the genesis alone; no node ever takes it.
  case invalid(EntryRefusal)
}

/// A rule that an entry breaks.
public enum EntryRefusal: Error, Equatable, Sendable, CustomStringConvertible {
  /// The first of its feed, it does not follow the network's id.
  case origin(EntryID, expected: EntryID)
  /// Its time is before the previous entry's.
  case timeGoesBack(time: Timestamp, previous: Timestamp)
  /// The author publishes faster than the genesis allows.
  case rate(perSecond: Int64, burst: Int64)

  /// What was wrong, with what value, and what is allowed.
  public var description: String {
    switch self {
    case .origin(let previous, let expected): "a first entry's previous is \(previous); allowed: \(expected)"
    case .timeGoesBack(let time, let previous):
      "entry time \(time.milliseconds) is before the previous entry's; allowed: \(previous.milliseconds) or later"
    case .rate(let perSecond, let burst):
      "more entries than the network allows an author: \(perSecond) a second, \(burst) at once"
    }
  }
}

/// The per-author rate limit as a token bucket over the entries' own times: a function of the feed alone, so that every
/// node judges alike. Tokens are counted in thousandths to stay in integers.
struct EntryBudget: Equatable, Sendable {
  private(set) var milliTokens: Int64
  private(set) var time: Timestamp

  init(limits: GenesisLimits) {
    milliTokens = limits.entryBurst * 1000
    time = .zero
  }

  /// The budget after an entry at `now`; nil when there is none left for it.
  func spending(at now: Timestamp, limits: GenesisLimits) -> EntryBudget? {
    let capacity = limits.entryBurst * 1000
    let elapsed = min(max(0, now - time), capacity / limits.entriesPerSecond + 1)
    var next = self
    next.milliTokens = min(capacity, milliTokens + elapsed * limits.entriesPerSecond) - 1000
    next.time = max(time, now)
    return next.milliTokens < 0 ? nil : next
  }

  /// The first moment at which there is budget for an entry.
  func nextEntry(limits: GenesisLimits) -> Timestamp {
    let missing = 1000 - milliTokens
    return missing > 0 ? time + (missing + limits.entriesPerSecond - 1) / limits.entriesPerSecond : .zero
  }
}

/// One author's feed: where it stands, and the ids of its entries, by which a fork is recognised.
public struct Feed: Sendable {
  /// The last entry.
  public private(set) var head: Head
  /// The first sequence that an equivocation proof voids; nil while the author has not been caught.
  public internal(set) var frozenFrom: UInt64?

  private var ids: ContiguousArray<EntryID> = []
  private var budget: EntryBudget

  init(network: NetworkID, limits: GenesisLimits) {
    head = .origin(of: network)
    budget = EntryBudget(limits: limits)
  }

  /// The id of the entry at `sequence`, from 1; nil past the head.
  public func id(at sequence: UInt64) -> EntryID? {
    guard sequence >= 1, sequence <= UInt64(ids.count) else { return nil }
    return ids[Int(sequence - 1)]
  }

  func admission(of entry: SignedEntry, now: Timestamp, limits: GenesisLimits) -> Admission {
    if let frozenFrom, entry.sequence >= frozenFrom { return .frozen }
    if entry.sequence <= head.sequence {
      return id(at: entry.sequence) == entry.id ? .known : .fork
    }
    guard entry.sequence == head.sequence + 1 else { return .gap(from: head.sequence + 1) }
    guard entry.previous == head.entry else {
      return head.sequence == 0 ? .invalid(.origin(entry.previous, expected: head.entry)) : .divergent
    }
    guard entry.time >= head.time else { return .invalid(.timeGoesBack(time: entry.time, previous: head.time)) }
    guard budget.spending(at: entry.time, limits: limits) != nil else {
      return .invalid(.rate(perSecond: limits.entriesPerSecond, burst: limits.entryBurst))
    }
    let latest = now + limits.skewMilliseconds
    return entry.time > latest ? .early(until: entry.time - limits.skewMilliseconds) : .next
  }

  mutating func append(_ entry: SignedEntry, limits: GenesisLimits) {
    precondition(entry.sequence == head.sequence + 1 && entry.previous == head.entry, "an entry out of its place")
    guard let spent = budget.spending(at: entry.time, limits: limits) else {
      preconditionFailure("an entry past its author's rate")
    }
    budget = spent
    head = entry.head
    ids.append(entry.id)
  }

  /// The first moment at which an entry is within the author's rate.
  func nextEntry(limits: GenesisLimits) -> Timestamp { budget.nextEntry(limits: limits) }
}

/// Every feed that this node holds.
public struct Feeds: Sendable {
  /// The market whose feeds they are.
  public let network: NetworkID
  /// The market's limits.
  public let limits: GenesisLimits
  /// Entries in all feeds.
  public private(set) var entryCount: Int64 = 0
  /// The latest entry time in any feed. Being a maximum it does not depend on the order of arrival.
  public private(set) var latestTime: Timestamp = .zero

  private var byAuthor: [NodeID: Feed] = [:]

  /// No feeds.
  public init(network: NetworkID, limits: GenesisLimits) {
    self.network = network
    self.limits = limits
  }

  /// The feed of `author`; nil when nothing of it is known.
  public func feed(of author: NodeID) -> Feed? { byAuthor[author] }

  /// Where the feed of `author` stands.
  public func head(of author: NodeID) -> Head { byAuthor[author]?.head ?? .origin(of: network) }

  /// The number of authors.
  public var count: Int { byAuthor.count }

  /// All authors with their feeds, ascending by author. O(n log n).
  public var sorted: [(author: NodeID, feed: Feed)] {
    byAuthor.map { (author: $0.key, feed: $0.value) }.sorted { $0.author < $1.author }
  }

  /// What `entry`, whose signature is known to be good, is to these feeds.
  public func admission(of entry: SignedEntry, now: Timestamp) -> Admission {
    let feed = byAuthor[entry.author] ?? Feed(network: network, limits: limits)
    return feed.admission(of: entry, now: now, limits: limits)
  }

  /// Appends an entry whose ``admission(of:now:)`` is `.next`.
  public mutating func append(_ entry: SignedEntry) {
    byAuthor[entry.author, default: Feed(network: network, limits: limits)].append(entry, limits: limits)
    entryCount += 1
    latestTime = max(latestTime, entry.time)
  }

  /// The first moment at which `author` may publish its next entry without breaking its rate.
  public func nextEntry(of author: NodeID) -> Timestamp { byAuthor[author]?.nextEntry(limits: limits) ?? .zero }

  /// Notes that the entries of `author` from `sequence` on are void.
  ///
  /// - Returns: whether that changed anything: whether it is the earliest forked sequence known so far.
  public mutating func freeze(_ author: NodeID, from sequence: UInt64) -> Bool {
    var feed = byAuthor[author] ?? Feed(network: network, limits: limits)
    if let frozenFrom = feed.frozenFrom, frozenFrom <= sequence { return false }
    feed.frozenFrom = sequence
    byAuthor[author] = feed
    return true
  }

  /// Authors caught with two entries at one sequence.
  public var frozenCount: Int { byAuthor.values.reduce(0) { $0 + ($1.frozenFrom == nil ? 0 : 1) } }
}
