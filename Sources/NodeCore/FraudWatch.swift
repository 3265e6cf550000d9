import DequeModule
import Gossip
import NodeCrypto

/// What authors have signed outside of their feeds, until their feeds show whether it stands where it says, and what
/// was found meanwhile.
struct FraudWatch: Sendable {
  /// A statement that one entry of a feed must have.
  struct Awaited: Sendable {
    let kind: FraudKind
    let statement: FraudProof.Statement
  }

  /// Statements of one author that are kept; of more those at the earliest places.
  static let maximumPerAuthor = 64
  /// Authors of whom nothing is held and of whom statements are kept: names cost a liar nothing. Of more the one that came
  /// first is forgotten.
  static let maximumStrangers = 4096

  /// For look-up only, by author and then by the sequence of the entry.
  private var awaited: [NodeID: [UInt64: [Awaited]]] = [:]
  /// Those authors in the order of their coming, some of whom are none any more.
  private var strangers = Deque<NodeID>()
  /// Those who still are. For look-up only.
  private var strange: Set<NodeID> = []
  /// What is to be looked into.
  var cases: [FraudCase] = []
  /// What is proven already: all signatures in it have been checked.
  var proofs: [FraudProof] = []

  /// The entry at `sequence` of `author`, which is not known yet, must have this.
  ///
  /// - Parameter isStranger: whether nothing of the author's feed is held.
  mutating func await(_ statement: Awaited, of author: NodeID, at sequence: UInt64, isStranger: Bool) {
    if isStranger, strange.insert(author).inserted {
      strangers.append(author)
      // One that became known and was forgotten here since may be in the queue again: it goes with its first place.
      while strange.count > Self.maximumStrangers || strangers.count > 2 * Self.maximumStrangers,
        let first = strangers.popFirst()
      {
        if strange.remove(first) != nil { awaited[first] = nil }
      }
    }
    var places = awaited[author] ?? [:]
    guard places[sequence]?.contains(where: { $0.statement.bytes == statement.statement.bytes }) != true else { return }
    places[sequence, default: []].append(statement)
    if places.values.reduce(0, { $0 + $1.count }) > Self.maximumPerAuthor, let last = places.keys.max() {
      places[last]?.removeLast()
      if places[last]?.isEmpty == true { places[last] = nil }
    }
    awaited[author] = places
  }

  /// What the entry at a place must have; nothing before that is awaited any more.
  mutating func take(_ author: NodeID, at sequence: UInt64) -> [Awaited] {
    strange.remove(author)
    guard let places = awaited[author] else { return [] }
    let left = places.filter { $0.key > sequence }
    awaited[author] = left.isEmpty ? nil : left
    return places[sequence] ?? []
  }

  /// Authors of whom nothing is held and of whom statements are kept.
  var strangerCount: Int { strange.count }
}
