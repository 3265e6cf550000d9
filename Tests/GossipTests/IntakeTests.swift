import Market
import NodeCrypto
import Testing

@testable import Gossip

@Suite("intake")
struct IntakeTests {
  let author = identity(1)
  let entries = chain(identity(1), [1, 2, 3, 4, 5])
  var feeds = Feeds(network: networkID, limits: .test())
  var intake = Intake()

  @Test("the same bytes under the same signature are verified once; under another signature again")
  mutating func deduplication() throws {
    let entry = entries[0]
    #expect(intake.begin(entry, from: node(1), fetch: nil) == true)
    #expect(intake.begin(entry, from: node(2), fetch: nil) == false)
    let forged = try SignedEntry(
      bytes: entry.bytes, signature: [UInt8](repeating: 1, count: 64), maximumBytes: 60_000)
    #expect(intake.begin(forged, from: node(3), fetch: nil) == true)
    #expect(intake.end(forged)?.sources == [node(3)])
    #expect(intake.end(entry)?.sources == [node(1), node(2)])
    #expect(intake.end(entry) == nil)
  }

  @Test("the horizon reaches as far as every entry is held or on its way, and falls back when one is lost")
  mutating func horizon() {
    #expect(intake.advanceHorizon(of: author.nodeID, feeds: feeds) == 0)
    for index in [0, 1, 3] { _ = intake.begin(entries[index], from: node(1), fetch: nil) }
    #expect(intake.advanceHorizon(of: author.nodeID, feeds: feeds) == 2)
    _ = intake.begin(entries[2], from: node(1), fetch: nil)
    #expect(intake.advanceHorizon(of: author.nodeID, feeds: feeds) == 4)
    _ = intake.end(entries[1])
    intake.lost(author.nodeID)
    #expect(intake.horizon(of: author.nodeID, feeds: feeds) == 1)
    _ = intake.end(entries[0])
    feeds.append(entries[0])
    feeds.append(entries[1])
    #expect(intake.horizon(of: author.nodeID, feeds: feeds) == 4)
  }

  @Test("a waiting entry comes out once, with those who sent it")
  mutating func waiting() {
    #expect(intake.wait(entries[2], from: [node(4), node(5)]) == true)
    #expect(intake.wait(entries[2], from: [node(6)]) == true)
    #expect(intake.waitingAuthors == [author.nodeID])
    #expect(intake.waitingEntry(of: author.nodeID, at: 3)?.id == entries[2].id)
    #expect(intake.takeWaiting(of: author.nodeID, at: 3)?.sources == [node(4), node(5)])
    #expect(intake.takeWaiting(of: author.nodeID, at: 3) == nil)
    #expect(intake.waitingAuthors.isEmpty)
  }

  @Test("what waits is bounded in bytes; the feed of which the most is waiting gives way to others, not to itself")
  mutating func bounds() {
    let large = chain(identity(2), [Int64](repeating: 1, count: 40), payload: [UInt8](repeating: 7, count: 2 << 20))
    let kept = large.filter { intake.wait($0, from: []) }
    #expect(kept.map(\.sequence) == Array(1...31))
    let other = chain(identity(3), [1], payload: [UInt8](repeating: 7, count: 2 << 20))[0]
    #expect(intake.wait(other, from: []) == true)
    #expect(intake.waitingEntry(of: identity(2).nodeID, at: 31) == nil, "the last of the largest")
    #expect(intake.waitingEntry(of: identity(2).nodeID, at: 30) != nil)
    intake.dropWaiting(of: identity(2).nodeID, from: 1)
    #expect(intake.wait(large[39], from: []) == true)
  }

  @Test("as much gives way as a large entry needs, of the feed that takes up the most bytes")
  mutating func manySmall() {
    let limit = GossipParameters.Arrivals.maximumWaitingBytes
    let large = chain(identity(2), [Int64](repeating: 1, count: 33), payload: [UInt8](repeating: 7, count: 2 << 20))
    let medium = chain(identity(3), [Int64](repeating: 1, count: 80), payload: [UInt8](repeating: 7, count: 900_000))
    for entry in medium { _ = intake.wait(entry, from: []) }
    for entry in large { _ = intake.wait(entry, from: []) }
    #expect(intake.waitingBytes <= limit)
    let kept = large.count { intake.waitingEntry(of: identity(2).nodeID, at: $0.sequence) != nil }
    #expect((15...17).contains(kept), "each has about half")
  }

  @Test("the next moment is when the first entry that is only early may be appended")
  mutating func nextDue() {
    let early = chain(identity(2), [9000, 9000])
    _ = intake.wait(early[1], from: [])
    #expect(intake.nextDue(feeds: feeds) == nil, "its predecessor is missing")
    _ = intake.wait(early[0], from: [])
    _ = intake.wait(chain(identity(3), [9500])[0], from: [])
    #expect(intake.nextDue(feeds: feeds) == at(8000))
  }

  @Test("an answer is under verification until its last entry is checked")
  mutating func fetches() {
    _ = intake.begin(entries[0], from: node(1), fetch: 7)
    _ = intake.begin(entries[1], from: node(1), fetch: 7)
    _ = intake.begin(entries[1], from: node(2), fetch: 8)
    #expect(intake.isVerifying(fetch: 7) && intake.isVerifying(fetch: 8))
    #expect(intake.end(entries[1])?.fetches == [7, 8])
    #expect(intake.isVerifying(fetch: 7) && !intake.isVerifying(fetch: 8))
    _ = intake.end(entries[0])
    #expect(!intake.isVerifying(fetch: 7))
  }
}
