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
    intake.wait(entries[2], from: [node(4), node(5)])
    intake.wait(entries[2], from: [node(6)])
    #expect(intake.waitingAuthors == [author.nodeID])
    #expect(intake.waitingEntry(of: author.nodeID, at: 3)?.id == entries[2].id)
    #expect(intake.takeWaiting(of: author.nodeID, at: 3)?.sources == [node(4), node(5)])
    #expect(intake.takeWaiting(of: author.nodeID, at: 3) == nil)
    #expect(intake.waitingAuthors.isEmpty)
  }

  @Test("what waits is bounded in bytes, and room comes back")
  mutating func bounds() {
    let large = chain(identity(2), [Int64](repeating: 1, count: 40), payload: [UInt8](repeating: 7, count: 2 << 20))
    for entry in large { intake.wait(entry, from: []) }
    let kept = large.filter { intake.waitingEntry(of: $0.author, at: $0.sequence) != nil }
    #expect(kept.count == 31)
    intake.dropWaiting(of: identity(2).nodeID)
    intake.wait(large[39], from: [])
    #expect(intake.waitingEntry(of: identity(2).nodeID, at: 40) != nil)
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
