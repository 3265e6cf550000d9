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
    case .addresses(let list): receivedAddresses(list, from: peer, now: now, into: &effects)
    case .ping(let ping):
      peers[connection]?.summary = Summary(wire: ping.summary)
      effects.append(.sendSummary(connection: connection, kind: .pong, id: ping.id))
    case .pong(let pong):
      peers[connection]?.summary = Summary(wire: pong.summary)
      if let sent = peer.pingSent, sent.id == pong.id {
        peers[connection]?.roundTripMilliseconds = now - sent.at
        peers[connection]?.pingSent = nil
      }
    }
  }

  private mutating func receivedHello(
    _ hello: WireHello, from peer: Peer, now: Timestamp, into effects: inout [GossipEffect]
  ) {
    guard hello.protocol == Self.protocolVersion else {
      punish(
        peer.connection, "protocol \(hello.protocol); allowed: \(Self.protocolVersion)", now: now, into: &effects)
      return
    }
    guard hello.agent.utf8.count <= Self.maximumAgentBytes, hello.listenPort <= UInt16.max, !peer.hasGreeted else {
      punish(peer.connection, "a second or oversized hello", now: now, into: &effects)
      return
    }
    peers[peer.connection]?.hasGreeted = true
    peers[peer.connection]?.agent = String(hello.agent.unicodeScalars.filter { (0x20...0x7E).contains($0.value) })
    if peer.direction == .inbound, hello.listenPort > 0 {
      let host = hello.advertise.isEmpty ? peer.address.host : hello.advertise
      let address = PeerAddress(host: host, port: UInt16(hello.listenPort))
      guard PeerAddress(address.description) == address else {
        punish(peer.connection, "an address that is not one in its hello", now: now, into: &effects)
        return
      }
      peers[peer.connection]?.listens = address
      membership.connected(peer.node, at: address)
      announce(peer.node, at: address, into: &effects)
    } else if let address = peer.listens {
      announce(peer.node, at: address, into: &effects)
    }
    let known = membership.shareable.filter { $0.node != peer.node }
    if !known.isEmpty { sendAddresses(known, to: peer.connection, into: &effects) }
  }

  private func announce(_ node: NodeID, at address: PeerAddress, into effects: inout [GossipEffect]) {
    for other in connectedPeers where other.node != node && other.hasGreeted {
      sendAddresses([(node, address)], to: other.connection, into: &effects)
    }
  }

  private func sendAddresses(
    _ addresses: [(node: NodeID, address: PeerAddress)], to connection: UInt64, into effects: inout [GossipEffect]
  ) {
    var message = WireAddresses()
    message.addresses = addresses.prefix(Self.maximumAddresses).map { node, address in
      var out = WirePeerAddress()
      out.node = .init(node.bytes)
      out.host = address.host
      out.port = UInt32(address.port)
      return out
    }
    send(.addresses(message), to: connection, priority: .answer, into: &effects)
  }

  private mutating func receivedAddresses(
    _ list: WireAddresses, from peer: Peer, now: Timestamp, into effects: inout [GossipEffect]
  ) {
    guard list.addresses.count <= Self.maximumAddresses else {
      punish(
        peer.connection, "\(list.addresses.count) addresses; allowed: \(Self.maximumAddresses)", now: now,
        into: &effects)
      return
    }
    for item in list.addresses {
      guard let node = NodeID(bytes: item.node), let port = UInt16(exactly: item.port), port > 0,
        let address = PeerAddress(PeerAddress(host: item.host, port: port).description)
      else {
        punish(peer.connection, "an address that is not one", now: now, into: &effects)
        return
      }
      if node != own { membership.learn(address, node: node, now: now) }
    }
    dial(now: now, into: &effects)
  }

  // MARK: Anti-entropy

  private mutating func receivedHeads(
    _ heads: WireHeads, from peer: Peer, now: Timestamp, into effects: inout [GossipEffect]
  ) {
    for item in heads.heads {
      guard let author = NodeID(bytes: item.author), let entry = EntryID(bytes: item.entry),
        item.sequence > 0, item.sequence <= SignedEntry.maximumSequence
      else {
        punish(peer.connection, "a head that is not one", now: now, into: &effects)
        return
      }
      claim(peer, author: author, sequence: item.sequence)
      if let held = feeds.feed(of: author)?.id(at: item.sequence), held != entry {
        suspect(peer, author: author, sequence: item.sequence, now: now, into: &effects)
      }
    }
    if heads.last {
      reconciled.insert(peer.node)
      if !heads.reply {
        let ahead = publishedHeads.filter { author, head in
          !antiEntropy.holds(peer.node, author: author, sequence: head.sequence)
        }
        sendHeads(ahead, reply: true, to: peer.connection, into: &effects)
      }
    }
    plan(now: now, into: &effects)
  }

  private mutating func claim(_ peer: Peer, author: NodeID, sequence: UInt64) {
    let horizon = intake.horizon(of: author, feeds: feeds)
    antiEntropy.claim(peer.node, author: author, sequence: sequence, horizon: horizon)
  }

  /// A peer holds another entry than this node at some place of a feed: fetches it, because the two are a proof.
  private mutating func suspect(
    _ peer: Peer, author: NodeID, sequence: UInt64, now: Timestamp, into effects: inout [GossipEffect]
  ) {
    if let frozenFrom = feeds.feed(of: author)?.frozenFrom, frozenFrom <= sequence { return }
    guard suspected[peer.connection, default: []].insert(author).inserted else { return }
    let range = AntiEntropy.Range(author: author, from: sequence, through: sequence)
    let id = antiEntropy.request(peer.node, range: range, now: now)
    sendFetch(id, ranges: [range], to: peer.connection, into: &effects)
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
    let isAwaited = antiEntropy.progress(answer.id, from: peer.node, now: now)
    receivedEntries(
      answer.entries, from: peer, fetch: isAwaited ? answer.id : nil, now: now, into: &effects)
    guard isAwaited, answer.done, peers[peer.connection] != nil else { return }
    endedFetches[answer.id] = peer.node
    closeFetches([answer.id], now: now, into: &effects)
  }

  /// Ends those of the answers of which no entry is being verified any more.
  private mutating func closeFetches(
    _ fetches: [UInt64], now: Timestamp, into effects: inout [GossipEffect]
  ) {
    var hasClosed = false
    for fetch in fetches {
      guard let peer = endedFetches[fetch], !intake.isVerifying(fetch: fetch) else { continue }
      endedFetches[fetch] = nil
      antiEntropy.finished(fetch, from: peer) { [feeds, intake] in intake.horizon(of: $0, feeds: feeds) }
      hasClosed = true
    }
    if hasClosed { plan(now: now, into: &effects) }
  }

  // MARK: Entries

  private mutating func receivedEntries(
    _ entries: [WireSignedEntry], from peer: Peer, fetch: UInt64?, now: Timestamp,
    into effects: inout [GossipEffect]
  ) {
    var hasGap = false
    for wire in entries {
      let entry: SignedEntry
      do {
        entry = try SignedEntry(wire: wire, maximumBytes: feeds.limits.entryBytes)
      } catch {
        punish(peer.connection, error.description, now: now, into: &effects)
        return
      }
      if let frozenFrom = feeds.feed(of: entry.author)?.frozenFrom, entry.sequence >= frozenFrom {
        tellOfFreeze(entry.author, to: peer, into: &effects)
        continue
      }
      claim(peer, author: entry.author, sequence: entry.sequence)
      let head = feeds.head(of: entry.author)
      if entry.sequence <= head.sequence, feeds.feed(of: entry.author)?.id(at: entry.sequence) == entry.id {
        continue
      }
      if intake.waitingEntry(of: entry.author, at: entry.sequence)?.id == entry.id { continue }
      guard entry.sequence <= head.sequence + Intake.windowPerFeed else {
        hasGap = true
        continue
      }
      if intake.begin(entry, from: peer.node, fetch: fetch) { effects.append(.verify(entry)) }
      if intake.advanceHorizon(of: entry.author, feeds: feeds) < entry.sequence { hasGap = true }
    }
    if hasGap { plan(now: now, into: &effects) }
  }

  /// A peer that pushes entries of a frozen feed does not know of the proof yet.
  private mutating func tellOfFreeze(_ author: NodeID, to peer: Peer, into effects: inout [GossipEffect]) {
    guard let proof = proofs[author], suspected[peer.connection, default: []].insert(author).inserted else { return }
    send(.equivocationProof(proof.wire), to: peer.connection, priority: .entry, into: &effects)
  }

  /// An entry has been checked: its signature, and that its content is what the protocol allows.
  ///
  /// - Parameter refusal: why it is invalid; nil when it is valid.
  public mutating func verified(
    _ entry: SignedEntry, refusal: String?, now: Timestamp, into effects: inout [GossipEffect]
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
      admit(entry, sources: arrival.sources, now: now, into: &effects)
      admitWaiting(of: entry.author, now: now, into: &effects)
    }
    closeFetches(arrival.fetches, now: now, into: &effects)
  }

  private mutating func admit(
    _ entry: SignedEntry, sources: [NodeID], now: Timestamp, into effects: inout [GossipEffect]
  ) {
    switch feeds.admission(of: entry, now: now) {
    case .next:
      feeds.append(entry)
      if entry.author == own { publishedOwnSequence = entry.sequence }
      effects.append(.deliver(entry))
      push(entry, urgentFor: [], except: sources, into: &effects)
    case .known, .frozen:
      break
    case .gap, .early:
      intake.wait(entry)
    case .fork:
      intake.lost(entry.author)
      effects.append(.findRival(of: entry))
    case .divergent:
      intake.lost(entry.author)
      if let source = sources.first, let connection = connectionByNode[source], let peer = peers[connection],
        entry.sequence > 1
      {
        suspect(peer, author: entry.author, sequence: entry.sequence - 1, now: now, into: &effects)
      }
    case .invalid(let refusal):
      intake.lost(entry.author)
      if let source = sources.first, let connection = connectionByNode[source] {
        punish(connection, refusal.description, now: now, into: &effects)
      }
    }
  }

  mutating func admitWaiting(now: Timestamp, into effects: inout [GossipEffect]) {
    for author in intake.waitingAuthors { admitWaiting(of: author, now: now, into: &effects) }
  }

  private mutating func admitWaiting(of author: NodeID, now: Timestamp, into effects: inout [GossipEffect]) {
    while let entry = intake.waitingEntry(of: author, at: feeds.head(of: author).sequence + 1) {
      if case .early = feeds.admission(of: entry, now: now) { return }
      _ = intake.takeWaiting(of: author, at: entry.sequence)
      let before = feeds.head(of: author)
      admit(entry, sources: [], now: now, into: &effects)
      if feeds.head(of: author) == before { return }
    }
  }

  /// Pushes an entry of this node's own, which is durable.
  ///
  /// - Parameter urgentFor: counterparties of the trades in it; they get it first.
  public mutating func publish(
    _ entry: SignedEntry, urgentFor counterparties: [NodeID], into effects: inout [GossipEffect]
  ) {
    publishedOwnSequence = max(publishedOwnSequence, entry.sequence)
    push(entry, urgentFor: counterparties, except: [], into: &effects)
  }

  /// Appends an entry of this node's own to its feed, before it is durable and before anybody else gets it.
  public mutating func appendOwn(_ entry: SignedEntry) {
    precondition(entry.author == own, "another author's entry published as own")
    feeds.append(entry)
  }

  private func push(
    _ entry: SignedEntry, urgentFor counterparties: [NodeID], except sources: [NodeID],
    into effects: inout [GossipEffect]
  ) {
    var message = WirePush()
    message.entries = [entry.wire]
    let bytes = Self.encode(.push(message))
    let urgent = counterparties.compactMap { connectionByNode[$0] }
    for connection in urgent {
      effects.append(.send(connection: connection, message: bytes, priority: .urgent))
    }
    for peer in connectedPeers where !urgent.contains(peer.connection) && peer.node != entry.author {
      if sources.contains(peer.node)
        || antiEntropy.holds(peer.node, author: entry.author, sequence: entry.sequence)
      {
        continue
      }
      effects.append(.send(connection: peer.connection, message: bytes, priority: .entry))
    }
  }

  // MARK: Equivocation

  private mutating func receivedProof(
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
      freeze(proof, except: peer, into: &effects)
    } else if let connection = connectionByNode[peer] {
      punish(connection, "an equivocation proof with a bad signature", now: now, into: &effects)
    }
  }

  /// The stored entry at the place of `entry`, both with good signatures.
  public mutating func rivalFound(
    _ rival: SignedEntry, of entry: SignedEntry, into effects: inout [GossipEffect]
  ) {
    guard let proof = EquivocationProof(rival, entry) else { return }
    freeze(proof, except: nil, into: &effects)
  }

  private mutating func freeze(
    _ proof: EquivocationProof, except source: NodeID?, into effects: inout [GossipEffect]
  ) {
    guard feeds.freeze(proof.author, from: proof.sequence) else { return }
    proofs[proof.author] = proof
    intake.dropWaiting(of: proof.author)
    intake.lost(proof.author)
    effects.append(.freeze(proof))
    for peer in connectedPeers where peer.node != source {
      send(.equivocationProof(proof.wire), to: peer.connection, priority: .entry, into: &effects)
    }
  }

  // MARK: Start

  /// Notes a proof that was kept from an earlier run, before the entries are restored.
  public mutating func restore(_ proof: EquivocationProof) {
    if feeds.freeze(proof.author, from: proof.sequence) { proofs[proof.author] = proof }
  }

  /// Appends a stored entry when it is the next of its feed.
  ///
  /// - Returns: what it is to the feeds; only after `.next` it counts.
  public mutating func restore(_ entry: SignedEntry) -> Admission {
    // What was taken once has passed the check against the clock.
    let admission = feeds.admission(of: entry, now: entry.time)
    if admission == .next {
      feeds.append(entry)
      if entry.author == own { publishedOwnSequence = entry.sequence }
    }
    return admission
  }

  /// Forgets all feeds, but not the proofs, so that they can be restored without what the proofs void.
  public mutating func resetFeeds() {
    feeds = Feeds(network: feeds.network, limits: feeds.limits)
    for proof in equivocationProofs { _ = feeds.freeze(proof.author, from: proof.sequence) }
  }
}
