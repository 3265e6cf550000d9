import Market
import NodeCrypto
import Testing

@testable import Gossip

@Suite("direct links")
struct DirectLinkTests {
  var driver = MembershipDriver()

  private mutating func want(_ numbers: [UInt64]) {
    driver.membership.want(numbers.map { node($0) }, now: driver.now, into: &driver.actions)
  }

  @Test("a counterparty whose address is known is dialled and linked directly, outside the views")
  mutating func known() {
    driver.link(2)
    driver.membership.book.reached(MembershipDriver.address(9), node: node(9), now: driver.now)
    _ = driver.take()
    want([9])
    #expect(driver.take().dials == [MembershipDriver.address(9)])
    driver.connect(9, .outbound)
    #expect(driver.take().sent(to: 9) == [.neighbour(.direct, isUrgent: false, roundTripMilliseconds: 0)])
    driver.receive(.neighbourAnswer(isAccepted: true, addresses: []), from: 9)
    #expect(driver.kind(9) == .direct && driver.membership.degree == 1)
  }

  @Test("over a direct link that is all there is a link of the overlay is asked for; refused, the direct one stays")
  mutating func onlyOne() {
    driver.membership.book.reached(MembershipDriver.address(9), node: node(9), now: driver.now)
    want([9])
    driver.connect(9, .outbound)
    _ = driver.take()
    // Long after it was opened.
    driver.now = driver.now + 9_000
    driver.receive(.neighbourAnswer(isAccepted: true, addresses: []), from: 9)
    let request = MembershipMessage.neighbour(.random, isUrgent: true, roundTripMilliseconds: 0)
    #expect(driver.take().sent(to: 9) == [request, .join])
    driver.now = driver.now + 9_000
    driver.plan()
    driver.receive(.neighbourAnswer(isAccepted: false, addresses: []), from: 9)
    #expect(driver.take().isEmpty && driver.kind(9) == .direct, "and it is not asked again at once")
    driver.now = driver.membership.nextAsking
    driver.plan()
    #expect(driver.take().sent(to: 9).contains(request))
    driver.receive(.neighbourAnswer(isAccepted: true, addresses: []), from: 9)
    #expect(driver.kind(9) == .random && driver.membership.degree == 1)
  }

  @Test("who has links of the overlay asks for none over a direct one")
  mutating func notTheOnlyOne() {
    driver.link(2)
    driver.open(9, .direct)
    driver.plan()
    #expect(driver.kind(9) == .direct)
  }

  @Test("one whose address is not known is searched for where its entries come from, and dialled when it is found")
  mutating func search() {
    driver.link(2)
    driver.link(3)
    driver.membership.noteWay(to: node(9), by: node(3))
    _ = driver.take()
    want([9])
    let actions = driver.take()
    guard case .whois(let id, node(9), steps: 8)? = actions.sent(to: 3).first else {
      Issue.record("\(actions)")
      return
    }
    let answer = NodeAddress(node: node(9), address: MembershipDriver.address(9))
    driver.receive(.whoisAnswer(id: id &+ 1, address: answer), from: 3)
    #expect(driver.take().dials.isEmpty, "nobody has asked that")
    driver.receive(.whoisAnswer(id: id, address: answer), from: 3)
    #expect(driver.take().dials == [answer.address])
    driver.receive(
      .whoisAnswer(id: id, address: NodeAddress(node: node(9), address: MembershipDriver.address(8))), from: 3)
    #expect(driver.take().dials.isEmpty, "a question makes this node dial once")
  }

  @Test("a search goes the way that the node's entries came, and its answer back; who knows the address answers")
  mutating func relaying() {
    for number in 2..<6 as Range<UInt64> { driver.link(number) }
    driver.membership.noteWay(to: node(9), by: node(4))
    _ = driver.take()
    driver.receive(.whois(id: 1, node: node(9), steps: 5), from: 2)
    #expect(driver.take().sent(to: 4) == [.whois(id: 1, node: node(9), steps: 4)])
    let answer = NodeAddress(node: node(9), address: MembershipDriver.address(9))
    driver.receive(.whoisAnswer(id: 1, address: answer), from: 4)
    #expect(driver.take().sent(to: 2) == [.whoisAnswer(id: 1, address: answer)])
    driver.receive(.whois(id: 2, node: node(9), steps: 1), from: 2)
    #expect(driver.take().isEmpty, "it has come to its end")
    driver.membership.claimed(MembershipDriver.address(5), by: node(5), now: driver.now)
    driver.receive(.whois(id: 3, node: node(5), steps: 1), from: 2)
    #expect(
      driver.take().sent(to: 2)
        == [.whoisAnswer(id: 3, address: NodeAddress(node: node(5), address: MembershipDriver.address(5)))])
    driver.receive(.whois(id: 4, node: node(1), steps: 5), from: 2)
    #expect(driver.take().isEmpty, "who asks is answered by those who know how this node is reached")
  }

  @Test("a link that is not wanted any more goes after a while when the view is full, and stays when it is not")
  mutating func letGo() {
    driver.link(20)
    driver.open(9, .direct)
    want([9])
    want([])
    driver.now = driver.now + 60_000
    driver.plan()
    driver.now = driver.now + 60_000
    driver.plan()
    #expect(driver.kind(9) == .direct)
    for number in 21..<30 as Range<UInt64> { driver.link(number) }
    driver.plan()
    #expect(driver.kind(9) == nil)
  }

  @Test("no more than so many are wanted, and no more than so many of others are taken")
  mutating func bounds() {
    let direct = driver.membership.parameters.direct
    driver.link(2)
    want((100..<200).map { $0 })
    #expect(driver.membership.direct.wanted.count == direct.maximumWanted)
    for number in 300..<400 as Range<UInt64> { driver.link(number, .direct) }
    #expect(driver.membership.count(of: .direct) == direct.maximumInbound)
    #expect(driver.membership.degree == 1)
  }

  @Test("a wanted node is never the one that has to go")
  mutating func spared() {
    for number in 2..<6 as Range<UInt64> { driver.open(number) }
    want([2, 3, 4, 5])
    for number in 10..<17 as Range<UInt64> { driver.link(number) }
    for _ in 0..<10 {
      driver.now = driver.now + 10_000
      driver.plan()
    }
    for number in 2..<6 as Range<UInt64> { #expect(driver.kind(number) == .random) }
  }
}
