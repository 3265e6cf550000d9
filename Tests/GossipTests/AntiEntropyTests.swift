import Market
import NodeCrypto
import Testing

@testable import Gossip

@Suite("anti-entropy")
struct AntiEntropyTests {
  var antiEntropy = AntiEntropy(own: node(99))
  /// What is held, by author.
  var held: [NodeID: UInt64] = [:]

  private mutating func connect(_ peers: UInt64...) {
    for peer in peers { antiEntropy.connected(node(peer)) }
  }

  private mutating func claim(_ peer: UInt64, _ author: UInt64, _ sequence: UInt64) {
    antiEntropy.claim(node(peer), author: node(author), sequence: sequence, isHeld: held[node(author)] != nil)
    if sequence > held[node(author)] ?? 0 { antiEntropy.isBehind(node(author), peer: node(peer)) }
  }

  private mutating func plan(at time: Int64 = 0, limit: UInt64 = .max) -> [AntiEntropy.Request] {
    let held = held
    return antiEntropy.plan(now: at(time), horizon: { held[$0] ?? 0 }, limit: { _ in limit })
  }

  private mutating func finish(_ request: AntiEntropy.Request) {
    let held = held
    _ = antiEntropy.finished(request.id, from: request.peer) { held[$0] ?? 0 }
  }

  private mutating func expire(at time: Int64) -> [NodeID] {
    let held = held
    return antiEntropy.expire(now: at(time)) { held[$0] ?? 0 }
  }

  private mutating func progress(_ request: AntiEntropy.Request, at time: Int64) {
    let held = held
    antiEntropy.progress(request.id, now: at(time)) { held[$0] ?? 0 }
  }

  @Test("what a peer claims beyond what is held is asked for once")
  mutating func once() throws {
    connect(1)
    held[node(50)] = 3
    claim(1, 50, 10)
    let request = try #require(plan().first)
    #expect(request.peer == node(1))
    #expect(request.ranges == [AntiEntropy.Range(author: node(50), from: 4, through: 10)])
    claim(1, 50, 12)
    #expect(plan().isEmpty, "one request a peer at a time")
    held[node(50)] = 10
    finish(request)
    #expect(plan().first?.ranges == [AntiEntropy.Range(author: node(50), from: 11, through: 12)])
  }

  @Test("an entry that was overtaken is asked for after a while, unless it has come by then")
  mutating func overtaken() {
    connect(1)
    for author in [50, 51] as [UInt64] {
      antiEntropy.claim(node(1), author: node(author), sequence: 2, isHeld: false)
      antiEntropy.isOvertaken(node(author), until: at(1300))
    }
    let due = 1300 as Int64
    #expect(antiEntropy.nextDeadline == at(due))
    #expect(plan(at: due - 1).isEmpty)
    held[node(51)] = 2
    #expect(plan(at: due).flatMap(\.ranges) == [AntiEntropy.Range(author: node(50), from: 1, through: 2)])
  }

  @Test("of several overtaken entries the order is that of their authors")
  mutating func severalOvertaken() {
    connect(1)
    for author in (50..<80 as Range<UInt64>).reversed() {
      antiEntropy.claim(node(1), author: node(author), sequence: 2, isHeld: false)
      antiEntropy.isOvertaken(node(author), until: at(1300))
    }
    let authors = plan(at: 1300).flatMap(\.ranges).map(\.author)
    #expect(authors == (50..<80 as Range<UInt64>).map { node($0) }.sorted())
  }

  @Test("the work is spread over the peers that have it")
  mutating func spread() {
    connect(1, 2, 3)
    for author in 50..<80 as Range<UInt64> { for peer in 1...3 as ClosedRange<UInt64> { claim(peer, author, 5) } }
    let requests = plan()
    #expect(requests.map(\.peer) == [node(1), node(2), node(3)])
    #expect(requests.map(\.ranges.count) == [10, 10, 10])
    #expect(Set(requests.flatMap(\.ranges).map(\.author)).count == 30)
  }

  @Test("a request has at most so many ranges; the rest is asked for afterwards")
  mutating func bounds() throws {
    connect(1)
    for author in 1000..<4000 as Range<UInt64> { claim(1, author, 3) }
    let request = try #require(plan().first)
    #expect(request.ranges.count == GossipParameters.Fetching.maximumRanges)
    for range in request.ranges { held[range.author] = 3 }
    finish(request)
    #expect(plan().first?.ranges.count == 3000 - GossipParameters.Fetching.maximumRanges)
  }

  @Test("a range is of at most a window, and a request of about so many entries; the rest is another peer's")
  mutating func manyEntries() throws {
    connect(1, 2)
    for author in 1000..<1300 as Range<UInt64> { for peer in [1, 2] as [UInt64] { claim(peer, author, 1_000_000) } }
    let requests = plan()
    let ranges = Int(GossipParameters.Fetching.maximumEntries / GossipParameters.Arrivals.windowPerFeed)
    #expect(requests.map(\.ranges.count) == [ranges, ranges])
    #expect(
      requests.flatMap(\.ranges).allSatisfy { $0.from == 1 && $0.through == GossipParameters.Arrivals.windowPerFeed })
  }

  @Test("a peer whose answer ends without what it claimed does not hold it; another is asked")
  mutating func emptyAnswer() throws {
    connect(1, 2)
    claim(1, 50, 9)
    claim(2, 50, 5)
    let first = try #require(plan().first)
    #expect(first.peer == node(1))
    finish(first)
    #expect(!antiEntropy.holds(node(1), author: node(50), sequence: 1))
    let second = try #require(plan().first)
    #expect(second.peer == node(2) && second.ranges[0].through == 5)
    finish(second)
    #expect(plan().isEmpty && antiEntropy.nextDeadline == nil)
    #expect(!antiEntropy.isBehind(node(50), head: 0))
    claim(1, 50, 9)
    #expect(plan().first?.peer == node(1), "it claims it again")
  }

  @Test("a peer that does not answer in time is asked again only when it repeats its claim")
  mutating func overdue() throws {
    connect(1, 2)
    claim(1, 50, 9)
    claim(2, 50, 9)
    let first = try #require(plan().first)
    #expect(antiEntropy.nextDeadline == at(GossipParameters.Fetching.answerMilliseconds))
    #expect(expire(at: GossipParameters.Fetching.answerMilliseconds - 1) == [])
    #expect(plan().isEmpty)
    #expect(expire(at: GossipParameters.Fetching.answerMilliseconds) == [])
    let second = try #require(plan(at: 10_000).first)
    #expect(first.peer == node(1) && second.peer == node(2))
    #expect(!antiEntropy.awaits(first.id, from: node(1)) && antiEntropy.awaits(second.id, from: node(2)))
    #expect(expire(at: 20_000) == [])
    #expect(plan(at: 20_000).isEmpty)
    #expect(!antiEntropy.isBehind(node(50), head: 0), "nobody has shown it")
    claim(1, 50, 9)
    #expect(plan(at: 20_000).first?.peer == node(1))
  }

  @Test("a peer that leaves one request after the other without anything is asked last, and is not kept")
  mutating func strikes() throws {
    connect(1, 2)
    claim(1, 50, 9)
    for round in 1...3 as ClosedRange<Int64> {
      #expect(try #require(plan(at: 10_000 * (round - 1)).first).peer == node(1))
      #expect(expire(at: 10_000 * round) == (round < 3 ? [] : [node(1)]))
      claim(1, 50, 9)
    }
    claim(2, 50, 9)
    #expect(plan(at: 30_000).first?.peer == node(2))
    antiEntropy.disconnected(node(1))
    #expect(expire(at: 30_001) == [])
  }

  @Test("only an answer that brings something of what was asked for gets more time")
  mutating func progress() throws {
    connect(1)
    claim(1, 50, 9)
    let request = try #require(plan().first)
    #expect(antiEntropy.awaits(request.id, from: node(1)) && !antiEntropy.awaits(request.id, from: node(2)))
    progress(request, at: 9000)
    #expect(antiEntropy.nextDeadline == at(10_000), "an empty message brings nothing")
    held[node(50)] = 4
    progress(request, at: 9000)
    #expect(antiEntropy.nextDeadline == at(19_000))
    progress(request, at: 15_000)
    #expect(antiEntropy.nextDeadline == at(19_000))
  }

  @Test("a peer's claims are noted of so many feeds and no more, and of far fewer of which nothing is held")
  mutating func claims() {
    connect(1)
    let (all, unknown) = (
      UInt64(GossipParameters.Fetching.maximumClaims), UInt64(GossipParameters.Fetching.maximumUnknown)
    )
    for number in 0..<2 * unknown { claim(1, 1000 + number, 1) }
    #expect(antiEntropy.sizes.claims == Int(unknown))
    for number in 0..<all {
      held[node(1_000_000 + number)] = 1
      claim(1, 1_000_000 + number, 1)
    }
    #expect(antiEntropy.sizes.claims == Int(all) && antiEntropy.sizes.queued == Int(unknown))
    #expect(!antiEntropy.holds(node(1), author: node(1000 + unknown), sequence: 1))
    claim(1, 1000, 7)
    #expect(antiEntropy.holds(node(1), author: node(1000), sequence: 7))
  }

  @Test("what a peer claims and does not show is forgotten, and room for others again")
  mutating func inventedClaims() throws {
    connect(1)
    for number in 0..<UInt64(GossipParameters.Fetching.maximumUnknown) { claim(1, 1000 + number, 1) }
    while let request = plan().first { finish(request) }
    #expect(antiEntropy.sizes == (claims: 0, queued: 0, deferred: 0, jumps: 0))
    claim(1, 50, 1)
    #expect(plan().count == 1)
  }

  @Test("a busy peer's feeds are not gone through while others are asked")
  mutating func busyPeer() {
    connect(1, 2)
    let count = UInt64(GossipParameters.Fetching.maximumUnknown)
    for number in 0..<count { claim(1, 1000 + number, 1) }
    #expect(plan().map(\.peer) == [node(1)])
    claim(2, 50, 1)
    var looks = 0
    _ = antiEntropy.plan(
      now: at(0),
      horizon: { _ in
        looks += 1
        return 0
      }, limit: { _ in .max })
    #expect(looks == 1)
  }

  @Test("checkpoints that a peer names and never shows leave nothing behind")
  mutating func inventedBases() throws {
    connect(1)
    for number in 0..<100 as Range<UInt64> {
      claim(1, 1000 + number, 9)
      antiEntropy.note(base: 5, of: node(1000 + number), peer: node(1))
    }
    let request = try #require(plan().first)
    #expect(request.ranges.allSatisfy { $0.from == 5 } && antiEntropy.sizes.jumps == 100)
    finish(request)
    #expect(antiEntropy.sizes.jumps == 0)
    for number in 0..<100 as Range<UInt64> { claim(1, 1000 + number, 9) }
    _ = plan()
    antiEntropy.disconnected(node(1))
    #expect(antiEntropy.sizes == (claims: 0, queued: 0, deferred: 0, jumps: 0))
  }

  @Test("what a peer was asked for when its connection ended is asked of another")
  mutating func disconnection() throws {
    connect(1, 2)
    claim(1, 50, 9)
    claim(2, 50, 9)
    #expect(try #require(plan().first).peer == node(1))
    antiEntropy.disconnected(node(1))
    #expect(plan().first?.peer == node(2))
  }

  @Test("of a frozen feed only what is before the fork is asked for")
  mutating func frozen() {
    connect(1)
    held[node(50)] = 2
    claim(1, 50, 9)
    #expect(plan(limit: 2).isEmpty)
    antiEntropy.recheck(node(50))
    #expect(plan(limit: 4).first?.ranges == [AntiEntropy.Range(author: node(50), from: 3, through: 4)])
  }

  @Test("when feeds are held less far than before, what peers claim is looked at again")
  mutating func recheckAll() {
    connect(1)
    held[node(50)] = 9
    claim(1, 50, 9)
    #expect(plan().isEmpty)
    held[node(50)] = 4
    #expect(plan().isEmpty)
    antiEntropy.recheckAll()
    #expect(plan().first?.ranges == [AntiEntropy.Range(author: node(50), from: 5, through: 9)])
  }
}
