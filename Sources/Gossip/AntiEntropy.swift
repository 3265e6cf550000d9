import Market
import NodeCrypto

/// Finds out what this node lacks from its peers' heads and fetches it, each range from one peer at a time.
///
/// A peer's claim is the last sequence of a feed that it is known to hold. A feed is behind while some peer claims more
/// than this node holds or is about to hold (``Intake/horizon(of:feeds:)``); it is asked for from one of those peers, and
/// from the next when the answer ends without it or does not come in time.
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
  /// The checkpoints with which feeds are to go on.
  private var jumps: [NodeID: UInt64] = [:]
  /// Authors for whom some peer claims more than was held when it was last looked at.
  private var behind: Set<NodeID> = []
  /// Authors who will be behind at a moment, unless what was overtaken has come by then.
  private var delayed: [NodeID: Timestamp] = [:]
  private var outstanding: [UInt64: Outstanding] = [:]
  private var fetching: Set<NodeID> = []
  private var strikes: [NodeID: Int] = [:]
  private var nextID: UInt64 = 1

  /// Nothing is claimed, and nothing missing.
  init(own: NodeID) { self.own = own }

  mutating func connected(_ peer: NodeID) { claims[peer] = [:] }

  mutating func disconnected(_ peer: NodeID) {
    claims[peer] = nil
    bases[peer] = nil
    strikes[peer] = nil
    for id in outstanding.keys.sorted() where outstanding[id]?.peer == peer { _ = end(id) }
  }

  /// Notes that `peer` holds the feed of `author` up to `sequence`, as it says.
  mutating func claim(_ peer: NodeID, author: NodeID, sequence: UInt64) {
    guard let count = claims[peer]?.count else { return }
    let before = claims[peer]?[author]
    guard before != nil || count < GossipParameters.Fetching.maximumClaims else { return }
    claims[peer]?[author] = max(before ?? 0, sequence)
  }

  /// Notes that some peer claims more of a feed than is held or about to be.
  mutating func isBehind(_ author: NodeID) { behind.insert(author) }

  /// Notes that an entry has overtaken the one before it, which is given time to come by itself.
  mutating func isOvertaken(_ author: NodeID, until time: Timestamp) {
    delayed[author] = delayed[author] ?? time
  }

  /// Notes that `peer` holds a feed, of which it claims something, only from a checkpoint at `base` on, as it says.
  mutating func note(base: UInt64, of author: NodeID, peer: NodeID) {
    if claims[peer]?[author] != nil { bases[peer, default: [:]][author] = base }
  }

  /// The checkpoint with which a feed is to go on, because nobody holds what comes before.
  func jump(of author: NodeID) -> UInt64? { jumps[author] }

  /// The authors of feeds that are to go on with a checkpoint, ascending.
  var jumping: [NodeID] { jumps.keys.sorted() }

  /// Whether `peer` is known to hold the entry.
  func holds(_ peer: NodeID, author: NodeID, sequence: UInt64) -> Bool {
    (claims[peer]?[author] ?? 0) >= sequence
  }

  /// Notes a request that is made for a reason of its own; returns its id.
  mutating func request(_ peer: NodeID, ranges: [Range], now: Timestamp) -> UInt64 {
    defer { nextID += 1 }
    outstanding[nextID] = Outstanding(
      peer: peer, ranges: ranges, deadline: now + GossipParameters.Fetching.answerMilliseconds)
    return nextID
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
    claims[peer]?[range.author] = min(claimed, range.from - 1)
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
    for author in delayed.filter({ $0.value <= now }).keys {
      delayed[author] = nil
      behind.insert(author)
    }
    guard !behind.isEmpty else { return [] }
    var perPeer: [NodeID: [Range]] = [:]
    var entries: [NodeID: UInt64] = [:]
    var busy: [NodeID: Int] = [:]
    for entry in outstanding.values { busy[entry.peer, default: 0] += 1 }
    let peers = claims.keys.sorted()
    for author in behind.sorted() {
      let head = horizon(author)
      let last = limit(author)
      let holders = peers.filter { min(claims[$0]?[author] ?? 0, last) > head }
      if let first = jumps[author], first <= head { jumps[author] = nil }
      guard !holders.isEmpty else {
        if !fetching.contains(author) { behind.remove(author) }
        continue
      }
      guard author == own || !fetching.contains(author) else { continue }
      let from = start(of: author, holders: holders, after: head)
      let free = holders.filter {
        busy[$0, default: 0] < GossipParameters.Fetching.requestsPerPeer
          && perPeer[$0, default: []].count < GossipParameters.Fetching.maximumRanges
          && entries[$0, default: 0] < GossipParameters.Fetching.maximumEntries
          && bases[$0]?[author] ?? 0 <= from && claims[$0]?[author] ?? 0 >= from
      }
      // Those that kept their word first, and the work spread: the fewest ranges so far.
      func rank(_ peer: NodeID) -> (Int, Int) { (strikes[peer] ?? 0, perPeer[peer]?.count ?? 0) }
      let best = fetching.contains(author) ? nil : free.min { rank($0) < rank($1) }
      for other in free where author == own && other != best {
        perPeer[other, default: []].append(Range(author: author, from: from, through: from))
      }
      guard let peer = best else { continue }
      let through = min(claims[peer]?[author] ?? 0, last, from - 1 + GossipParameters.Arrivals.windowPerFeed)
      guard from <= through else { continue }
      perPeer[peer, default: []].append(Range(author: author, from: from, through: through))
      entries[peer, default: 0] += through - from + 1
    }
    return perPeer.keys.sorted().map { peer in
      let request = Request(peer: peer, id: nextID, ranges: perPeer[peer] ?? [])
      nextID += 1
      outstanding[request.id] = Outstanding(
        peer: peer, ranges: request.ranges, deadline: now + GossipParameters.Fetching.answerMilliseconds)
      for range in request.ranges { fetching.insert(range.author) }
      return request
    }
  }

  /// Where to go on with a feed: with the next entry as long as somebody may hold it, or else with the earliest
  /// checkpoint with which a holder begins.
  private mutating func start(of author: NodeID, holders: [NodeID], after head: UInt64) -> UInt64 {
    let earliest = holders.map { bases[$0]?[author] ?? 0 }.min() ?? 0
    guard earliest > head + 1 else {
      jumps[author] = nil
      return head + 1
    }
    jumps[author] = earliest
    return earliest
  }

  /// The next moment at which an answer is overdue or an overtaken entry is asked for.
  var nextDeadline: Timestamp? {
    [outstanding.values.lazy.map(\.deadline).min(), delayed.values.min()].compactMap { $0 }.min()
  }

  /// Whether nothing is known to be missing and nothing is being fetched.
  var isIdle: Bool { behind.isEmpty && outstanding.isEmpty }

  /// Whether some peer claims more of the feed of `author` than is held.
  func isBehind(_ author: NodeID, head: UInt64) -> Bool {
    claims.values.contains { ($0[author] ?? 0) > head }
  }

  /// The authors of whom some peer claims something.
  var authorsClaimed: Set<NodeID> {
    claims.values.reduce(into: []) { $0.formUnion($1.keys) }
  }

  /// Looks at a feed again: an entry of it that was about to be held turned out not to be.
  mutating func recheck(_ author: NodeID) { behind.insert(author) }

  /// Looks at every feed again: some may be held less far than before.
  mutating func recheckAll() {
    for claimed in claims.values { behind.formUnion(claimed.keys) }
  }

  private mutating func end(_ id: UInt64) -> [Range] {
    guard let ended = outstanding.removeValue(forKey: id) else { return [] }
    for range in ended.ranges {
      fetching.remove(range.author)
      behind.insert(range.author)
    }
    return ended.ranges
  }
}
