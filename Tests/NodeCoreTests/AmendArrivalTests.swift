import Gossip
import Market
import NodeCrypto
import OrderBook
import Settlement
import Simulator
import Testing

@testable import NodeCore

/// Amends, expiry and trades in two feeds: whatever the order in which the feeds come in, the books are equal.
@Suite("amends and the order of arrival")
struct AmendArrivalTests {
  let genesis: Genesis
  let deals: DealBuilder
  let provider = identity(1)
  let buyer = identity(2)

  init() throws {
    genesis = try TestMarket.genesis()
    deals = DealBuilder(genesis: genesis)
  }

  private func at(_ seconds: Int64) -> Timestamp { epoch + seconds * 1000 }

  /// What can be seen of a node that holds the entries, restored in the given order.
  private func outcome(_ entries: [SignedEntry], _ other: Genesis? = nil) -> [String] {
    var core = NodeCore(
      NodeConfiguration(
        genesis: other ?? genesis, identity: identity(9999), agent: "", listenPort: 0, advertisedHost: nil,
        bootstrap: [],
        seed: 0),
      now: at(1000))
    for entry in entries {
      if let fault = core.restore(entry) { return ["\(fault)"] }
    }
    let orders = [provider, buyer].flatMap { core.book.orders(ownedBy: $0.nodeID) }
    let digest = core.bookDigest()
    return ["\(digest)", "\(digest == core.book.digestFromScratch())"]
      + orders.map { "\($0.id) \($0.priority) \($0.order.body) \($0.taken) \($0.calendar?.runs ?? [])" }
  }

  /// All ways to shuffle two feeds into each other.
  private func interleavings(_ left: ArraySlice<SignedEntry>, _ right: ArraySlice<SignedEntry>) -> [[SignedEntry]] {
    guard let first = left.first else { return [Array(right)] }
    guard let other = right.first else { return [Array(left)] }
    return interleavings(left.dropFirst(), right).map { [first] + $0 }
      + interleavings(left, right.dropFirst()).map { [other] + $0 }
  }

  private func expectOneOutcome(
    _ one: HandwrittenFeed, _ other: HandwrittenFeed, _ comment: Comment,
    sourceLocation: SourceLocation = #_sourceLocation
  ) -> [String] {
    let all = interleavings(one.entries[...], other.entries[...]).map { outcome($0) }
    let first = all[0]
    #expect(first[1] == "true", comment, sourceLocation: sourceLocation)
    for (index, outcome) in all.enumerated() where outcome != first {
      Issue.record("\(comment) interleaving \(index): \(outcome) instead of \(first)", sourceLocation: sourceLocation)
      break
    }
    return first
  }

  @Test("an amend that brings an expired order back brings what is taken of it too, with one content and priority")
  func comesBack() {
    var offers = HandwrittenFeed(identity: provider, genesis: genesis)
    let offer = offers.orderID(sequence: 1)
    var bids = HandwrittenFeed(identity: buyer, genesis: genesis)
    let bid = bids.orderID(sequence: 1)
    offers.append([.place(genesis.offer(8, at: 2.00, expiry: 40))], at: at(0))
    bids.append([.place(genesis.bid(3, at: 2.00))], at: at(1))
    let signed = deals.propose(
      offer: offer, bid: bid, provider: provider, buyer: buyer, gpus: 3, from: 60, until: 120, deadline: at(8))
    bids.append([.propose(signed)], at: at(2))
    offers.append([deals.accept(signed, in: offers, at: at(3))], at: at(3))
    // The buyer's feed passes the offer's expiry before the provider's does.
    bids.append([], at: at(45))
    offers.append([.amend(offer, genesis.offer(8, at: 2.10, expiry: 300))], at: at(39))
    let seen = expectOneOutcome(offers, bids, "")
    #expect(seen.count == 4 && seen[2].contains("used: 3"))
  }

  @Test("an amend that comes at or after the expiry by its own feed, or after a cancel, changes nothing")
  func tooLate() {
    for (time, isCancelled) in [(40, false), (41, false), (39, true)] as [(Int64, Bool)] {
      var offers = HandwrittenFeed(identity: provider, genesis: genesis)
      let offer = offers.orderID(sequence: 1)
      offers.append([.place(genesis.offer(8, at: 2.00, expiry: 40))], at: at(0))
      if isCancelled { offers.append([.cancel(offer)], at: at(30)) }
      offers.append([.amend(offer, genesis.offer(8, at: 2.10, expiry: 300))], at: at(time))
      var others = HandwrittenFeed(identity: buyer, genesis: genesis)
      others.append([.place(genesis.bid(1, at: 1.00))], at: at(20))
      let seen = expectOneOutcome(offers, others, "\(time)")
      #expect(seen.count == 3, "the other's order alone")
    }
  }

  @Test("an order of another author, the other side and an order that never rests are not amended")
  func withoutEffect() {
    var offers = HandwrittenFeed(identity: provider, genesis: genesis)
    let offer = offers.orderID(sequence: 1)
    let immediate = offers.orderID(sequence: 1, index: 1)
    let first = genesis.offer(8, at: 2.00)
    offers.append([.place(first), .place(first.works(.immediateOrCancel))], at: at(0))
    offers.append([.amend(offer, genesis.bid(8, at: 2.00)), .amend(immediate, genesis.offer(8, at: 2.10))], at: at(1))
    var others = HandwrittenFeed(identity: buyer, genesis: genesis)
    others.append([.amend(offer, genesis.offer(1, at: 9.00))], at: at(2))
    var unamended = offers.cut(to: 1)
    unamended.append([], at: at(1))
    let seen = expectOneOutcome(offers, others, "")
    #expect(seen == outcome(unamended.entries))
  }

  @Test("an amended expiry is what counts against the author's limit of live orders")
  func limit() throws {
    let genesis = try TestMarket.genesis(name: "one order", openOrders: 1)
    for (amended, isPlaced) in [(300, false), (45, true)] as [(Int64, Bool)] {
      var offers = HandwrittenFeed(identity: provider, genesis: genesis)
      let offer = offers.orderID(sequence: 1)
      offers.append([.place(genesis.offer(8, at: 2.00, expiry: 200))], at: at(0))
      offers.append([.amend(offer, genesis.offer(8, at: 2.10, expiry: amended))], at: at(40))
      offers.append([.place(genesis.offer(1, at: 3.00))], at: at(50))
      var others = HandwrittenFeed(identity: buyer, genesis: genesis)
      others.append([.place(genesis.bid(1, at: 1.00))], at: at(20))
      others.append([], at: at(46))
      let second = offers.orderID(sequence: 3)
      let all = interleavings(offers.entries[...], others.entries[...]).map { outcome($0, genesis) }
      #expect(Set(all).count == 1)
      #expect(all[0].contains { $0.hasPrefix("\(second)") } == isPlaced)
      #expect(all[0].contains { $0.hasPrefix("\(offer)") } == !isPlaced)
    }
  }

  @Test(
    "two feeds of random places, amends, cancels, ticks and trades give one book in every interleaving",
    arguments: 1...24)
  func anyTwoFeeds(seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    func draw(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &generator) }
    var offers = HandwrittenFeed(identity: provider, genesis: genesis)
    var bids = HandwrittenFeed(identity: buyer, genesis: genesis)
    let offerIDs = [0, 1].map { offers.orderID(sequence: 1, index: $0) }
    let bidIDs = [0, 1].map { bids.orderID(sequence: 1, index: $0) }
    func body(_ side: Side, after time: Int64) -> OrderBody {
      let expiry = time + draw(1...8)
      let gpus = Int32(draw(2...8))
      return side == .offer
        ? genesis.offer(gpus, at: 2.00, from: 10 * draw(6...12), until: 600, expiry: expiry)
        : genesis.bid(gpus, at: 2.00, minimumGPUs: 1, expiry: expiry)
    }
    func change(_ ids: [OrderID], _ side: Side, at time: Int64) -> Operation {
      let id = ids[Int(draw(0...1))]
      return draw(0...9) == 0 ? .cancel(id) : .amend(id, body(side, after: time))
    }
    offers.append([.place(body(.offer, after: 0)), .place(body(.offer, after: 0))], at: at(0))
    bids.append([.place(body(.bid, after: 0)), .place(body(.bid, after: 0))], at: at(0))
    var times: (offer: Int64, bid: Int64) = (0, 0)
    for round in 0..<4 {
      times.offer += draw(0...4)
      times.bid += draw(0...4)
      let signed = deals.propose(
        offer: offerIDs[Int(draw(0...1))], bid: bidIDs[Int(draw(0...1))], provider: provider, buyer: buyer,
        gpus: Int32(draw(1...4)), from: 60, until: 120, deadline: at(max(times.bid, times.offer)),
        nonce: UInt64(round))
      var bidOperations = draw(0...2) == 0 ? [] : [change(bidIDs, .bid, at: times.bid)]
      if signed.terms.deadline - at(times.bid) <= genesis.limits.proposalMilliseconds {
        bidOperations.append(.propose(signed))
      }
      bids.append(bidOperations, at: at(times.bid))
      var offerOperations = draw(0...2) == 0 ? [] : [change(offerIDs, .offer, at: times.offer)]
      if draw(0...1) == 0 { offerOperations.append(deals.accept(signed, in: offers, at: at(times.offer))) }
      offers.append(offerOperations, at: at(times.offer))
    }
    let seen = expectOneOutcome(offers, bids, "seed \(seed)")
    #expect(seen.count >= 2)
  }
}
