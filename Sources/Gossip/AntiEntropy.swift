import DequeModule
import Market
import NodeCrypto

/// Finds out what this node lacks from its peers' heads and fetches it, each range from one peer at a time.
///
/// A peer's claim is the last sequence of a feed that it is known to hold. A feed is behind while some peer claims more
/// than this node holds or is about to hold (``Intake/horizon(of:feeds:)``); it is asked for from one of those peers, and
/// from the next when the answer ends without it or does not come in time.
///
/// For each peer there is a queue of the feeds that it may have to be asked for. Nothing else is gone through: what a peer
/// claims costs as much as is asked of that peer. A feed leaves the queue when it is looked at, and comes back when there
/// is a reason to look again: a claim, a request of it that ended, or a holder that left.
///
/// A peer that has pruned what is asked for says where its feed begins: at a checkpoint. It is asked for the feed from
/// there on (a **jump**) when no other peer holds what comes before.
struct AntiEntropy: Sendable {
  struct Request: Sendable, Equatable {
    var peer: NodeID
    var id: UInt64
    var ranges: [Range]
  }

  struct Range: Sendable, Equatable {
    var author: NodeID
    var from: UInt64
    var through: UInt64
  }

  private struct Outstanding: Sendable {
    var peer: NodeID
    var ranges: [Range]
    var deadline: Timestamp
    /// How far the ranges had been filled when the answer was last seen to bring something.
    var reached: UInt64 = 0
  }

  private let own: NodeID
  private(set) var claims: [NodeID: [NodeID: UInt64]] = [:]
  /// By peer and author, where the peer's feed begins, if that is not at its first entry.
  private var bases: [NodeID: [NodeID: UInt64]] = [:]
  /// The checkpoints with which feeds that are being fetched are to go on.
  private var jumps: [NodeID: UInt64] = [:]
  /// By peer, the feeds that it may have to be asked for.
  private var queues: [NodeID: AuthorQueue] = [:]
  /// Authors of whom a peer was not asked because another may hold what comes before.
  private var deferred: Set<NodeID> = []
  /// Authors who will be behind at a moment, unless what was overtaken has come by then.
  private var delayed: [NodeID: Timestamp] = [:]
  private var outstanding: [UInt64: Outstanding] = [:]
  private var fetching: Set<NodeID> = []
  private var strikes: [NodeID: Int] = [:]
  private var nextID: UInt64 = 1

  /// Nothing is claimed, and nothing missing.
  init(own: NodeID) { self.own = own }

  mutating func connected(_ peer: NodeID) {
    claims[peer] = [:]
    queues[peer] = AuthorQueue()
  }

  mutating func disconnected(_ peer: NodeID) {
    claims[peer] = nil
    queues[peer] = nil
    bases[peer] = nil
    strikes[peer] = nil
    for id in outstanding.keys.sorted() where outstanding[id]?.peer == peer { _ = end(id) }
    for author in deferred.sorted() { recheck(author) }
  }

  /// Notes that `peer` holds the feed of `author` up to `sequence`, as it says.
  ///
  /// - Parameter isHeld: whether anything of the feed is held here. Of those of which nothing is, far fewer are noted at a
  ///   time: names cost a liar nothing. The next comparison tells of the others.
  mutating func claim(_ peer: NodeID, author: NodeID, sequence: UInt64, isHeld: Bool) {
    guard let count = claims[peer]?.count else { return }
    if let before = claims[peer]?[author] {
      claims[peer]?[author] = max(before, sequence)
      return
    }
    guard count < GossipParameters.Fetching.maximumClaims,
      isHeld || queues[peer]?.count ?? 0 < GossipParameters.Fetching.maximumUnknown
    else { return }
    claims[peer]?[author] = sequence
  }

  /// Notes that `peer` claims more of a feed than is held or about to be.
  mutating func isBehind(_ author: NodeID, peer: NodeID) {
    if claims[peer]?[author] != nil { queues[peer]?.append(author) }
  }

  /// Notes that an entry has overtaken the one before it, which is given time to come by itself.
  mutating func isOvertaken(_ author: NodeID, until time: Timestamp) {
    delayed[author] = delayed[author] ?? time
  }

  /// Notes that `peer` holds a feed, of which it claims something, only from a checkpoint at `base` on, as it says.
  mutating func note(base: UInt64, of author: NodeID, peer: NodeID) {
    guard claims[peer]?[author] != nil else { return }
    bases[peer, default: [:]][author] = base
    if deferred.contains(author) { recheck(author) }
  }

  /// The checkpoint with which a feed is to go on, because nobody holds what comes before.
  func jump(of author: NodeID) -> UInt64? { jumps[author] }

  /// Whether `peer` is known to hold the entry.
  func holds(_ peer: NodeID, author: NodeID, sequence: UInt64) -> Bool {
    (claims[peer]?[author] ?? 0) >= sequence
  }

  /// Notes a request, which may be made for a reason of its own.
  mutating func request(_ peer: NodeID, ranges: [Range], now: Timestamp) -> Request {
    defer { nextID += 1 }
    outstanding[nextID] = Outstanding(
      peer: peer, ranges: ranges, deadline: now + GossipParameters.Fetching.answerMilliseconds)
    return Request(peer: peer, id: nextID, ranges: ranges)
  }

  /// Whether an answer is awaited from this peer.
  func awaits(_ id: UInt64, from peer: NodeID) -> Bool { outstanding[id]?.peer == peer }

  /// Looks whether part of an answer brought anything of what was asked for. Only that gives the peer more time: one
  /// that drips empty messages would keep others from being asked.
  mutating func progress(_ id: UInt64, now: Timestamp, horizon: (NodeID) -> UInt64) {
    guard let asked = outstanding[id] else { return }
    let reached = asked.ranges.reduce(0) { $0 + min($1.through, max(horizon($1.author), $1.from - 1)) - ($1.from - 1) }
    guard reached > asked.reached else { return }
    outstanding[id]?.reached = reached
    outstanding[id]?.deadline = now + GossipParameters.Fetching.answerMilliseconds
    strikes[asked.peer] = nil
  }

  /// Notes that an answer has ended. Of what it did not bring the peer holds nothing, whatever it claimed.
  ///
  /// - Returns: the authors of whose feeds something was asked for.
  mutating func finished(_ id: UInt64, from peer: NodeID, horizon: (NodeID) -> UInt64) -> [NodeID] {
    guard outstanding[id]?.peer == peer else { return [] }
    let asked = end(id)
    for range in asked where horizon(range.author) < range.from {
      if let base = bases[peer]?[range.author], base > range.from { continue }
      lower(peer, below: range)
    }
    return asked.map(\.author)
  }

  /// Gives up on answers that are overdue. What they did not bring counts as not held, as with an answer that has ended:
  /// a claim that is never made good must not be waited for, and the peer is asked when it claims the same again.
  ///
  /// - Returns: peers that have left too many requests without anything, ascending.
  mutating func expire(now: Timestamp, horizon: (NodeID) -> UInt64) -> [NodeID] {
    for id in outstanding.keys.sorted() {
      guard let overdue = outstanding[id], overdue.deadline <= now else { continue }
      strikes[overdue.peer, default: 0] += 1
      for range in end(id) where horizon(range.author) < range.from { lower(overdue.peer, below: range) }
    }
    return strikes.filter { $0.value >= GossipParameters.Fetching.maximumStrikes }.keys.sorted()
  }

  private mutating func lower(_ peer: NodeID, below range: Range) {
    guard let claimed = claims[peer]?[range.author] else { return }
    let left = min(claimed, range.from - 1)
    claims[peer]?[range.author] = left > 0 ? left : nil
    if left == 0 { bases[peer]?[range.author] = nil }
  }

  /// The requests to send now.
  ///
  /// Of this node's own feed every holder has to show the next entry, though another is asked for it already: until all
  /// that is claimed of it has come, or has proved to be nothing, this node writes nothing.
  ///
  /// - Parameter horizon: what is held or about to be held of a feed.
  /// - Parameter limit: the last sequence of a feed that is missing: before what is at hand, and before the fork in a
  ///   frozen one.
  mutating func plan(
    now: Timestamp, horizon: (NodeID) -> UInt64, limit: (NodeID) -> UInt64
  ) -> [Request] {
    for author in delayed.filter({ $0.value <= now }).keys.sorted() {
      delayed[author] = nil
      recheck(author)
    }
    guard queues.values.contains(where: { !$0.isEmpty }) else { return [] }
    var busy: [NodeID: Int] = [:]
    for entry in outstanding.values { busy[entry.peer, default: 0] += 1 }
    let free = queues.keys.filter { busy[$0, default: 0] < GossipParameters.Fetching.requestsPerPeer }.sorted()
    var ranges: [NodeID: [Range]] = [:]
    var entries: [NodeID: UInt64] = [:]
    // Those that kept their word first, and the work spread: in turns.
    for level in Set(free.map { strikes[$0] ?? 0 }).sorted() {
      var turn = free.filter { strikes[$0] ?? 0 == level }
      while !turn.isEmpty {
        turn.removeAll { peer in
          guard ranges[peer]?.count ?? 0 < GossipParameters.Fetching.maximumRanges,
            entries[peer] ?? 0 < GossipParameters.Fetching.maximumEntries,
            let range = next(for: peer, horizon: horizon, limit: limit)
          else { return true }
          ranges[peer, default: []].append(range)
          entries[peer, default: 0] += range.through - range.from + 1
          fetching.insert(range.author)
          return false
        }
      }
    }
    return ranges.keys.sorted().map { request($0, ranges: ranges[$0] ?? [], now: now) }
  }

  /// What to ask a peer for next; nil when there is nothing. Amortised O(peers) a feed in its queue.
  private mutating func next(
    for peer: NodeID, horizon: (NodeID) -> UInt64, limit: (NodeID) -> UInt64
  ) -> Range? {
    while let author = queues[peer]?.popFirst() {
      let (head, last) = (horizon(author), limit(author))
      guard let claimed = claims[peer]?[author], min(claimed, last) > head else { continue }
      let isFetched = fetching.contains(author)
      // Of the own feed another has to show no more than that it holds the next entry.
      guard !isFetched || author == own else { continue }
      let from = start(of: author, after: head, limit: last)
      guard bases[peer]?[author] ?? 0 <= from, claimed >= from else {
        deferred.insert(author)
        continue
      }
      let through = min(claimed, last, from - 1 + (isFetched ? 1 : GossipParameters.Arrivals.windowPerFeed))
      guard from <= through else { continue }
      if from > head + 1 { jumps[author] = from }
      return Range(author: author, from: from, through: through)
    }
    return nil
  }

  /// Where to go on with a feed: with the next entry as long as somebody may hold it, or else with the earliest
  /// checkpoint with which a holder begins. O(peers).
  private func start(of author: NodeID, after head: UInt64, limit: UInt64) -> UInt64 {
    var earliest = UInt64.max
    for (peer, claimed) in claims where min(claimed[author] ?? 0, limit) > head {
      earliest = min(earliest, bases[peer]?[author] ?? 0)
    }
    return max(earliest, head + 1)
  }

  /// The next moment at which an answer is overdue or an overtaken entry is asked for.
  var nextDeadline: Timestamp? {
    [outstanding.values.lazy.map(\.deadline).min(), delayed.values.min()].compactMap { $0 }.min()
  }

  /// Whether some peer claims more of the feed of `author` than is held.
  func isBehind(_ author: NodeID, head: UInt64) -> Bool {
    claims.values.contains { ($0[author] ?? 0) > head }
  }

  /// Authors of whom a peer claims something.
  func authorsClaimed(by peer: NodeID) -> some Sequence<NodeID> { (claims[peer] ?? [:]).keys }

  /// Looks at a feed again: more of it may have to be asked for, of any peer. O(peers).
  mutating func recheck(_ author: NodeID) {
    deferred.remove(author)
    for peer in claims.keys { isBehind(author, peer: peer) }
  }

  /// Looks at every feed again: some may be held less far than before.
  mutating func recheckAll() {
    for (peer, claimed) in claims { for author in claimed.keys.sorted() { isBehind(author, peer: peer) } }
  }

  private mutating func end(_ id: UInt64) -> [Range] {
    guard let ended = outstanding.removeValue(forKey: id) else { return [] }
    for range in ended.ranges {
      fetching.remove(range.author)
      jumps[range.author] = nil
      recheck(range.author)
    }
    return ended.ranges
  }

  // MARK: Bounds

  /// The most claims that are noted of one peer, the most feeds in one queue, feeds deferred, and jumps.
  var sizes: (claims: Int, queued: Int, deferred: Int, jumps: Int) {
    (
      claims.values.map(\.count).max() ?? 0, queues.values.map(\.count).max() ?? 0, deferred.count, jumps.count
    )
  }
}

/// Feeds to look at, each once, first come first. Every operation is O(1) amortised.
private struct AuthorQueue: Sendable {
  private var order = Deque<NodeID>()
  private var members: Set<NodeID> = []

  var isEmpty: Bool { order.isEmpty }
  var count: Int { order.count }

  mutating func append(_ author: NodeID) {
    if members.insert(author).inserted { order.append(author) }
  }

  mutating func popFirst() -> NodeID? {
    guard let first = order.popFirst() else { return nil }
    members.remove(first)
    return first
  }
}
