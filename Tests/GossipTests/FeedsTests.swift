import Market
import NodeCrypto
import Testing

@testable import Gossip

@Suite("feeds")
struct FeedsTests {
  let author = identity(1)
  var feeds = Feeds(network: networkID, limits: .test())

  private mutating func hold(_ entries: [SignedEntry]) {
    for entry in entries { feeds.append(entry) }
  }

  @Test("what an entry is to a feed: the next, known, past a gap, another at its place, on another branch")
  mutating func admission() {
    let entries = chain(author, [100, 200, 300, 400])
    #expect(feeds.admission(of: entries[0], now: at(100)) == .next)
    #expect(feeds.admission(of: entries[1], now: at(100)) == .gap(from: 1))
    hold(Array(entries.prefix(2)))
    #expect(feeds.admission(of: entries[0], now: at(100)) == .known)
    #expect(feeds.admission(of: entries[2], now: at(300)) == .next)
    #expect(feeds.admission(of: entries[3], now: at(300)) == .gap(from: 3))
    let branch = chain(author, [150, 300], after: entries[0].head, payload: [1])
    #expect(feeds.admission(of: branch[0], now: at(300)) == .fork)
    #expect(feeds.admission(of: branch[1], now: at(300)) == .divergent)
    #expect(feeds.head(of: author.nodeID) == entries[1].head)
    #expect(feeds.entryCount == 2 && feeds.latestTime == at(200) && feeds.count == 1)
  }

  @Test("an entry ahead of the clock by more than the skew is early, and says until when")
  func early() {
    let entry = chain(author, [2001])[0]
    #expect(feeds.admission(of: entry, now: at(1000)) == .early(until: at(1001)))
    #expect(feeds.admission(of: entry, now: at(1001)) == .next)
  }

  @Test("a time before the previous entry's is invalid, the same time is not")
  mutating func timeGoesBack() {
    let entries = chain(author, [500, 500, 499])
    hold(Array(entries.prefix(1)))
    #expect(feeds.admission(of: entries[1], now: at(500)) == .next)
    hold([entries[1]])
    #expect(
      feeds.admission(of: entries[2], now: at(500)) == .invalid(.timeGoesBack(time: at(499), previous: at(500))))
  }

  @Test("a first entry that follows another network's id is invalid")
  func origin() {
    let other = Head.origin(of: NetworkID(word0: 9, word1: 9, word2: 9, word3: 9))
    let entry = chain(author, [1], after: other)[0]
    #expect(
      feeds.admission(of: entry, now: at(1))
        == .invalid(.origin(other.entry, expected: Head.origin(of: networkID).entry)))
  }

  @Test("a frozen feed takes nothing from the fork on, and freezes only ever earlier")
  mutating func frozen() {
    let entries = chain(author, [1, 2, 3, 4])
    hold(Array(entries.prefix(1)))
    #expect(feeds.freeze(author.nodeID, from: 3) == true)
    #expect(feeds.freeze(author.nodeID, from: 3) == false)
    #expect(feeds.freeze(author.nodeID, from: 4) == false)
    #expect(feeds.admission(of: entries[2], now: at(9)) == .frozen)
    #expect(feeds.admission(of: entries[3], now: at(9)) == .frozen)
    #expect(feeds.admission(of: entries[1], now: at(9)) == .next)
    #expect(feeds.freeze(author.nodeID, from: 2) == true)
    #expect(feeds.admission(of: entries[1], now: at(9)) == .frozen)
    #expect(feeds.frozenCount == 1)
  }

  @Test("the rate goes by the entries' own times: a burst, then so many a second, whenever they arrive")
  mutating func rate() {
    let entries = chain(author, [1000, 1000, 1000, 1000, 1000, 1000])
    hold(Array(entries.prefix(5)))
    #expect(feeds.admission(of: entries[5], now: at(9999)) == .invalid(.rate(perSecond: 10, burst: 5)))
    #expect(feeds.nextEntry(of: author.nodeID) == at(1100))
    let soon = chain(author, [1099], after: entries[4].head)[0]
    #expect(feeds.admission(of: soon, now: at(9999)) == .invalid(.rate(perSecond: 10, burst: 5)))
    let inTime = chain(author, [1100], after: entries[4].head)[0]
    #expect(feeds.admission(of: inTime, now: at(9999)) == .next)
    let rested = chain(author, [60_000, 60_000, 60_000, 60_000, 60_000, 60_000], after: entries[4].head)
    hold(Array(rested.prefix(5)))
    #expect(feeds.admission(of: rested[5], now: at(60_000)) == .invalid(.rate(perSecond: 10, burst: 5)))
  }

  @Test(
    "the moment of the next entry is the first that the budget allows, to the millisecond", arguments: [1, 3, 7, 1000])
  func nextEntry(perSecond: Int64) throws {
    let limits = GenesisLimits.test(perSecond: perSecond, burst: 2)
    var budget = EntryBudget(limits: limits)
    #expect(budget.nextEntry(limits: limits) == .zero)
    for time in [1000, 1000] as [Int64] { budget = try #require(budget.spending(at: at(time), limits: limits)) }
    for _ in 0..<20 {
      let next = budget.nextEntry(limits: limits)
      #expect(budget.spending(at: next - 1, limits: limits) == nil)
      budget = try #require(budget.spending(at: next, limits: limits))
    }
  }

  @Test("the latest possible time overflows nothing")
  func farFuture() {
    let limits = GenesisLimits.test(perSecond: 1_000_000, burst: 10_000_000)
    let budget = EntryBudget(limits: limits)
    #expect(budget.spending(at: .maximum, limits: limits) != nil)
  }
}
