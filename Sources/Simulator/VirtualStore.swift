import Gossip
import NodeCrypto

/// One node's disk: group commits that take a while, and a crash that loses what was not committed.
///
/// Entries are numbers of the run's ``EntryPool``: what a thousand nodes keep is kept once.
public struct VirtualStore {
  enum Write {
    case entry(EntryNumber)
    case proof(FraudProof)
    case prune(NodeID, below: UInt64)
  }

  /// What is on the disk of one feed: its entries from `first` on, without a gap.
  struct StoredFeed {
    var first: UInt64
    var entries: ContiguousArray<EntryNumber> = []

    var end: UInt64 { first + UInt64(entries.count) }

    subscript(_ sequence: UInt64) -> EntryNumber? {
      sequence >= first && sequence < end ? entries[Int(sequence - first)] : nil
    }
  }

  private let pool: EntryPool
  private(set) var feeds: [NodeID: StoredFeed] = [:]
  private var proofs: [NodeID: [UInt64: FraudProof]] = [:]
  /// What the running commit takes to the disk.
  private var committing: [Write] = []
  /// What waits for the next commit.
  private var waiting: [Write] = []

  init(pool: EntryPool) { self.pool = pool }

  /// Whether nothing is on its way to the disk.
  public var isIdle: Bool { committing.isEmpty && waiting.isEmpty }

  mutating func keep(_ entry: SignedEntry) { waiting.append(.entry(pool.number(of: entry))) }

  mutating func keep(_ proof: FraudProof) { waiting.append(.proof(proof)) }

  /// Forgets the entries of a feed before `first`.
  mutating func prune(_ author: NodeID, below first: UInt64) { waiting.append(.prune(author, below: first)) }

  /// Begins a commit of all that waits; false when one is running or nothing waits.
  mutating func beginCommit() -> Bool {
    guard committing.isEmpty, !waiting.isEmpty else { return false }
    swap(&committing, &waiting)
    return true
  }

  /// Ends the running commit; returns the sequences of the entries of `own` in it.
  mutating func endCommit(own: NodeID) -> [UInt64] {
    let written = committing
    committing.removeAll(keepingCapacity: true)
    return apply(written[...], own: own)
  }

  /// Commits everything at once.
  mutating func commitAll(own: NodeID) -> [UInt64] {
    let written = committing + waiting
    committing = []
    waiting = []
    return apply(written[...], own: own)
  }

  /// The process dies: what waits is gone; of the running commit the first `surviving` writes are on the disk.
  mutating func crash(surviving: Int, own: NodeID) {
    _ = apply(committing.prefix(surviving), own: own)
    committing = []
    waiting = []
  }

  /// How many writes the running commit has.
  var committingCount: Int { committing.count }

  private mutating func apply(_ writes: ArraySlice<Write>, own: NodeID) -> [UInt64] {
    var sequences: [UInt64] = []
    for write in writes {
      switch write {
      case .entry(let number):
        let (author, sequence) = pool.place(of: number)
        feeds[author, default: StoredFeed(first: sequence)].put(number, at: sequence)
        if author == own { sequences.append(sequence) }
      case .proof(let proof): proofs[proof.author, default: [:]][proof.sequence] = proof
      case .prune(let author, let first): feeds[author]?.prune(below: first)
      }
    }
    return sequences
  }

  mutating func truncate(_ author: NodeID, from sequence: UInt64) { feeds[author]?.truncate(from: sequence) }

  /// Makes part of one feed unreadable, which is found when it is read at the next start.
  mutating func damage(_ choice: Int, except own: NodeID) {
    let authors = feeds.keys.filter { $0 != own }.sorted()
    guard !authors.isEmpty, let feed = feeds[authors[choice % authors.count]], !feed.entries.isEmpty else { return }
    truncate(authors[choice % authors.count], from: feed.first + UInt64(choice / 64 % feed.entries.count))
  }

  /// All entries, feed by feed, each in its order.
  public var sortedEntries: [SignedEntry] {
    feeds.keys.sorted().flatMap { author in (feeds[author]?.entries ?? []).map { pool[$0] } }
  }

  /// All proofs, ascending by author and sequence.
  public var sortedProofs: [FraudProof] {
    proofs.keys.sorted().flatMap { author in (proofs[author] ?? [:]).sorted { $0.key < $1.key }.map(\.value) }
  }

  /// The last committed entry of a feed.
  func lastEntry(of author: NodeID) -> SignedEntry? { feeds[author]?.entries.last.map { pool[$0] } }

  /// The committed entry at a place.
  func committed(_ author: NodeID, at sequence: UInt64) -> SignedEntry? {
    feeds[author]?[sequence].map { pool[$0] }
  }

  /// The committed entry at a place, or the one on its way there.
  func entry(of author: NodeID, at sequence: UInt64) -> SignedEntry? {
    if let held = committed(author, at: sequence) { return held }
    for case .entry(let number) in committing + waiting where pool.place(of: number) == (author, sequence) {
      return pool[number]
    }
    return nil
  }
}

extension VirtualStore.StoredFeed {
  /// Keeps an entry that continues the feed; one that is there already stays. A node that goes on with a feed past a gap
  /// does so with a checkpoint, which replaces what was before.
  mutating func put(_ number: EntryNumber, at sequence: UInt64) {
    if entries.isEmpty || sequence > end {
      first = sequence
      entries = []
    }
    if sequence == end { entries.append(number) }
  }

  mutating func prune(below sequence: UInt64) {
    guard sequence > first else { return }
    entries.removeFirst(Int(min(end, sequence) - first))
    first = sequence
  }

  mutating func truncate(from sequence: UInt64) {
    guard sequence < end else { return }
    entries.removeLast(Int(end - max(first, sequence)))
  }
}

extension EntryPool {
  func place(of number: EntryNumber) -> (author: NodeID, sequence: UInt64) {
    let entry = self[number]
    return (entry.author, entry.sequence)
  }
}
