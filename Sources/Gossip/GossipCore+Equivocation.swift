import Market
import NodeCrypto
import Wire

/// What happens when an author signs two entries at one place.
extension GossipCore {
  /// A peer holds other entries than this node at some places of feeds: fetches them, because each two are a proof.
  mutating func suspect(
    _ peer: Peer, _ places: [(author: NodeID, sequence: UInt64)], now: Timestamp, into effects: inout [GossipEffect]
  ) {
    var ranges: [AntiEntropy.Range] = []
    for (author, sequence) in places where ranges.count < AntiEntropy.maximumRanges {
      if let frozenFrom = feeds.feed(of: author)?.frozenFrom, frozenFrom <= sequence { continue }
      guard suspected[peer.connection, default: []].insert(author).inserted else { continue }
      ranges.append(AntiEntropy.Range(author: author, from: sequence, through: sequence))
    }
    guard !ranges.isEmpty else { return }
    let id = antiEntropy.request(peer.node, ranges: ranges, now: now)
    sendFetch(id, ranges: ranges, to: peer.connection, into: &effects)
  }

  /// A peer that pushes entries of a frozen feed does not know of the proof yet.
  mutating func tellOfFreeze(_ author: NodeID, to peer: Peer, into effects: inout [GossipEffect]) {
    guard let proof = proofs[author], suspected[peer.connection, default: []].insert(author).inserted else { return }
    send(.equivocationProof(proof.wire), to: peer.connection, priority: .answer, into: &effects)
  }

  mutating func receivedProof(
    _ wire: WireEquivocationProof, from peer: Peer, now: Timestamp, into effects: inout [GossipEffect]
  ) {
    let maximum = feeds.limits.entryBytes
    guard let first = try? SignedEntry(wire: wire.first, maximumBytes: maximum),
      let second = try? SignedEntry(wire: wire.second, maximumBytes: maximum),
      let proof = EquivocationProof(first, second)
    else {
      punish(peer.connection, "an equivocation proof that proves nothing", now: now, into: &effects)
      return
    }
    if let frozenFrom = feeds.feed(of: proof.author)?.frozenFrom, frozenFrom <= proof.sequence { return }
    effects.append(.verifyProof(proof, from: peer.node))
  }

  /// The two signatures of a proof that `peer` sent have been checked.
  public mutating func proofVerified(
    _ proof: EquivocationProof, from peer: NodeID, isValid: Bool, now: Timestamp,
    into effects: inout [GossipEffect]
  ) {
    if isValid {
      freeze(proof, except: peer, now: now, into: &effects)
    } else if let connection = connectionByNode[peer] {
      punish(connection, "an equivocation proof with a bad signature", now: now, into: &effects)
    }
  }

  /// The stored entry at the place of `entry`, both with good signatures.
  public mutating func rivalFound(
    _ rival: SignedEntry, of entry: SignedEntry, now: Timestamp, into effects: inout [GossipEffect]
  ) {
    guard let proof = EquivocationProof(rival, entry) else { return }
    freeze(proof, except: nil, now: now, into: &effects)
  }

  private mutating func freeze(
    _ proof: EquivocationProof, except source: NodeID?, now: Timestamp, into effects: inout [GossipEffect]
  ) {
    let before = feeds.feed(of: proof.author)?.frozenFrom
    guard feeds.freeze(proof.author, from: proof.sequence) else { return }
    proofs[proof.author] = proof
    intake.dropWaiting(of: proof.author, from: proof.sequence)
    intake.lost(proof.author)
    effects.append(.freeze(proof))
    for peer in connectedPeers where peer.node != source {
      send(.equivocationProof(proof.wire), to: peer.connection, priority: .answer, into: &effects)
    }
    for connection in suspected.keys.sorted() { suspected[connection]?.remove(proof.author) }
    if proof.sequence > 1, proof.first.previous != proof.second.previous {
      searchEarlierFork(proof, before: before, now: now, into: &effects)
    }
  }

  /// The two entries follow different ones, so the feed forked further back, and peers may hold the other branch: asks
  /// them for what is before. Each step back is twice as long as the last, so that a fork is found in few.
  private mutating func searchEarlierFork(
    _ proof: EquivocationProof, before: UInt64?, now: Timestamp, into effects: inout [GossipEffect]
  ) {
    let last = proof.sequence - 1
    let span = min(before.map { 2 * ($0 - proof.sequence) } ?? 1, Intake.windowPerFeed)
    let range = AntiEntropy.Range(author: proof.author, from: last - min(last, span) + 1, through: last)
    for peer in connectedPeers where antiEntropy.holds(peer.node, author: proof.author, sequence: last) {
      let id = antiEntropy.request(peer.node, ranges: [range], now: now)
      sendFetch(id, ranges: [range], to: peer.connection, into: &effects)
    }
  }
}
