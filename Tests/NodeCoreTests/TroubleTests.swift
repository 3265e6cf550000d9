import Market
import NodeCore
import NodeCrypto
import OrderBook
import Settlement
import Simulator
import Testing

@Suite("trades in trouble")
struct TroubleTests {
  let genesis: Genesis
  let network: VirtualNetwork

  init() throws {
    genesis = try TestMarket.genesis()
    network = VirtualNetwork(genesis: genesis, seed: 2)
  }

  @Test(
    "while the maker is silent its taker waits; a tick past the deadline closes the proposal, and only then is it taken back"
  )
  func silentMaker() throws {
    let nodes = network.addNodes(3)
    network.settleIn()
    try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
    network.runUntilQuiet()
    network.partition([[nodes[0]], [nodes[1], nodes[2]]])
    let bid = try network.place(genesis.bid(4, at: 2.40), on: nodes[1])
    network.run(for: 30_000)
    let held = try #require(nodes[1].core?.ledger.sorted.first)
    #expect(held.state == .proposed, "the deadline alone ends nothing")
    #expect(nodes[1].core?.undecidedCount == 1)
    #expect(nodes[1].core?.ownOrderState(bid, now: nodes[1].time)?.state == .reserved)
    #expect(nodes[2].remaining(bid) == 0)
    network.heal()
    network.run(for: 40_000)
    network.runUntilQuiet()
    network.checkAgreement()
    for node in nodes {
      let trades = try node.running().ledger.sorted
      #expect(trades.first { $0.id == held.id }?.state == .released)
      #expect(trades.filter { $0.state == .settled }.count == 1, "and a new proposal has settled")
    }
  }

  @Test(
    "however long the maker is away around the deadline, a proposal ends as settled or as taken back, never as both",
    arguments: Array(stride(from: Int64(5000), through: 7000, by: 100)))
  func aroundTheDeadline(away: Int64) throws {
    let nodes = network.addNodes(3)
    network.settleIn()
    try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
    network.runUntilQuiet()
    network.partition([[nodes[0]], [nodes[1], nodes[2]]], breaking: 0)
    try network.place(genesis.bid(4, at: 2.40), on: nodes[1])
    let first = try #require(nodes[1].core?.ledger.sorted.first)
    network.run(for: away - (nodes[1].time - first.terms.deadline + genesis.limits.proposalMilliseconds))
    network.heal()
    network.run(for: 40_000)
    network.runUntilQuiet()
    network.checkAgreement()
    let trades = try nodes[2].running().ledger.sorted
    #expect(trades.filter { $0.state == .settled }.count == 1)
    let end = trades.first { $0.id == first.id }?.state
    #expect(end == (away < 5900 ? .settled : away > 6000 ? .released : end))
  }

  @Test("the wait for a maker that does not come back ends when the taker's order expires, and nothing is taken back")
  func absentMaker() throws {
    let nodes = network.addNodes(3)
    network.settleIn()
    try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
    network.runUntilQuiet()
    network.partition([[nodes[0]], [nodes[1], nodes[2]]])
    let bid = try network.place(genesis.bid(4, at: 2.40, from: 60, until: 120, expiry: 90), on: nodes[1])
    network.run(for: 60_000)
    #expect(nodes[1].core?.undecidedCount == 1)
    #expect(nodes[2].remaining(bid) == 0, "not even when the lease would have started")
    network.run(for: 30_000)
    #expect(nodes[1].core?.undecidedCount == 0)
    #expect(nodes[2].core?.ledger.sorted.map(\.state) == [.proposed])
    #expect(nodes[1].core?.ownOrderState(bid, now: nodes[1].time)?.state == .expired)
    #expect(nodes[1].busyWakes == 0)
  }

  @Test("orders of an owner that has been silent for three ticks are not taken until it is heard of again")
  func staleOwner() throws {
    let nodes = network.addNodes(3)
    network.settleIn()
    try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
    network.runUntilQuiet()
    network.partition([[nodes[0]], [nodes[1], nodes[2]]])
    network.run(for: 20_000)
    let bid = try network.place(genesis.bid(4, at: 2.40), on: nodes[1])
    network.run(for: 10_000)
    #expect(nodes[1].core?.ledger.count == 0)
    #expect(nodes[1].explain(bid)?.count(.staleOwner) == 1)
    network.heal()
    network.run(for: 30_000)
    network.runUntilQuiet()
    network.checkAgreement()
    #expect(nodes[2].settled.count == 1)
  }

  @Test("a node that joins late gets every feed and the same book")
  func lateJoiner() throws {
    let nodes = network.addNodes(3)
    network.settleIn()
    for round in 0..<20 {
      try network.place(genesis.offer(4, at: 2.00 + Double(round) / 100), on: nodes[round % 3])
      try network.place(genesis.bid(3, at: 2.05), on: nodes[(round + 1) % 3])
    }
    network.runUntilQuiet()
    let late = network.addNode(bootstrap: [1])
    network.settleIn()
    network.runUntilQuiet()
    network.checkAgreement()
    #expect(late.settled.count > 5)
    #expect(late.core?.peers.count == 3, "it has learned of everybody")
  }

  @Test("after a partition the parts have one book, and what crosses between them trades")
  func merge() throws {
    let nodes = network.addNodes(4)
    network.settleIn()
    network.partition([[nodes[0], nodes[1]], [nodes[2], nodes[3]]])
    let offer = try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
    let bid = try network.place(genesis.bid(4, at: 2.40), on: nodes[2])
    network.run(for: 60_000)
    #expect(nodes.allSatisfy { $0.core?.ledger.count == 0 })
    network.heal()
    network.run(for: 90_000)
    network.runUntilQuiet()
    network.checkAgreement()
    let trade = try #require(nodes[3].settled.first)
    #expect(trade.terms.offer == offer && trade.terms.bid == bid)
    for node in nodes {
      for own in try node.running().ownOrders(now: node.time) where own.state == .open {
        #expect(node.explain(own.order.id)?.count(.matching) == 0, "a crossed book stays")
      }
    }
  }

  @Test("a node that is stopping declines what is proposed to it and finishes")
  func stopping() throws {
    let nodes = network.addNodes(2)
    network.settleIn()
    try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
    network.runUntilQuiet()
    nodes[0].post(.stop)
    nodes[1].command(.place(genesis.bid(4, at: 2.40)))
    let refused = nodes[0].command(.place(genesis.offer(1, at: 2.00)))
    network.run(for: 2000)
    #expect(nodes[0].core?.hasFinished == true)
    #expect(throws: CommandRefusal.notWriting(.stopping)) { try nodes[0].replies[refused]?.get() }
    let trade = try #require(nodes[1].core?.ledger.sorted.first)
    #expect(trade.rejection?.reason == .stopping && trade.state == .released)
  }

  @Test("a clock that is set back leaves the feed's times in order, and the node goes on")
  func clockSetBack() throws {
    let nodes = network.addNodes(2)
    network.settleIn()
    try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
    nodes[0].clockOffset = -60_000
    nodes[0].command(.place(genesis.offer(8, at: 2.10)))
    network.run(for: 70_000)
    try network.place(genesis.offer(8, at: 2.20), on: nodes[0])
    network.runUntilQuiet()
    network.checkAgreement()
    let times = nodes[0].written.map(\.time)
    #expect(times == times.sorted())
    #expect(nodes[1].core?.book.count == 3)
  }
}
