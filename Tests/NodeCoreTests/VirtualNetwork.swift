import Gossip
import Market
import NodeCore
import NodeCrypto

/// What goes wrong, and how long things take; spans in milliseconds, drawn from the network's seed.
struct Conditions {
  var latency: ClosedRange<Int64> = 5...40
  var commit: ClosedRange<Int64> = 1...8
  var verification: ClosedRange<Int64> = 0...5
  /// How long a node collects events before it handles them together.
  var batching: ClosedRange<Int64> = 0...2
  /// How far nodes' clocks differ from the true time.
  var clockOffset: ClosedRange<Int64> = 0...0
}

/// Real node cores on a virtual clock, with virtual connections and disks. The same seed gives the same run.
///
/// A connection keeps the order of its messages as TCP does; what a sender has queued leaves by priority first. A
/// connection across a partition stalls or breaks, as chance has it; what a stalled one carries arrives after the
/// partition, if both ends still wait for it.
final class VirtualNetwork {
  let genesis: Genesis
  let verifier: Verifier
  var conditions: Conditions
  var generator: SplitMix64
  var trace = Trace()
  private(set) var now = epoch
  private(set) var nodes: [VirtualNode] = []
  private var participants: [any Participant] = []
  private var groups: [Int] = []
  private var links: [UInt64: VirtualLink] = [:]
  private var events = EventQueue()

  init(genesis: Genesis, seed: UInt64, conditions: Conditions = Conditions()) {
    self.genesis = genesis
    self.conditions = conditions
    generator = SplitMix64(seed: seed)
    verifier = Verifier(genesis: genesis)
  }

  func random(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &generator) }
  func chance(_ percent: Int64) -> Bool { random(0...99) < percent }

  // MARK: Time

  func schedule(after span: Int64, _ action: @escaping () -> Void) {
    events.insert(at: now + span, action)
  }

  /// Runs what is due until `condition`, which is asked every 20 ms, holds; for at most `span` milliseconds of virtual
  /// time.
  @discardableResult
  func run(for span: Int64, until condition: () -> Bool = { false }) -> Bool {
    let end = now + span
    var nextCheck = now
    while true {
      if nextCheck <= now {
        if condition() { return true }
        nextCheck = now + 20
      }
      guard let next = events.nextTime, next <= end, let event = events.popFirst() else { break }
      now = event.time
      event.action()
    }
    now = end
    return condition()
  }

  // MARK: Nodes

  /// Adds and starts a node that dials the first node, unless told otherwise.
  @discardableResult
  func addNode(identity ownIdentity: Identity? = nil, bootstrap: [Int] = [0]) -> VirtualNode {
    let index = participants.count
    let node = VirtualNode(
      network: self, index: index, identity: ownIdentity ?? identity(100 + index),
      bootstrap: bootstrap.filter { $0 != index }.map { Self.address(of: $0) })
    join(node)
    nodes.append(node)
    node.start()
    return node
  }

  func addNodes(_ count: Int) -> [VirtualNode] { (0..<count).map { _ in addNode() } }

  /// Adds a participant that is not a node and answers to no rule.
  func addPuppet(identity: Identity) -> Puppet {
    let puppet = Puppet(network: self, index: participants.count, identity: identity)
    join(puppet)
    return puppet
  }

  private func join(_ participant: any Participant) {
    participants.append(participant)
    groups.append(0)
  }

  static func address(of index: Int) -> PeerAddress { PeerAddress(host: "10.0.0.\(index + 1)", port: 47100) }

  private static func index(of address: PeerAddress) -> Int? {
    guard address.port == 47100, address.host.hasPrefix("10.0.0."), let last = Int(address.host.dropFirst(7)) else {
      return nil
    }
    return last - 1
  }

  // MARK: Partitions

  /// Cuts the network into parts that do not reach each other; whoever is not named is in one of its own.
  ///
  /// - Parameter breaking: how many of a hundred connections break; the others stall.
  func partition(_ parts: [[any Participant]], breaking: Int64 = 50) {
    groups = groups.map { _ in 0 }
    for (part, members) in parts.enumerated() {
      for member in members { groups[member.index] = part + 1 }
    }
    trace.note("partition", UInt64(parts.count))
    for link in openLinks where !reaches(link.ends[0], link.ends[1]) && chance(breaking) {
      for end in 0...1 { schedule(after: random(0...2000)) { self.breakEnd(link, end) } }
    }
  }

  func heal() {
    groups = groups.map { _ in 0 }
    trace.note("heal")
    for link in links.keys.sorted().compactMap({ links[$0] }) {
      for direction in 0...1 { release(link, direction) }
    }
  }

  func reaches(_ one: Int, _ other: Int) -> Bool { groups[one] == groups[other] }

  // MARK: Connections

  private var openLinks: [VirtualLink] {
    links.keys.sorted().compactMap { links[$0] }.filter { $0.isOpen != [false, false] }
  }

  /// Opens a connection from one participant to an address; answers the caller as a transport does.
  func dial(_ address: PeerAddress, from caller: VirtualNode, epoch life: Int) {
    trace.note("dial", UInt64(caller.index), bytes: Array(address.host.utf8))
    let refused = { (isOwn: Bool) in { caller.post(.dialFailed(address, isOwn: isOwn), life: life) } }
    guard let index = Self.index(of: address), participants.indices.contains(index) else {
      schedule(after: 50, refused(false))
      return
    }
    guard index != caller.index else {
      schedule(after: random(conditions.latency), refused(true))
      return
    }
    guard reaches(caller.index, index), participants[index].isListening else {
      schedule(after: random(10...3000), refused(false))
      return
    }
    schedule(after: 2 * random(conditions.latency)) {
      guard caller.life == life else { return }
      guard self.reaches(caller.index, index), self.participants[index].isListening else {
        caller.post(.dialFailed(address, isOwn: false), life: life)
        return
      }
      let link = self.open(from: caller.index, to: index)
      caller.opened(link.id, peer: self.participants[index].nodeID, address: address, direction: .outbound)
      caller.post(.dialed(address, node: self.participants[index].nodeID), life: life)
    }
  }

  @discardableResult
  func open(from caller: Int, to callee: Int) -> VirtualLink {
    let link = VirtualLink(id: UInt64(links.count + 1), ends: [caller, callee], latency: random(conditions.latency))
    links[link.id] = link
    carry(.opened, link, from: 0)
    return link
  }

  /// Queues a message; what leaves first is what is most urgent of all that is queued when the line is free.
  func send(_ message: [UInt8], priority: SendPriority, over id: UInt64, from participant: Int) {
    guard let link = links[id], let end = link.ends.firstIndex(of: participant), link.isOpen[end] else { return }
    trace.note("send", UInt64(participant), id, bytes: message)
    link.queues[end].append((priority, message))
    guard !link.isDraining[end] else { return }
    link.isDraining[end] = true
    schedule(after: 0) { self.transmit(link, end) }
  }

  private func transmit(_ link: VirtualLink, _ end: Int) {
    guard let first = link.queues[end].indices.min(by: { link.queues[end][$0].0 < link.queues[end][$1].0 }) else {
      link.isDraining[end] = false
      return
    }
    let message = link.queues[end].remove(at: first).1
    carry(.message(message), link, from: end)
    schedule(after: random(0...1)) { self.transmit(link, end) }
  }

  private func carry(_ item: VirtualLink.Item, _ link: VirtualLink, from end: Int) {
    let arrival = max(now + link.latency, link.lastArrival[end])
    link.lastArrival[end] = arrival
    events.insert(at: arrival) { self.arrive(item, link, from: end) }
  }

  private func arrive(_ item: VirtualLink.Item, _ link: VirtualLink, from end: Int) {
    guard reaches(link.ends[0], link.ends[1]), link.stalled[end].isEmpty else {
      link.stalled[end].append(item)
      return
    }
    hand(item, link, to: 1 - end)
  }

  private func release(_ link: VirtualLink, _ end: Int) {
    let items = link.stalled[end]
    link.stalled[end] = []
    for item in items { carry(item, link, from: end) }
  }

  private func hand(_ item: VirtualLink.Item, _ link: VirtualLink, to end: Int) {
    let receiver = participants[link.ends[end]]
    switch item {
    case .opened:
      guard receiver.isListening else { return carry(.closed, link, from: end) }
      link.isOpen[end] = true
      let caller = participants[link.ends[1 - end]]
      receiver.opened(
        link.id, peer: caller.nodeID, address: PeerAddress(host: "10.0.0.\(caller.index + 1)", port: 50_000),
        direction: .inbound)
    case .message(let bytes):
      if link.isOpen[end] { receiver.received(link.id, bytes) }
    case .closed: breakEnd(link, end)
    }
  }

  /// One end finds its connection gone.
  private func breakEnd(_ link: VirtualLink, _ end: Int) {
    guard link.isOpen[end] else { return }
    link.isOpen[end] = false
    link.queues[end] = []
    trace.note("closed", link.id, UInt64(end))
    participants[link.ends[end]].closed(link.id)
  }

  /// One end closes its connection; the other learns of it when it can. What is still queued may be lost.
  func close(_ id: UInt64, from participant: Int, isSilent: Bool = false) {
    guard let link = links[id], let end = link.ends.firstIndex(of: participant), link.isOpen[end] else { return }
    link.isOpen[end] = false
    trace.note("close", id, UInt64(end))
    if chance(50) { for queued in link.queues[end] { carry(.message(queued.1), link, from: end) } }
    link.queues[end] = []
    carry(.closed, link, from: end)
    if !isSilent { participants[participant].closed(id) }
  }

  /// Breaks every connection between two participants, at both ends.
  func disconnect(_ one: Int, _ other: Int) {
    for link in openLinks where Set(link.ends) == [one, other] {
      for end in 0...1 { breakEnd(link, end) }
    }
  }

  /// Whatever ran at `participant` is gone; its peers find out.
  func dropLinks(of participant: Int) {
    for link in openLinks where link.ends.contains(participant) { close(link.id, from: participant, isSilent: true) }
  }
}

/// A connection between two participants; direction `n` is from end `n` to the other.
final class VirtualLink {
  enum Item {
    case opened
    case message([UInt8])
    case closed
  }

  let id: UInt64
  let ends: [Int]
  let latency: Int64
  var isOpen = [true, false]
  var queues: [[(SendPriority, [UInt8])]] = [[], []]
  var isDraining = [false, false]
  var lastArrival = [Timestamp.zero, Timestamp.zero]
  var stalled: [[Item]] = [[], []]

  init(id: UInt64, ends: [Int], latency: Int64) {
    self.id = id
    self.ends = ends
    self.latency = latency
  }
}

/// Whoever a connection can lead to.
protocol Participant: AnyObject {
  var index: Int { get }
  var nodeID: NodeID { get }
  var isListening: Bool { get }
  func opened(_ link: UInt64, peer: NodeID, address: PeerAddress, direction: Direction)
  func received(_ link: UInt64, _ message: [UInt8])
  func closed(_ link: UInt64)
}
