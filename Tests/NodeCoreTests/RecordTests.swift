import Market
import NodeCrypto
import Settlement
import Simulator
import Testing

@testable import NodeCore

/// A record is a sum of what single feeds say.
@Suite("public records")
struct RecordTests {
  let genesis: Genesis
  let deals: DealBuilder
  var maker: HandwrittenFeed
  var taker: HandwrittenFeed
  let signed: SignedTerms

  init() throws {
    genesis = try TestMarket.genesis()
    deals = DealBuilder(genesis: genesis)
    maker = HandwrittenFeed(identity: identity(1), genesis: genesis)
    taker = HandwrittenFeed(identity: identity(2), genesis: genesis)
    signed = deals.propose(
      offer: maker.orderID(sequence: 1), bid: taker.orderID(sequence: 1), provider: maker.identity,
      buyer: taker.identity, gpus: 1, from: 60, until: 120, deadline: epoch + 6000)
    maker.append([.place(genesis.offer(8, at: 2.00))], at: epoch)
    taker.append([.place(genesis.bid(8, at: 2.40)), .propose(signed)], at: epoch)
  }

  private var trade: TradeID { Blake2b.hash(signed.bytes) }

  private func records() -> (maker: ProviderRecord, taker: ProviderRecord) {
    var core = NodeCore(
      NodeConfiguration(
        genesis: genesis, identity: identity(9), agent: "", listenPort: 0, advertisedHost: nil, bootstrap: [], seed: 1),
      now: epoch)
    for entry in maker.entries + taker.entries { #expect(core.restore(entry) == nil) }
    let none = ProviderRecord()
    return (core.records[maker.identity.nodeID] ?? none, core.records[taker.identity.nodeID] ?? none)
  }

  @Test("an accept counts for the maker, a receipt for the taker, each once")
  mutating func settled() throws {
    let accept = deals.accept(signed, in: maker, at: epoch + 1000)
    guard case .accept(_, let decision) = accept else { return }
    maker.append([accept, accept], at: epoch + 1000)
    #expect(records() == (ProviderRecord(settled: 1), ProviderRecord()))
    taker.append([.receipt(decision), .receipt(decision), .release(trade, isClosure: true)], at: epoch + 2000)
    #expect(records() == (ProviderRecord(settled: 1), ProviderRecord(settled: 1)))
  }

  @Test("a reject counts against the maker unless the terms were wrong, and is not made up for by an accept")
  mutating func rejected() {
    for (reason, failed) in [(RejectReason.noCapacity, 1), (.orderClosed, 1), (.stopping, 1), (.badTerms, 0)] {
      var feed = maker
      feed.append([.reject(trade, reason, gpusLeft: 0)], at: epoch + 1000)
      feed.append([deals.accept(signed, in: feed, at: epoch + 1500)], at: epoch + 1500)
      var test = self
      test.maker = feed
      #expect(test.records() == (ProviderRecord(failed: failed), ProviderRecord()), "\(reason)")
    }
  }

  @Test("a release counts against the maker after a closure, once, and only of what was proposed")
  mutating func released() {
    var test = self
    test.taker.append([.release(trade, isClosure: false)], at: epoch + 9000)
    #expect(test.records() == (ProviderRecord(), ProviderRecord()))
    taker.append([.release(trade, isClosure: true), .release(trade, isClosure: true)], at: epoch + 9000)
    #expect(records() == (ProviderRecord(failed: 1), ProviderRecord()))
  }
}
