import Market
import NodeCrypto
import Wire

extension GossipCore {
  /// A message has come in over a connection. Bytes that no honest node sends end the connection.
  public mutating func received(
    _ bytes: [UInt8], on connection: UInt64, now: Timestamp, into effects: inout [GossipEffect]
  ) {
    guard let peer = peers[connection] else { return }
    peers[connection]?.lastHeard = now
    let message: WirePeerMessage
    do {
      message = try WirePeerMessage.decode(bytes)
    } catch {
      punish(connection, error.description, now: now, into: &effects)
      return
    }
    guard let kind = message.message else {
      punish(connection, "a message of no known kind", now: now, into: &effects)
      return
    }
    if case .hello(let hello) = kind {
      receivedHello(hello, from: peer, now: now, into: &effects)
      return
    }
    guard peer.hasGreeted else {
      punish(connection, "a message before the hello", now: now, into: &effects)
      return
    }
    switch kind {
    case .hello: break
    case .push(let push): receivedEntries(push.entries, from: peer, fetch: nil, now: now, into: &effects)
    case .heads(let heads): receivedHeads(heads, from: peer, now: now, into: &effects)
    case .fetch(let fetch): receivedFetch(fetch, from: peer, now: now, into: &effects)
    case .fetchAnswer(let answer): receivedAnswer(answer, from: peer, now: now, into: &effects)
    case .equivocationProof(let proof): receivedProof(proof, from: peer, now: now, into: &effects)
    case .neighbour, .neighbourAnswer, .join, .forwardJoin, .shuffleRequest, .shuffleAnswer, .disconnect, .whois,
      .whoisAnswer:
      receivedMembership(kind, from: peer, now: now, into: &effects)
    case .ping(let ping):
      peers[connection]?.summary = Summary(wire: ping.summary)
      effects.append(.sendSummary(connection: connection, kind: .pong, id: ping.id))
    case .pong(let pong):
      peers[connection]?.summary = Summary(wire: pong.summary)
      if let sent = peer.pingSent, sent.id == pong.id {
        peers[connection]?.pingSent = nil
        measured(peer, milliseconds: now - sent.at, now: now, into: &effects)
      }
    }
  }

  // MARK: Anti-entropy

  private mutating func receivedHeads(
    _ heads: WireHeads, from peer: Peer, now: Timestamp, into effects: inout [GossipEffect]
  ) {
    guard heads.heads.count <= parameters.headsPerChunk else {
      punish(
        peer.connection, "\(heads.heads.count) heads; allowed: \(parameters.headsPerChunk)", now: now, into: &effects)
      return
    }
    var forks: [(author: NodeID, sequence: UInt64)] = []
    for item in heads.heads {
      guard let author = NodeID(bytes: item.author), let entry = EntryID(bytes: item.entry),
        item.sequence > 0, item.sequence <= SignedEntry.maximumSequence
      else {
        punish(peer.connection, "a head that is not one", now: now, into: &effects)
        return
      }
      claim(peer, author: author, sequence: item.sequence)
      if let held = feeds.feed(of: author)?.id(at: item.sequence), held != entry {
        forks.append((author, item.sequence))
      }
    }
    suspect(peer, forks, now: now, into: &effects)
    if heads.last {
      reconciled.insert(peer.node)
      if !heads.reply, now >= peer.nextHeadsAnswer {
        peers[peer.connection]?.nextHeadsAnswer = now + parameters.headsAnswerMilliseconds
        let ahead = publishedHeads.filter { author, head in
          !antiEntropy.holds(peer.node, author: author, sequence: head.sequence)
        }
        sendHeads(ahead, reply: true, to: peer.connection, into: &effects)
      }
    }
    plan(now: now, into: &effects)
  }

  mutating func claim(_ peer: Peer, author: NodeID, sequence: UInt64) {
    let horizon = intake.horizon(of: author, feeds: feeds)
    antiEntropy.claim(peer.node, author: author, sequence: sequence, horizon: horizon)
  }

  private mutating func receivedFetch(
    _ fetch: WireFetch, from peer: Peer, now: Timestamp, into effects: inout [GossipEffect]
  ) {
    guard fetch.ranges.count <= AntiEntropy.maximumRanges else {
      punish(
        peer.connection, "a fetch of \(fetch.ranges.count) ranges; allowed: \(AntiEntropy.maximumRanges)",
        now: now, into: &effects)
      return
    }
    var ranges: [FeedRange] = []
    for range in fetch.ranges {
      guard let author = NodeID(bytes: range.author), range.from > 0, range.from <= range.through else {
        punish(peer.connection, "a range that is not one", now: now, into: &effects)
        return
      }
      let held = author == own ? publishedOwnSequence : feeds.head(of: author).sequence
      let through = min(range.through, held)
      if range.from <= through { ranges.append(FeedRange(author: author, from: range.from, through: through)) }
    }
    effects.append(.serve(connection: peer.connection, request: fetch.id, ranges: ranges))
  }

  private mutating func receivedAnswer(
    _ answer: WireFetchAnswer, from peer: Peer, now: Timestamp, into effects: inout [GossipEffect]
  ) {
    // An answer that came too late to be waited for still brings entries.
    let isAwaited = antiEntropy.awaits(answer.id, from: peer.node)
    receivedEntries(
      answer.entries, from: peer, fetch: isAwaited ? answer.id : nil, now: now, into: &effects)
    antiEntropy.progress(answer.id, now: now) { [feeds, intake] in intake.horizon(of: $0, feeds: feeds) }
    guard isAwaited, answer.done, peers[peer.connection] != nil else { return }
    endedFetches[answer.id] = peer.node
    closeFetches([answer.id], now: now, into: &effects)
  }

  /// Ends those of the answers of which no entry is being verified any more.
  mutating func closeFetches(
    _ fetches: [UInt64], now: Timestamp, into effects: inout [GossipEffect]
  ) {
    var hasClosed = false
    for fetch in fetches {
      guard let peer = endedFetches[fetch], !intake.isVerifying(fetch: fetch) else { continue }
      endedFetches[fetch] = nil
      let asked = antiEntropy.finished(fetch, from: peer) { [feeds, intake] in
        intake.horizon(of: $0, feeds: feeds)
      }
      // What was asked for in vain may be asked for again.
      if let connection = connectionByNode[peer] { suspected[connection]?.subtract(asked) }
      hasClosed = true
    }
    if hasClosed { plan(now: now, into: &effects) }
  }
}
