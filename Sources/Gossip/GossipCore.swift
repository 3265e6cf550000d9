import Market
import NodeCrypto
import Wire

/// Replicates every feed among the peers: membership, eager broadcast and anti-entropy, joined in one place.
///
/// A value type without I/O. Inputs are its mutating methods with the time passed in; what is to be done comes back as
/// ``GossipEffect``s appended to the caller's buffer. The same inputs give the same effects.
///
/// Verdicts on what a peer sends are three: accept; reject, when it is provably not from an honest node, which ends the
/// connection; ignore, for everything that an honest node may send too (known, early, frozen, divergent).
public struct GossipCore: Sendable {
  /// The protocol's version, exchanged in the hello.
  public static let protocolVersion: UInt32 = 4

  /// The local constants.
  public let parameters: GossipParameters
  /// The feeds.
  public internal(set) var feeds: Feeds
  /// This node.
  public let own: NodeID
  /// What this node says of its software.
  public let agent: String
  /// The port on which this node can be dialled; 0 when it cannot be.
  public var listenPort: UInt16
  /// The host under which others reach this node, when it is not the address that they see.
  public var advertisedHost: String?

  var membership: Membership
  var broadcast: Broadcast
  var antiEntropy: AntiEntropy
  var intake = Intake()
  var peers: [UInt64: Peer] = [:]
  var connectionByNode: [NodeID: UInt64] = [:]
  var proofs: [NodeID: FraudProof] = [:]
  /// By connection.
  var proofExchanges: [UInt64: ProofExchange] = [:]
  var openComparison: OpenComparison?
  var comparisonQueue: [UInt64] = []
  /// Fork suspicions already followed up, so that each costs one request.
  var suspected: [UInt64: Set<NodeID>] = [:]
  /// Answers that ended while entries of theirs were still being verified.
  var endedFetches: [UInt64: NodeID] = [:]
  /// The last own sequence that others may learn of: what is not on disk yet might never have been.
  public internal(set) var publishedOwnSequence: UInt64 = 0
  /// When the own feed last grew by what a peer held; at first, when the first peer said hello.
  var ownFeedGrewAt: Timestamp?
  var nextAntiEntropy: Timestamp
  var nextPingID: UInt64 = 1
  var nextSilence = Timestamp.zero
  var generator: SplitMix64

  /// A node without peers and feeds.
  ///
  /// - Parameters:
  ///   - seed: where chance comes from: backoff jitter and the choice of peers.
  ///   - listenPort: 0 when the node cannot be dialled.
  public init(
    own: NodeID, network: NetworkID, limits: GenesisLimits, agent: String, listenPort: UInt16, advertisedHost: String?,
    bootstrap: [PeerAddress], seed: UInt64, now: Timestamp, parameters: GossipParameters = .standard
  ) {
    precondition(parameters.views.maximumConnections <= SlotSet.capacity, "more connections than places for neighbours")
    self.own = own
    self.parameters = parameters
    self.agent = agent
    self.listenPort = listenPort
    self.advertisedHost = advertisedHost
    var generator = SplitMix64(seed: seed)
    feeds = Feeds(network: network, limits: limits)
    antiEntropy = AntiEntropy(own: own)
    broadcast = Broadcast(parameters: parameters.broadcast)
    membership = Membership(own: own, parameters: parameters, seed: generator.next(), now: now)
    self.generator = generator
    nextAntiEntropy = now + parameters.antiEntropyMilliseconds
    for address in bootstrap { membership.learn(address, isBootstrap: true, now: now) }
  }

  // MARK: What others ask

  /// The connected peers, ascending by node.
  public var connectedPeers: [Peer] {
    connectionByNode.keys.sorted().compactMap { node in connectionByNode[node].flatMap { peers[$0] } }
  }

  /// Whether every connected peer has told what it knows of this node's own feed, and nothing of it is missing here.
  ///
  /// A direct link does as well as one of the overlay: a node that dies with trades open may come back to no others.
  public func hasRecoveredOwnFeed(now: Timestamp) -> Bool {
    let peers = connectedPeers
    return peers.contains { $0.link != nil } && peers.allSatisfy(\.hasGreeted) && ownFeedAwaitedUntil ?? .zero <= now
  }

  /// Until when this node waits for what peers claim to hold of its own feed and it does not; nil when it holds all.
  ///
  /// From then on nobody is believed any more who claims it: since the first peer's hello, or since the feed last grew by
  /// what a peer held, there has been time for each claim to be made good.
  public var ownFeedAwaitedUntil: Timestamp? {
    guard antiEntropy.isBehind(own, head: feeds.head(of: own).sequence) else { return nil }
    return (ownFeedGrewAt ?? .zero) + parameters.ownFeedPatienceMilliseconds
  }

  /// Whether others have seen entries of this node's own that it does not hold itself, since its store has lost them.
  public var lacksPublishedEntries: Bool { feeds.head(of: own).sequence < publishedOwnSequence }

  /// Whether there is no peer and no address but this node's own.
  public var hasNobodyToAsk: Bool { peers.isEmpty && membership.knowsNobody }

  /// The proofs of fraud known here, the one with the earliest sequence of each author, ascending by author.
  public var fraudProofs: [FraudProof] { proofs.keys.sorted().compactMap { proofs[$0] } }

  // MARK: Connections

  /// A connection has been opened and the peer has proved its name.
  public mutating func connected(
    _ connection: UInt64, node: NodeID, address: PeerAddress, direction: Direction, now: Timestamp,
    into effects: inout [GossipEffect]
  ) {
    if membership.score.isBanned(node, now: now) {
      if direction == .outbound { dialFailed(address, isOwn: false, now: now, into: &effects) }
      effects.append(.disconnect(connection: connection, cause: .banned))
      return
    }
    if let other = connectionByNode[node], let standing = peers[other] {
      guard replaces(standing, with: direction, node: node) else {
        effects.append(.disconnect(connection: connection, cause: .duplicate))
        return
      }
      effects.append(.disconnect(connection: other, cause: .duplicate))
      forget(other)
    } else if isFull(for: direction) {
      turnAway(connection, now: now, into: &effects)
      return
    }
    peers[connection] = Peer(
      node: node, connection: connection, address: address, direction: direction, connectedAt: now,
      lastHeard: now, nextPing: now)
    connectionByNode[node] = connection
    proofExchanges[connection] = ProofExchange()
    antiEntropy.connected(node)
    if direction == .outbound { peers[connection]?.listens = address }
    greet(connection, into: &effects)
    update(now: now, into: &effects) { membership, actions in
      membership.connected(node, direction: direction, address: address, now: now, into: &actions)
    }
  }

  /// Of two connections between the same nodes both keep the one that the node with the smaller name opened; of two in
  /// the same direction the newer, since the older may be dead without anybody having noticed.
  private func replaces(_ standing: Peer, with direction: Direction, node: NodeID) -> Bool {
    guard standing.direction != direction else { return true }
    return (direction == .outbound) == (own < node)
  }

  mutating func greet(_ connection: UInt64, into effects: inout [GossipEffect]) {
    var hello = WireHello()
    hello.protocol = Self.protocolVersion
    hello.agent = agent
    hello.listenPort = UInt32(listenPort)
    hello.advertise = advertisedHost ?? ""
    if let node = peers[connection]?.node {
      let head = feeds.head(of: node)
      hello.yourSequence = head.sequence
      if head.sequence > 0 { hello.yourEntry = .init(head.entry.bytes) }
    }
    send(.hello(hello), to: connection, priority: .urgent, into: &effects)
    announceProofs(to: connection, into: &effects)
  }

  /// A connection has ended.
  public mutating func disconnected(_ connection: UInt64, now: Timestamp, into effects: inout [GossipEffect]) {
    guard let peer = peers[connection] else { return }
    forget(connection)
    plan(now: now, into: &effects)
    update(now: now, into: &effects) { membership, actions in
      membership.disconnected(peer.node, now: now, into: &actions)
    }
  }

  mutating func forget(_ connection: UInt64) {
    guard let peer = peers.removeValue(forKey: connection) else { return }
    connectionByNode[peer.node] = nil
    suspected[connection] = nil
    proofExchanges[connection] = nil
    broadcast.disconnected(connection)
    comparisonQueue.removeAll { $0 == connection }
    antiEntropy.disconnected(peer.node)
    for fetch in endedFetches.keys.sorted() where endedFetches[fetch] == peer.node { endedFetches[fetch] = nil }
  }

  /// Ends the connection of a peer that sent what no honest node sends.
  mutating func punish(_ connection: UInt64, _ what: String, now: Timestamp, into effects: inout [GossipEffect]) {
    guard let peer = peers[connection] else { return }
    membership.ban(peer.node, now: now)
    effects.append(.disconnect(connection: connection, cause: .misbehaved(what)))
    disconnected(connection, now: now, into: &effects)
  }

  // MARK: Time

  /// Does what is due at `now`.
  public mutating func timer(now: Timestamp, into effects: inout [GossipEffect]) {
    for connection in peers.keys.sorted() {
      guard let peer = peers[connection] else { continue }
      if now - peer.lastHeard >= parameters.keepalive.silenceMilliseconds {
        effects.append(
          .disconnect(connection: connection, cause: .silent(milliseconds: now - peer.lastHeard)))
        disconnected(connection, now: now, into: &effects)
      } else if peer.nextPing <= now {
        peers[connection]?.nextPing = now + parameters.keepalive.pingMilliseconds
        peers[connection]?.pingSent = (id: nextPingID, at: now)
        effects.append(.sendSummary(connection: connection, kind: .ping, id: nextPingID))
        nextPingID += 1
      }
    }
    if nextAntiEntropy <= now {
      nextAntiEntropy = now + parameters.antiEntropyMilliseconds
      if let connection = neighbours.randomElement(using: &generator)?.connection {
        compare(with: connection, now: now, into: &effects)
      }
    }
    beginOwedComparisons(now: now, into: &effects)
    beginComparison(now: now, into: &effects)
    broadcastTimer(now: now, into: &effects)
    admitWaiting(now: now, into: &effects)
    let silent = antiEntropy.expire(now: now) { [feeds, intake] in intake.horizon(of: $0, feeds: feeds) }
    for connection in silent.compactMap({ connectionByNode[$0] }) {
      let span = GossipParameters.Fetching.answerMilliseconds * Int64(GossipParameters.Fetching.maximumStrikes)
      if let peer = peers[connection] { membership.score.pause(peer.node, now: now) }
      effects.append(.disconnect(connection: connection, cause: .silent(milliseconds: span)))
      disconnected(connection, now: now, into: &effects)
    }
    plan(now: now, into: &effects)
    if membership.nextPlan <= now {
      update(now: now, into: &effects) { membership, actions in membership.plan(now: now, into: &actions) }
    }
  }

  /// The next moment at which ``timer(now:into:)`` has something to do.
  public var nextWake: Timestamp {
    var next = min(nextAntiEntropy, membership.nextPlan)
    for peer in peers.values {
      next = min(next, peer.nextPing, peer.lastHeard + parameters.keepalive.silenceMilliseconds)
      if let due = peer.comparisonDue { next = min(next, due) }
    }
    if let deadline = antiEntropy.nextDeadline { next = min(next, deadline) }
    if let due = intake.nextDue(feeds: feeds) { next = min(next, due) }
    if let due = broadcast.nextDue { next = min(next, due) }
    if let open = openComparison, !comparisonQueue.isEmpty { next = min(next, open.deadline) }
    return next
  }

  mutating func plan(now: Timestamp, into effects: inout [GossipEffect]) {
    let requests = antiEntropy.plan(
      now: now, horizon: { [feeds, intake] in intake.horizon(of: $0, feeds: feeds) },
      limit: { [feeds, intake] author in
        let horizon = intake.horizon(of: author, feeds: feeds)
        let end = intake.firstUpcoming(of: author, after: horizon) ?? .max
        return min(end, feeds.feed(of: author)?.frozenFrom ?? .max) - 1
      })
    for request in requests {
      guard let connection = connectionByNode[request.peer] else { continue }
      sendFetch(request, to: connection, into: &effects)
    }
    // The checkpoint to go on with may be at hand already.
    for range in requests.flatMap(\.ranges) where antiEntropy.jump(of: range.author) == range.from {
      admitWaiting(of: range.author, now: now, into: &effects)
    }
  }

  // MARK: Messages

  func send(
    _ message: WirePeerMessage.OneOf_Message, to connection: UInt64, priority: SendPriority,
    into effects: inout [GossipEffect]
  ) {
    effects.append(
      .send(connection: connection, message: Self.encode(message), priority: priority))
  }

  static func encode(_ message: WirePeerMessage.OneOf_Message) -> [UInt8] {
    var out = WirePeerMessage()
    out.message = message
    return out.encoded()
  }

  /// A ping or pong that carries `summary`.
  public static func message(_ kind: SummaryKind, id: UInt64, summary: Summary) -> [UInt8] {
    switch kind {
    case .ping:
      var ping = WirePing()
      ping.id = id
      ping.summary = summary.wire
      return encode(.ping(ping))
    case .pong:
      var pong = WirePong()
      pong.id = id
      pong.summary = summary.wire
      return encode(.pong(pong))
    }
  }

  /// Part of an answer to a fetch: entries as they are stored, in the order asked for.
  public static func fetchAnswer(
    id: UInt64, entries: [(bytes: [UInt8], signature: [UInt8])], done: Bool
  ) -> [UInt8] {
    var answer = WireFetchAnswer()
    answer.id = id
    answer.entries = entries.map { entry in
      var out = WireSignedEntry()
      out.entry = .init(entry.bytes)
      out.signature = .init(entry.signature)
      return out
    }
    answer.done = done
    return encode(.fetchAnswer(answer))
  }

  mutating func sendFetch(
    _ request: AntiEntropy.Request, to connection: UInt64, into effects: inout [GossipEffect]
  ) {
    var fetch = WireFetch()
    fetch.id = request.id
    let named: [AntiEntropy.Range]
    if request.ranges.count >= GossipParameters.Fetching.leastShortRanges {
      // What the peer knows: the feeds that are here, and those that it has told of.
      let unknown = antiEntropy.authorsClaimed(by: request.peer).filter { feeds.feed(of: $0) == nil }
      let authors = unknown.isEmpty ? feeds.authorsInOrder() : (feeds.authorsInOrder() + unknown).sorted()
      let short = ShortRanges(request.ranges, among: authors)
      fetch.shortRanges = .init(short.bytes)
      fetch.prefixBits = UInt32(short.prefixBits)
      named = short.ambiguous
    } else {
      named = request.ranges
    }
    fetch.ranges = named.map { range in
      var out = WireFeedRange()
      out.author = .init(range.author.bytes)
      out.from = range.from
      out.through = range.through
      return out
    }
    send(.fetch(fetch), to: connection, priority: .answer, into: &effects)
  }
}
