import Market
import NodeCore
import NodeCrypto
import OrderBook
import Settlement
import Simulator
import Testing

@Suite("trades between nodes")
struct TradeTests {
  let genesis: Genesis
  let network: VirtualNetwork

  init() throws {
    genesis = try TestMarket.genesis()
    network = VirtualNetwork(genesis: genesis, seed: 1)
  }

  @Test("an offer and a bid on two nodes settle, and a third node sees the same trade")
  func firstTrade() throws {
    let nodes = network.addNodes(3)
    network.settleIn()
    let offer = try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
    let bid = try network.place(genesis.bid(4, at: 2.40), on: nodes[1])
    network.runUntilQuiet()
    network.checkAgreement()
    for node in nodes {
      let trade = try #require(node.settled.first)
      #expect(node.settled.count == 1)
      #expect(trade.terms.offer == offer && trade.terms.bid == bid)
      #expect(trade.terms.provider == nodes[0].nodeID && trade.terms.buyer == nodes[1].nodeID)
      #expect(trade.terms.taker == nodes[1].nodeID, "the later order takes")
      #expect(trade.terms.price == Price(micros: 2_000_000), "at the maker's price")
      #expect(trade.terms.total == Amount(micros: 4 * 60 * 2_000_000 / 3600 + 1), "133,333.3 micros rounded up")
      #expect(trade.isCopied)
      let receipt = try #require(trade.receipt)
      _ = try receipt.verify(network: genesis.networkID)
      let calendar = try #require(node.core?.book.state(of: offer)?.calendar)
      #expect(calendar.minimumFree(in: genesis.slots(60, 120)) == 4)
      #expect(calendar.minimumFree(in: genesis.slots(120, 660)) == 8)
      #expect(node.remaining(bid) == 0)
    }
    #expect(nodes[1].core?.ownOrderState(bid, now: nodes[1].time)?.state == .filled)
    #expect(nodes[0].core?.ownOrderState(offer, now: nodes[0].time)?.state == .open)
  }

  @Test("a later offer takes a resting bid at the bid's price")
  func providerTakes() throws {
    let nodes = network.addNodes(3)
    network.settleIn()
    try network.place(genesis.bid(4, at: 2.40), on: nodes[1])
    try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
    network.runUntilQuiet()
    network.checkAgreement()
    let trade = try #require(nodes[2].settled.first)
    #expect(trade.terms.taker == nodes[0].nodeID)
    #expect(trade.terms.price == Price(micros: 2_400_000))
  }

  @Test("many bids fill one offer piece by piece until nothing is left")
  func partialFills() throws {
    let nodes = network.addNodes(5)
    network.settleIn()
    let offer = try network.place(genesis.offer(8, at: 2.00, from: 60, until: 120), on: nodes[0])
    for round in 0..<4 {
      try network.place(genesis.bid(2, at: 2.10, from: 60, until: 120), on: nodes[1 + round])
    }
    network.runUntilQuiet()
    let late = try network.place(genesis.bid(1, at: 9.00, from: 60, until: 120), on: nodes[1])
    network.runUntilQuiet()
    network.checkAgreement()
    #expect(nodes[3].settled.count == 4)
    #expect(nodes[3].remaining(offer) == 0)
    #expect(nodes[3].remaining(late) == 1)
    #expect(nodes[0].core?.ownOrderState(offer, now: nodes[0].time)?.state == .filled)
  }

  @Test("a bid that may be split buys its pieces from several offers, the cheapest first")
  func bidInPieces() throws {
    let nodes = network.addNodes(4)
    network.settleIn()
    try network.place(genesis.offer(3, at: 2.20), on: nodes[0])
    try network.place(genesis.offer(2, at: 2.00), on: nodes[1])
    try network.place(genesis.offer(9, at: 2.30), on: nodes[2])
    let bid = try network.place(genesis.bid(6, at: 2.30, minimumGPUs: 1), on: nodes[3])
    network.runUntilQuiet()
    network.checkAgreement()
    let pieces = nodes[0].settled.map { (gpus: $0.terms.gpus, price: $0.terms.price.micros) }
      .sorted { $0.price < $1.price }
    #expect(pieces.map(\.gpus) == [2, 3, 1])
    #expect(pieces.map(\.price) == [2_000_000, 2_200_000, 2_300_000])
    #expect(nodes[0].remaining(bid) == 0)
  }

  @Test("what is left of a bid below its smallest piece is sold by an offer that was too small before")
  func remainderOfABid() throws {
    let nodes = network.addNodes(4)
    network.settleIn()
    let bid = try network.place(genesis.bid(8, at: 2.30, minimumGPUs: 7), on: nodes[0])
    network.runUntilQuiet()
    try network.place(genesis.offer(3, at: 2.00), on: nodes[1])
    network.runUntilQuiet()
    #expect(nodes[3].settled.isEmpty)
    try network.place(genesis.offer(7, at: 2.10), on: nodes[2])
    network.settleDown()
    network.checkAgreement()
    #expect(nodes[3].settled.map(\.terms.gpus).sorted() == [1, 7])
    #expect(nodes[3].remaining(bid) == 0)
  }

  @Test("a cancelled order is gone everywhere and takes no part in any trade")
  func cancellation() throws {
    let nodes = network.addNodes(3)
    network.settleIn()
    let offer = try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
    network.runUntilQuiet()
    try network.cancel(offer, on: nodes[0])
    try network.place(genesis.bid(4, at: 2.40), on: nodes[1])
    network.runUntilQuiet()
    network.checkAgreement()
    #expect(nodes.allSatisfy { $0.settled.isEmpty && $0.core?.book.state(of: offer) == nil })
    #expect(nodes[0].core?.ownOrderState(offer, now: nodes[0].time)?.state == .cancelled)
    let again = nodes[0].command(.cancel(offer))
    network.run(for: 1000)
    #expect(throws: CommandRefusal.noSuchOrder(offer)) { try nodes[0].replies[again]?.get() }
  }

  @Test("a closure that comes when the taker's order has expired ends the proposal all the same")
  func lateClosure() throws {
    let nodes = network.addNodes(3)
    network.settleIn()
    try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
    network.runUntilQuiet()
    network.partition([[nodes[0]], Array(nodes.dropFirst())], breaking: 100)
    try network.place(genesis.bid(4, at: 2.40, expiry: 50), on: nodes[1])
    network.run(for: 20_000)
    let trade = try #require(nodes[1].core?.ledger.sorted.first)
    #expect(trade.state == .proposed && nodes[1].core?.undecidedCount == 1)
    network.run(for: 40_000)
    #expect(nodes[1].core?.ledger[trade.id]?.state == .proposed && nodes[1].core?.undecidedCount == 0)
    network.heal()
    network.run(for: 20_000)
    network.runUntilQuiet()
    #expect(nodes.allSatisfy { $0.core?.ledger[trade.id]?.state == .released })
    #expect(nodes[2].core?.record(of: nodes[0].nodeID).failed == 1)
    network.checkAgreement()
  }

  @Test("an order expires on every node as the book's time passes by ticks, with one digest")
  func expiry() throws {
    let nodes = network.addNodes(3)
    network.settleIn()
    let short = try network.place(genesis.offer(8, at: 2.00, expiry: 40), on: nodes[0])
    let long = try network.place(genesis.offer(8, at: 3.00), on: nodes[1])
    network.run(for: 60_000)
    network.runUntilQuiet()
    network.checkAgreement()
    for node in nodes {
      #expect(node.core?.book.state(of: short) == nil)
      #expect(node.core?.book.state(of: long) != nil)
    }
    #expect(nodes[0].core?.ownOrderState(short, now: nodes[0].time)?.state == .expired)
  }

  @Test("a node without open orders and trades writes nothing, one with open orders a tick at the interval")
  func ticks() throws {
    let nodes = network.addNodes(2)
    network.settleIn()
    network.run(for: 60_000)
    #expect(nodes[0].written.isEmpty && nodes[1].written.isEmpty)
    try network.place(genesis.offer(8, at: 2.00, until: 300), on: nodes[0])
    network.run(for: 30_000)
    let times = nodes[0].written.map(\.time)
    #expect((6...7).contains(times.count))
    #expect(zip(times, times.dropFirst()).allSatisfy { (5000...5100).contains($1 - $0) })
    #expect(nodes[0].written.dropFirst().allSatisfy { $0.payload.isEmpty })
    network.run(for: 400_000)
    let ended = nodes[0].written.count
    network.run(for: 60_000)
    #expect(nodes[0].written.count == ended, "no ticks after the last order has expired")
  }

  @Test("a node does not trade with itself")
  func selfTrade() throws {
    let nodes = network.addNodes(2)
    network.settleIn()
    try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
    let bid = try network.place(genesis.bid(4, at: 2.40), on: nodes[0])
    network.run(for: 20_000)
    #expect(nodes[1].core?.ledger.count == 0)
    let explanation = try #require(nodes[0].explain(bid))
    #expect(explanation.count(.ownOrder) == 1 && explanation.counterOrders == 1)
    try network.place(genesis.bid(4, at: 2.30), on: nodes[1])
    network.runUntilQuiet()
    network.checkAgreement()
    #expect(nodes[0].settled.map(\.terms.buyer) == [nodes[1].nodeID])
  }

  @Test("two takers race for the last capacity: one gets it, the other is told and buys elsewhere")
  func race() throws {
    let nodes = network.addNodes(4)
    network.settleIn()
    let wanted = try network.place(genesis.offer(4, at: 2.00, from: 60, until: 120), on: nodes[0])
    let second = try network.place(genesis.offer(4, at: 2.20, from: 60, until: 120), on: nodes[1])
    network.runUntilQuiet()
    // At one moment, before either can know of the other.
    nodes[2].command(.place(genesis.bid(4, at: 2.40, from: 60, until: 120)))
    nodes[3].command(.place(genesis.bid(4, at: 2.40, from: 60, until: 120)))
    network.runUntilQuiet()
    network.checkAgreement()
    let trades = try nodes[0].running().ledger.sorted
    #expect(trades.filter { $0.state == .settled }.map(\.terms.offer).sorted() == [wanted, second].sorted())
    let declined = trades.filter { $0.state == .released }
    #expect(declined.count == 1)
    #expect(declined.first?.rejection?.reason == .orderClosed && declined.first?.terms.offer == wanted)
  }

  @Test("the same seed gives the same run, another seed another")
  func determinism() throws {
    func fingerprint(_ seed: UInt64) throws -> Trace {
      let network = VirtualNetwork(genesis: genesis, seed: seed)
      let nodes = network.addNodes(4)
      network.settleIn()
      for round in 0..<4 {
        nodes[round].command(.place(genesis.offer(4, at: 2.00 + Double(round))))
        nodes[3 - round].command(.place(genesis.bid(3, at: 4.00)))
        network.run(for: 700)
      }
      network.runUntilQuiet()
      network.checkAgreement()
      return network.trace
    }
    let first = try fingerprint(7)
    let again = try fingerprint(7)
    let other = try fingerprint(8)
    #expect(first == again)
    #expect(first != other)
  }
}

extension VirtualNode {
  /// Why the order does or does not trade.
  func explain(_ order: OrderID) -> MatchExplanation? {
    guard var core else { return nil }
    return core.explain(order, now: time)
  }
}
