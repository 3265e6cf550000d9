import Market
import NodeCrypto
import Wire

/// Anti-entropy: finds out by comparing heads what peers hold that this node does not, and the other way round.
extension GossipCore {
  /// A comparison that this node has begun.
  struct OpenComparison: Sendable {
    let connection: UInt64
    let salt: UInt64
    let deadline: Timestamp
  }

  /// Compares with a peer as soon as no other comparison is under way: what the first brings need not be told twice.
  mutating func compare(with connection: UInt64, now: Timestamp, into effects: inout [GossipEffect]) {
    if !comparisonQueue.contains(connection) { comparisonQueue.append(connection) }
    beginComparison(now: now, into: &effects)
  }

  /// A connection takes messages again of which some were shed: the peer is told of what it missed, by a comparison,
  /// and asks for it at its own pace.
  ///
  /// Soon after an earlier comparison the peer would not answer another.
  public mutating func drained(_ connection: UInt64, now: Timestamp, into effects: inout [GossipEffect]) {
    guard let peer = peers[connection] else { return }
    let earliest = peer.comparedAt.map { $0 + 2 * parameters.comparisonMilliseconds } ?? now
    peers[connection]?.comparisonDue = max(now, earliest)
    beginOwedComparisons(now: now, into: &effects)
  }

  /// Begins the comparisons that are due because something was shed.
  mutating func beginOwedComparisons(now: Timestamp, into effects: inout [GossipEffect]) {
    for connection in peers.keys.sorted() where peers[connection]?.comparisonDue.map({ $0 <= now }) == true {
      peers[connection]?.comparisonDue = nil
      compare(with: connection, now: now, into: &effects)
    }
  }

  /// Begins the next comparison when none is under way.
  mutating func beginComparison(now: Timestamp, into effects: inout [GossipEffect]) {
    if let open = openComparison, open.deadline <= now || peers[open.connection] == nil { openComparison = nil }
    while openComparison == nil, !comparisonQueue.isEmpty {
      let connection = comparisonQueue.removeFirst()
      guard peers[connection]?.hasGreeted == true else { continue }
      let salt = generator.next()
      openComparison = OpenComparison(
        connection: connection, salt: salt, deadline: now + parameters.comparisonMilliseconds)
      peers[connection]?.comparedSalt = salt
      peers[connection]?.comparedAt = now
      send(comparison(salt: salt).opening, salt: salt, reply: false, to: connection, into: &effects)
    }
  }

  private func comparison(salt: UInt64) -> Comparison {
    Comparison(salt: salt, heads: publishedHeads) { [feeds] in feeds.feed(of: $0)?.id(at: $1) }
  }

  private mutating func send(
    _ parts: [ComparisonPart], salt: UInt64, reply: Bool, to connection: UInt64, into effects: inout [GossipEffect]
  ) {
    let messages = Comparison.messages(parts, maximumBytes: parameters.comparisonBytes)
    for part in messages.isEmpty ? [[]] : messages {
      var message = WireCompare()
      message.salt = salt
      message.parts = .init(part)
      message.reply = reply
      send(.compare(message), to: connection, priority: .answer, into: &effects)
    }
  }

  mutating func receivedComparison(
    _ message: WireCompare, from peer: Peer, now: Timestamp, into effects: inout [GossipEffect]
  ) {
    let parts: [ComparisonPart]
    do throws(ComparisonError) {
      parts = try ComparisonReader.parts(Array(message.parts))
    } catch {
      punish(peer.connection, error.description, now: now, into: &effects)
      return
    }
    guard message.reply ? peer.comparedSalt == message.salt : mayAnswer(message, parts, of: peer, now: now) else {
      return
    }
    let outcome = comparison(salt: message.salt).answer(parts)
    for claimed in outcome.claims { claim(peer, author: claimed.author, sequence: claimed.sequence) }
    suspect(peer, outcome.forks, now: now, into: &effects)
    // The answering side always answers, so that the other knows where it stands.
    if !message.reply || !outcome.answer.isEmpty {
      send(outcome.answer, salt: message.salt, reply: !message.reply, to: peer.connection, into: &effects)
    } else if openComparison?.salt == message.salt {
      openComparison = nil
      beginComparison(now: now, into: &effects)
    }
    plan(now: now, into: &effects)
  }

  /// Whether a peer's comparison is answered: each answer goes through all feeds.
  private mutating func mayAnswer(
    _ message: WireCompare, _ parts: [ComparisonPart], of peer: Peer, now: Timestamp
  ) -> Bool {
    if peer.answeredSalt != message.salt {
      guard now >= peer.nextComparison else { return false }
      peers[peer.connection]?.nextComparison = now + parameters.comparisonMilliseconds
      peers[peer.connection]?.answeredSalt = message.salt
      peers[peer.connection]?.answeredRounds = 0
    }
    peers[peer.connection]?.answeredRounds += 1
    return (peers[peer.connection]?.answeredRounds ?? 0) <= parameters.comparisonRounds
  }

  /// The heads that others may learn of, ascending by author.
  var publishedHeads: [(author: NodeID, head: Head)] {
    feeds.sorted.compactMap { author, feed in
      let head = author == own ? publishedOwnHead : feed.head
      return head.sequence > 0 ? (author, head) : nil
    }
  }

  /// Where the own feed ends for others: what is not on disk yet might never have been.
  private var publishedOwnHead: Head {
    let head = feeds.head(of: own)
    guard head.sequence > publishedOwnSequence else { return head }
    guard let entry = feeds.feed(of: own)?.id(at: publishedOwnSequence) else { return .origin(of: feeds.network) }
    return Head(sequence: publishedOwnSequence, entry: entry, time: head.time)
  }
}
