import Gossip
import Market
import NodeCrypto
import Simulator
import Testing

@testable import NodeCore

/// Checkpoints of several entries, and processes that die while they are written and while others prune.
@Suite("crashes around checkpoints")
struct CheckpointCrashTests {
  /// A maker whose live orders take several entries to restate, and a trade that stays open over the checkpoint.
  private func market(_ seed: UInt64) throws -> (network: VirtualNetwork, nodes: [VirtualNode]) {
    let genesis = try TestMarket.genesis(checkpointEntries: 12, entryBytes: 4096)
    let network = VirtualNetwork(genesis: genesis, seed: seed)
    let nodes = network.addNodes(3)
    network.settleIn()
    for number in 0..<180 { nodes[0].command(.place(genesis.offer(8, at: 2.00 + Double(number) / 100))) }
    network.run(for: 2000)
    return (network, nodes)
  }

  private func parts(_ node: VirtualNode, _ genesis: Genesis) throws -> [CheckpointPart] {
    let codec = OperationCodec(genesis: genesis)
    return try node.written.flatMap { try codec.operations(of: $0) }.compactMap {
      if case .checkpoint(let part) = $0 { part } else { nil }
    }
  }

  @Test("a checkpoint takes several entries, all with one time, and nothing stands between them")
  func severalParts() throws {
    let (network, nodes) = try market(1)
    network.run(for: 90_000) { ((try? parts(nodes[0], network.genesis)) ?? []).contains { $0.isLast } }
    let written = try parts(nodes[0], network.genesis)
    #expect(written.count > 2 && written.last?.isLast == true)
    #expect(written.reduce(0) { $0 + $1.items.orders.count } == 180)
    network.runUntilQuiet()
    for problem in network.disagreements { Issue.record("\(problem)") }
  }

  @Test("an author that dies at any effect of writing a checkpoint completes it", arguments: [true, false])
  func author(commitSurvives: Bool) throws {
    for step in 1...24 {
      let (network, nodes) = try market(UInt64(step))
      let codec = OperationCodec(genesis: network.genesis)
      var left: Int?
      nodes[0].onEffect = { [unowned node = nodes[0]] effect in
        if case .persist(let entry, _) = effect, entry.author == node.nodeID, left == nil,
          case .checkpoint? = try? codec.operations(of: entry).first
        {
          left = step
        }
        guard let rest = left, rest > 0 else { return }
        left = rest - 1
        if rest == 1 { node.crash(commitSurvives: commitSurvives) }
      }
      #expect(network.run(for: 90_000) { nodes[0].core == nil }, "step \(step)")
      nodes[0].onEffect = nil
      try network.place(network.genesis.bid(2, at: 1.00), on: nodes[1])
      nodes[0].start()
      try network.place(network.genesis.bid(4, at: 2.40), on: nodes[1])
      network.addNode()
      network.run(for: 20_000)
      network.runUntilQuiet()
      for problem in network.disagreements { Issue.record("step \(step): \(problem)") }
      #expect(nodes[2].settled.count == 1, "step \(step)")
      #expect(nodes.allSatisfy { $0.core?.fraudProofs.isEmpty == true })
    }
  }

  @Test("a node that dies at any effect around pruning has the same book afterwards", arguments: [true, false])
  func pruning(commitSurvives: Bool) throws {
    for step in 1...12 {
      let genesis = try TestMarket.genesis(checkpointEntries: 3)
      let network = VirtualNetwork(genesis: genesis, seed: UInt64(100 + step))
      let nodes = network.addNodes(3)
      network.settleIn()
      try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
      var left: Int?
      nodes[2].onEffect = { [unowned node = nodes[2]] effect in
        if case .prune = effect, left == nil { left = step }
        guard let rest = left, rest > 0 else { return }
        left = rest - 1
        if rest == 1 { node.crash(commitSurvives: commitSurvives) }
      }
      #expect(network.run(for: 120_000) { nodes[2].core == nil }, "step \(step)")
      nodes[2].onEffect = nil
      try network.place(genesis.bid(4, at: 2.40), on: nodes[1])
      nodes[2].start()
      network.run(for: 20_000)
      network.runUntilQuiet()
      for problem in network.disagreements { Issue.record("step \(step): \(problem)") }
    }
  }

  @Test("a trade that is open when its parties' feeds are restated settles with a maker that was away")
  func openTrade() throws {
    let genesis = try TestMarket.genesis(checkpointEntries: 2)
    let network = VirtualNetwork(genesis: genesis, seed: 77)
    let nodes = network.addNodes(4)
    network.settleIn()
    try network.place(genesis.offer(8, at: 2.00, until: 3600), on: nodes[0])
    network.runUntilQuiet()
    // The taker proposes, and is gone before the maker's answer reaches it; everybody's history is pruned meanwhile.
    let bid = nodes[1].command(.place(genesis.bid(4, at: 2.40, from: 3000, until: 3600)))
    network.run(for: 10_000) { nodes[0].settled.count == 1 }
    nodes[1].crash(commitSurvives: true)
    network.run(for: 900_000)
    #expect(nodes[2].core?.feeds.feed(of: nodes[0].nodeID)?.base ?? 0 > 4)
    nodes[1].start()
    network.run(for: 30_000)
    network.runUntilQuiet()
    for problem in network.disagreements { Issue.record("\(problem)") }
    #expect(nodes[1].settled.count == 1 && nodes[1].settled[0].isCopied)
    if case .success(let order)? = nodes[1].replies[bid] { #expect(nodes[1].settled[0].terms.bid == order) }
  }
}
