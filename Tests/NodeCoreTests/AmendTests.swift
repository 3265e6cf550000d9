import Market
import NodeCore
import NodeCrypto
import OrderBook
import Settlement
import Simulator
import Testing

@Suite("amends")
struct AmendTests {
  let genesis: Genesis
  let network: VirtualNetwork
  let nodes: [VirtualNode]

  init() throws {
    genesis = try TestMarket.genesis()
    network = VirtualNetwork(genesis: genesis, seed: 51)
    nodes = network.addNodes(4)
    network.settleIn()
  }

  private func settle() {
    network.runUntilQuiet()
    network.checkAgreement()
  }

  private func refuse(_ command: OrderCommand, on node: VirtualNode) -> CommandRefusal? {
    let id = node.command(command)
    network.run(for: 1000)
    guard case .failure(let refusal)? = node.replies[id] else { return nil }
    return refusal
  }

  @Test("an amend that reduces keeps the order's priority: it still sells before an equal offer that came later")
  func keepsPriority() throws {
    let first = try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
    let second = try network.place(genesis.offer(8, at: 2.00), on: nodes[1])
    network.runUntilQuiet()
    try network.amend(first, to: genesis.offer(4, at: 2.00, until: 600), on: nodes[0])
    network.runUntilQuiet()
    let bid = try network.place(genesis.bid(4, at: 2.40), on: nodes[2])
    settle()
    #expect(nodes[3].settled.map(\.terms.offer) == [first])
    #expect(nodes[3].settled.map(\.terms.bid) == [bid])
    #expect(nodes[3].remaining(second) == 8)
    let own = try #require(nodes[0].core?.ownOrders(now: nodes[0].time).first)
    #expect(own.order.body.gpus == 4 && own.order.id == first)
  }

  @Test("any other amend loses it: an equal offer that came in between sells first")
  func losesPriority() throws {
    let first = try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
    let second = try network.place(genesis.offer(8, at: 2.00), on: nodes[1])
    network.runUntilQuiet()
    try network.amend(first, to: genesis.offer(9, at: 2.00), on: nodes[0])
    network.runUntilQuiet()
    try network.place(genesis.bid(4, at: 2.40), on: nodes[2])
    settle()
    #expect(nodes[3].settled.map(\.terms.offer) == [second])
    #expect(nodes[3].remaining(first) == 9)
  }

  @Test("an amend to a crossing price takes at the maker's price, and what is taken stays taken")
  func crosses() throws {
    let offer = try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
    let bid = try network.place(genesis.bid(6, at: 1.90, minimumGPUs: 1), on: nodes[1])
    network.runUntilQuiet()
    try network.amend(bid, to: genesis.bid(6, at: 2.10, minimumGPUs: 1), on: nodes[1])
    settle()
    #expect(nodes[2].settled.map(\.terms.price.micros) == [2_000_000])
    #expect(nodes[2].remaining(bid) == 0 && nodes[1].ownState(bid) == .filled)
    try network.amend(bid, to: genesis.bid(8, at: 2.10, minimumGPUs: 1), on: nodes[1])
    settle()
    #expect(nodes[2].settled.map(\.terms.gpus).sorted() == [2, 6])
    let calendar = try #require(nodes[3].core?.book.state(of: offer)?.calendar)
    #expect(calendar.minimumFree(in: genesis.slots(60, 120)) == 0)
  }

  @Test("a window that comes back shows what was taken in it all along")
  func windows() throws {
    let offer = try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
    network.runUntilQuiet()
    try network.place(genesis.bid(5, at: 2.40), on: nodes[1])
    settle()
    try network.amend(offer, to: genesis.offer(8, at: 2.00, from: 120), on: nodes[0])
    settle()
    #expect(nodes[2].remaining(offer) == 8)
    try network.amend(offer, to: genesis.offer(8, at: 2.00), on: nodes[0])
    settle()
    let calendar = try #require(nodes[3].core?.book.state(of: offer)?.calendar)
    #expect(calendar.minimumFree(in: genesis.slots(60, 120)) == 3)
  }

  @Test("what an amend may not do is refused by name")
  func refusals() throws {
    let offer = try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
    network.runUntilQuiet()
    #expect(
      refuse(.amend(offer, genesis.bid(4, at: 1)), on: nodes[0])?.description
        == "the amended order is a bid; allowed: an offer, as the order is")
    #expect(
      refuse(.amend(offer, genesis.offer(8, at: 2).works(.immediateOrCancel)), on: nodes[0])?.description
        == "time in force is ioc; allowed: gtc in an amend")
    #expect(
      refuse(.amend(offer, genesis.offer(65, at: 2)), on: nodes[0])?.description == "gpus is 65; allowed: 1 to 64")
    #expect(refuse(.amend(offer, genesis.offer(4, at: 2)), on: nodes[1]) == .noSuchOrder(offer))
    try network.cancel(offer, on: nodes[0])
    #expect(refuse(.amend(offer, genesis.offer(4, at: 2)), on: nodes[0]) == .noSuchOrder(offer))
  }

  @Test("a maker that amends while a proposal is under way declines what does not follow any more, and trades anew")
  func makerAmendsWhilePending() throws {
    let offer = try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
    network.runUntilQuiet()
    network.partition([[nodes[0]], [nodes[1], nodes[2], nodes[3]]], breaking: 0)
    let bid = try network.place(genesis.bid(4, at: 2.40), on: nodes[1])
    #expect(nodes[1].ownState(bid) == .reserved)
    try network.amend(offer, to: genesis.offer(8, at: 2.20), on: nodes[0])
    network.heal()
    network.run(for: 30_000)
    settle()
    let trades = try nodes[3].running().ledger.sorted
    let declined = trades.filter { $0.state == .released }
    #expect(declined.allSatisfy { $0.rejection == nil || $0.rejection?.reason == .badTerms })
    // The amended offer is the later of the two: its owner takes, at the bid's price.
    #expect(trades.filter { $0.state == .settled }.map(\.terms.price.micros) == [2_400_000])
    #expect(nodes[3].remaining(bid) == 0)
  }

  @Test("a taker that amends its order while a proposal is under way waits for the answer until the new expiry")
  func takerAmendsWhilePending() throws {
    try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
    network.runUntilQuiet()
    network.partition([[nodes[0]], [nodes[1], nodes[2], nodes[3]]], breaking: 0)
    let bid = try network.place(genesis.bid(4, at: 2.40, expiry: 40), on: nodes[1])
    #expect(nodes[1].ownState(bid) == .reserved)
    try network.amend(bid, to: genesis.bid(6, at: 2.40, minimumGPUs: 1, expiry: 300), on: nodes[1])
    network.run(for: 60_000)
    #expect(nodes[1].remaining(bid) == 2, "the reservation stays")
    #expect(nodes[1].core?.undecidedCount == 1)
    network.heal()
    network.run(for: 40_000)
    settle()
    #expect(nodes[2].core?.ledger.sorted.contains { $0.state == .proposed } == false)
  }

  @Test("an order that another feed's time has taken out of the book comes back when its owner amends it in time")
  func racesExpiry() throws {
    nodes[0].clockOffset = -1500
    let offer = try network.place(genesis.offer(8, at: 2.00, expiry: 40), on: nodes[0])
    network.runUntilQuiet()
    network.run(for: (epoch + 39_800) - network.time)
    // The owner's clock is behind; another node's entry passes the expiry first.
    try network.place(genesis.offer(1, at: 9.00), on: nodes[1])
    network.run(for: 400)
    try network.place(genesis.offer(1, at: 9.00), on: nodes[1])
    network.run(for: 200)
    #expect(nodes[0].core?.book.state(of: offer) == nil)
    try network.amend(offer, to: genesis.offer(8, at: 2.00, expiry: 300), on: nodes[0])
    settle()
    for node in nodes { #expect(node.remaining(offer) == 8) }
    try network.place(genesis.bid(4, at: 2.40), on: nodes[2])
    settle()
    #expect(nodes[3].settled.map(\.terms.offer) == [offer])
  }

  @Test("amends survive a restart of their owner")
  func restart() throws {
    let offer = try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
    try network.amend(offer, to: genesis.offer(8, at: 2.50), on: nodes[0])
    network.runUntilQuiet()
    nodes[0].crash(commitSurvives: true)
    nodes[0].start()
    network.settleIn()
    settle()
    let own = try #require(nodes[0].core?.ownOrderState(offer, now: nodes[0].time))
    #expect(own.order.body == genesis.offer(8, at: 2.50) && own.state == .open)
    #expect(own.order == nodes[2].core?.book.order(offer))
  }
}
