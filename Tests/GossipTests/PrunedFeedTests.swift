import Market
import NodeCrypto
import Testing
import Wire

@testable import Gossip

/// Feeds of which the beginning is gone, here or at the peers.
@Suite("pruned feeds")
struct PrunedFeedTests {
  let author = identity(50)
  var driver: Driver

  init() {
    driver = Driver(own: node(1))
    for peer in [5, 6] as [UInt64] { driver.greet(peer, node(peer)) }
    _ = driver.take()
  }

  private static let start = EntryRole.checkpointStart(rateLeft: 5000, isLast: true)

  private func claim(_ sequence: UInt64, _ entry: EntryID) -> WirePeerMessage.OneOf_Message {
    var message = WireCompare()
    message.salt = 7
    let head = ComparisonPart.heads(.all, [.head(author.nodeID, sequence: sequence, entry)])
    message.parts = .init(Comparison.messages([head], maximumBytes: 1000).joined())
    return .compare(message)
  }

  private func answer(
    _ id: UInt64, _ entries: [SignedEntry] = [], base: UInt64? = nil
  ) -> WirePeerMessage.OneOf_Message {
    var answer = WireFetchAnswer()
    answer.id = id
    answer.entries = entries.map(\.wire)
    answer.done = true
    if let base {
      var out = WireFeedBase()
      out.author = .init(author.nodeID.bytes)
      out.first = base
      answer.bases = [out]
    }
    return .fetchAnswer(answer)
  }

  @Test("a feed whose beginning nobody holds is taken up at the earliest checkpoint with which a peer begins")
  mutating func jump() throws {
    let entries = chain(author, [1_000_000, 1_000_100, 1_000_200, 1_000_300, 1_000_400, 1_000_500])
    driver.receive(claim(6, entries[5].id), on: 5)
    driver.receive(claim(6, entries[5].id), on: 6)
    var fetch = try #require(driver.take().fetches.first)
    #expect(fetch.fetch.ranges.map(\.from) == [1])
    driver.receive(answer(fetch.fetch.id, base: 5), on: fetch.connection)
    let other = try #require(driver.take().fetches.first)
    #expect(other.connection != fetch.connection && other.fetch.ranges.map(\.from) == [1], "another may hold it all")
    driver.receive(answer(other.fetch.id, base: 3), on: other.connection)
    fetch = try #require(driver.take().fetches.first)
    #expect(fetch.connection == other.connection)
    #expect(fetch.fetch.ranges.map { [$0.from, $0.through] } == [[3, 6]])
    driver.receive(answer(fetch.fetch.id, Array(entries[2...])), on: fetch.connection)
    driver.core.verified(entries[3], role: .plain, refusal: nil, now: driver.now, into: &driver.effects)
    #expect(driver.take().delivered.isEmpty)
    driver.core.verified(entries[2], role: Self.start, refusal: nil, now: driver.now, into: &driver.effects)
    let effects = driver.take()
    let jumps = effects.compactMap { if case .jump(let entry) = $0 { entry.sequence } else { nil } }
    #expect(jumps == [3] && effects.delivered == [entries[3].id])
    for entry in entries[4...] { driver.verified(entry) }
    let feed = try #require(driver.core.feeds.feed(of: author.nodeID))
    #expect(feed.head == entries[5].head && feed.base == 2 && feed.checkpoints == [3])
    #expect(feed.id(at: 2) == nil && feed.id(at: 3) == entries[2].id)
    #expect(driver.core.feeds.entryCount == 6 && driver.core.feeds.prunedCount == 2)
    _ = driver.take()
    // Late entries of the pruned part, even forged ones, are nobody's fault.
    driver.push([entries[0], chain(author, [1], payload: [7])[0]], on: 5)
    for entry in [entries[0], chain(author, [1], payload: [7])[0]] { driver.verified(entry) }
    let late = driver.take()
    #expect(late.disconnects.isEmpty && late.delivered.isEmpty)
  }

  @Test("as long as a peer may hold the next entry, nothing is jumped over")
  mutating func wholeHistoryFirst() throws {
    let entries = chain(author, [1_000_000, 1_000_100, 1_000_200])
    driver.receive(claim(3, entries[2].id), on: 5)
    let fetch = try #require(driver.take().fetches.first)
    driver.receive(claim(3, entries[2].id), on: 6)
    driver.receive(answer(fetch.fetch.id, base: 3), on: 5)
    let next = try #require(driver.take().fetches.first)
    #expect(next.connection == 6)
    driver.receive(answer(next.fetch.id, entries), on: 6)
    driver.core.verified(entries[2], role: Self.start, refusal: nil, now: driver.now, into: &driver.effects)
    driver.verified(entries[0])
    driver.verified(entries[1])
    #expect(driver.take().delivered == entries.map(\.id))
    #expect(driver.core.feeds.feed(of: author.nodeID)?.base == 0)
  }

  @Test("a node that has pruned what is asked for says where its feed begins, and sends the rest of the request")
  mutating func serving() throws {
    let entries = chain(author, [1_000_000, 1_000_100, 1_000_200, 1_000_300])
    for (index, entry) in entries.enumerated() {
      driver.push([entry], on: 6)
      let role = index == 2 ? Self.start : .plain
      driver.core.verified(entry, role: role, refusal: nil, now: driver.now, into: &driver.effects)
    }
    driver.core.prune(author.nodeID, below: 3)
    _ = driver.take()
    var fetch = WireFetch()
    fetch.id = 9
    fetch.ranges = ([(1, 4), (3, 4)] as [(UInt64, UInt64)]).map { from, through in
      var range = WireFeedRange()
      range.author = .init(author.nodeID.bytes)
      range.from = from
      range.through = through
      return range
    }
    driver.receive(.fetch(fetch), on: 5)
    let effects = driver.take()
    let bases = effects.sent.compactMap { sent -> [UInt64]? in
      if case .fetchAnswer(let answer)? = sent.message.message { answer.bases.map(\.first) } else { nil }
    }
    #expect(bases == [[3]])
    let served = effects.compactMap { if case .serve(5, 9, let ranges) = $0 { ranges } else { nil } }
    #expect(served == [[FeedRange(author: author.nodeID, from: 3, through: 4)]])
  }

  @Test("where the feeds of a long request begin is told in messages that a connection carries")
  mutating func manyBases() throws {
    let authors = (0..<GossipParameters.Fetching.maximumRanges).map { number in
      var seed = [UInt8](repeating: 3, count: Identity.seedByteCount)
      (seed[0], seed[1]) = (UInt8(number / 256), UInt8(number % 256))
      return Identity(seed: seed)
    }
    for author in authors {
      let entries = chain(author, [1_000_000, 1_000_000])
      driver.core.feeds.append(entries[0])
      driver.core.feeds.append(entries[1], role: Self.start)
      driver.core.prune(author.nodeID, below: 2)
    }
    let ranges = authors.map { AntiEntropy.Range(author: $0.nodeID, from: 1, through: 2) }
    let short = ShortRanges(ranges, among: authors.map(\.nodeID).sorted())
    #expect(short.ambiguous.isEmpty)
    var fetch = WireFetch()
    (fetch.id, fetch.shortRanges, fetch.prefixBits) = (9, .init(short.bytes), UInt32(short.prefixBits))
    driver.receive(.fetch(fetch), on: 5)
    var told = 0
    for case .send(5, let message, _) in driver.take() {
      #expect(message.count <= GossipParameters.maximumMessageBytes)
      guard case .fetchAnswer(let answer)? = try WirePeerMessage.decode(message).message else { continue }
      #expect(!answer.done)
      told += answer.bases.count
    }
    #expect(told == authors.count)
  }

  @Test("the rate goes on from what a checkpoint says, for who holds what is before it and for who does not")
  func rate() {
    var whole = Feeds(network: networkID, limits: .test())
    var joined = whole
    let entries = chain(author, [0, 0, 0, 0, 0, 0])
    for entry in entries.prefix(3) { whole.append(entry) }
    let role = EntryRole.checkpointStart(rateLeft: 2000, isLast: true)
    #expect(whole.rateLeft(of: author.nodeID, at: at(0)) == 2000)
    whole.append(entries[3], role: role)
    let hasJumped = joined.jump(to: entries[3], role: role)
    #expect(hasJumped)
    for feeds in [whole, joined] {
      var feeds = feeds
      #expect(feeds.admission(of: entries[4], now: at(0)) == .next)
      feeds.append(entries[4])
      #expect(feeds.admission(of: entries[5], now: at(0)) == .invalid(.rate(perSecond: 10, burst: 5)))
      #expect(feeds.feed(of: author.nodeID)?.hasOverstatedRate == false)
    }
    var lying = Feeds(network: networkID, limits: .test())
    for entry in entries.prefix(3) { lying.append(entry) }
    lying.append(entries[3], role: Self.start)
    #expect(lying.feed(of: author.nodeID)?.hasOverstatedRate == true)
  }

  @Test("bases out of bounds end the connection")
  mutating func badBases() {
    driver.receive(answer(1, base: 1), on: 5)
    #expect(driver.take().disconnects.map(\.connection) == [5])
    var many = WireFetchAnswer()
    many.bases = (0...GossipParameters.Fetching.maximumRanges).map { _ in
      var base = WireFeedBase()
      base.author = .init(author.nodeID.bytes)
      base.first = 2
      return base
    }
    driver.receive(.fetchAnswer(many), on: 6)
    #expect(driver.take().disconnects.map(\.connection) == [6])
  }
}
