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
  /// Its feed was closed by the entry before it.
  case closed(at: UInt64)
  /// It is not the next part of the checkpoint that the feed is in, or a part of one that it is not in.
  case outsideCheckpoint(first: UInt64?)

  /// What was wrong, with what value, and what is allowed.
  public var description: String {
    switch self {
    case .origin(let previous, let expected): "a first entry's previous is \(previous); allowed: \(expected)"
    case .timeGoesBack(let time, let previous):
      "entry time \(time.milliseconds) is before the previous entry's; allowed: \(previous.milliseconds) or later"
    case .rate(let perSecond, let burst):
      "more entries than the network allows an author: \(perSecond) a second, \(burst) at once"
    case .closed(let sequence):
      "an entry of a feed that ends at \(sequence), where its author handed over to another key; allowed: none"
    case .outsideCheckpoint(let first?):
      "an entry inside a checkpoint; allowed: the next part of the one that begins at \(first), with its time"
    case .outsideCheckpoint(nil): "a part of a checkpoint that the feed is not in; allowed: a first part"
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

  /// The budget before an entry at `time` that says what is left.
  init(milliTokens: Int64, time: Timestamp) {
    self.milliTokens = milliTokens
    self.time = time
  }

  /// What is left before an entry at `now`, in thousandths of an entry.
  func left(at now: Timestamp, limits: GenesisLimits) -> Int64 {
    let capacity = limits.entryBurst * 1000
    let elapsed = min(max(0, now - time), capacity / limits.entriesPerSecond + 1)
    return min(capacity, milliTokens + elapsed * limits.entriesPerSecond)
  }

  /// The budget after an entry at `now`; nil when there is none left for it.
  func spending(at now: Timestamp, limits: GenesisLimits) -> EntryBudget? {
    var next = self
    next.milliTokens = left(at: now, limits: limits) - 1000
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
///
/// A feed is held from its first entry on or, with what came before pruned, from the first part of a checkpoint on.
public struct Feed: Sendable {
  /// The last entry.
  public private(set) var head: Head
  /// The first sequence that a proof of fraud voids; nil while the author has not been caught.
  public internal(set) var frozenFrom: UInt64?
  /// The last sequence that is pruned; 0 when nothing is.
  public private(set) var base: UInt64 = 0
  /// Where the checkpoint begins that the feed is in the middle of.
  public private(set) var unfinishedCheckpoint: UInt64?
  /// Where the last two complete checkpoints begin of which all parts are held, ascending.
  public private(set) var checkpoints: [UInt64] = []

  /// Whether the author has handed over to another key: there are no entries past the head.
  public private(set) var isClosed = false

  /// Whether a checkpoint said that more of the author's rate was left than there was.
  public private(set) var hasOverstatedRate = false

  /// Of the entries past ``base``.
  private var ids: ContiguousArray<EntryID> = []
  private var budget: EntryBudget

  init(network: NetworkID, limits: GenesisLimits) {
    head = .origin(of: network)
    budget = EntryBudget(limits: limits)
  }

  /// Whether a proof of fraud voids the entry at `sequence`.
  public func isFrozen(at sequence: UInt64) -> Bool { frozenFrom.map { $0 <= sequence } ?? false }

  /// The id of the entry at `sequence`; nil past the head and where the feed is pruned.
  public func id(at sequence: UInt64) -> EntryID? {
    guard sequence > base, sequence <= head.sequence else { return nil }
    return ids[Int(sequence - base - 1)]
  }

  func admission(of entry: SignedEntry, role: EntryRole, now: Timestamp, limits: GenesisLimits) -> Admission {
    if isFrozen(at: entry.sequence) { return .frozen }
    if entry.sequence <= head.sequence {
      return entry.sequence <= base || id(at: entry.sequence) == entry.id ? .known : .fork
    }
    guard entry.sequence == head.sequence + 1 else { return .gap(from: head.sequence + 1) }
    guard entry.previous == head.entry else {
      return head.sequence == 0 ? .invalid(.origin(entry.previous, expected: head.entry)) : .divergent
    }
    guard !isClosed else { return .invalid(.closed(at: head.sequence)) }
    guard entry.time >= head.time else { return .invalid(.timeGoesBack(time: entry.time, previous: head.time)) }
    guard continues(role, at: entry.time) else { return .invalid(.outsideCheckpoint(first: unfinishedCheckpoint)) }
    guard budget(before: entry.time, role).spending(at: entry.time, limits: limits) != nil else {
      return .invalid(.rate(perSecond: limits.entriesPerSecond, burst: limits.entryBurst))
    }
    let latest = now + limits.skewMilliseconds
    return entry.time > latest ? .early(until: entry.time - limits.skewMilliseconds) : .next
  }

  /// Whether an entry of this kind may come now: nothing stands between the parts of a checkpoint.
  private func continues(_ role: EntryRole, at time: Timestamp) -> Bool {
    switch role {
    case .plain, .checkpointStart, .last: unfinishedCheckpoint == nil
    case .checkpointPart(let first, _): unfinishedCheckpoint == first && time == head.time
    }
  }

  /// What is left of the rate before an entry. A checkpoint says it: who holds the feed from there on only, must judge
  /// what follows like everybody else.
  private func budget(before time: Timestamp, _ role: EntryRole) -> EntryBudget {
    guard case .checkpointStart(let left, _) = role else { return budget }
    return EntryBudget(milliTokens: left, time: time)
  }

  mutating func append(_ entry: SignedEntry, role: EntryRole, limits: GenesisLimits) {
    precondition(entry.sequence == head.sequence + 1 && entry.previous == head.entry, "an entry out of its place")
    if case .checkpointStart(let left, _) = role, left > budget.left(at: entry.time, limits: limits) {
      hasOverstatedRate = true
    }
    take(entry, role: role, limits: limits)
  }

  /// Holds the feed from a first part of a checkpoint on, past what is missing before it.
  mutating func jump(to entry: SignedEntry, rateLeft: Int64, isLast: Bool, limits: GenesisLimits) {
    precondition(entry.sequence > head.sequence + 1 && entry.time >= head.time, "a jump back")
    base = entry.sequence - 1
    ids = []
    checkpoints = []
    unfinishedCheckpoint = nil
    take(entry, role: .checkpointStart(rateLeft: rateLeft, isLast: isLast), limits: limits)
  }

  private mutating func take(_ entry: SignedEntry, role: EntryRole, limits: GenesisLimits) {
    guard let spent = budget(before: entry.time, role).spending(at: entry.time, limits: limits) else {
      preconditionFailure("an entry past its author's rate")
    }
    budget = spent
    head = entry.head
    ids.append(entry.id)
    switch role {
    case .plain: break
    case .checkpointStart(_, let isLast): note(checkpoint: entry.sequence, isLast: isLast)
    case .checkpointPart(let first, let isLast): note(checkpoint: first, isLast: isLast)
    case .last: isClosed = true
    }
  }

  private mutating func note(checkpoint first: UInt64, isLast: Bool) {
    unfinishedCheckpoint = isLast ? nil : first
    if isLast { checkpoints = checkpoints.suffix(1) + [first] }
  }

  /// Forgets the entries before a complete checkpoint.
  mutating func prune(below first: UInt64) {
    precondition(checkpoints.contains(first), "a feed pruned where no checkpoint begins")
    guard first > base + 1 else { return }
    ids.removeFirst(Int(first - base - 1))
    base = first - 1
  }

  /// The first moment at which an entry is within the author's rate.
  func nextEntry(limits: GenesisLimits) -> Timestamp { budget.nextEntry(limits: limits) }

  /// What is left of the author's rate before an entry at `time`, in thousandths of an entry.
  func rateLeft(at time: Timestamp, limits: GenesisLimits) -> Int64 { budget.left(at: time, limits: limits) }
}

/// Every feed that this node holds.
public struct Feeds: Sendable {
  /// The market whose feeds they are.
  public let network: NetworkID
  /// The market's limits.
  public let limits: GenesisLimits
  /// Entries of all feeds up to their heads, held or pruned.
  public private(set) var entryCount: Int64 = 0
  /// Those of them that are not held.
  public private(set) var prunedCount: Int64 = 0
  /// The latest entry time in any feed. Being a maximum it does not depend on the order of arrival.
  public private(set) var latestTime: Timestamp = .zero

  private var byAuthor: [NodeID: Feed] = [:]
  /// Those that were there when they were last asked for, ascending.
  private var authors: [NodeID] = []
  /// Those that have come since.
  private var newAuthors: [NodeID] = []

  /// No feeds.
  public init(network: NetworkID, limits: GenesisLimits) {
    self.network = network
    self.limits = limits
  }

  /// The feed of `author`; nil when nothing of it is known.
  public func feed(of author: NodeID) -> Feed? { byAuthor[author] }

  /// Whether a proof of fraud voids the entry of `author` at `sequence`.
  public func isFrozen(_ author: NodeID, at sequence: UInt64) -> Bool {
    byAuthor[author]?.isFrozen(at: sequence) ?? false
  }

  /// Where the feed of `author` stands.
  public func head(of author: NodeID) -> Head { byAuthor[author]?.head ?? .origin(of: network) }

  /// The number of authors.
  public var count: Int { byAuthor.count }

  /// All authors, ascending. O(1) while there are no new ones, else O(n).
  mutating func authorsInOrder() -> [NodeID] {
    if !newAuthors.isEmpty {
      newAuthors.sort()
      // Two runs in order are merged.
      authors = (authors + newAuthors).sorted()
      newAuthors = []
    }
    return authors
  }

  /// All authors with their feeds, ascending by author. O(n log n).
  public var sorted: [(author: NodeID, feed: Feed)] {
    byAuthor.map { (author: $0.key, feed: $0.value) }.sorted { $0.author < $1.author }
  }

  /// What `entry`, whose signature is known to be good, is to these feeds.
  public func admission(of entry: SignedEntry, role: EntryRole = .plain, now: Timestamp) -> Admission {
    let feed = byAuthor[entry.author] ?? Feed(network: network, limits: limits)
    return feed.admission(of: entry, role: role, now: now, limits: limits)
  }

  /// Appends an entry whose ``admission(of:role:now:)`` is `.next`.
  public mutating func append(_ entry: SignedEntry, role: EntryRole = .plain) {
    let before = count
    byAuthor[entry.author, default: Feed(network: network, limits: limits)].append(entry, role: role, limits: limits)
    if count > before { newAuthors.append(entry.author) }
    entryCount += 1
    latestTime = max(latestTime, entry.time)
  }

  /// Holds the feed of an author from the first part of a checkpoint on, when entries before it are missing.
  ///
  /// - Returns: whether it does now; it does not when the entry is no first part, voided, or not past what is held.
  public mutating func jump(to entry: SignedEntry, role: EntryRole) -> Bool {
    guard case .checkpointStart(let rateLeft, let isLast) = role else { return false }
    var feed = byAuthor[entry.author] ?? Feed(network: network, limits: limits)
    guard entry.sequence > feed.head.sequence + 1, entry.time >= feed.head.time, !feed.isClosed,
      feed.frozenFrom.map({ entry.sequence < $0 }) ?? true
    else { return false }
    entryCount += Int64(entry.sequence - feed.head.sequence)
    prunedCount += Int64(entry.sequence - 1 - feed.base)
    feed.jump(to: entry, rateLeft: rateLeft, isLast: isLast, limits: limits)
    set(feed, of: entry.author)
    latestTime = max(latestTime, entry.time)
    return true
  }

  /// Forgets the entries of `author` before `first`, where a complete checkpoint begins. O(entries forgotten).
  public mutating func prune(_ author: NodeID, below first: UInt64) {
    guard let base = byAuthor[author]?.base else { return }
    byAuthor[author]?.prune(below: first)
    prunedCount += Int64((byAuthor[author]?.base ?? base) - base)
  }

  /// What is left of an author's rate before an entry at `time`, in thousandths of an entry.
  public func rateLeft(of author: NodeID, at time: Timestamp) -> Int64 {
    (byAuthor[author] ?? Feed(network: network, limits: limits)).rateLeft(at: time, limits: limits)
  }

  /// The first moment at which `author` may publish its next entry without breaking its rate.
  public func nextEntry(of author: NodeID) -> Timestamp { byAuthor[author]?.nextEntry(limits: limits) ?? .zero }

  /// Notes that the entries of `author` from `sequence` on are void.
  ///
  /// - Returns: whether that changed anything: whether it is the earliest forked sequence known so far.
  public mutating func freeze(_ author: NodeID, from sequence: UInt64) -> Bool {
    var feed = byAuthor[author] ?? Feed(network: network, limits: limits)
    if feed.isFrozen(at: sequence) { return false }
    feed.frozenFrom = sequence
    set(feed, of: author)
    return true
  }

  private mutating func set(_ feed: Feed, of author: NodeID) {
    if byAuthor.updateValue(feed, forKey: author) == nil { newAuthors.append(author) }
  }

  /// Authors of whom there is a proof of fraud.
  public var frozenCount: Int { byAuthor.values.reduce(0) { $0 + ($1.frozenFrom == nil ? 0 : 1) } }
}
