import DequeModule
import NodeCrypto

/// What one peer is told of proofs of fraud, and what is learnt of them from it.
///
/// A proof that fits one message is sent as soon as it is known. Of the others, and of all when a connection opens, the
/// peer is told against whom they are, and asks for those that it lacks.
struct ProofExchange: Sendable {

  /// The authors whose proofs the peer has been sent.
  var told: Set<NodeID> = []
  /// The authors against whom the peer knows that there are proofs.
  var announced: Set<NodeID> = []
  /// Announced by the peer and not asked for yet, the next one first.
  private(set) var wanted: Deque<(author: NodeID, sequence: UInt64)> = []
  /// Asked for and not there yet.
  private(set) var asked: Set<NodeID> = []
  /// The pieces of a proof so far.
  private(set) var assembled: [UInt8] = []
  private var pieces: UInt32 = 0

  mutating func want(_ author: NodeID, from sequence: UInt64) {
    guard wanted.count < GossipParameters.Proofs.maximumWanted, !asked.contains(author) else { return }
    wanted.append((author, sequence))
  }

  /// The next authors to ask for, without those whose proofs came from elsewhere meanwhile.
  mutating func ask(unless isFrozen: (NodeID, UInt64) -> Bool) -> [NodeID] {
    var next: [NodeID] = []
    while asked.count < GossipParameters.Proofs.maximumAsked, let (author, sequence) = wanted.popFirst() {
      if !isFrozen(author, sequence), asked.insert(author).inserted { next.append(author) }
    }
    return next
  }

  mutating func received(_ author: NodeID) { asked.remove(author) }

  /// Takes one piece; the whole proof when it was the last, nil when more are to come or it is not the next one.
  mutating func take(_ index: UInt32, of count: UInt32, _ chunk: some Collection<UInt8>) -> [UInt8]? {
    if index == 0 {
      assembled = []
    } else if index != pieces {
      // The peer has begun another one, or left some out.
      (assembled, pieces) = ([], 0)
      return nil
    }
    assembled += chunk
    pieces = index + 1
    guard pieces == count else { return nil }
    defer { (assembled, pieces) = ([], 0) }
    return assembled
  }
}
