import Market
import NodeCore
import NodeCrypto
import OrderBook
import Settlement
import Simulator
import Testing

@Suite("post-only orders")
struct PostOnlyTests {
  let genesis: Genesis
  let network: VirtualNetwork
  let nodes: [VirtualNode]

  init() throws {
    genesis = try TestMarket.genesis()
    network = VirtualNetwork(genesis: genesis, seed: 31)
    nodes = network.addNodes(3)
    network.settleIn()
  }

  private func refuse(_ command: OrderCommand, on node: VirtualNode) -> CommandRefusal? {
    let id = node.command(command)
    network.run(for: 1000)
    guard case .failure(let refusal)? = node.replies[id] else { return nil }
    return refusal
  }

  @Test("one that would take at once is refused with the counter-order and its price, and nothing is written")
  func refused() throws {
    let offer = try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
    network.runUntilQuiet()
    let crossing = OrderCommand.place(genesis.bid(4, at: 2.40).postOnly)
    let refusal = try #require(refuse(crossing, on: nodes[1]))
    #expect(refusal == .wouldTake(counterOrder: offer, price: Price(micros: 2_000_000)))
    #expect(
      refusal.description
        == "the order is post-only and would take at once: it crosses order \(offer) at 2.00; "
        + "allowed: a price that crosses no order, or an order that is not post-only")
    #expect(nodes[1].written.isEmpty)
  }

  @Test("one that crosses nothing rests, and is taken by whoever comes later")
  func rests() throws {
    try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
    let bid = try network.place(genesis.bid(4, at: 1.99).postOnly, on: nodes[1])
    network.runUntilQuiet()
    try network.place(genesis.offer(8, at: 1.90), on: nodes[2])
    network.runUntilQuiet()
    network.checkAgreement()
    let trade = try #require(nodes[0].settled.first)
    #expect(trade.terms.bid == bid && trade.terms.taker == nodes[2].nodeID)
    #expect(trade.terms.price == Price(micros: 1_990_000))
  }

  @Test("an own counter-order, and one that nothing can be taken of, do not stand in its way")
  func notCrossing() throws {
    try network.place(genesis.offer(8, at: 2.00), on: nodes[1])
    try network.place(genesis.offer(2, at: 2.00), on: nodes[0])
    network.runUntilQuiet()
    let bid = try network.place(genesis.bid(4, at: 2.40).postOnly, on: nodes[1])
    network.runUntilQuiet()
    #expect(nodes[1].ownState(bid) == .open)
  }

  @Test("one that crosses after a merge is cancelled by its owner rather than that it takes")
  func merge() throws {
    network.partition([[nodes[0]], [nodes[1], nodes[2]]], breaking: 0)
    let offer = try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
    network.run(for: 1000)
    let bid = try network.place(genesis.bid(4, at: 2.40).postOnly, on: nodes[1])
    network.heal()
    network.run(for: 30_000)
    network.runUntilQuiet()
    network.checkAgreement()
    #expect(nodes[1].ownState(bid) == .cancelled)
    for node in nodes {
      #expect(node.core?.ledger.count == 0)
      #expect(node.core?.book.state(of: bid) == nil && node.remaining(offer) == 8)
    }
  }

  @Test("one that is the earlier of two that cross after a merge is taken")
  func mergeAsMaker() throws {
    network.partition([[nodes[0]], [nodes[1], nodes[2]]], breaking: 0)
    let bid = try network.place(genesis.bid(4, at: 2.40).postOnly, on: nodes[1])
    network.run(for: 1000)
    try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
    network.heal()
    network.run(for: 30_000)
    network.runUntilQuiet()
    network.checkAgreement()
    #expect(nodes[2].settled.map(\.terms.bid) == [bid])
    #expect(nodes[1].ownState(bid) == .filled)
  }

  @Test("an amend of a post-only order to one that would take is refused, and leaves the order as it was")
  func amends() throws {
    let offer = try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
    let bid = try network.place(genesis.bid(4, at: 1.90).postOnly, on: nodes[1])
    network.runUntilQuiet()
    let better = genesis.bid(4, at: 2.10).postOnly
    #expect(
      refuse(.amend(bid, better), on: nodes[1])
        == .wouldTake(counterOrder: offer, price: Price(micros: 2_000_000)))
    #expect(nodes[1].core?.book.order(bid)?.body == genesis.bid(4, at: 1.90).postOnly)
    try network.amend(bid, to: genesis.bid(4, at: 1.95).postOnly, on: nodes[1])
    network.runUntilQuiet()
    network.checkAgreement()
    #expect(nodes[2].core?.book.order(bid)?.body.price == Price(micros: 1_950_000))
  }
}
