import Market
import NodeCrypto
import Testing

@testable import Gossip

/// One membership, driven by hand.
struct MembershipDriver {
  var membership: Membership
  var now = at(1_000_000)
  var actions: [MembershipAction] = []

  init(own: NodeID = node(1), parameters: GossipParameters = .standard) {
    membership = Membership(own: own, parameters: parameters, seed: 7, now: now)
  }

  static func address(_ number: UInt64) -> PeerAddress {
    PeerAddress(host: "\(20 + number % 100).\(number % 200).2.\(number % 250)", port: 4000)
  }

  mutating func take() -> [MembershipAction] {
    defer { actions = [] }
    return actions
  }

  mutating func connect(_ number: UInt64, _ direction: Direction = .inbound, group: String? = nil) {
    let address = group.map { PeerAddress(host: $0, port: 4000) } ?? Self.address(number)
    membership.connected(node(number), direction: direction, address: address, now: now, into: &actions)
  }

  mutating func receive(_ message: MembershipMessage, from number: UInt64) {
    membership.received(message, from: node(number), now: now, into: &actions)
  }

  /// A peer connects and asks for a link.
  mutating func link(_ number: UInt64, _ kind: LinkKind = .random, isUrgent: Bool = false, roundTrip: Int64 = 0) {
    connect(number)
    receive(.neighbour(kind, isUrgent: isUrgent, roundTripMilliseconds: roundTrip), from: number)
  }

  /// This node opens a connection that becomes a link.
  mutating func open(_ number: UInt64, _ kind: LinkKind = .random, roundTrip: Int64? = nil) {
    connect(number, .outbound)
    if let roundTrip { membership.contacts[node(number)]?.roundTripMilliseconds = roundTrip }
    membership.request(kind, of: node(number), now: now, into: &actions)
    receive(.neighbourAnswer(isAccepted: true, addresses: []), from: number)
  }

  mutating func plan() { membership.plan(now: now, into: &actions) }

  func kind(_ number: UInt64) -> LinkKind? { membership.contacts[node(number)]?.link }
}

extension [MembershipAction] {
  var dials: [PeerAddress] { compactMap { if case .dial(let address) = $0 { address } else { nil } } }
  var closes: [NodeID] { compactMap { if case .close(let node, _) = $0 { node } else { nil } } }
  func sent(to number: UInt64) -> [MembershipMessage] {
    compactMap { if case .send(let message, let to) = $0, to == node(number) { message } else { nil } }
  }
}

@Suite("membership")
struct MembershipTests {
  var driver = MembershipDriver()

  @Test("a node without links asks its first contact for one, urgently, and to be made known")
  mutating func joining() {
    driver.membership.learn(MembershipDriver.address(2), isBootstrap: true, now: driver.now)
    driver.plan()
    #expect(driver.take().dials == [MembershipDriver.address(2)])
    driver.connect(2, .outbound)
    #expect(
      driver.take().sent(to: 2) == [.neighbour(.random, isUrgent: true, roundTripMilliseconds: 0), .join])
    driver.receive(.neighbourAnswer(isAccepted: true, addresses: []), from: 2)
    #expect(driver.kind(2) == .random)
  }

  @Test("a refusal brings addresses to try instead, and the one who refused is left alone for a while")
  mutating func refusal() {
    driver.connect(2, .outbound)
    _ = driver.take()
    let other = NodeAddress(node: node(3), address: MembershipDriver.address(3))
    driver.receive(.neighbourAnswer(isAccepted: false, addresses: [other]), from: 2)
    let actions = driver.take()
    #expect(actions.closes == [node(2)])
    #expect(actions.dials == [other.address])
    driver.membership.dialFailed(other.address, isOwn: false, now: driver.now, into: &driver.actions)
    driver.now = driver.now + driver.membership.parameters.dialling.refusedMilliseconds / 2 - 1
    driver.plan()
    #expect(!driver.take().dials.contains(MembershipDriver.address(2)))
  }

  @Test("requests are granted up to the soft limit, urgent ones up to the inbound limit, and refused with addresses")
  mutating func limits() throws {
    let views = driver.membership.parameters.views
    var number: UInt64 = 10
    while driver.membership.degree < views.softLimit {
      driver.link(number)
      driver.membership.claimed(MembershipDriver.address(number), by: node(number), now: driver.now)
      number += 1
    }
    _ = driver.take()
    driver.link(number)
    let answer = try #require(driver.take().sent(to: number).first)
    guard case .neighbourAnswer(isAccepted: false, let addresses) = answer else {
      Issue.record("\(answer)")
      return
    }
    #expect(addresses.count >= views.softLimit - 2)
    while driver.membership.degree < views.inboundLimit {
      number += 1
      driver.link(number, isUrgent: true)
      #expect(driver.kind(number) == .random)
    }
    _ = driver.take()
    number += 1
    driver.link(number, isUrgent: true)
    #expect(driver.membership.degree == views.inboundLimit, "one of the others has gone for it")
    #expect(driver.take().closes.count == 1)
    number += 1
    driver.link(number, isUrgent: true)
    #expect(driver.kind(number) == nil, "not two within a second")
  }

  @Test("whoever comes in from one group, links that this node opened stay")
  mutating func inboundNeverDisplacesOutbound() {
    for number in 2..<6 as Range<UInt64> { driver.open(number) }
    for number in 6..<10 as Range<UInt64> { driver.open(number, .near, roundTrip: 200) }
    for number in 100..<400 as Range<UInt64> {
      driver.now = driver.now + 2000
      driver.connect(number, group: "198.51.\(number % 7).\(number % 250)")
      let kind: LinkKind = number % 2 == 0 ? .near : .random
      driver.receive(.neighbour(kind, isUrgent: number % 3 == 0, roundTripMilliseconds: 1), from: number)
    }
    for number in 2..<6 as Range<UInt64> { #expect(driver.kind(number) == .random) }
    for number in 6..<10 as Range<UInt64> { #expect(driver.kind(number) == .near) }
  }

  @Test("a clearly nearer candidate takes the place of the worst near link, one that is hardly nearer does not")
  mutating func swapping() {
    for number in 2..<6 as Range<UInt64> { driver.open(number) }
    for number in 6..<10 as Range<UInt64> { driver.open(number, .near, roundTrip: Int64(number) * 20) }
    driver.now = driver.now + 10_000
    for (number, roundTrip, isNearer) in [(20, 160, false), (21, 144, true), (22, 158, false)]
      as [(UInt64, Int64, Bool)]
    {
      driver.membership.dials[MembershipDriver.address(number)] = Membership.Dial(purpose: .probe, since: driver.now)
      driver.connect(number, .outbound)
      _ = driver.take()
      driver.membership.measured(node(number), milliseconds: roundTrip, now: driver.now, into: &driver.actions)
      let asked = driver.take().sent(to: number)
      #expect(asked.isEmpty != isNearer, "\(roundTrip) ms")
      driver.receive(.neighbourAnswer(isAccepted: true, addresses: []), from: number)
    }
    #expect(driver.kind(9) == nil && driver.kind(21) == .near)
    #expect(driver.membership.count(of: .near) == 4)
  }

  @Test("in one machine room nothing is exchanged for a millisecond")
  mutating func jitterSwapsNothing() throws {
    driver.open(2, .near, roundTrip: 4)
    driver.now = driver.now + 10_000
    let worst = try #require(driver.membership.worstNear(now: driver.now, where: { _ in true }))
    #expect(!driver.membership.isClearlyNearer(0, than: worst))
  }

  @Test("surplus random links that this node opened are let go of, one at a time, and never below what it needs")
  mutating func shedding() {
    let views = driver.membership.parameters.views
    for number in 2..<6 as Range<UInt64> { driver.open(number) }
    for number in 10..<17 as Range<UInt64> { driver.link(number) }
    _ = driver.take()
    for _ in 0..<10 {
      driver.now = driver.now + 10_000
      driver.plan()
      #expect(driver.take().closes.filter { $0.word0 < 10 }.count <= 1)
    }
    let outbound = driver.membership.neighbours.filter { $0.direction == .outbound }
    #expect(outbound.count == views.randomOutboundTarget)
    #expect(driver.membership.count(of: .random) == 7 + views.randomOutboundTarget)
  }

  @Test("a neighbour that is gone without a word is dialled again, one that gave the link up is not")
  mutating func lost() {
    driver.open(2)
    driver.open(3)
    driver.receive(.disconnect(addresses: []), from: 2)
    driver.membership.disconnected(node(3), now: driver.now, into: &driver.actions)
    _ = driver.take()
    driver.now = driver.now + driver.membership.parameters.dialling.firstBackoffMilliseconds
    driver.plan()
    #expect(driver.take().dials == [MembershipDriver.address(3)])
  }

  @Test("a connection that does not become a link is ended")
  mutating func unlinked() {
    driver.connect(2)
    let end = driver.now + driver.membership.parameters.views.unlinkedMilliseconds
    driver.now = end - 1
    driver.plan()
    #expect(driver.take().closes == [] && driver.membership.nextPlan == end)
    driver.now = end
    driver.plan()
    #expect(driver.take().closes == [node(2)])
  }

  @Test("a shuffle goes on over links, is answered where it ends, and the answer takes the way back")
  mutating func shuffles() {
    driver.link(2)
    driver.link(3)
    driver.membership.claimed(MembershipDriver.address(2), by: node(2), now: driver.now)
    _ = driver.take()
    driver.receive(.shuffleRequest(id: 9, steps: 6, addresses: []), from: 2)
    let own = NodeAddress(node: node(2), address: MembershipDriver.address(2))
    #expect(driver.take().sent(to: 3) == [.shuffleRequest(id: 9, steps: 5, addresses: [own])])
    driver.receive(.shuffleRequest(id: 9, steps: 3, addresses: []), from: 3)
    #expect(driver.take().sent(to: 2).isEmpty, "no walk goes round twice")
    driver.receive(.shuffleAnswer(id: 9, addresses: [own]), from: 3)
    #expect(driver.take().sent(to: 2) == [.shuffleAnswer(id: 9, addresses: [own])])
    driver.receive(.shuffleAnswer(id: 9, addresses: [own]), from: 3)
    #expect(driver.take().sent(to: 2).isEmpty, "a walk has one answer")
    let stranger = NodeAddress(node: node(8), address: MembershipDriver.address(8))
    driver.receive(.shuffleRequest(id: 10, steps: 1, addresses: [stranger]), from: 3)
    #expect(driver.take().sent(to: 3) == [.shuffleAnswer(id: 10, addresses: [own])])
    #expect(driver.membership.book[stranger.address] != nil)
  }

  @Test("what a peer names beyond its budget is not taken, and its walks beyond theirs are not handed on")
  mutating func budgets() {
    driver.link(2)
    driver.link(3)
    _ = driver.take()
    for round in 0..<300 as Range<UInt64> {
      let list = (0..<32 as Range<UInt64>).map { number in
        NodeAddress(
          node: node(1000 + number),
          address: PeerAddress(host: "90.\(round % 250).\(number).\(round / 250)", port: 1))
      }
      driver.receive(.shuffleRequest(id: round, steps: 1, addresses: list), from: 2)
    }
    #expect(driver.membership.book.count <= 64)
    let answers = driver.take().sent(to: 2).count
    #expect(answers == driver.membership.parameters.judging.requests.burst - 1)
  }

  @Test("the same inputs give the same outputs")
  func determinism() {
    func run() -> [String] {
      var driver = MembershipDriver()
      for number in 2..<40 as Range<UInt64> {
        driver.now = driver.now + 777
        if number % 3 == 0 { driver.open(number) } else { driver.link(number, isUrgent: number % 2 == 0) }
        driver.plan()
      }
      return driver.actions.map { "\($0)" }
    }
    #expect(run() == run())
  }
}
