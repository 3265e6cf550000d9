import Gossip
import NodeCrypto

/// One node's disk: group commits that take a while, and a crash that loses what was not committed.
struct VirtualStore {
  enum Write {
    case entry(SignedEntry)
    case proof(EquivocationProof)
    case prune(NodeID, below: UInt64)
  }

  /// What is on the disk.
  private(set) var entries: [NodeID: [UInt64: SignedEntry]] = [:]
  private(set) var proofs: [NodeID: [UInt64: EquivocationProof]] = [:]
  /// What the running commit takes to the disk.
  private(set) var committing: [Write] = []
  /// What waits for the next commit.
  private(set) var waiting: [Write] = []

  var isIdle: Bool { committing.isEmpty && waiting.isEmpty }

  mutating func keep(_ write: Write) { waiting.append(write) }

  /// Begins a commit of all that waits; false when one is running or nothing waits.
  mutating func beginCommit() -> Bool {
    guard committing.isEmpty, !waiting.isEmpty else { return false }
    committing = waiting
    waiting = []
    return true
  }

  /// Ends the running commit; returns the sequences of the entries of `own` in it.
  mutating func endCommit(own: NodeID) -> [UInt64] {
    let written = committing
    committing = []
    return apply(written, own: own)
  }

  /// Commits everything at once.
  mutating func commitAll(own: NodeID) -> [UInt64] {
    let written = committing + waiting
    committing = []
    waiting = []
    return apply(written, own: own)
  }

  /// The process dies: what waits is gone; the running commit is on the disk or not.
  mutating func crash(commitSurvives: Bool, own: NodeID) {
    if commitSurvives { _ = endCommit(own: own) }
    committing = []
    waiting = []
  }

  private mutating func apply(_ writes: [Write], own: NodeID) -> [UInt64] {
    var sequences: [UInt64] = []
    for write in writes {
      switch write {
      case .entry(let entry):
        if entries[entry.author]?[entry.sequence] == nil {
          entries[entry.author, default: [:]][entry.sequence] = entry
        }
        if entry.author == own { sequences.append(entry.sequence) }
      case .prune(let author, let first): entries[author] = entries[author]?.filter { $0.key >= first }
      case .proof(let proof): proofs[proof.author, default: [:]][proof.sequence] = proof
      }
    }
    return sequences
  }

  mutating func truncate(_ author: NodeID, from sequence: UInt64) {
    entries[author] = entries[author]?.filter { $0.key < sequence }
  }

  /// All entries, feed by feed, each in its order.
  var sortedEntries: [SignedEntry] {
    entries.keys.sorted().flatMap { author in
      (entries[author] ?? [:]).sorted { $0.key < $1.key }.map(\.value)
    }
  }

  var sortedProofs: [EquivocationProof] {
    proofs.keys.sorted().flatMap { author in (proofs[author] ?? [:]).sorted { $0.key < $1.key }.map(\.value) }
  }

  /// The committed entry at a place, or the one on its way there.
  func entry(of author: NodeID, at sequence: UInt64) -> SignedEntry? {
    if let held = entries[author]?[sequence] { return held }
    for case .entry(let entry) in committing + waiting where entry.author == author && entry.sequence == sequence {
      return entry
    }
    return nil
  }
}
