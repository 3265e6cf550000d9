import Market
import NodeCore
import NodeCrypto
import OrderBook
import Settlement
import Simulator
import Testing

@Suite("orders that never rest")
struct ImmediateOrderTests {
  let genesis: Genesis
  let network: VirtualNetwork
  let nodes: [VirtualNode]

  init() throws {
    genesis = try TestMarket.genesis()
    network = VirtualNetwork(genesis: genesis, seed: 21)
    nodes = network.addNodes(3)
    network.settleIn()
  }

  /// The operations of a node's own entries by name, entry by entry; ticks left out.
  private func written(_ node: VirtualNode) -> [[String]] {
    let codec = OperationCodec(genesis: genesis)
    return node.written.compactMap { entry in
      guard let operations = try? codec.operations(of: entry), !operations.isEmpty else { return nil }
      return operations.map { String("\($0)".prefix { $0 != "(" }) }
    }
  }

  @Test("an immediate bid against nothing is cancelled in the entry that places it")
  func againstNothing() throws {
    let bid = try network.place(genesis.bid(4, at: 2.40).works(.immediateOrCancel), on: nodes[1])
    network.settleDown()
    #expect(written(nodes[1]) == [["place", "cancel"]])
    #expect(nodes[1].ownState(bid) == .cancelled)
    for node in nodes {
      #expect(node.core?.book.count == 0)
      #expect(node.core?.ledger.count == 0)
    }
  }

  @Test("an immediate bid takes what there is at once, and the rest is cancelled when the last piece is decided")
  func partlyFilled() throws {
    let offer = try network.place(genesis.offer(3, at: 2.00), on: nodes[0])
    network.runUntilQuiet()
    let bid = try network.place(genesis.bid(8, at: 2.40, minimumGPUs: 1).works(.immediateOrCancel), on: nodes[1])
    network.settleDown()
    let trade = try #require(nodes[2].settled.first)
    #expect(nodes[2].settled.count == 1 && trade.terms.gpus == 3 && trade.terms.offer == offer)
    #expect(written(nodes[1]).first == ["place", "propose"])
    #expect(written(nodes[1]).joined().last == "cancel")
    #expect(nodes[1].ownState(bid) == .cancelled)
    #expect(nodes.allSatisfy { $0.core?.book.state(of: bid) == nil })
    // What comes for sale later is none of its business.
    try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
    network.settleDown()
    #expect(nodes[2].settled.count == 1)
  }

  @Test("an immediate order that got all it wanted is filled, not cancelled")
  func filled() throws {
    try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
    network.runUntilQuiet()
    let bid = try network.place(genesis.bid(4, at: 2.40).works(.immediateOrCancel), on: nodes[1])
    network.settleDown()
    #expect(nodes[1].ownState(bid) == .filled)
    #expect(nodes[2].core?.book.state(of: bid) == nil && nodes[2].settled.count == 1)
  }

  @Test("an immediate offer takes resting bids at their price and leaves nothing on the ladder")
  func offers() throws {
    try network.place(genesis.bid(2, at: 2.40), on: nodes[1])
    try network.place(genesis.bid(2, at: 2.30), on: nodes[2])
    network.runUntilQuiet()
    let offer = try network.place(genesis.offer(8, at: 2.00).works(.immediateOrCancel), on: nodes[0])
    network.settleDown()
    #expect(nodes[1].settled.map(\.terms.price.micros).sorted() == [2_300_000, 2_400_000])
    #expect(nodes[0].ownState(offer) == .cancelled)
    #expect(nodes[1].core?.book.openCount(.offer) == 0)
  }

  @Test("fill-or-kill takes the whole from one counter-order, or is cancelled though a part could be had")
  func fillOrKill() throws {
    try network.place(genesis.offer(3, at: 2.00), on: nodes[0])
    network.runUntilQuiet()
    let killed = try network.place(genesis.bid(4, at: 2.40).works(.fillOrKill), on: nodes[1])
    network.settleDown()
    #expect(nodes[1].ownState(killed) == .cancelled && nodes[2].settled.isEmpty)
    let filled = try network.place(genesis.bid(3, at: 2.40).works(.fillOrKill), on: nodes[1])
    network.settleDown()
    #expect(nodes[1].ownState(filled) == .filled && nodes[2].settled.map(\.terms.gpus) == [3])
  }

  @Test("fill-or-kill whose maker declines is cancelled and does not try another")
  func declined() throws {
    try network.place(genesis.offer(4, at: 2.00, from: 60, until: 120), on: nodes[0])
    network.runUntilQuiet()
    // At one moment, before either can know of the other.
    let commands = [nodes[1], nodes[2]].map {
      $0.command(.place(genesis.bid(4, at: 2.40, from: 60, until: 120).works(.fillOrKill)))
    }
    network.settleDown()
    let orders = try zip([nodes[1], nodes[2]], commands).map { try #require($0.replies[$1]).get() }
    let states = zip([nodes[1], nodes[2]], orders).map { $0.ownState($1) }
    #expect(Set(states) == [.filled, .cancelled])
    #expect(nodes[0].core?.book.openCount(.bid) == 0)
  }

  @Test("nobody takes from an order that never rests while its trades are undecided")
  func neverMaker() throws {
    try network.place(genesis.offer(3, at: 2.00), on: nodes[0])
    network.runUntilQuiet()
    network.partition([[nodes[0]], [nodes[1], nodes[2]]], breaking: 0)
    let command = nodes[1].command(.place(genesis.bid(8, at: 2.40, minimumGPUs: 1).works(.immediateOrCancel)))
    network.run(for: 1000)
    let bid = try #require(nodes[1].replies[command]).get()
    #expect(nodes[2].remaining(bid) == 5, "it waits for the answer of a node that is out of reach")
    #expect(nodes[1].ownState(bid) == .open)
    try network.place(genesis.offer(8, at: 2.10), on: nodes[2])
    network.run(for: 2000)
    #expect(nodes[2].core?.ledger.count == 1, "the later offer proposes nothing to it")
    #expect(nodes[2].core?.book.openCount(.bid) == 0)
    network.heal()
    network.run(for: 30_000)
    network.settleDown()
    #expect(nodes[1].ownState(bid) == .cancelled)
    #expect(nodes.allSatisfy { $0.core?.book.state(of: bid) == nil })
  }

  @Test("a person can cancel an order that waits for its last answer")
  func cancelledByHand() throws {
    try network.place(genesis.offer(3, at: 2.00), on: nodes[0])
    network.runUntilQuiet()
    network.partition([[nodes[0]], [nodes[1], nodes[2]]], breaking: 0)
    let bid = try network.place(genesis.bid(8, at: 2.40, minimumGPUs: 1).works(.immediateOrCancel), on: nodes[1])
    try network.cancel(bid, on: nodes[1])
    #expect(nodes[1].ownState(bid) == .cancelled)
    network.heal()
    network.run(for: 30_000)
    network.settleDown()
    #expect(nodes[1].ownState(bid) == .cancelled)
  }

  @Test("after a restart an order that never rests is not matched again, and cancelled when nothing is undecided")
  func restart() throws {
    try network.place(genesis.offer(3, at: 2.00), on: nodes[0])
    network.runUntilQuiet()
    network.partition([[nodes[0]], [nodes[1], nodes[2]]], breaking: 0)
    let bid = try network.place(genesis.bid(8, at: 2.40, minimumGPUs: 1).works(.immediateOrCancel), on: nodes[1])
    network.run(for: 500)
    nodes[1].crash(commitSurvives: true)
    try network.place(genesis.offer(8, at: 2.10), on: nodes[2])
    nodes[1].start()
    network.heal()
    network.run(for: 40_000)
    network.settleDown()
    #expect(nodes[1].ownState(bid) == .cancelled)
    #expect(nodes[2].core?.ledger.sorted.allSatisfy { $0.terms.offer != bid && $0.terms.gpus <= 3 } == true)
    #expect(nodes[2].core?.ledger.count == 1)
    #expect(nodes[0].core?.book.openCount(.bid) == 0)
  }

  @Test(
    "a node that dies between placing and deciding leaves no order behind that others could take", arguments: 1...12)
  func crashes(step: Int) throws {
    try network.place(genesis.offer(3, at: 2.00), on: nodes[0])
    network.runUntilQuiet()
    var left = step
    nodes[1].onEffect = { [node = nodes[1]] _ in
      left -= 1
      if left == 0 { node.crash(commitSurvives: step % 2 == 0) }
    }
    nodes[1].command(.place(genesis.bid(8, at: 2.40, minimumGPUs: 1).works(.immediateOrCancel)))
    network.run(for: 2000)
    nodes[1].onEffect = nil
    if nodes[1].core == nil { nodes[1].start() }
    network.run(for: 40_000)
    network.settleDown()
    #expect(nodes.allSatisfy { $0.core?.book.orders(ownedBy: nodes[1].nodeID).isEmpty == true })
  }

  @Test("when the entry that places it is full, an immediate order is matched and cancelled by the next ones")
  func fullEntries() throws {
    let genesis = try TestMarket.genesis(operations: 1)
    let network = VirtualNetwork(genesis: genesis, seed: 22)
    let nodes = network.addNodes(4)
    network.settleIn()
    for (node, dollars) in [(0, 2.00), (1, 2.10), (2, 2.20)] {
      try network.place(genesis.offer(2, at: dollars), on: nodes[node])
    }
    network.runUntilQuiet()
    let bid = try network.place(genesis.bid(8, at: 2.15, minimumGPUs: 1).works(.immediateOrCancel), on: nodes[3])
    network.run(for: 3000)
    network.runUntilQuiet()
    network.checkAgreement()
    #expect(nodes[0].settled.map(\.terms.price.micros).sorted() == [2_000_000, 2_100_000])
    #expect(nodes[3].ownState(bid) == .cancelled)
    #expect(nodes[0].core?.book.order(bid) == nil)
  }

  @Test("a node with an old backup cancels the immediate order that its peers tell it of, without a fork")
  func oldBackup() throws {
    try network.place(genesis.offer(3, at: 2.00), on: nodes[0])
    try network.place(genesis.offer(1, at: 9.00), on: nodes[1])
    network.runUntilQuiet()
    let backup = nodes[1].store
    network.partition([[nodes[0]], [nodes[1], nodes[2]]], breaking: 0)
    let bid = try network.place(genesis.bid(8, at: 2.40, minimumGPUs: 1).works(.immediateOrCancel), on: nodes[1])
    network.run(for: 500)
    nodes[1].crash(commitSurvives: true)
    nodes[1].store = backup
    nodes[1].start()
    network.heal()
    network.run(for: 40_000)
    network.settleDown()
    #expect(nodes[1].ownState(bid) == .cancelled)
    #expect(nodes.allSatisfy { $0.core?.book.order(bid) == nil && $0.core?.fraudProofs.isEmpty == true })
    #expect(nodes[2].core?.ledger.count == 1)
  }

  @Test("a stopping node cancels what it has not matched yet")
  func stopping() throws {
    let bid = try network.place(genesis.bid(4, at: 2.40).works(.immediateOrCancel), on: nodes[1])
    nodes[1].post(.stop)
    network.run(for: 2000)
    #expect(nodes[1].core?.hasFinished == true)
    #expect(nodes[0].core?.book.order(bid) == nil)
  }
}
