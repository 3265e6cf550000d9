import Market
import NodeCrypto
import Wire

/// The membership joined to connections and messages.
extension GossipCore {
  // MARK: What others ask

  /// The links of the overlay, ascending by node: to these entries are broadcast, and with these heads are compared.
  public var neighbours: [Peer] { connectedPeers.filter { $0.link == .random || $0.link == .near } }

  /// The addresses to keep over a restart: first those of the neighbours that this node chose itself.
  public var keptAddresses: [(address: PeerAddress, node: NodeID)] {
    membership.keptAddresses.map { ($0.address, $0.node) }
  }

  /// Takes `count` units out of what a peer may cost; false when there are fewer, and then what they are for is ignored.
  public mutating func spend(_ kind: BudgetKind, count: Int, peer: NodeID, now: Timestamp) -> Bool {
    membership.score.spend(kind, count: count, peer: peer, now: now)
  }

  /// Notes what an honest peer does seldom; when it has come too often of late, the connection ends, without a ban.
  public mutating func penalize(
    _ peer: NodeID, _ penalty: Penalty, now: Timestamp, into effects: inout [GossipEffect]
  ) {
    guard membership.score.penalize(peer, penalty, now: now) else { return }
    update(now: now, into: &effects) { membership, actions in
      membership.giveUpUnreliable(peer, now: now, into: &actions)
      membership.plan(now: now, into: &actions)
    }
  }

  /// Keeps direct connections to these nodes, and no longer to others: the counterparties of undecided trades. Where
  /// there is no way to one, the overlay carries everything all the same.
  public mutating func wants(directly nodes: [NodeID], now: Timestamp, into effects: inout [GossipEffect]) {
    update(now: now, into: &effects) { membership, actions in membership.want(nodes, now: now, into: &actions) }
  }

  /// Notes that a peer was the first to bring an entry of `author`.
  mutating func noteFirst(of author: NodeID, by peer: NodeID, now: Timestamp) {
    membership.useful(peer, now: now)
    membership.noteWay(to: author, by: peer)
  }

  // MARK: Dials

  /// An attempt to open a connection has reached a node; its connection has been reported by
  /// ``connected(_:node:address:direction:now:into:)``.
  public mutating func dialed(_ address: PeerAddress, node: NodeID, now: Timestamp) {
    membership.dialed(address, node: node, now: now)
  }

  /// An attempt to open a connection has failed.
  public mutating func dialFailed(
    _ address: PeerAddress, isOwn: Bool, now: Timestamp, into effects: inout [GossipEffect]
  ) {
    update(now: now, into: &effects) { membership, actions in
      membership.dialFailed(address, isOwn: isOwn, now: now, into: &actions)
    }
  }

  /// Adds an address from an earlier run; the most trusted come first and are dialled first.
  public mutating func learn(_ address: PeerAddress, now: Timestamp) {
    membership.learn(address, isBootstrap: false, now: now)
  }

  // MARK: Connections

  func isFull(for direction: Direction) -> Bool {
    let reserved = direction == .inbound ? parameters.views.reservedConnections : 0
    return peers.count >= parameters.views.maximumConnections - reserved
  }

  /// Ends a connection for which there is no room, and says where else to try.
  mutating func turnAway(_ connection: UInt64, now: Timestamp, into effects: inout [GossipEffect]) {
    let addresses = membership.giveAway(
      parameters.walks.maximumAddresses, to: own, isNewcomer: true, now: now)
    greet(connection, into: &effects)
    send(Self.wire(.disconnect(addresses: addresses)), to: connection, priority: .answer, into: &effects)
    effects.append(.disconnect(connection: connection, cause: .full(maximum: parameters.views.maximumConnections)))
  }

  /// Lets `change` change the membership, and does what that calls for.
  mutating func update(
    now: Timestamp, into effects: inout [GossipEffect],
    _ change: (inout Membership, inout [MembershipAction]) -> Void
  ) {
    var actions: [MembershipAction] = []
    change(&membership, &actions)
    for action in actions {
      switch action {
      case .send(let message, let node):
        guard let connection = connectionByNode[node] else { continue }
        send(Self.wire(message), to: connection, priority: .answer, into: &effects)
      case .dial(let address): effects.append(.dial(address))
      case .close(let node, let cause):
        guard let connection = connectionByNode[node] else { continue }
        effects.append(.disconnect(connection: connection, cause: cause))
        forget(connection)
        plan(now: now, into: &effects)
      case .linked(let node, let kind): linked(node, kind, now: now, into: &effects)
      }
    }
  }

  private mutating func linked(
    _ node: NodeID, _ kind: LinkKind, now: Timestamp, into effects: inout [GossipEffect]
  ) {
    guard let connection = connectionByNode[node], let peer = peers[connection] else { return }
    peers[connection]?.link = kind
    broadcast.connected(connection, takesAll: kind != .direct, now: now)
    // One side begins; what either lacks shows to both.
    if peer.link == nil, peer.direction == .outbound { compare(with: connection, now: now, into: &effects) }
  }

  mutating func measured(_ peer: Peer, milliseconds: Int64, now: Timestamp, into effects: inout [GossipEffect]) {
    peers[peer.connection]?.roundTripMilliseconds = milliseconds
    update(now: now, into: &effects) { membership, actions in
      membership.measured(peer.node, milliseconds: milliseconds, now: now, into: &actions)
    }
  }

  // MARK: Messages

  mutating func receivedHello(
    _ hello: WireHello, from peer: Peer, now: Timestamp, into effects: inout [GossipEffect]
  ) {
    guard hello.protocol == Self.protocolVersion else {
      punish(
        peer.connection, "protocol \(hello.protocol); allowed: \(Self.protocolVersion)", now: now, into: &effects)
      return
    }
    guard hello.agent.utf8.count <= parameters.maximumAgentBytes, hello.listenPort <= UInt16.max, !peer.hasGreeted
    else {
      punish(peer.connection, "a second or oversized hello", now: now, into: &effects)
      return
    }
    peers[peer.connection]?.hasGreeted = true
    if ownFeedGrewAt == nil { ownFeedGrewAt = now }
    receivedOwnHead(hello, from: peer, now: now, into: &effects)
    peers[peer.connection]?.agent = String(hello.agent.unicodeScalars.filter { (0x20...0x7E).contains($0.value) })
    guard peer.direction == .inbound, hello.listenPort > 0 else { return }
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
      membership.claimed(address, by: peer.node, now: now)
    } else {
      membership.hear([NodeAddress(node: peer.node, address: address)], from: peer.node, now: now)
    }
  }

  /// Takes in what a peer holds of this node's own feed, before this node writes to it.
  private mutating func receivedOwnHead(
    _ hello: WireHello, from peer: Peer, now: Timestamp, into effects: inout [GossipEffect]
  ) {
    guard hello.yourSequence > 0 else { return }
    guard let entry = EntryID(bytes: hello.yourEntry), hello.yourSequence <= SignedEntry.maximumSequence else {
      punish(peer.connection, "a head that is not one in its hello", now: now, into: &effects)
      return
    }
    claim(peer, author: own, sequence: hello.yourSequence)
    if let held = feeds.feed(of: own)?.id(at: hello.yourSequence), held != entry {
      suspect(peer, [(own, hello.yourSequence)], now: now, into: &effects)
    }
    plan(now: now, into: &effects)
  }

  mutating func receivedMembership(
    _ message: WirePeerMessage.OneOf_Message, from peer: Peer, now: Timestamp, into effects: inout [GossipEffect]
  ) {
    let read: MembershipMessage
    do {
      read = try MembershipMessage(wire: message, walks: parameters.walks)
    } catch {
      punish(peer.connection, error.description, now: now, into: &effects)
      return
    }
    update(now: now, into: &effects) { membership, actions in
      membership.received(read, from: peer.node, now: now, into: &actions)
    }
  }

  static func wire(_ message: MembershipMessage) -> WirePeerMessage.OneOf_Message { message.wire }
}
