import Market
import NodeCrypto
import Wire

/// Entries on their way in, into the feeds and out again.
extension GossipCore {
  mutating func receivedEntries(
    _ read: ReadEntries, from peer: Peer, isPush: Bool, fetch: UInt64?, now: Timestamp,
    into effects: inout [GossipEffect]
  ) {
    var hasGap = false
    for entry in read.entries {
      guard entry.bytes.count <= feeds.limits.entryBytes else {
        let fault = EntryError.tooLong(byteCount: entry.bytes.count, maximum: feeds.limits.entryBytes)
        punish(peer.connection, fault.description, now: now, into: &effects)
        return
      }
      if feeds.isFrozen(entry.author, at: entry.sequence) {
        tellOfFreeze(entry.author, to: peer, into: &effects)
        continue
      }
      noteClaim(peer.node, author: entry.author, sequence: entry.sequence)
      let isOwn = entry.author == peer.node
      broadcast.delivered(entry.id, by: peer.connection, now: now)
      guard !isKnown(entry) else {
        if isPush { broadcast.arrivedAgain(entry.id, from: peer.connection, isOwn: isOwn, now: now) }
        continue
      }
      let start = max(feeds.head(of: entry.author).sequence, antiEntropy.jump(of: entry.author) ?? 0)
      guard entry.sequence <= start + GossipParameters.Arrivals.windowPerFeed else {
        antiEntropy.recheck(entry.author)
        hasGap = true
        continue
      }
      // What is over the budget is asked for later; what was asked for is not limited here.
      guard fetch != nil || entry.author == own || spend(.verifications, count: 1, peer: peer.node, now: now) else {
        antiEntropy.isOvertaken(entry.author, until: now + parameters.overtakingMilliseconds)
        continue
      }
      if intake.begin(entry, from: peer.node, fetch: fetch) {
        broadcast.arrived(entry, from: peer.connection, isPush: isPush, isOwn: isOwn, now: now)
        effects.append(.verify(entry))
      } else if isPush {
        broadcast.arrivedAgain(entry.id, from: peer.connection, isOwn: isOwn, now: now)
      }
      guard intake.advanceHorizon(of: entry.author, feeds: feeds) < entry.sequence else { continue }
      if isPush {
        antiEntropy.isOvertaken(entry.author, until: now + parameters.overtakingMilliseconds)
      } else {
        antiEntropy.recheck(entry.author)
        hasGap = true
      }
    }
    if let fault = read.fault {
      punish(peer.connection, fault.description, now: now, into: &effects)
      return
    }
    if hasGap { plan(now: now, into: &effects) }
  }

  /// Whether the same entry is in its feed, has been pruned from it, or waits to be in it.
  private func isKnown(_ entry: SignedEntry) -> Bool {
    if let feed = feeds.feed(of: entry.author), entry.sequence <= feed.head.sequence {
      return entry.sequence <= feed.base || feed.id(at: entry.sequence) == entry.id
    }
    return intake.waitingEntry(of: entry.author, at: entry.sequence)?.id == entry.id
  }

  /// An entry has been checked: its signature, and that its content is what the protocol allows.
  ///
  /// - Parameters:
  ///   - role: what it is to its feed, when it is valid.
  ///   - refusal: why it is invalid; nil when it is valid.
  public mutating func verified(
    _ entry: SignedEntry, role: EntryRole = .plain, refusal: String?, now: Timestamp, into effects: inout [GossipEffect]
  ) {
    guard let arrival = intake.end(entry) else { return }
    if let refusal {
      intake.lost(entry.author)
      antiEntropy.recheck(entry.author)
      // Only the first sender: others may have sent it before they could know.
      if let source = arrival.sources.first, let connection = connectionByNode[source] {
        punish(connection, refusal, now: now, into: &effects)
      }
    } else {
      admit(entry, role: role, sources: arrival.sources, now: now, into: &effects)
      admitWaiting(of: entry.author, now: now, into: &effects)
    }
    closeFetches(arrival.fetches, now: now, into: &effects)
  }

  /// An entry is not going to be checked, because of what else its first sender sent. Whoever sent it as well is asked
  /// for it again.
  public mutating func unchecked(_ entry: SignedEntry, now: Timestamp, into effects: inout [GossipEffect]) {
    guard let arrival = intake.end(entry) else { return }
    intake.lost(entry.author)
    antiEntropy.recheck(entry.author)
    closeFetches(arrival.fetches, now: now, into: &effects)
    if arrival.sources.count > 1 { plan(now: now, into: &effects) }
  }

  private mutating func admit(
    _ entry: SignedEntry, role: EntryRole, sources: [NodeID], now: Timestamp, into effects: inout [GossipEffect]
  ) {
    switch feeds.admission(of: entry, role: role, now: now) {
    case .next:
      feeds.append(entry, role: role)
      if entry.author == own {
        publishedOwnSequence = max(publishedOwnSequence, entry.sequence)
        ownFeedGrewAt = now
      }
      if let source = sources.first { noteFirst(of: entry.author, by: source, now: now) }
      effects.append(.deliver(entry))
      spread(entry, urgentFor: [], now: now, into: &effects)
    case .known, .frozen:
      break
    case .gap, .early:
      if let rival = intake.waitingEntry(of: entry.author, at: entry.sequence), rival.id != entry.id {
        // Two entries with good signatures are a proof, also while neither can be appended.
        if let proof = FraudProof(rival, entry) { proofFound(proof, now: now, into: &effects) }
      } else if !intake.wait(entry, role: role, from: sources) {
        // There was no room: it is missing again.
        intake.lost(entry.author)
        antiEntropy.recheck(entry.author)
      }
    case .fork:
      intake.lost(entry.author)
      effects.append(.collect(.fork(entry)))
    case .divergent:
      intake.lost(entry.author)
      if let source = sources.first, let connection = connectionByNode[source], let peer = peers[connection],
        entry.sequence > 1
      {
        suspect(peer, [(entry.author, entry.sequence - 1)], now: now, into: &effects)
      }
    case .invalid(let refusal):
      intake.lost(entry.author)
      if case .timeGoesBack = refusal { effects.append(.collect(.backdated(entry))) }
      if let source = sources.first, let connection = connectionByNode[source] {
        punish(connection, refusal.description, now: now, into: &effects)
      }
    }
  }

  mutating func admitWaiting(now: Timestamp, into effects: inout [GossipEffect]) {
    for author in intake.waitingAuthors { admitWaiting(of: author, now: now, into: &effects) }
  }

  mutating func admitWaiting(of author: NodeID, now: Timestamp, into effects: inout [GossipEffect]) {
    admitJump(of: author, now: now, into: &effects)
    while let waiting = intake.waiting(of: author, at: feeds.head(of: author).sequence + 1) {
      if case .early = feeds.admission(of: waiting.entry, role: waiting.role, now: now) { return }
      _ = intake.takeWaiting(of: author, at: waiting.entry.sequence)
      let before = feeds.head(of: author)
      admit(waiting.entry, role: waiting.role, sources: waiting.sources, now: now, into: &effects)
      if feeds.head(of: author) == before { return }
    }
  }

  /// Goes on with a feed from the checkpoint with which the peers begin it, once its first part is there and the
  /// entries before it are nowhere.
  mutating func admitJump(of author: NodeID, now: Timestamp, into effects: inout [GossipEffect]) {
    guard let first = antiEntropy.jump(of: author), let waiting = intake.waiting(of: author, at: first),
      waiting.entry.time <= now + feeds.limits.skewMilliseconds,
      feeds.jump(to: waiting.entry, role: waiting.role)
    else { return }
    intake.dropWaiting(of: author, below: first + 1)
    intake.lost(author)
    if author == own {
      publishedOwnSequence = max(publishedOwnSequence, first)
      ownFeedGrewAt = now
    }
    effects.append(.jump(waiting.entry))
  }

  /// Pushes an entry of this node's own, which is durable.
  ///
  /// - Parameter urgentFor: counterparties of the trades in it; they get it first.
  public mutating func publish(
    _ entry: SignedEntry, urgentFor counterparties: [NodeID], now: Timestamp, into effects: inout [GossipEffect]
  ) {
    publishedOwnSequence = max(publishedOwnSequence, entry.sequence)
    spread(entry, urgentFor: counterparties, now: now, into: &effects)
  }

  /// Appends an entry of this node's own to its feed, before it is durable and before anybody else gets it.
  public mutating func appendOwn(_ entry: SignedEntry, role: EntryRole = .plain) {
    precondition(entry.author == own, "another author's entry published as own")
    feeds.append(entry, role: role)
  }

  /// Forgets the entries of a feed before `first`, where a complete checkpoint begins.
  public mutating func prune(_ author: NodeID, below first: UInt64) { feeds.prune(author, below: first) }

  // MARK: Start

  /// Notes a proof that was kept from an earlier run, before the entries are restored.
  public mutating func restore(_ proof: FraudProof) {
    if feeds.freeze(proof.author, from: proof.sequence) { proofs[proof.author] = proof }
  }

  /// Appends a stored entry when it is the next of its feed, or the one with which a pruned feed begins.
  ///
  /// - Returns: what it is to the feeds; only after `.next` it counts.
  public mutating func restore(_ entry: SignedEntry, role: EntryRole = .plain) -> Admission {
    // What was taken once has passed the check against the clock.
    var admission = feeds.admission(of: entry, role: role, now: entry.time)
    if admission == .next {
      feeds.append(entry, role: role)
    } else if feeds.head(of: entry.author).sequence == 0, feeds.jump(to: entry, role: role) {
      admission = .next
    }
    // A restoration while the node runs does not take back what others have seen.
    if admission == .next, entry.author == own { publishedOwnSequence = max(publishedOwnSequence, entry.sequence) }
    return admission
  }

  /// Forgets all feeds, but not the proofs, so that they can be restored without what the proofs void.
  public mutating func resetFeeds() {
    feeds = Feeds(network: feeds.network, limits: feeds.limits)
    for proof in fraudProofs { _ = feeds.freeze(proof.author, from: proof.sequence) }
    intake.lostAll()
    antiEntropy.recheckAll()
  }
}
