import Market
import NodeCrypto

/// The overlay as one node sees it: the views of HyParView (Leitão et al. 2007) over an ``AddressBook``, with part of the
/// active view chosen near as in X-BOT (Leitão et al. 2009).
///
/// A value type: connections, messages, measurements and the time go in, ``MembershipAction``s come out. It knows nothing
/// of encodings or entries.
///
/// | connection | moves on | to |
/// |---|---|---|
/// | none | connected | open |
/// | open | this node asks for a link | requested |
/// | open, requested | the peer asks, and is taken | linked |
/// | requested | the peer accepts | linked |
/// | linked, direct | there is no other link, and this node asks for one of the overlay | requested |
/// | requested over a direct link that is wanted | refused | linked, direct |
/// | open, requested | refused, or nothing in 10 s | none |
/// | linked | given up by either side, evicted, silent, broken | none |
///
/// A link is of the kind that was asked for: `random`, `near`, or `direct`. A node dials until it has its share of random
/// and near ones, takes more up to a limit that is well above, and lets go of surplus random links that it opened
/// itself; so links are kept unless there is a reason.
struct Membership: Sendable {
  struct Dial: Sendable {
    var purpose: DialPurpose
    var since: Timestamp
  }

  /// A neighbour that went without a word.
  struct Lost: Sendable {
    var address: PeerAddress
    var failures = 0
  }

  let own: NodeID
  let parameters: GossipParameters
  let key: [UInt8]
  var generator: SplitMix64
  var book: AddressBook
  var contacts: [NodeID: Contact] = [:]
  var contactByAddress: [PeerAddress: NodeID] = [:]
  var dials: [PeerAddress: Dial] = [:]
  /// What to dial next.
  var passive: [PeerAddress] = []
  var lost: [Lost] = []
  var measured = MeasuredNodes()
  /// Budgets, broken promises and bans.
  var score: PeerScore
  var returns = ReturnPaths()
  var direct = DirectLinks()

  var nextShuffle: Timestamp
  var shuffleCount = 0
  var nextProbe: Timestamp
  var probeSpan: Int64
  var probeCount = 0
  /// Near links that were refused since the last that was granted.
  var nearRefusals = 0
  var nextEviction = Timestamp.zero
  var nextShedding = Timestamp.zero
  var nextJoin = Timestamp.zero
  /// When a counterparty may be asked again for a link of the overlay.
  var nextAsking = Timestamp.zero
  /// When ``plan(now:into:)`` has to look again.
  private(set) var nextPlan: Timestamp = .zero

  /// A node that knows nobody.
  ///
  /// - Parameter seed: where chance and the book's secret come from.
  init(own: NodeID, parameters: GossipParameters, seed: UInt64, now: Timestamp) {
    self.own = own
    self.parameters = parameters
    var generator = SplitMix64(seed: seed)
    key = (0..<4).flatMap { _ in
      let word = generator.next()
      return stride(from: UInt64(0), to: 64, by: 8).map { UInt8(truncatingIfNeeded: word >> $0) }
    }
    book = AddressBook(parameters, key: key)
    score = PeerScore(parameters.judging)
    let shuffle = parameters.walks.eagerShuffleMilliseconds
    nextShuffle = now + Int64.random(in: 0...shuffle, using: &generator)
    nextProbe = now
    probeSpan = parameters.nearness.probeMilliseconds
    self.generator = generator
  }

  // MARK: Reading

  /// The links of the overlay, ascending by node.
  var neighbours: [Contact] {
    contacts.values.filter { $0.link == .random || $0.link == .near }.sorted { $0.node < $1.node }
  }

  /// How many links there are of a kind.
  func count(of kind: LinkKind) -> Int { contacts.values.reduce(0) { $0 + ($1.link == kind ? 1 : 0) } }

  /// Links of the overlay.
  var degree: Int { count(of: .random) + count(of: .near) }

  /// Whether every address known here is this node's own, and nobody is connected.
  var knowsNobody: Bool { book.isEmpty && contacts.isEmpty }

  /// The addresses to keep over a restart: first those of the neighbours that this node chose itself, the anchors.
  var keptAddresses: [NodeAddress] {
    let links = contacts.values.filter { $0.link != nil && $0.address != nil }.sorted { left, right in
      (left.direction == .inbound ? 1 : 0, left.linkedAt, left.node)
        < (right.direction == .inbound ? 1 : 0, right.linkedAt, right.node)
    }
    var kept = links.compactMap { contact in
      contact.address.map { NodeAddress(node: contact.node, address: $0) }
    }
    let known = Set(kept.map(\.node))
    kept += book.latest(parameters.book.keptCount).filter { !known.contains($0.node) }
    return Array(kept.prefix(parameters.book.keptCount))
  }

  // MARK: Addresses

  /// Notes an address from this node's own configuration or an earlier run. The first of an earlier run are anchors: they
  /// are dialled before anybody can name others.
  mutating func learn(_ address: PeerAddress, isBootstrap: Bool, now: Timestamp) {
    if isBootstrap {
      book.addBootstrap(address, now: now)
    } else {
      book.learn(address, source: NetworkGroup(address), now: now)
      if book[address] != nil, lost.count < parameters.dialling.anchorCount { lose(address) }
    }
    guard book[address] != nil, !passive.contains(address), passive.count < parameters.views.passiveCount else {
      return
    }
    passive.append(address)
  }

  /// Notes addresses that a peer named. Whose they are, a dial will show.
  mutating func hear(_ addresses: [NodeAddress], from peer: NodeID, now: Timestamp) {
    guard let contact = contacts[peer] else { return }
    let source = contact.address.map { NetworkGroup($0) } ?? contact.group
    let unknown = addresses.filter { $0.node != own && book[$0.address] == nil }
    let count = score.takeAddresses(unknown.count, peer: peer, now: now)
    for item in unknown.prefix(count) { book.learn(item.address, source: source, now: now) }
  }

  /// A peer that dialled this node says where it can be dialled, over a connection from that host.
  mutating func claimed(_ address: PeerAddress, by node: NodeID, now: Timestamp) {
    guard contacts[node] != nil else { return }
    book.claim(address, by: node, now: now)
    guard book[address]?.node == node else { return }
    setAddress(address, of: node)
  }

  private mutating func setAddress(_ address: PeerAddress, of node: NodeID) {
    if let before = contacts[node]?.address, contactByAddress[before] == node { contactByAddress[before] = nil }
    contacts[node]?.address = address
    contactByAddress[address] = node
  }

  // MARK: Connections

  /// A connection has been opened. One that has taken the place of another to the same node goes on as the same link.
  mutating func connected(
    _ node: NodeID, direction: Direction, address: PeerAddress, now: Timestamp, into actions: inout [MembershipAction]
  ) {
    let before = forget(node)
    let purpose = direction == .outbound ? dials.removeValue(forKey: address)?.purpose ?? .random : nil
    contacts[node] = Contact(
      node: node, direction: direction, address: nil, group: NetworkGroup(address), since: now, purpose: purpose,
      unlinkedSince: now)
    score.connected(node, now: now)
    guard direction == .outbound else {
      plan(now: now, into: &actions)
      return
    }
    book.reached(address, node: node, now: now)
    setAddress(address, of: node)
    lost.removeAll { $0.address == address }
    if let kind = before?.link {
      request(kind, of: node, now: now, into: &actions)
    } else {
      begin(node, now: now, into: &actions)
    }
    plan(now: now, into: &actions)
  }

  /// A connection has ended without this node's doing.
  mutating func disconnected(_ node: NodeID, now: Timestamp, into actions: inout [MembershipAction]) {
    guard let contact = forget(node) else { return }
    score.disconnected(node, now: now)
    if let address = contact.address {
      // A connection that ends before the answer to a request is a refusal.
      let span =
        contact.request == nil
        ? parameters.dialling.firstBackoffMilliseconds : parameters.dialling.refusedMilliseconds
      book.postpone(address, until: now + jittered(span))
      if contact.link == .random || contact.link == .near, !score.isBanned(node, now: now) { lose(address) }
    }
    plan(now: now, into: &actions)
  }

  /// An attempt to connect has reached a node, whose connection was reported before, if it stands.
  mutating func dialed(_ address: PeerAddress, node: NodeID, now: Timestamp) {
    dials[address] = nil
    book.reached(address, node: node, now: now)
    lost.removeAll { $0.address == address }
    if contactByAddress[address] == nil, contacts[node] != nil {
      // It may be a name for an address under which the node is known already.
      if contacts[node]?.address == nil { setAddress(address, of: node) }
    } else if contacts[node] == nil {
      book.postpone(address, until: now + jittered(parameters.dialling.firstBackoffMilliseconds))
    }
    passive.removeAll { $0 == address }
  }

  /// An attempt to connect has failed.
  mutating func dialFailed(_ address: PeerAddress, isOwn: Bool, now: Timestamp, into actions: inout [MembershipAction])
  {
    dials[address] = nil
    book.failed(address, isOwn: isOwn, now: now, using: &generator)
    passive.removeAll { $0 == address }
    if let index = lost.firstIndex(where: { $0.address == address }) {
      lost[index].failures += 1
      if isOwn || lost[index].failures >= parameters.dialling.forgottenAfterFailures { lost.remove(at: index) }
    }
    plan(now: now, into: &actions)
  }

  private mutating func lose(_ address: PeerAddress) {
    guard !lost.contains(where: { $0.address == address }) else { return }
    if lost.count >= parameters.dialling.maximumLost { lost.removeFirst() }
    lost.append(Lost(address: address))
  }

  @discardableResult
  mutating func forget(_ node: NodeID) -> Contact? {
    guard let contact = contacts.removeValue(forKey: node) else { return nil }
    if let address = contact.address, contactByAddress[address] == node { contactByAddress[address] = nil }
    return contact
  }

  /// Ends a connection.
  mutating func close(
    _ node: NodeID, _ cause: DisconnectCause, addresses: [NodeAddress]?, now: Timestamp,
    into actions: inout [MembershipAction]
  ) {
    guard let contact = forget(node) else { return }
    score.disconnected(node, now: now)
    if let address = contact.address {
      book.postpone(address, until: now + jittered(parameters.dialling.firstBackoffMilliseconds))
    }
    if let addresses { actions.append(.send(.disconnect(addresses: addresses), to: node)) }
    actions.append(.close(node, cause))
  }

  /// Takes no connection with a node that sent what no honest node sends, for a while.
  mutating func ban(_ node: NodeID, now: Timestamp) {
    score.ban(node, now: now)
    if let address = contacts[node]?.address, let until = score.bannedUntil(node) {
      book.postpone(address, until: until)
    }
  }

  /// A round trip to a connected node was measured.
  mutating func measured(_ node: NodeID, milliseconds: Int64, now: Timestamp, into actions: inout [MembershipAction]) {
    guard let contact = contacts[node] else { return }
    let shortest = min(contact.roundTripMilliseconds ?? .max, milliseconds)
    contacts[node]?.roundTripMilliseconds = shortest
    measured.note(node, now: now, nearness: parameters.nearness)
    if contact.phase == .open, contact.direction == .outbound {
      judge(node, now: now, into: &actions)
      plan(now: now, into: &actions)
    }
  }

  /// A node brought an entry that was new.
  mutating func useful(_ node: NodeID, now: Timestamp) { contacts[node]?.lastUseful = now }

  // MARK: Time

  /// Does what is due, and works out when there is something to do next.
  mutating func plan(now: Timestamp, into actions: inout [MembershipAction]) {
    endUnlinked(now: now, into: &actions)
    shed(now: now, into: &actions)
    var next = planWalks(now: now, into: &actions)
    next = min(next, planDirect(now: now, into: &actions))
    next = min(next, planDials(now: now, into: &actions))
    for contact in contacts.values where contact.link == nil {
      next = min(next, contact.unlinkedSince + parameters.views.unlinkedMilliseconds)
    }
    nextPlan = max(next, now + 1)
  }

  private mutating func endUnlinked(now: Timestamp, into actions: inout [MembershipAction]) {
    for node in contacts.keys.sorted() {
      guard let contact = contacts[node], contact.link == nil else { continue }
      if now - contact.unlinkedSince >= parameters.views.unlinkedMilliseconds {
        close(node, .unlinked, addresses: nil, now: now, into: &actions)
      }
    }
  }

  mutating func jittered(_ span: Int64) -> Int64 { Self.jittered(span, using: &generator) }

  /// Between half and all of `span`, so that nodes that lost each other together do not come back together.
  static func jittered(_ span: Int64, using generator: inout SplitMix64) -> Int64 {
    span / 2 + Int64.random(in: 0...(span / 2), using: &generator)
  }
}

/// Nodes whose round trip was measured lately, so that probes go to others.
struct MeasuredNodes: Sendable {
  private var times: [NodeID: Timestamp] = [:]
  private var order: [NodeID] = []

  mutating func note(_ node: NodeID, now: Timestamp, nearness: GossipParameters.Nearness) {
    if times.updateValue(now, forKey: node) == nil { order.append(node) }
    if order.count > nearness.maximumMeasured { times[order.removeFirst()] = nil }
  }

  func isFresh(_ node: NodeID, now: Timestamp, nearness: GossipParameters.Nearness) -> Bool {
    times[node].map { now - $0 < nearness.measuredMilliseconds } ?? false
  }
}
