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
      // Who dials from an address may say which port it listens on. That it is reached under another host is believed
      // when a dial has shown it, or anybody could pass for the nodes there.
      if hello.advertise.isEmpty || hello.advertise == peer.address.host {
        peers[peer.connection]?.listens = address
        membership.claimed(address, by: peer.node)
        announce(peer.node, at: address, into: &effects)
      } else {
        membership.learn(address, node: nil, now: now)
      }
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
      // Whose address it is, the dial will show.
      if node != own { membership.learn(address, node: nil, now: now) }
    }
    dial(now: now, into: &effects)
  }

  // MARK: Anti-entropy

  private mutating func receivedHeads(
    _ heads: WireHeads, from peer: Peer, now: Timestamp, into effects: inout [GossipEffect]
  ) {
    guard heads.heads.count <= Self.headsPerChunk else {
      punish(
        peer.connection, "\(heads.heads.count) heads; allowed: \(Self.headsPerChunk)", now: now, into: &effects)
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
        peers[peer.connection]?.nextHeadsAnswer = now + Self.headsAnswerMilliseconds
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
    var bases = WireFetchAnswer()
    bases.id = fetch.id
    for range in fetch.ranges {
      guard let author = NodeID(bytes: range.author), range.from > 0, range.from <= range.through else {
        punish(peer.connection, "a range that is not one", now: now, into: &effects)
        return
      }
      if let base = feeds.feed(of: author)?.base, range.from <= base {
        var out = WireFeedBase()
        out.author = .init(author.bytes)
        out.first = base + 1
        bases.bases.append(out)
        continue
      }
      let held = author == own ? publishedOwnSequence : feeds.head(of: author).sequence
      let through = min(range.through, held)
      if range.from <= through { ranges.append(FeedRange(author: author, from: range.from, through: through)) }
    }
    if !bases.bases.isEmpty { send(.fetchAnswer(bases), to: peer.connection, priority: .answer, into: &effects) }
    effects.append(.serve(connection: peer.connection, request: fetch.id, ranges: ranges))
  }

  private mutating func receivedAnswer(
    _ answer: WireFetchAnswer, from peer: Peer, now: Timestamp, into effects: inout [GossipEffect]
  ) {
    // An answer that came too late to be waited for still brings entries.
    let isAwaited = antiEntropy.awaits(answer.id, from: peer.node)
    guard answer.bases.count <= AntiEntropy.maximumRanges else {
      punish(
        peer.connection, "\(answer.bases.count) bases in an answer; allowed: \(AntiEntropy.maximumRanges)", now: now,
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
