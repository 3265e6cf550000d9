import Market
import NodeCrypto
import Testing

@testable import Gossip

@Suite("peer score")
struct PeerScoreTests {
  let judging = GossipParameters.standard.judging
  var score = PeerScore(GossipParameters.standard.judging)

  init() { score.connected(node(1), now: at(0)) }

  @Test("a bucket holds its burst, fills at its rate, and gives no more than it holds")
  func bucket() {
    var bucket = TokenBucket(TokenRate(perThousandSeconds: 100, burst: 5), now: at(0))
    let taken = bucket.take(7, now: at(0))
    let spent = [9999, 10_000, 5000].map { bucket.spend(1, now: at($0)) }
    #expect(taken == 5)
    #expect(spent == [false, true, false], "a clock that steps back gives nothing")
    let later = [100, -1].map { bucket.take($0, now: at(.max / 2)) }
    #expect(later == [5, 0])
    let isSpent = bucket.spend(-1, now: at(.max / 2))
    #expect(!isSpent)
  }

  @Test("a budget is spent at the rate of its kind, and none of the others with it")
  mutating func budgets() {
    #expect(score.spend(.verifications, count: 1000, peer: node(1), now: at(0)) == true)
    #expect(score.spend(.verifications, count: 1, peer: node(1), now: at(0)) == false)
    #expect(score.spend(.verifications, count: 200, peer: node(1), now: at(1000)) == true)
    #expect(score.spend(.verifications, count: 1, peer: node(1), now: at(1000)) == false)
    #expect(score.takeAddresses(100, peer: node(1), now: at(1000)) == 64)
    #expect(score.takeAddresses(100, peer: node(1), now: at(101_000)) == 10)
    #expect(score.spend(.requests, count: 100, peer: node(1), now: at(101_000)) == true)
    #expect(score.spend(.requests, count: 1, peer: node(2), now: at(101_000)) == false, "a stranger has no budget")
  }

  @Test("a peer that leaves and comes back finds its budget as it left it")
  mutating func returning() {
    #expect(score.spend(.verifications, count: 1000, peer: node(1), now: at(0)) == true)
    score.disconnected(node(1), now: at(1))
    score.connected(node(1), now: at(2))
    #expect(score.spend(.verifications, count: 1, peer: node(1), now: at(2)) == false)
  }

  @Test("no number of peers that come and go makes the table grow without bound")
  mutating func bounded() {
    for number in 0..<UInt64(3 * judging.maximumLedger) {
      score.connected(node(number), now: at(0))
      _ = score.spend(.verifications, count: 1000, peer: node(number), now: at(0))
      score.disconnected(node(number), now: at(0))
    }
    #expect(score.accountCount <= judging.maximumLedger)
    for number in 0..<UInt64(3 * judging.maximumBans) { score.ban(node(number), now: at(Int64(number))) }
    #expect(score.banCount <= judging.maximumBans)
    #expect(score.isBanned(node(UInt64(3 * judging.maximumBans - 1)), now: at(12_000)))
  }

  @Test("promises that are broken faster than they decay end the connection, slower ones never do")
  mutating func promises() {
    for count in 1..<judging.promiseLimit {
      #expect(score.penalize(node(1), .brokenPromise, now: at(0)) == false, "after \(count)")
    }
    #expect(score.penalize(node(1), .brokenPromise, now: at(0)) == true)
    #expect(!score.isBanned(node(1), now: at(0)))
    score.connected(node(2), now: at(0))
    for count in 0..<1000 as Range<Int64> {
      #expect(score.penalize(node(2), .brokenPromise, now: at(count * judging.promiseDecayMilliseconds)) == false)
    }
  }

  @Test("each ban lasts twice as long as the last, up to an hour; after a day without an offence the count starts anew")
  mutating func bans() throws {
    var now = at(0)
    for offence in 0..<10 {
      score.ban(node(1), now: now)
      let until = try #require(score.bannedUntil(node(1)))
      #expect(until - now == min(60_000 << Int64(offence), 3_600_000))
      #expect(score.isBanned(node(1), now: until - 1) && !score.isBanned(node(1), now: until))
      now = until
    }
    now = now + judging.forgivenMilliseconds
    score.ban(node(1), now: now)
    #expect(score.bannedUntil(node(1)) == now + judging.firstBanMilliseconds)
  }
}
