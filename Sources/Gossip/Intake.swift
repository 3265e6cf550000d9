import Market
import NodeCrypto

/// Entries on their way into the feeds: being verified, or verified and waiting for a predecessor or for their time.
///
/// An entry is recognised by its id together with its signature while it is being verified: the right bytes under a
/// wrong signature must not keep out the same bytes under the right one.
struct Intake: Sendable {
  struct Key: Hashable, Sendable {
    let id: EntryID
    let signature: Signature
  }

  struct InFlight: Sendable {
    let author: NodeID
    let sequence: UInt64
    /// Peers that sent it, first come first; the first answers for it when it is bad.
    var sources: [NodeID]
    /// Answers that it came with.
    var fetches: [UInt64]
  }

  /// A verified entry that cannot be appended yet, and who sent it: when its turn comes it may still prove bad.
  struct Waiting: Sendable {
    let entry: SignedEntry
    let role: EntryRole
    let sources: [NodeID]
  }

  private var inFlight: [Key: InFlight] = [:]
  private var waiting: [NodeID: [UInt64: Waiting]] = [:]
  private(set) var waitingCount = 0
  private(set) var waitingBytes = 0
  private var bytesByAuthor: [NodeID: Int] = [:]
  /// How many candidates for each place are in flight or waiting.
  private var upcoming: [NodeID: [UInt64: Int]] = [:]
  /// Where the walk of ``advanceHorizon(of:feeds:)`` last ended, so that it goes over each entry once.
  private var reach: [NodeID: UInt64] = [:]
  private var verifyingByFetch: [UInt64: Int] = [:]

  /// The last sequence up to which, from the head on, every entry is held or about to be.
  func horizon(of author: NodeID, feeds: Feeds) -> UInt64 {
    let head = feeds.head(of: author).sequence
    guard let places = upcoming[author] else { return head }
    var sequence = max(head, reach[author] ?? 0)
    while places[sequence + 1] != nil { sequence += 1 }
    return sequence
  }

  /// The same, remembered so that the next walk starts there: amortised O(1) an entry.
  mutating func advanceHorizon(of author: NodeID, feeds: Feeds) -> UInt64 {
    let sequence = horizon(of: author, feeds: feeds)
    if upcoming[author] != nil { reach[author] = sequence }
    return sequence
  }

  /// The first sequence past `horizon` that is about to be held; nil when none is. O(entries of the feed at hand).
  func firstUpcoming(of author: NodeID, after horizon: UInt64) -> UInt64? {
    upcoming[author]?.keys.lazy.filter { $0 > horizon }.min()
  }

  /// Notes that an entry of `author` left without being appended, so that what lies past it is not within reach.
  mutating func lost(_ author: NodeID) { reach[author] = nil }

  /// The same of every feed.
  mutating func lostAll() { reach = [:] }

  /// Notes an entry that came in; false when the same bytes under the same signature are already on their way.
  mutating func begin(_ entry: SignedEntry, from peer: NodeID, fetch: UInt64?) -> Bool {
    let key = Key(id: entry.id, signature: entry.signature)
    if let known = inFlight[key] {
      if known.sources.count < GossipParameters.Arrivals.maximumSources { inFlight[key]?.sources.append(peer) }
      if let fetch {
        inFlight[key]?.fetches.append(fetch)
        verifyingByFetch[fetch, default: 0] += 1
      }
      return false
    }
    if let fetch { verifyingByFetch[fetch, default: 0] += 1 }
    inFlight[key] = InFlight(
      author: entry.author, sequence: entry.sequence, sources: [peer], fetches: fetch.map { [$0] } ?? [])
    add(entry.author, entry.sequence)
    return true
  }

  /// Takes an entry out of verification, with who sent it.
  mutating func end(_ entry: SignedEntry) -> InFlight? {
    guard let ended = inFlight.removeValue(forKey: Key(id: entry.id, signature: entry.signature)) else { return nil }
    subtract(ended.author, ended.sequence)
    for fetch in ended.fetches {
      let count = verifyingByFetch[fetch, default: 1] - 1
      verifyingByFetch[fetch] = count > 0 ? count : nil
    }
    return ended
  }

  /// Whether an entry of this answer is still being verified.
  func isVerifying(fetch: UInt64) -> Bool { verifyingByFetch[fetch] != nil }

  /// Keeps a verified entry until it can be appended. When there is no room, the feed of which the most is waiting, by
  /// what there is too much of, gives way.
  ///
  /// - Returns: whether an entry waits at that place now.
  mutating func wait(_ entry: SignedEntry, role: EntryRole = .plain, from sources: [NodeID]) -> Bool {
    guard waiting[entry.author]?[entry.sequence] == nil else { return true }
    while waitingCount >= GossipParameters.Arrivals.maximumWaiting {
      guard makeRoom(for: entry.author, inBytes: false) else { return false }
    }
    while waitingBytes + entry.bytes.count > GossipParameters.Arrivals.maximumWaitingBytes {
      guard makeRoom(for: entry.author, inBytes: true) else { return false }
    }
    waiting[entry.author, default: [:]][entry.sequence] = Waiting(entry: entry, role: role, sources: sources)
    waitingCount += 1
    waitingBytes += entry.bytes.count
    bytesByAuthor[entry.author, default: 0] += entry.bytes.count
    add(entry.author, entry.sequence)
    return true
  }

  private mutating func makeRoom(for author: NodeID, inBytes: Bool) -> Bool {
    func size(_ author: NodeID) -> Int { inBytes ? bytesByAuthor[author] ?? 0 : waiting[author]?.count ?? 0 }
    let largest = waiting.keys.max { (size($0), $0) < (size($1), $1) }
    guard let largest, size(largest) > size(author), let last = waiting[largest]?.keys.max() else { return false }
    _ = takeWaiting(of: largest, at: last)
    lost(largest)
    return true
  }

  /// The first moment at which an entry that is only early can be appended.
  func nextDue(feeds: Feeds) -> Timestamp? {
    var due: Timestamp?
    for (author, entries) in waiting {
      guard let entry = entries[feeds.head(of: author).sequence + 1]?.entry else { continue }
      let time = entry.time - feeds.limits.skewMilliseconds
      due = min(due ?? time, time)
    }
    return due
  }

  /// The waiting entry at a place.
  func waitingEntry(of author: NodeID, at sequence: UInt64) -> SignedEntry? { waiting[author]?[sequence]?.entry }

  /// The waiting entry at a place, with what it is.
  func waiting(of author: NodeID, at sequence: UInt64) -> Waiting? { waiting[author]?[sequence] }

  /// Forgets what waits of a feed before `sequence`: it is held from there on only.
  mutating func dropWaiting(of author: NodeID, below sequence: UInt64) {
    for place in (waiting[author]?.keys.sorted() ?? []) where place < sequence {
      _ = takeWaiting(of: author, at: place)
    }
  }

  /// Takes out the waiting entry at a place.
  mutating func takeWaiting(of author: NodeID, at sequence: UInt64) -> Waiting? {
    guard let taken = waiting[author]?.removeValue(forKey: sequence) else { return nil }
    if waiting[author]?.isEmpty == true { waiting[author] = nil }
    waitingCount -= 1
    waitingBytes -= taken.entry.bytes.count
    let bytes = bytesByAuthor[author, default: 0] - taken.entry.bytes.count
    bytesByAuthor[author] = bytes > 0 ? bytes : nil
    subtract(author, sequence)
    return taken
  }

  /// Forgets what waits of a feed that was frozen from a sequence on; what is before that still counts.
  mutating func dropWaiting(of author: NodeID, from first: UInt64) {
    for sequence in waiting[author].map({ $0.keys.sorted() }) ?? [] where sequence >= first {
      _ = takeWaiting(of: author, at: sequence)
    }
  }

  /// Authors with waiting entries, ascending.
  var waitingAuthors: [NodeID] { waiting.keys.sorted() }

  private mutating func add(_ author: NodeID, _ sequence: UInt64) {
    upcoming[author, default: [:]][sequence, default: 0] += 1
  }

  private mutating func subtract(_ author: NodeID, _ sequence: UInt64) {
    guard let count = upcoming[author]?[sequence] else { return }
    upcoming[author]?[sequence] = count > 1 ? count - 1 : nil
    if upcoming[author]?.isEmpty == true {
      upcoming[author] = nil
      reach[author] = nil
    }
  }
}
