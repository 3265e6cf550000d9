import Market
import NodeCrypto

@testable import Gossip

/// Memberships alone on a virtual clock: no entries, no encodings. The same seed gives the same run.
///
/// A connection takes two round trips to open, keeps the order of its messages, and is noticed to be dead after the
/// keepalive's silence. Between each pair of nodes the latency one way is uniform in ``latencies``.
final class MembershipNetwork {
  struct Member {
    var membership: Membership
    let address: PeerAddress
    /// Whether others can dial it.
    var isDialable = true
    var isAlive = true
    /// Whether it says that others can dial it.
    var claims = true
    /// The part of the network that it is in.
    var part = 0
    /// The connection that stands with each node.
    var connections: [Int: Int] = [:]
    var wakeAt: Timestamp?
  }

  struct Connection {
    /// Who opened it, and to whom.
    let ends: [Int]
    let latency: Int64
    var isOpen = [false, false]
  }

  private enum Event {
    case dialled(PeerAddress, from: Int)
    case arrived(Int)
    case message(MembershipMessage, connection: Int, end: Int)
    case measured(connection: Int, end: Int)
    case closed(connection: Int, end: Int)
    case wake(Int, Timestamp)
    case call(() -> Void)
  }

  var latencies: ClosedRange<Int64> = 20...100
  let parameters: GossipParameters
  private let seed: UInt64
  private(set) var now = at(1_000_000)
  private(set) var members: [Member] = []
  private var indexByNode: [NodeID: Int] = [:]
  private var indexByAddress: [PeerAddress: Int] = [:]
  private var connections: [Connection] = []
  private var queue = TimedQueue<Event>()
  private var actions: [MembershipAction] = []
  /// Connections that were opened, and dials that failed.
  private(set) var opened = 0
  private(set) var failed = 0
  private(set) var messages = 0
  /// Sees each link that is made.
  var onLink: ((Int, Int, LinkKind) -> Void)?

  init(seed: UInt64, parameters: GossipParameters = .standard) {
    self.seed = seed
    self.parameters = parameters
  }

  // MARK: Members

  /// Adds a node that starts from the given ones.
  @discardableResult
  func add(
    bootstrap: [Int] = [0], address: PeerAddress? = nil, isDialable: Bool = true, claims: Bool = true
  ) -> Int {
    let index = members.count
    let address = address ?? Self.address(of: index)
    // Names and places have nothing to do with each other.
    var chance = SplitMix64(seed: seed &* 31 &+ UInt64(index))
    let id = NodeID(word0: chance.next(), word1: UInt64(index), word2: 0, word3: 0)
    var membership = Membership(own: id, parameters: parameters, seed: chance.next(), now: now)
    for other in bootstrap where other != index {
      membership.learn(members[other].address, isBootstrap: true, now: now)
    }
    members.append(Member(membership: membership, address: address, isDialable: isDialable, claims: claims))
    indexByNode[id] = index
    indexByAddress[address] = index
    change(index) { $0.plan(now: $1, into: &$2) }
    return index
  }

  /// An address in one of some hundred groups.
  static func address(of index: Int) -> PeerAddress {
    let group = (index * 7919) % 600
    return PeerAddress(host: "\(20 + group % 40).\(group / 40).\(index / 250 % 250).\(index % 250)", port: 47100)
  }

  func id(_ index: Int) -> NodeID { members[index].membership.own }
  func index(of node: NodeID) -> Int? { indexByNode[node] }

  /// Lets `change` change a membership, and does what that calls for.
  func change(_ index: Int, _ change: (inout Membership, Timestamp, inout [MembershipAction]) -> Void) {
    guard members[index].isAlive else { return }
    actions.removeAll(keepingCapacity: true)
    change(&members[index].membership, now, &actions)
    for action in actions {
      switch action {
      case .send(let message, let node): send(message, from: index, to: node)
      case .dial(let address): dial(address, from: index)
      case .close(let node, _): closeOwn(index, node)
      case .linked(let node, let kind): if let other = indexByNode[node] { onLink?(index, other, kind) }
      }
    }
    let due = members[index].membership.nextPlan
    if members[index].wakeAt != due, due < .maximum {
      members[index].wakeAt = due
      queue.insert(.wake(index, due), at: max(due, now))
    }
  }

  // MARK: Connections

  func latency(_ one: Int, _ other: Int) -> Int64 {
    var chance = SplitMix64(seed: seed ^ (UInt64(min(one, other)) << 32 | UInt64(max(one, other))))
    return Int64.random(in: latencies, using: &chance)
  }

  private func dial(_ address: PeerAddress, from caller: Int) {
    guard let callee = indexByAddress[address], members[callee].isDialable, callee != caller else {
      queue.insert(.dialled(address, from: caller), at: now + 3000)
      return
    }
    let isThere = members[callee].isAlive && reaches(caller, callee)
    let span = isThere ? 4 * latency(caller, callee) : 5000
    queue.insert(.dialled(address, from: caller), at: now + span)
  }

  private func dialled(_ address: PeerAddress, from caller: Int) {
    guard members[caller].isAlive else { return }
    guard let callee = indexByAddress[address], members[callee].isDialable, members[callee].isAlive, callee != caller,
      reaches(caller, callee)
    else {
      failed += 1
      let isOwn = indexByAddress[address] == caller
      change(caller) { $0.dialFailed(address, isOwn: isOwn, now: $1, into: &$2) }
      return
    }
    opened += 1
    connections.append(Connection(ends: [caller, callee], latency: latency(caller, callee)))
    let connection = connections.count - 1
    queue.insert(.arrived(connection), at: now + connections[connection].latency)
    open(connection, end: 0)
    let node = id(callee)
    change(caller) { membership, now, _ in membership.dialed(address, node: node, now: now) }
  }

  /// One end of a connection is open: of two between the same nodes that of the smaller name stays.
  private func open(_ connection: Int, end: Int) {
    let ends = connections[connection].ends
    let (here, there) = (ends[end], ends[1 - end])
    guard members[here].isAlive else { return }
    if let standing = members[here].connections[there] {
      let isSameDirection = connections[standing].ends == ends
      guard isSameDirection || id(ends[0]) < id(ends[1]) else {
        queue.insert(.closed(connection: connection, end: 1 - end), at: now + connections[connection].latency)
        return
      }
      close(standing, end: connections[standing].ends[0] == here ? 0 : 1)
    }
    connections[connection].isOpen[end] = true
    members[here].connections[there] = connection
    let node = id(there)
    if end == 0 {
      let address = members[there].address
      change(here) { $0.connected(node, direction: .outbound, address: address, now: $1, into: &$2) }
    } else {
      let remote = PeerAddress(host: members[there].address.host, port: 50_000)
      let claim = members[there].claims ? members[there].address : nil
      change(here) { membership, now, actions in
        membership.connected(node, direction: .inbound, address: remote, now: now, into: &actions)
        if let claim { membership.claimed(claim, by: node, now: now) }
      }
    }
    queue.insert(.measured(connection: connection, end: end), at: now + 2 * connections[connection].latency)
  }

  private func send(_ message: MembershipMessage, from index: Int, to node: NodeID) {
    guard let other = indexByNode[node], let connection = members[index].connections[other] else { return }
    messages += 1
    let end = connections[connection].ends[0] == index ? 1 : 0
    queue.insert(.message(message, connection: connection, end: end), at: now + connections[connection].latency)
  }

  /// The connection to a node ends here; the other end hears of it.
  private func closeOwn(_ index: Int, _ node: NodeID) {
    guard let other = indexByNode[node], let connection = members[index].connections[other] else { return }
    close(connection, end: connections[connection].ends[0] == index ? 0 : 1)
  }

  private func close(_ connection: Int, end: Int) {
    guard connections[connection].isOpen[end] else { return }
    let ends = connections[connection].ends
    connections[connection].isOpen[end] = false
    if members[ends[end]].connections[ends[1 - end]] == connection {
      members[ends[end]].connections[ends[1 - end]] = nil
    }
    queue.insert(.closed(connection: connection, end: 1 - end), at: now + connections[connection].latency)
  }

  private func closed(_ connection: Int, end: Int) {
    guard connections[connection].isOpen[end] else { return }
    let ends = connections[connection].ends
    connections[connection].isOpen[end] = false
    guard members[ends[end]].connections[ends[1 - end]] == connection else { return }
    members[ends[end]].connections[ends[1 - end]] = nil
    let node = id(ends[1 - end])
    change(ends[end]) { $0.disconnected(node, now: $1, into: &$2) }
  }

  // MARK: Time

  func schedule(after span: Int64, _ action: @escaping () -> Void) { queue.insert(.call(action), at: now + span) }

  /// Runs for some milliseconds of virtual time; what stands with the dead is dropped when the silence is over.
  func run(for span: Int64) {
    let end = now + span
    while let next = queue.firstTime, next <= end, let event = queue.popFirst() {
      now = max(now, next)
      perform(event)
    }
    now = end
  }

  /// Runs until `condition` holds, which is asked every `step` milliseconds; nil when it does not in time.
  func run(atMost span: Int64, step: Int64 = 250, until condition: () -> Bool) -> Int64? {
    let start = now
    while now - start < span {
      if condition() { return now - start }
      run(for: step)
    }
    return condition() ? now - start : nil
  }

  private func perform(_ event: Event) {
    switch event {
    case .dialled(let address, let caller): dialled(address, from: caller)
    case .arrived(let connection): open(connection, end: 1)
    case .message(let message, let connection, let end):
      let ends = connections[connection].ends
      guard connections[connection].isOpen[end], members[ends[end]].connections[ends[1 - end]] == connection,
        reaches(ends[0], ends[1])
      else { return }
      let node = id(ends[1 - end])
      change(ends[end]) { $0.received(message, from: node, now: $1, into: &$2) }
    case .measured(let connection, let end):
      let ends = connections[connection].ends
      guard connections[connection].isOpen == [true, true], members[ends[1 - end]].isAlive else { return }
      let (node, span) = (id(ends[1 - end]), 2 * connections[connection].latency)
      change(ends[end]) { $0.measured(node, milliseconds: span, now: $1, into: &$2) }
    case .closed(let connection, let end): closed(connection, end: end)
    case .wake(let index, let due):
      guard members[index].wakeAt == due else { return }
      members[index].wakeAt = nil
      change(index) { $0.plan(now: $1, into: &$2) }
    case .call(let action): action()
    }
  }

  /// Kills nodes at this moment without a word; their peers notice when the silence has lasted.
  func killSilently(_ indices: [Int]) {
    for index in indices { members[index].isAlive = false }
    dropUnreachable()
  }

  /// Puts each node into a part of the network; parts do not reach each other.
  func partition(_ part: (Int) -> Int) {
    for index in members.indices { members[index].part = part(index) }
    dropUnreachable()
  }

  func reaches(_ one: Int, _ other: Int) -> Bool { members[one].part == members[other].part }

  /// When the silence has lasted, connections that lead nowhere are dropped.
  private func dropUnreachable() {
    schedule(after: parameters.keepalive.silenceMilliseconds) { [self] in
      for index in members.indices where members[index].isAlive {
        for other in members[index].connections.keys.sorted()
        where !members[other].isAlive || !reaches(index, other) {
          guard let connection = members[index].connections[other] else { continue }
          closed(connection, end: connections[connection].ends[0] == index ? 0 : 1)
        }
      }
    }
  }
}

/// Events by time, and of one time in the order in which they came.
struct TimedQueue<Element> {
  private var heap: [(time: Timestamp, number: Int, element: Element)] = []
  private var nextNumber = 0

  var firstTime: Timestamp? { heap.first?.time }

  mutating func insert(_ element: Element, at time: Timestamp) {
    heap.append((time, nextNumber, element))
    nextNumber += 1
    var child = heap.count - 1
    while child > 0, precedes(child, (child - 1) / 2) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func popFirst() -> Element? {
    guard let first = heap.first else { return nil }
    let last = heap.removeLast()
    guard !heap.isEmpty else { return first.element }
    heap[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && precedes(child, least) { least = child }
      if least == parent { return first.element }
      heap.swapAt(parent, least)
      parent = least
    }
  }

  private func precedes(_ one: Int, _ other: Int) -> Bool {
    (heap[one].time, heap[one].number) < (heap[other].time, heap[other].number)
  }
}
