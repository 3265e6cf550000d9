import Market
import NodeCore
import NodeCrypto
import OrderBook
import Settlement
import Simulator
import Testing

@Suite("purchases over several providers")
struct PurchaseTests {
  let genesis: Genesis
  let network: VirtualNetwork
  let nodes: [VirtualNode]

  init() throws {
    genesis = try TestMarket.genesis()
    network = VirtualNetwork(genesis: genesis, seed: 31)
    nodes = network.addNodes(4)
    network.settleIn()
  }

  private func offer(_ gpus: Int32, at dollars: Double, on node: Int, from: Int64 = 600) throws -> OrderID {
    try network.place(genesis.offer(gpus, at: dollars, from: from, until: from + 120), on: nodes[node])
  }

  private func bid(_ gpus: Int32, whole: Bool = false, _ timeInForce: TimeInForce = .goodTillCancelled) -> OrderBody {
    genesis.bid(gpus, at: 2.40, for: 120, from: 600, until: 720, minimumGPUs: 1)
      .with(bid: { ($0.isWhole, $0.timeInForce) = (whole, timeInForce) })
  }

  /// The names of the operations that a node has written, ticks left out.
  private func written(_ node: VirtualNode) -> [String] {
    let codec = OperationCodec(genesis: genesis)
    return node.written.flatMap { entry in
      ((try? codec.operations(of: entry)) ?? []).map { String("\($0)".prefix { $0 != "(" }) }
    }
  }

  private func trades(_ node: Int = 3) throws -> [Trade] { try nodes[node].running().ledger.sorted }

  @Test("a split bid over two offers is one purchase: one confirm, and a receipt of each leg that names it")
  func twoOffers() throws {
    let offers = [try offer(4, at: 2.00, on: 0), try offer(4, at: 2.10, on: 1)]
    network.runUntilQuiet()
    let bid = try network.place(bid(6), on: nodes[2])
    network.settleDown()
    #expect(written(nodes[2]).filter { $0 != "place" } == ["purchase", "confirm"])
    #expect(written(nodes[0]) == ["place", "accept", "settle"])
    for node in nodes {
      let legs = node.settled
      #expect(legs.map(\.terms.gpus).sorted() == [2, 4])
      #expect(Set(legs.compactMap(\.terms.leg?.purchase)).count == 1)
      for leg in legs {
        let receipt = try #require(leg.receipt)
        let terms = try receipt.verify(network: genesis.networkID).terms
        #expect(terms.leg == leg.terms.leg && receipt.confirmation != nil)
      }
      #expect(offers.map { node.remaining($0) } == [0, 2])
    }
    #expect(nodes[2].ownState(bid) == .filled)
    let records = try #require(nodes[3].core?.records)
    let (bought, sold) = (try #require(records[nodes[2].nodeID]?.own), try #require(records[nodes[1].nodeID]?.own))
    #expect(bought.settled == 2 && bought.proposals == 2 && bought.releases == 0 && bought.accepts == 0)
    #expect(sold.settled == 1 && sold.accepts == 1)
    #expect(bought.bought == GPUTime(gpuSeconds: 6 * 120) && bought.sold == GPUTime())
    #expect(sold.sold == GPUTime(gpuSeconds: 2 * 120))
  }

  @Test("a split bid that one offer fills is a single trade")
  func oneOffer() throws {
    _ = try offer(8, at: 2.00, on: 0)
    _ = try offer(8, at: 2.10, on: 1)
    network.runUntilQuiet()
    try network.place(bid(6), on: nodes[2])
    network.settleDown()
    #expect(nodes[3].settled.map(\.terms.gpus) == [6])
    #expect(nodes[3].settled.first?.terms.leg == nil)
  }

  @Test(
    "an all-or-none bid waits for enough, takes from earlier and later offers together, and from one that is enough")
  func allOrNone() throws {
    _ = try offer(4, at: 2.00, on: 0)
    network.runUntilQuiet()
    let whole = try network.place(bid(6, whole: true), on: nodes[2])
    network.settleDown()
    #expect(nodes[3].core?.ledger.count == 0)
    let why = try #require(nodes[2].explain(whole))
    #expect(why.count(.together) == 1)
    _ = try offer(3, at: 2.20, on: 1)
    network.settleDown()
    #expect(nodes[3].settled.map(\.terms.gpus).sorted() == [2, 4])
    #expect(nodes[2].ownState(whole) == .filled)
    try network.place(bid(5, whole: true), on: nodes[2])
    network.settleDown()
    #expect(nodes[3].settled.count == 2, "what is left of the second offer is not enough")
    let enough = try offer(8, at: 2.30, on: 0)
    network.settleDown()
    let last = try #require(nodes[3].settled.first { $0.terms.offer == enough })
    #expect(last.terms.gpus == 5 && last.terms.leg == nil && last.terms.takerSide == .offer)
    #expect(last.terms.price.micros == 2_400_000, "its owner is the taker")
  }

  @Test("fill-or-kill over several offers takes all of it at once, or is cancelled though a part could be had")
  func fillOrKill() throws {
    _ = try offer(4, at: 2.00, on: 0)
    _ = try offer(4, at: 2.10, on: 1)
    network.runUntilQuiet()
    let killed = try network.place(bid(9, whole: true, .fillOrKill), on: nodes[2])
    network.settleDown()
    #expect(nodes[2].ownState(killed) == .cancelled && nodes[3].core?.ledger.count == 0)
    let filled = try network.place(bid(8, whole: true, .fillOrKill), on: nodes[2])
    network.settleDown()
    #expect(nodes[2].ownState(filled) == .filled && nodes[3].settled.count == 2)
    #expect(nodes.allSatisfy { $0.core?.book.order(filled) == nil })
  }

  @Test("an immediate split bid takes what there is in one purchase, and the rest is cancelled when it is decided")
  func immediate() throws {
    _ = try offer(4, at: 2.00, on: 0)
    _ = try offer(4, at: 2.10, on: 1)
    network.runUntilQuiet()
    let bid = try network.place(bid(12, .immediateOrCancel), on: nodes[2])
    network.settleDown()
    #expect(nodes[3].settled.map(\.terms.gpus) == [4, 4])
    #expect(nodes[2].ownState(bid) == .cancelled && nodes[0].core?.book.order(bid) == nil)
  }

  @Test("two purchases that compete for the same offers: each gets all of its legs or none, and the loser tries again")
  func competing() throws {
    let offers = [try offer(4, at: 2.00, on: 0), try offer(4, at: 2.10, on: 1)]
    network.runUntilQuiet()
    nodes[2].command(.place(bid(6, whole: true)))
    nodes[3].command(.place(bid(6, whole: true)))
    network.settleDown()
    network.run(for: 12_000)
    network.settleDown()
    let settled = nodes[0].settled
    #expect(Set(settled.compactMap(\.terms.leg?.purchase)).count == 1 && settled.count == 2)
    #expect(try trades(0).contains { $0.state == .released })
    // More comes for sale: the other purchase has what it waits for.
    _ = try offer(4, at: 2.00, on: 0)
    network.run(for: 12_000)
    network.settleDown()
    #expect(nodes[0].settled.count == 4)
    #expect(Set(nodes[0].settled.compactMap(\.terms.leg?.purchase)).count == 2)
    #expect(offers.allSatisfy { nodes[0].core?.book.order($0) != nil })
  }

  @Test("one purchase at a time: a second bid waits, and buys when the first is decided")
  func oneAtATime() throws {
    _ = try offer(4, at: 2.00, on: 0)
    _ = try offer(4, at: 2.10, on: 1)
    network.runUntilQuiet()
    nodes[2].command(.place(bid(5)))
    nodes[2].command(.place(bid(3)))
    network.settleDown()
    #expect(nodes[3].settled.reduce(0) { $0 + $1.terms.gpus } == 8)
    let order = written(nodes[2]).filter { $0 == "purchase" || $0 == "confirm" || $0 == "propose" }
    #expect(order == ["purchase", "confirm", "propose"])
  }

  @Test("a maker out of reach: the purchase comes to nothing at its last moment, and the other maker sells again")
  func silentMaker() throws {
    _ = try offer(4, at: 2.00, on: 0)
    let away = try offer(4, at: 2.10, on: 1)
    network.runUntilQuiet()
    network.partition([[nodes[1]], [nodes[0], nodes[2], nodes[3]]], breaking: 0)
    let whole = try network.place(bid(8, whole: true), on: nodes[2])
    network.run(for: 3000)
    #expect(try trades().map(\.state).sorted { "\($0)" < "\($1)" } == [.held, .proposed])
    #expect(nodes[2].ownState(whole) == .reserved)
    network.run(for: 11_000)
    #expect(try trades().allSatisfy { $0.state == .released })
    #expect(written(nodes[0]) == ["place", "accept", "free"])
    #expect(nodes[2].ownState(whole) == .open)
    let rival = try network.place(bid(4), on: nodes[3])
    network.run(for: 3000)
    #expect(nodes[3].ownState(rival) == .filled, "what was held is for sale again")
    network.heal()
    network.run(for: 40_000)
    network.settleDown()
    #expect(nodes.allSatisfy { $0.core?.book.order(away) != nil })
    #expect(Set(nodes[3].settled.map(\.terms.bid)) == [rival], "4 GPUs are not enough for the whole")
    #expect(nodes[0].core?.doubtedAuthors == [])
  }

  @Test("a reject brings the whole to nothing at once, and after a while the bid tries again")
  func rejected() throws {
    let first = try offer(4, at: 2.00, on: 0)
    _ = try offer(4, at: 2.10, on: 1)
    network.runUntilQuiet()
    // At one moment, before either can know of the other.
    nodes[0].command(.cancel(first))
    nodes[2].command(.place(bid(8, whole: true)))
    network.settleDown()
    #expect(nodes[3].settled.isEmpty)
    #expect(try trades().allSatisfy { $0.state == .released } && trades().count == 2)
    _ = try offer(4, at: 2.20, on: 3)
    network.settleDown()
    #expect(nodes[0].settled.count == 2)
  }

  @Test("a buyer that goes away while makers hold: nobody frees by its own clock, and all is as before when it is back")
  func silentTaker() throws {
    let offers = [try offer(4, at: 2.00, on: 0), try offer(4, at: 2.10, on: 1)]
    network.runUntilQuiet()
    network.partition([[nodes[1]], [nodes[0], nodes[2], nodes[3]]], breaking: 0)
    nodes[2].command(.place(bid(8, whole: true)))
    network.run(for: 1000)
    nodes[2].crash(commitSurvives: true)
    network.run(for: 10_000)
    network.heal()
    network.run(for: 60_000)
    #expect(written(nodes[0]) == ["place", "accept"])
    #expect(nodes[0].core?.book.state(of: offers[0])?.calendar?.minimumFree(in: genesis.slots(600, 720)) == 0)
    let rival = try network.place(bid(4), on: nodes[3])
    network.run(for: 3000)
    #expect(nodes[3].settled.map(\.terms.offer) == [offers[1]], "what is held is not sold")
    #expect(nodes[3].ownState(rival) == .filled)
    nodes[2].start()
    network.run(for: 20_000)
    network.settleDown()
    #expect(written(nodes[0]).last == "free")
    #expect(nodes[0].core?.book.state(of: offers[0])?.calendar?.minimumFree(in: genesis.slots(600, 720)) == 4)
  }

  @Test(
    "several purchases at once hold at most half of an offer, so that buyers that never confirm do not block all of it")
  func holdShare() throws {
    _ = try offer(8, at: 2.00, on: 0)
    _ = try offer(1, at: 2.10, on: 1)
    network.runUntilQuiet()
    network.partition([[nodes[1]], [nodes[0], nodes[2], nodes[3]]], breaking: 0)
    nodes[2].command(.place(genesis.bid(9, at: 2.40, for: 120, from: 600, until: 720, minimumGPUs: 1)))
    network.run(for: 500)
    #expect(nodes[0].core?.ledger.sorted.contains { $0.state == .held } == true)
    network.heal()
    network.settleDown()
    #expect(nodes[3].settled.count == 2)
  }

  @Test("an all-or-none bid is filled when what somebody else takes leaves pieces that make it up")
  func madeUpByATaking() throws {
    let dear = genesis.offer(5, at: 2.10, from: 600, until: 720, minimumGPUs: 2)
    let offers = [try offer(5, at: 2.00, on: 0), try network.place(dear, on: nodes[1])]
    network.runUntilQuiet()
    let whole = try network.place(bid(6, whole: true), on: nodes[2])
    network.run(for: 12_000)
    // Five of the one leave one, and the other sells no single GPU.
    #expect(nodes[2].ownState(whole) == .open)
    try network.place(bid(3), on: nodes[3])
    network.run(for: 12_000)
    network.settleDown()
    #expect(nodes[2].ownState(whole) == .filled)
    #expect(offers.map { nodes[3].remaining($0) } == [0, 1])
  }

  @Test("an all-or-none bid is filled when a later start gets it larger pieces")
  func madeUpByALaterStart() throws {
    let offers = [
      try network.place(genesis.offer(5, at: 2.00, from: 60, until: 660), on: nodes[0]),
      try network.place(genesis.offer(4, at: 2.10, from: 60, until: 660), on: nodes[1]),
    ]
    network.runUntilQuiet()
    try network.place(genesis.bid(4, at: 2.00, for: 60, from: 60, until: 120), on: nodes[3])
    network.settleDown()
    // At its earliest start the first offer has one GPU left.
    let body = genesis.bid(6, at: 2.40, for: 60, from: 60, until: 660, minimumGPUs: 1).with(bid: { $0.isWhole = true })
    let whole = try network.place(body, on: nodes[2])
    network.run(for: 12_000)
    #expect(nodes[2].ownState(whole) == .open)
    network.run(for: 120_000)
    network.settleDown()
    #expect(nodes[2].ownState(whole) == .filled)
    let legs = nodes[3].settled.filter { $0.terms.bid == whole }.sorted { $0.terms.price < $1.terms.price }
    #expect(legs.map(\.terms.offer) == offers && legs.map(\.terms.gpus) == [5, 1])
  }

  @Test("a stopping buyer takes its purchase back first")
  func stopping() throws {
    _ = try offer(4, at: 2.00, on: 0)
    _ = try offer(4, at: 2.10, on: 1)
    network.runUntilQuiet()
    network.partition([[nodes[1]], [nodes[0], nodes[2], nodes[3]]], breaking: 0)
    nodes[2].command(.place(bid(8)))
    network.run(for: 1000)
    nodes[2].post(.stop)
    network.run(for: 1000)
    #expect(nodes[2].core?.hasFinished == true)
    #expect(written(nodes[2]).last == "withdraw")
    #expect(written(nodes[0]).last == "free")
  }
}
