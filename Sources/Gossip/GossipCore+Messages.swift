import Market
import NodeCrypto
import Wire

extension GossipCore {
  /// A message has come in over a connection. Bytes that no honest node sends end the connection.
  public mutating func received(
    _ message: PeerMessage, on connection: UInt64, now: Timestamp, into effects: inout [GossipEffect]
  ) {
    guard let peer = peers[connection] else { return }
    peers[connection]?.lastHeard = now
    switch message.content {
    case .bad(let why):
      punish(connection, why, now: now, into: &effects)
      return
    case .other(.hello(let hello)):
      receivedHello(hello, from: peer, now: now, into: &effects)
      return
    case .push, .answer, .other: break
    }
    guard peer.hasGreeted else {
      punish(connection, "a message before the hello", now: now, into: &effects)
      return
    }
    switch message.content {
    case .bad: break
    case .push(let entries):
      receivedEntries(entries, from: peer, isPush: true, fetch: nil, now: now, into: &effects)
    case .answer(let answer, let entries): receivedAnswer(answer, entries, from: peer, now: now, into: &effects)
    case .other(let kind): received(kind, from: peer, now: now, into: &effects)
    }
  }

  /// A message without entries has come in from a peer that has greeted.
  private mutating func received(
    _ kind: WirePeerMessage.OneOf_Message, from peer: Peer, now: Timestamp, into effects: inout [GossipEffect]
  ) {
    let connection = peer.connection
    switch kind {
    case .hello, .push, .fetchAnswer: break
    case .tree(let tree): receivedTree(tree, from: peer, now: now, into: &effects)
    case .compare(let message): receivedComparison(message, from: peer, now: now, into: &effects)
    case .fetch(let fetch): receivedFetch(fetch, from: peer, now: now, into: &effects)
    case .fraudProofPart(let part): receivedProof(part, from: peer, now: now, into: &effects)
    case .fraudNotice(let notice): receivedNotice(notice, from: peer, now: now, into: &effects)
    case .fraudRequest(let request): receivedRequest(request, from: peer, now: now, into: &effects)
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

  // MARK: History

  /// Notes what a peer holds; what is missing here may be asked for at once.
  mutating func claim(_ peer: Peer, author: NodeID, sequence: UInt64) {
    noteClaim(peer.node, author: author, sequence: sequence)
    if sequence > intake.horizon(of: author, feeds: feeds) { antiEntropy.isBehind(author, peer: peer.node) }
  }

  mutating func noteClaim(_ peer: NodeID, author: NodeID, sequence: UInt64) {
    let isHeld = author == own || feeds.feed(of: author) != nil
    antiEntropy.claim(peer, author: author, sequence: sequence, isHeld: isHeld)
  }

  private mutating func receivedFetch(
    _ fetch: WireFetch, from peer: Peer, now: Timestamp, into effects: inout [GossipEffect]
  ) {
    let asked: [FeedRange]
    do throws(RangeError) {
      asked = try ranges(in: fetch)
    } catch {
      punish(peer.connection, error.description, now: now, into: &effects)
      return
    }
    var ranges: [FeedRange] = []
    var bases: [WireFeedBase] = []
    for range in asked {
      if let base = feeds.feed(of: range.author)?.base, range.from <= base {
        var out = WireFeedBase()
        out.author = .init(range.author.bytes)
        out.first = base + 1
        bases.append(out)
        continue
      }
      let head = feeds.head(of: range.author).sequence
      let held = range.author == own ? min(publishedOwnSequence, head) : head
      let through = min(range.through, held)
      if range.from <= through { ranges.append(FeedRange(author: range.author, from: range.from, through: through)) }
    }
    for start in stride(from: 0, to: bases.count, by: GossipParameters.Fetching.basesPerMessage) {
      var answer = WireFetchAnswer()
      answer.id = fetch.id
      answer.bases = Array(bases[start...].prefix(GossipParameters.Fetching.basesPerMessage))
      send(.fetchAnswer(answer), to: peer.connection, priority: .answer, into: &effects)
    }
    effects.append(.serve(connection: peer.connection, request: fetch.id, ranges: ranges))
  }

  /// What a fetch asks for. Of authors by their first bits those that are known by one feed here.
  private mutating func ranges(in fetch: WireFetch) throws(RangeError) -> [FeedRange] {
    guard fetch.ranges.count <= GossipParameters.Fetching.maximumNamedRanges else { throw .count(fetch.ranges.count) }
    var ranges: [FeedRange] = []
    for range in fetch.ranges {
      guard let author = NodeID(bytes: range.author) else { throw .author(byteCount: range.author.count) }
      guard range.from > 0, range.from <= range.through else { throw .bounds(from: range.from, through: range.through) }
      ranges.append(FeedRange(author: author, from: range.from, through: range.through))
    }
    guard !fetch.shortRanges.isEmpty || fetch.prefixBits != 0 else { return ranges }
    return ranges
      + (try ShortRanges.resolve(Array(fetch.shortRanges), prefixBits: fetch.prefixBits, among: feeds.authorsInOrder()))
  }

  private mutating func receivedAnswer(
    _ answer: WireFetchAnswer, _ entries: ReadEntries, from peer: Peer, now: Timestamp,
    into effects: inout [GossipEffect]
  ) {
    // An answer that came too late to be waited for still brings entries.
    let isAwaited = antiEntropy.awaits(answer.id, from: peer.node)
    guard answer.bases.count <= GossipParameters.Fetching.maximumRanges else {
      punish(
        peer.connection,
        "\(answer.bases.count) bases in an answer; allowed: \(GossipParameters.Fetching.maximumRanges)", now: now,
        into: &effects)
      return
    }
    for base in answer.bases {
      guard let author = NodeID(bytes: base.author), base.first > 1, base.first <= SignedEntry.maximumSequence else {
        punish(peer.connection, "a base that is not one", now: now, into: &effects)
        return
      }
      antiEntropy.note(base: base.first, of: author, peer: peer.node)
    }
    receivedEntries(
      entries, from: peer, isPush: false, fetch: isAwaited ? answer.id : nil, now: now, into: &effects)
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
