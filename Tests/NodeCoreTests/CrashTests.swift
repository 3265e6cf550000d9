import Gossip
import Market
import NodeCore
import NodeCrypto
import Settlement
import Simulator
import Testing
import Wire

/// A process dies at any instant, and nothing is lost, sold twice or reserved for ever.
@Suite("crashes")
struct CrashTests {
  enum Victim: CaseIterable { case maker, taker }

  @Test(
    "a maker or taker that dies at any step of a trade comes to the same end as everybody",
    arguments: Victim.allCases, [true, false])
  func everyStep(victim: Victim, commitSurvives: Bool) throws {
    let genesis = try TestMarket.genesis()
    var step = 1
    while try dies(victim, atEffect: step, commitSurvives: commitSurvives, genesis) { step += 1 }
    #expect(step > 5, "a trade takes more effects than \(step - 1)")
  }

  /// One trade in which `victim` dies before its effect number `step`; false when the trade needs fewer.
  private func dies(
    _ victim: Victim, atEffect step: Int, commitSurvives: Bool, _ genesis: Genesis
  ) throws -> Bool {
    let network = VirtualNetwork(genesis: genesis, seed: UInt64(step))
    let nodes = network.addNodes(3)
    network.settleIn()
    let offer = try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
    network.runUntilQuiet()
    let doomed = victim == .maker ? nodes[0] : nodes[1]
    var left = step
    doomed.onEffect = { [unowned doomed] _ in
      left -= 1
      if left == 0 { doomed.crash(commitSurvives: commitSurvives) }
    }
    let command = nodes[1].command(.place(genesis.bid(4, at: 2.40)))
    network.run(for: 2000)
    doomed.onEffect = nil
    let hasDied = left <= 0
    let seen = Set((nodes[0].settled + nodes[2].settled).filter { $0.isCopied }.map(\.id))
    if hasDied { doomed.start() }
    network.run(for: 40_000)
    network.runUntilQuiet()
    for problem in network.disagreements { Issue.record("\(victim) at effect \(step): \(problem)") }
    #expect(seen.isSubset(of: nodes[2].settled.map(\.id)), "a receipt is lost")
    #expect(nodes.allSatisfy { $0.core?.fraudProofs.isEmpty == true })
    if case .success(let bid)? = nodes[1].replies[command] {
      #expect(nodes[2].settled.map(\.terms.bid) == [bid], "\(victim) at effect \(step): what was answered is lost")
    }
    #expect(nodes[0].core?.book.state(of: offer) != nil)
    return hasDied
  }

  @Test(
    "a node with an old backup asks its peers for its own feed before it writes, and does not fork",
    arguments: [0, 1, 2])
  func oldBackup(kept: Int) throws {
    let genesis = try TestMarket.genesis()
    let network = VirtualNetwork(genesis: genesis, seed: 3)
    let nodes = network.addNodes(3)
    network.settleIn()
    var backups = [nodes[1].store]
    for price in [2.00, 2.10, 2.20] {
      try network.place(genesis.offer(8, at: price), on: nodes[1])
      network.runUntilQuiet()
      backups.append(nodes[1].store)
    }
    nodes[1].crash(commitSurvives: false)
    nodes[1].store = backups[kept]
    nodes[1].start()
    #expect(nodes[1].core?.state == .recovering)
    let early = nodes[1].command(.place(genesis.offer(8, at: 2.30)))
    network.settleIn()
    try network.place(genesis.offer(8, at: 2.40), on: nodes[1])
    network.runUntilQuiet()
    network.checkAgreement()
    // What was commanded before the feed was whole has waited for it.
    #expect(try nodes[1].replies[early]?.get() != nil)
    #expect(nodes.allSatisfy { $0.core?.fraudProofs.isEmpty == true })
    #expect(nodes[0].core?.book.count == 5)
    #expect(nodes[1].core?.ownOrders(now: nodes[1].time).count == 5)
  }

  @Test("a peer that claims more of a node's feed than there is does not keep it from writing")
  func boastfulPeer() throws {
    let genesis = try TestMarket.genesis()
    let network = VirtualNetwork(genesis: genesis, seed: 4)
    let node = network.addNode()
    network.run(for: 100)
    try network.place(genesis.offer(8, at: 2.00), on: node)
    network.run(for: 100)
    node.crash(commitSurvives: true)
    node.start()
    let puppet = network.addPuppet(identity: identity(1))
    let link = puppet.connect(to: node)
    var compare = WireCompare()
    compare.salt = 1
    // One head, of which the peer says that it ends at 1,000.
    compare.parts = .init([0xC0, 0x02, 0x02] + node.nodeID.bytes + [0xE8, 0x07] + node.nodeID.bytes)
    puppet.send(.compare(compare), over: link)
    network.run(for: 20_000)
    #expect(node.core?.state == .running)
    #expect(node.busyWakes == 0)
  }

  @Test("a lone node writes at once; one that has peers to ask waits for them a while")
  func startingAlone() throws {
    let genesis = try TestMarket.genesis()
    let network = VirtualNetwork(genesis: genesis, seed: 5)
    let alone = network.addNode()
    #expect(alone.core?.state == .running)
    let waiting = network.addNode(bootstrap: [7])
    #expect(waiting.core?.state == .recovering)
    network.run(for: 9000)
    #expect(waiting.core?.state == .recovering)
    network.run(for: 2000)
    #expect(waiting.core?.state == .running)
    #expect(waiting.busyWakes == 0)
  }

  @Test("a disk that fails refuses commands, keeps the entry under way byte for byte, and goes on when it works again")
  func failingDisk() throws {
    let genesis = try TestMarket.genesis()
    let network = VirtualNetwork(genesis: genesis, seed: 6)
    let nodes = network.addNodes(2)
    network.settleIn()
    nodes[0].isStoreFailing = true
    let queued = nodes[0].command(.place(genesis.offer(8, at: 2.00)))
    network.run(for: 1000)
    #expect(throws: CommandRefusal.notDurableYet("no space left")) { try nodes[0].replies[queued]?.get() }
    let refused = nodes[0].command(.place(genesis.offer(8, at: 2.10)))
    network.run(for: 10_000)
    #expect(throws: CommandRefusal.storeFailing("no space left")) { try nodes[0].replies[refused]?.get() }
    #expect(nodes[0].written.count == 1)
    #expect(nodes[1].core?.feeds.count == 0, "nothing leaves before it is durable")
    nodes[0].isStoreFailing = false
    network.run(for: 1000)
    network.runUntilQuiet()
    try network.place(genesis.offer(8, at: 2.20), on: nodes[0])
    network.runUntilQuiet()
    network.checkAgreement()
    let author = nodes[0].nodeID
    #expect(nodes[1].core?.feeds.feed(of: author)?.id(at: 1) == nodes[0].written[0].id)
    #expect(nodes[1].core?.book.count == 2)
  }

  @Test("no byte of an own entry leaves before it is on disk, its head in a comparison included")
  func durableFirst() throws {
    let genesis = try TestMarket.genesis()
    let network = VirtualNetwork(genesis: genesis, seed: 7)
    network.conditions.commit = 200...200
    network.conditions.latency = 1...2
    network.conditions.batching = 0...0
    let nodes = network.addNodes(2)
    network.settleIn()
    nodes[0].keepsSent = true
    nodes[0].command(.place(genesis.offer(8, at: 2.00)))
    network.run(for: 100)
    network.disconnect(nodes[0].index, nodes[1].index)
    let late = network.addNode()
    network.run(for: 90)
    let entry = try #require(nodes[0].written.first)
    func mentions(_ bytes: [UInt8]) -> Bool {
      nodes[0].sent.contains { $0.firstRange(of: bytes) != nil }
    }
    #expect(!mentions(entry.id.bytes) && !mentions(entry.signature.bytes))
    network.settleIn()
    network.runUntilQuiet()
    #expect(mentions(entry.signature.bytes))
    #expect(late.core?.book.count == 1)
  }
}
