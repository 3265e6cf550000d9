import Market
import NodeCrypto
import Testing
import Wire

@testable import Gossip

/// One gossip core, driven by hand.
struct Driver {
  var core: GossipCore
  var now = at(1_000_000)
  var effects: [GossipEffect] = []

  /// A core that does not shuffle of itself.
  init(own: NodeID, bootstrap: [PeerAddress] = []) {
    var parameters = GossipParameters.standard
    parameters.walks.eagerShuffleMilliseconds = 1_000_000_000
    core = GossipCore(
      own: own, network: networkID, limits: .test(), agent: "driver", listenPort: 4000, advertisedHost: nil,
      bootstrap: bootstrap, seed: 1, now: now, parameters: parameters)
  }

  static func address(_ number: UInt64) -> PeerAddress { PeerAddress(host: "192.0.2.\(number)", port: 4000) }

  /// Takes the effects since the last call.
  mutating func take() -> [GossipEffect] {
    defer { effects = [] }
    return effects
  }

  mutating func connect(_ connection: UInt64, _ peer: NodeID, _ direction: Direction = .inbound) {
    core.connected(
      connection, node: peer, address: Self.address(connection), direction: direction, now: now, into: &effects)
  }

  /// Connects a peer that has said hello and is a neighbour.
  mutating func greet(_ connection: UInt64, _ peer: NodeID, _ direction: Direction = .inbound) {
    connect(connection, peer, direction)
    receive(.hello(Self.hello), on: connection)
    link(connection, direction)
  }

  /// Asks for a random link, or grants the one that was asked for.
  mutating func link(_ connection: UInt64, _ direction: Direction) {
    switch direction {
    case .inbound:
      var neighbour = WireNeighbour()
      neighbour.kind = .random
      receive(.neighbour(neighbour), on: connection)
    case .outbound:
      if core.peers[connection].map({ core.membership.contacts[$0.node]?.phase == .open }) ?? false {
        core.update(now: now, into: &effects) { [peers = core.peers] membership, actions in
          guard let peer = peers[connection] else { return }
          membership.request(.random, of: peer.node, now: Timestamp.zero, into: &actions)
        }
      }
      var answer = WireNeighbourAnswer()
      answer.accepted = true
      receive(.neighbourAnswer(answer), on: connection)
    }
  }

  static var hello: WireHello {
    var hello = WireHello()
    hello.protocol = GossipCore.protocolVersion
    hello.agent = "peer"
    return hello
  }

  mutating func receive(_ message: WirePeerMessage.OneOf_Message, on connection: UInt64) {
    core.received(PeerMessage(GossipCore.encode(message)), on: connection, now: now, into: &effects)
  }

  mutating func push(_ entries: [SignedEntry], on connection: UInt64) {
    var push = WirePush()
    push.entries = entries.map(\.wire)
    receive(.push(push), on: connection)
  }

  mutating func verified(_ entry: SignedEntry, refusal: String? = nil) {
    core.verified(entry, refusal: refusal, now: now, into: &effects)
  }
}

extension [GossipEffect] {
  var disconnects: [(connection: UInt64, cause: DisconnectCause)] {
    compactMap { if case .disconnect(let connection, let cause) = $0 { (connection, cause) } else { nil } }
  }

  var sent: [(connection: UInt64, message: WirePeerMessage)] {
    compactMap {
      guard case .send(let connection, let bytes, _) = $0, let message = try? WirePeerMessage.decode(bytes) else {
        return nil
      }
      return (connection, message)
    }
  }

  var fetches: [(connection: UInt64, fetch: WireFetch)] {
    sent.compactMap { if case .fetch(let fetch)? = $0.message.message { ($0.connection, fetch) } else { nil } }
  }

  var pushes: [UInt64] {
    sent.compactMap { if case .push? = $0.message.message { $0.connection } else { nil } }
  }

  var verifications: [EntryID] { compactMap { if case .verify(let entry) = $0 { entry.id } else { nil } } }

  var delivered: [EntryID] { compactMap { if case .deliver(let entry) = $0 { entry.id } else { nil } } }
}

@Suite("connections")
struct ConnectionTests {
  @Test(
    "of two connections between the same nodes both ends keep the one that the smaller name opened",
    arguments: [true, false], [true, false])
  func duplicates(smallerFirst: Bool, seenInOtherOrder: Bool) {
    var small = Driver(own: node(1))
    var large = Driver(own: node(2))
    // Connection 10 was opened by the smaller name, 20 by the larger.
    func open(_ driver: inout Driver, _ first: Bool) {
      let isSmall = driver.core.own == node(1)
      let peer = isSmall ? node(2) : node(1)
      let ten = (UInt64(10), isSmall ? Direction.outbound : .inbound)
      let twenty = (UInt64(20), isSmall ? Direction.inbound : .outbound)
      for (connection, direction) in first ? [ten, twenty] : [twenty, ten] {
        driver.connect(connection, peer, direction)
      }
    }
    open(&small, smallerFirst)
    open(&large, smallerFirst != seenInOtherOrder)
    #expect(small.core.connectionByNode[node(2)] == 10 && large.core.connectionByNode[node(1)] == 10)
    for driver in [small, large] {
      #expect(driver.effects.disconnects.map(\.connection) == [20])
      #expect(driver.effects.disconnects.map(\.cause) == [.duplicate])
      #expect(driver.core.connectedPeers.count == 1)
    }
  }

  @Test("of two connections in the same direction the newer stays: the older may be dead")
  func sameDirection() {
    var driver = Driver(own: node(1))
    driver.connect(5, node(2))
    driver.connect(6, node(2))
    #expect(driver.core.connectionByNode[node(2)] == 6)
    #expect(driver.effects.disconnects.map(\.connection) == [5])
    driver.core.disconnected(5, now: driver.now, into: &driver.effects)
    #expect(driver.core.connectionByNode[node(2)] == 6, "the old one's end does not end the new one")
  }

  @Test("both sides say hello first; the one that dialled asks for a link, and begins to compare heads on it")
  func greeting() {
    var driver = Driver(own: node(1))
    driver.connect(5, node(2), .inbound)
    #expect(driver.take().sent.map(\.message.message?.name) == ["hello"])
    driver.receive(.hello(Driver.hello), on: 5)
    #expect(driver.take().comparisons.isEmpty)
    driver.connect(6, node(3), .outbound)
    #expect(driver.take().sent.map(\.message.message?.name) == ["hello", "neighbour", "join"])
    driver.receive(.hello(Driver.hello), on: 6)
    driver.link(6, .outbound)
    #expect(driver.take().sent.map(\.message.message?.name) == ["compare"])
  }

  @Test("a node that is full says where else to try; one that has just misbehaved is turned away")
  func turnedAway() {
    var driver = Driver(own: node(1))
    let views = GossipParameters.standard.views
    let limit = views.maximumConnections - views.reservedConnections
    for number in 0..<UInt64(limit) { driver.connect(100 + number, node(100 + number)) }
    _ = driver.take()
    driver.connect(5, node(5))
    let effects = driver.take()
    #expect(effects.sent.map(\.message.message?.name) == ["hello", "disconnect"])
    #expect(effects.disconnects.map(\.cause) == [.full(maximum: views.maximumConnections)])
    driver.core.received(PeerMessage([0xFF]), on: 100, now: driver.now, into: &driver.effects)
    _ = driver.take()
    driver.connect(900, node(100))
    #expect(driver.take().disconnects.map(\.cause) == [.banned])
    driver.now = driver.now + GossipParameters.standard.judging.firstBanMilliseconds
    driver.connect(901, node(100))
    #expect(driver.take().disconnects.allSatisfy { $0.connection != 901 })
  }

  @Test("a peer is pinged, and dropped when it is silent for too long")
  func silence() {
    var driver = Driver(own: node(1))
    driver.greet(5, node(2))
    _ = driver.take()
    let start = driver.now
    #expect(driver.core.nextWake <= start)
    driver.core.timer(now: start, into: &driver.effects)
    guard case .sendSummary(connection: 5, kind: .ping, let id) = driver.take().first else {
      Issue.record("no ping")
      return
    }
    #expect(driver.core.nextWake == start + GossipParameters.standard.keepalive.pingMilliseconds)
    driver.now = start + 42
    var pong = WirePong()
    pong.id = id
    driver.receive(.pong(pong), on: 5)
    #expect(driver.core.connectedPeers.first?.roundTripMilliseconds == 42)
    driver.core.timer(
      now: start + 42 + GossipParameters.standard.keepalive.silenceMilliseconds - 1, into: &driver.effects)
    #expect(driver.take().disconnects.isEmpty)
    driver.core.timer(now: start + 42 + GossipParameters.standard.keepalive.silenceMilliseconds, into: &driver.effects)
    #expect(
      driver.take().disconnects.map(\.cause) == [
        .silent(milliseconds: GossipParameters.standard.keepalive.silenceMilliseconds)
      ])
    #expect(driver.core.connectedPeers.isEmpty)
  }

  @Test("a newcomer is told the addresses of others, and they are told its own")
  func peerExchange() {
    var driver = Driver(own: node(1))
    driver.greet(5, node(2), .outbound)
    _ = driver.take()
    driver.connect(6, node(3), .inbound)
    var hello = Driver.hello
    hello.listenPort = 5000
    driver.receive(.hello(hello), on: 6)
    var neighbour = WireNeighbour()
    neighbour.kind = .random
    neighbour.urgent = true
    driver.receive(.neighbour(neighbour), on: 6)
    driver.receive(.join(WireJoin()), on: 6)
    let sent = driver.take().sent
    let told = sent.compactMap { sent -> (UInt64, [UInt32])? in
      switch sent.message.message {
      case .neighbourAnswer(let answer): (sent.connection, answer.addresses.map(\.port))
      case .forwardJoin(let walk): (sent.connection, [walk.newcomer.port])
      default: nil
      }
    }
    #expect(told.map(\.0) == [6, 5])
    #expect(told.map(\.1) == [[4000], [5000]])
  }
}

extension WirePeerMessage.OneOf_Message {
  var name: String {
    switch self {
    case .hello: "hello"
    case .push: "push"
    case .compare: "compare"
    case .tree: "tree"
    case .fetch: "fetch"
    case .fetchAnswer: "answer"
    case .fraudProofPart: "proof"
    case .fraudNotice: "notice of frauds"
    case .fraudRequest: "request for proofs"
    case .ping: "ping"
    case .pong: "pong"
    case .neighbour: "neighbour"
    case .neighbourAnswer: "answer to a neighbour"
    case .join: "join"
    case .forwardJoin: "forward join"
    case .shuffleRequest: "shuffle"
    case .shuffleAnswer: "answer to a shuffle"
    case .disconnect: "disconnect"
    case .whois: "whois"
    case .whoisAnswer: "answer to a whois"
    }
  }
}
