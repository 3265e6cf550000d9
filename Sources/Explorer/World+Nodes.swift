import Gossip
import Market
import NodeCore
import NodeCrypto
import Wire

/// What happens to single nodes, through the core's own events.
extension World {
  /// The connection over which a node hears another.
  private func link(_ peer: Int) -> UInt64 { UInt64(peer + 1) }

  /// Gossip that does nothing on its own.
  private static let quiet: GossipParameters = {
    var parameters = GossipParameters.standard
    let never: Int64 = 1 << 40
    parameters.keepalive.pingMilliseconds = never
    parameters.keepalive.silenceMilliseconds = 2 * never
    parameters.antiEntropyMilliseconds = never
    return parameters
  }()

  // MARK: Events

  /// Gives a node an event, and carries out what follows from it.
  mutating func handle(_ event: NodeEvent, at node: Int, time: Timestamp) {
    guard nodes[node].core != nil else { return }
    var effects: [NodeEffect] = []
    nodes[node].core?.handle(event, now: time, into: &effects)
    perform(effects, at: node, time: time)
  }

  private mutating func perform(_ first: [NodeEffect], at node: Int, time: Timestamp) {
    var effects = first
    var events: [NodeEvent] = []
    while true {
      for effect in effects { perform(effect, at: node, posting: &events) }
      guard !events.isEmpty else { return }
      effects = []
      nodes[node].core?.handle(events.removeFirst(), now: time, into: &effects)
    }
  }

  private mutating func perform(_ effect: NodeEffect, at node: Int, posting events: inout [NodeEvent]) {
    switch effect {
    case .send(_, let message, _): sent(message, by: node)
    case .verify(let entry):
      let result = setting.registry.result(of: entry)
      if case .failure(let fault) = result { fail(.accused, "\(node) refuses an entry: \(fault)") }
      events.append(.verified(entry, result))
    case .persist(let entry, _): persist(entry, at: node)
    case .disconnect(_, .misbehaved(let what)): fail(.accused, "\(node) punishes: \(what)")
    case .persistProof(let proof):
      fail(.accused, "\(node) has a proof against \(setting.index(of: proof.author) ?? -1)")
    case .collect(.fork(let entry)):
      fail(.twoEntries, "\(node) knows two entries of \(setting.index(of: entry.author) ?? -1)")
    case .collect(let found):
      let entries = found.stored.flatMap { range in
        nodes[node].disk[setting.index(of: range.author) ?? 0].map { setting.registry[$0] }
          .filter { range.from <= $0.sequence && $0.sequence <= range.through }
      }
      if let proof = found.proof(with: entries) {
        fail(.accused, "\(node) accuses \(setting.index(of: proof.author) ?? -1)")
      }
    case .disconnect, .verifyProof, .places, .rebuild, .serve, .dial, .reply, .rotated, .prune: break
    }
  }

  private mutating func persist(_ entry: SignedEntry, at node: Int) {
    let number = setting.registry.number(of: entry)
    guard let author = setting.index(of: entry.author) else { return }
    if author == node, !published[node].contains(number) {
      nodes[node].underway.append(number)
    } else if nodes[node].disk[author].count + 1 == Int(entry.sequence) {
      nodes[node].disk[author].append(number)
    }
  }

  /// Notes that a message leaves a node: it may bring an own entry to others.
  private mutating func sent(_ message: [UInt8], by node: Int) {
    let own = nodes[node].disk[node].suffix(2) + nodes[node].underway
    guard let number = setting.registry.pushed(by: message, among: Array(own)) else { return }
    if nodes[node].underway.contains(number) {
      fail(.sentBeforeDurable, "\(node) sends its entry \(setting.registry[number].sequence)")
    }
    publish(number, of: node)
  }

  private mutating func publish(_ number: Int, of node: Int) {
    let sequence = Int(setting.registry[number].sequence)
    if published[node].count >= sequence {
      if published[node][sequence - 1] != number {
        fail(.twoEntries, "\(node) has signed two entries at \(sequence)")
      }
    } else if published[node].count + 1 == sequence {
      published[node].append(number)
    } else {
      fail(.sentBeforeDurable, "\(node) sends its entry \(sequence) before the one that it follows")
    }
  }

  // MARK: Steps

  /// The first of what is on its way to the disk comes to be there.
  mutating func commit(_ node: Int, time: Timestamp) {
    let number = nodes[node].underway.removeFirst()
    keep(number, of: node)
    handle(.durable(sequence: setting.registry[number].sequence), at: node, time: time)
    guard !published[node].contains(number) else { return }
    if nodes[node].core?.peers.isEmpty == false {
      fail(.notSent, "\(node)'s entry \(setting.registry[number].sequence)")
    }
    publish(number, of: node)
  }

  private mutating func keep(_ number: Int, of node: Int) {
    if nodes[node].disk[node].count + 1 == Int(setting.registry[number].sequence) {
      nodes[node].disk[node].append(number)
    } else {
      fail(.twoEntries, "\(node) writes a second entry \(setting.registry[number].sequence)")
    }
  }

  mutating func deliver(_ node: Int, _ author: Int, _ sequence: Int, time: Timestamp) {
    let number = published[author][sequence - 1]
    nodes[node].given[author] |= 1 << UInt64(sequence)
    if nodes[node].core?.peers.contains(where: { $0.connection == link(author) }) == false {
      connect(node, to: author, time: time)
    }
    handle(.received(link(author), PeerMessage(setting.registry.push(number))), at: node, time: time)
    guard setting.deliversTwice else { return }
    refresh(node)
    let once = nodes[node].fingerprint
    handle(.received(link(author), PeerMessage(setting.registry.push(number))), at: node, time: time)
    refresh(node)
    if nodes[node].fingerprint != once { fail(.notIdempotent, "\(node) gets \(author):\(sequence) again") }
  }

  /// The process dies.
  mutating func crash(_ node: Int, keepsWrites: Bool, lost: Int) {
    let written = nodes[node].underway
    nodes[node].core = nil
    nodes[node].underway = []
    if keepsWrites { for number in written { keep(number, of: node) } }
    nodes[node].disk[node].removeLast(min(lost, nodes[node].disk[node].count))
  }

  /// The process starts: restores what is on the disk, connects to whoever is up, and fetches what they hold of its own
  /// feed.
  mutating func start(_ node: Int, at time: Timestamp) {
    // What is on the disk can be had by whoever asks.
    for number in nodes[node].disk[node] { publish(number, of: node) }
    var configuration = NodeConfiguration(
      genesis: setting.genesis, identity: setting.identities[node], agent: "explored", listenPort: 47_100,
      advertisedHost: nil, bootstrap: [], seed: UInt64(node) << 32 | UInt64(nodes[node].disk[node].count),
      gossip: Self.quiet)
    configuration.keepsHistory = true
    var core = NodeCore(configuration, now: time)
    core.beginRestore()
    for feed in nodes[node].disk {
      for number in feed {
        if let fault = core.restore(setting.registry[number]) { fail(.accused, "\(node) restores: \(fault)") }
      }
    }
    var effects: [NodeEffect] = []
    core.finishRestore(now: time, into: &effects)
    nodes[node].core = core
    nodes[node].given = nodes[node].disk.map { feed -> UInt64 in (1 << UInt64(feed.count + 1)) - 1 }
    perform(effects, at: node, time: time)
    let peers = nodes.indices.filter { $0 != node && nodes[$0].core != nil }
    // All peers have told how far they know its feed before it trusts what it has.
    for peer in peers { greet(node, by: peer, time: time) }
    for peer in peers { join(node, by: peer, time: time) }
    for peer in peers { connect(peer, to: node, time: self.time(ofStarting: peer, default: time)) }
    fetchOwnFeed(node, from: peers, time: time)
  }

  private func time(ofStarting node: Int, default time: Timestamp) -> Timestamp {
    published.allSatisfy(\.isEmpty) ? time : self.time(of: node)
  }

  /// Opens the connection over which `node` hears `peer`; one that stands is replaced.
  private mutating func connect(_ node: Int, to peer: Int, time: Timestamp) {
    handle(.disconnected(link(peer)), at: node, time: time)
    greet(node, by: peer, time: time)
    join(node, by: peer, time: time)
  }

  private mutating func greet(_ node: Int, by peer: Int, time: Timestamp) {
    handle(
      .connected(
        link(peer), node: setting.ids[peer], address: PeerAddress(host: "10.0.\(peer).1", port: 47_100),
        direction: .inbound),
      at: node, time: time)
    var hello = WireHello()
    hello.protocol = GossipCore.protocolVersion
    hello.agent = "explored"
    let held = nodes[peer].disk[node]
    if let last = held.last {
      hello.yourSequence = UInt64(held.count)
      hello.yourEntry = .init(setting.registry[last].id.bytes)
    }
    handle(.received(link(peer), PeerMessage(EntryRegistry.encode(.hello(hello)))), at: node, time: time)
  }

  private mutating func join(_ node: Int, by peer: Int, time: Timestamp) {
    var neighbour = WireNeighbour()
    neighbour.kind = .random
    handle(.received(link(peer), PeerMessage(EntryRegistry.encode(.neighbour(neighbour)))), at: node, time: time)
  }

  /// Its peers answer with what they hold of its own feed.
  private mutating func fetchOwnFeed(_ node: Int, from peers: [Int], time: Timestamp) {
    for peer in peers {
      for number in nodes[peer].disk[node].dropFirst(nodes[node].disk[node].count) {
        nodes[node].given[node] |= 1 << setting.registry[number].sequence
        handle(.received(link(peer), PeerMessage(setting.registry.push(number))), at: node, time: time)
      }
    }
  }
}
