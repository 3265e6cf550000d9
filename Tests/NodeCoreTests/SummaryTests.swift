import Gossip
import Market
import NodeCrypto
import Testing

@testable import NodeCore

@Suite("what a node says of itself")
struct SummaryTests {
  @Test("a node with more to hash than one summary may cost says what it said before, and catches up piece by piece")
  func backlog() throws {
    let genesis = try TestMarket.genesis(openOrders: 5000)
    var core = NodeCore(
      NodeConfiguration(
        genesis: genesis, identity: identity(1), agent: "", listenPort: 0, advertisedHost: nil, bootstrap: [], seed: 1),
      now: epoch)
    var feed = HandwrittenFeed(identity: identity(2), genesis: genesis)
    let empty = core.summary()
    let entries = 12
    for number in 0..<entries {
      let offers = (0..<256).map { Operation.place(genesis.offer(Int32($0 % 8) + 1, at: 2.00 + Double(number))) }
      let fault = core.restore(feed.append(offers, at: epoch + Int64(number)))
      #expect(fault == nil)
    }
    let behind = core.summary()
    #expect(behind == empty, "all of it is of the same moment")
    var pieces = 0
    while !core.reduceDigestBacklog(by: 100) { pieces += 1 }
    #expect(pieces > 5)
    let summary = core.summary()
    #expect(summary.orders == UInt64(256 * entries) && summary.entries == UInt64(entries))
    #expect(summary.bookDigest == core.book.digestFromScratch() && summary.bookTime == epoch + Int64(entries - 1))
  }

  @Test("a node that hashes all it has in one summary speaks of the present moment")
  func present() throws {
    let genesis = try TestMarket.genesis(openOrders: 5000)
    var core = NodeCore(
      NodeConfiguration(
        genesis: genesis, identity: identity(1), agent: "", listenPort: 0, advertisedHost: nil, bootstrap: [], seed: 1),
      now: epoch)
    var feed = HandwrittenFeed(identity: identity(2), genesis: genesis)
    let offers = (0..<200).map { _ in Operation.place(genesis.offer(8, at: 2.00)) }
    let fault = core.restore(feed.append(offers, at: epoch))
    let isLeft = core.reduceDigestBacklog(by: 1)
    #expect(fault == nil && isLeft, "that is left to the summary")
    let summary = core.summary()
    #expect(summary.orders == 200 && summary.bookDigest == core.book.digestFromScratch())
  }
}
