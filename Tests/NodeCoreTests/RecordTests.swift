import Gossip
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

  private func core() -> NodeCore {
    NodeCore(
      NodeConfiguration(
        genesis: genesis, identity: identity(9), agent: "", listenPort: 0, advertisedHost: nil, bootstrap: [], seed: 1),
      now: epoch)
  }

  private func records() -> (maker: PublicRecord, taker: PublicRecord) {
    var core = core()
    for entry in maker.entries + taker.entries { #expect(core.restore(entry) == nil) }
    let none = PublicRecord()
    return (core.records[maker.identity.nodeID] ?? none, core.records[taker.identity.nodeID] ?? none)
  }

  @Test("when who complained of a maker is frozen, own bids that its record kept away are matched again")
  mutating func complainerFrozen() throws {
    taker.append([.release(trade, isClosure: true)], at: epoch + 7000)
    maker.append([], at: epoch + 8000)
    var core = core()
    for entry in maker.entries + taker.entries { #expect(core.restore(entry) == nil) }
    var effects: [NodeEffect] = []
    let now = epoch + 8000
    core.finishRestore(now: now, into: &effects)
    core.handle(.timer, now: now + NodeCore.recoveryMilliseconds, into: &effects)
    #expect(core.state == .running)
    effects = []
    let bid = genesis.bid(1, at: 2.40, until: 600, expiry: 600).demanding { $0.maximumFailurePercent = 0 }
    core.handle(.command(1, .place(bid)), now: now + 10_000, into: &effects)
    core.handle(.durable(sequence: 1), now: now + 10_000, into: &effects)
    #expect(core.undecidedCount == 0)
    var branches = [taker, taker]
    for index in branches.indices {
      branches[index].append([], at: epoch + 8000)
      branches[index].append([], at: epoch + 8001 + Int64(index))
    }
    let proof = try #require(FraudProof(branches[0].entries.last!, branches[1].entries.last!))
    core.handle(.proofFound(proof), now: now + 10_001, into: &effects)
    #expect(!effects.contains { if case .rebuild = $0 { true } else { false } })
    core.handle(.durable(sequence: 2), now: now + 10_002, into: &effects)
    #expect(core.undecidedCount == 1)
  }

  @Test("an accept counts for the maker, a receipt for the taker, each once")
  mutating func settled() throws {
    let accept = deals.accept(signed, in: maker, at: epoch + 1000)
    guard case .accept(_, let decision) = accept else { return }
    maker.append([accept, accept], at: epoch + 1000)
    var (sold, bought) = (PublicRecord(settled: 1), PublicRecord())
    sold.own.since = epoch
    sold.own.accepts = 1
    sold.own.sold = GPUTime(gpuSeconds: 60)
    bought.own.since = epoch
    bought.own.proposals = 1
    #expect(records() == (sold, bought))
    taker.append([.receipt(decision), .receipt(decision), .release(trade, isClosure: true)], at: epoch + 2000)
    bought.own.settled = 1
    bought.own.bought = GPUTime(gpuSeconds: 60)
    #expect(records() == (sold, bought))
  }

  @Test("a reject counts against the maker unless the terms were wrong, and is not made up for by an accept")
  mutating func rejected() {
    let reasons: [(RejectReason, failed: Int)] = [
      (.noCapacity, 1), (.orderClosed, 1), (.stopping, 1), (.badTerms, 0), (.noHold, 0),
    ]
    for (reason, failed) in reasons {
      var feed = maker
      feed.append([.reject(trade, reason, gpusLeft: 0)], at: epoch + 1000)
      feed.append([deals.accept(signed, in: feed, at: epoch + 1500)], at: epoch + 1500)
      var test = self
      test.maker = feed
      let record = test.records().maker
      #expect(record.failed == failed, "\(reason)")
      #expect(record.own.rejects[reason] == 1 && record.own.rejects.total == 1, "\(reason)")
      #expect(record.own.accepts == 0 && record.settled == 0 && record.expiries == 0, "\(reason)")
    }
  }

  @Test("a release counts against the maker after a closure, once, and only of what was proposed")
  mutating func released() {
    var test = self
    test.taker.append([.release(trade, isClosure: false)], at: epoch + 9000)
    #expect(test.records().maker.failed == 0)
    #expect(test.records().taker.own.releases == 1)
    taker.append([.release(trade, isClosure: true), .release(trade, isClosure: true)], at: epoch + 9000)
    #expect(records().maker.expiries == 1 && records().maker.failed == 1)
    #expect(records().taker.own.releases == 1 && records().taker.failed == 0)
  }

  @Test("a purchase that comes to nothing counts its legs as released, and each hold that is freed as lapsed")
  mutating func lapsed() throws {
    let legs = deals.purchase(
      [
        LegDraft(offer: maker.orderID(sequence: 1), provider: maker.identity, gpus: 1),
        LegDraft(offer: maker.orderID(sequence: 2), provider: identity(3), gpus: 2),
      ],
      bid: taker.orderID(sequence: 1), buyer: taker.identity, deadline: epoch + 6000, confirmBy: epoch + 12_000)
    taker = taker.cut(to: 0)
    taker.append([.place(genesis.bid(8, at: 2.40)), .purchase(legs)], at: epoch)
    let leg: TradeID = Blake2b.hash(legs[0].bytes)
    maker.append([deals.accept(legs[0], in: maker, at: epoch + 1000)], at: epoch + 1000)
    let id = try #require(legs[0].terms.leg?.purchase)
    var withdrawn = self
    withdrawn.taker.append([.withdraw(id, silent: [1])], at: epoch + 7000)
    let named = EntryReference(sequence: 2, entry: withdrawn.taker.head.entry)
    withdrawn.maker.append([.free(leg, by: named), .free(leg, by: named)], at: epoch + 8000)
    #expect(withdrawn.records().taker.holdsLapsed == 1)
    #expect(withdrawn.records().taker.own.proposals == 2 && withdrawn.records().taker.own.releases == 2)
    #expect(withdrawn.records().maker.own.accepts == 1 && withdrawn.records().maker.settled == 0)
    // An entry past the last moment does the same, whatever is in it.
    taker.append([], at: epoch + 12_001)
    #expect(records().taker.own.releases == 2 && records().taker.holdsLapsed == 0)
  }

  @Test("a fork takes what its author's feed says out of all records, and names the author in a proof")
  mutating func forked() throws {
    taker.append([.release(trade, isClosure: true)], at: epoch + 9000)
    var other = maker
    maker.append([], at: epoch + 1000)
    other.append([.cancel(maker.orderID(sequence: 1))], at: epoch + 1000)
    let proof = try #require(FraudProof(maker.entries[1], other.entries[1]))
    var core = core()
    core.restore(proof)
    for entry in maker.entries + taker.entries { #expect(core.restore(entry) == nil) }
    let record = core.record(of: maker.identity.nodeID)
    #expect(record.own == FeedCounts() && record.expiries == 1 && record.proofs == 1)
    #expect(core.record(of: taker.identity.nodeID).proofs == 0)
  }

  @Test("the time traded stops at its maximum instead of overflowing")
  func saturates() {
    var sum = GPUTime(gpus: .max, from: .zero, until: .maximum)
    #expect(sum == .maximum)
    sum += sum
    #expect(sum == .maximum && GPUTime(gpus: -1, from: .zero, until: .maximum) == GPUTime())
    #expect(GPUTime(gpus: 3, from: epoch, until: epoch + 10_000).gpuSeconds == 30)
  }
}
