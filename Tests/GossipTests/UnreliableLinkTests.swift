import Market
import NodeCrypto
import Testing

@testable import Gossip

@Suite("links to nodes that do not carry")
struct UnreliableLinkTests {
  var driver = MembershipDriver()
  let judging = GossipParameters.standard.judging

  private mutating func unreliable(_ number: UInt64) {
    driver.membership.giveUpUnreliable(node(number), now: driver.now, into: &driver.actions)
  }

  private mutating func silent(_ numbers: UInt64...) {
    driver.membership.noteSilent(numbers.map { node($0) }, now: driver.now, into: &driver.actions)
  }

  @Test("three failed audits in a row end a connection, the same number over a longer time do not")
  func audits() {
    var score = PeerScore(judging)
    score.connected(node(1), now: at(0))
    let soon = [0, 3000, 6000].map { score.penalize(node(1), .failedAudit, now: at($0)) }
    #expect(soon == [false, false, true])
    score.connected(node(2), now: at(0))
    let late = (0..<100).map { score.penalize(node(2), .failedAudit, now: at($0 * 60_000)) }
    #expect(!late.contains(true))
  }

  @Test("a link that is given up is refused for a while, each time twice as long, while there are enough others")
  mutating func pause() {
    for number in 2...7 as ClosedRange<UInt64> { driver.link(number) }
    unreliable(7)
    #expect(driver.take().closes == [node(7)])
    driver.link(7)
    #expect(driver.kind(7) == nil)
    driver.now = driver.now + judging.firstPauseMilliseconds
    driver.link(7)
    #expect(driver.kind(7) == .random)
    unreliable(7)
    driver.now = driver.now + 2 * judging.firstPauseMilliseconds - 1
    driver.link(7)
    #expect(driver.kind(7) == nil)
    for number in 2...4 as ClosedRange<UInt64> {
      driver.membership.disconnected(node(number), now: driver.now, into: &driver.actions)
    }
    driver.link(7)
    #expect(driver.kind(7) == .random, "who has few links is not so particular")
  }

  @Test("the last link is kept, whatever it does")
  mutating func last() {
    driver.link(2)
    unreliable(2)
    #expect(driver.kind(2) == .random)
  }

  @Test("a silent link does not count as one that is needed, and gives its place to a newcomer when there is no other")
  mutating func replacing() {
    let limit = UInt64(GossipParameters.standard.views.softLimit)
    for number in 2..<(2 + limit) { driver.link(number) }
    _ = driver.take()
    driver.link(50)
    #expect(driver.kind(50) == nil)
    silent(3, 5)
    driver.link(51)
    #expect(driver.kind(51) == .random && driver.kind(3) == nil, "the older of the two is gone")
    silent(5)
    silent()
    driver.link(52)
    #expect(driver.kind(52) == nil, "nobody is silent any more")
  }

  @Test("a node whose links are silent dials others")
  mutating func dialling() {
    for number in 2...9 as ClosedRange<UInt64> { driver.open(number, number < 6 ? .random : .near, roundTrip: 10) }
    for number in 30..<40 as Range<UInt64> {
      driver.membership.learn(MembershipDriver.address(number), isBootstrap: false, now: driver.now)
    }
    driver.membership.lost = []
    driver.membership.nextProbe = driver.now + 3_600_000
    driver.membership.probeSpan = 3_600_000
    _ = driver.take()
    driver.plan()
    #expect(driver.take().dials.isEmpty)
    silent(2, 3, 4, 5)
    #expect(driver.take().dials.count == 4)
  }
}
