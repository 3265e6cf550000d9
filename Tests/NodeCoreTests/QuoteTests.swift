import Market
import NodeCore
import NodeCrypto
import OrderBook
import Simulator
import Testing

@Suite("quotes")
struct QuoteTests {
  let genesis: Genesis
  let network: VirtualNetwork
  let nodes: [VirtualNode]

  init() throws {
    genesis = try TestMarket.genesis()
    network = VirtualNetwork(genesis: genesis, seed: 41)
    nodes = network.addNodes(3)
    network.settleIn()
  }

  private func quote(_ body: OrderBody, on node: VirtualNode) throws -> Quote {
    guard case .bid(let bid) = body else { preconditionFailure("a quote of an offer") }
    return try node.running().quote(bid, now: node.time)
  }

  @Test("a quote is what the bid then gets, and places nothing")
  func comesTrue() throws {
    try network.place(genesis.offer(2, at: 2.10), on: nodes[0])
    try network.place(genesis.offer(4, at: 2.00, from: 300, until: 360), on: nodes[2])
    network.runUntilQuiet()
    let body = genesis.bid(5, at: 2.40, minimumGPUs: 1)
    let quote = try quote(body, on: nodes[1])
    #expect(quote.cheapest.map(\.gpus) == [4, 1])
    #expect(quote.cheapest.map(\.price.micros) == [2_000_000, 2_100_000])
    #expect(quote.soonest.first?.price == Price(micros: 2_100_000), "the dearer one starts sooner")
    #expect(nodes[1].written.isEmpty && nodes[1].core?.book.count == 2)
    try network.place(body, on: nodes[1])
    network.runUntilQuiet()
    network.checkAgreement()
    let trades = nodes[0].settled.map(\.terms).sorted { $0.price < $1.price }
    #expect(trades.map(\.gpus) == quote.cheapest.map(\.gpus))
    #expect(trades.map { genesis.slot(containing: $0.start) } == quote.cheapest.map(\.slots.start))
  }

  @Test("own offers, those of silent owners and those that have expired by the clock are not quoted")
  func leavesOut() throws {
    try network.place(genesis.offer(4, at: 1.50), on: nodes[1])
    try network.place(genesis.offer(4, at: 1.60), on: nodes[2])
    try network.place(genesis.offer(4, at: 2.00), on: nodes[0])
    network.runUntilQuiet()
    nodes[2].crash(commitSurvives: true)
    network.run(for: 20_000)
    let quote = try quote(genesis.bid(4, at: 2.40), on: nodes[1])
    #expect(quote.cheapest.map(\.price.micros) == [2_000_000])
    let late = try #require(nodes[1].core?.quote(bid(4), now: epoch + 3_600_000))
    #expect(late.cheapest.isEmpty && late.soonest.isEmpty)
  }

  private func bid(_ gpus: Int32) -> Bid {
    guard case .bid(let bid) = genesis.bid(gpus, at: 2.40) else { preconditionFailure("not a bid") }
    return bid
  }
}
