import Gossip
import Market
import NodeCrypto
import Simulator
import Testing

@testable import NodeCore

/// Random trading under random trouble with checkpoints every few entries: nodes prune, join late, and miss checkpoints.
@Suite("swarms that prune")
struct CheckpointSwarmTests {
  @Test(
    "nodes that saw everything, joined late, or were away over checkpoints have one book and equal records",
    arguments: 1...8)
  func swarm(seed: Int) throws {
    let genesis = try TestMarket.genesis(
      checkpointEntries: 1 + seed % 5, entryBytes: seed % 2 == 0 ? 32_000 : 4096)
    var swarm = Swarm(genesis: genesis, seed: 5000 + UInt64(seed))
    let network = swarm.network
    // Both have seen something, and miss what comes: one keeps its disk, one loses it.
    let absent = network.nodes[2]
    let wiped = network.nodes[3]
    absent.crash(commitSurvives: true)
    wiped.crash(commitSurvives: true)
    wiped.store = network.emptyStore
    swarm.trouble()
    network.addNode()
    swarm.trouble()
    #expect(swarm.calm() == [], "seed \(seed)")
    network.addNode()
    network.run(for: 15_000)
    let problems = swarm.calm()
    #expect(problems.isEmpty, "seed \(seed): \(problems.joined(separator: "\n"))")
    #expect(network.nodes.contains { ($0.core?.feeds.prunedCount ?? 0) > 0 }, "nobody has pruned")
    for node in network.nodes { try checkRebuilt(node, network) }
  }

  /// What a node has on its disk adds up to what it has in memory.
  private func checkRebuilt(_ node: VirtualNode, _ network: VirtualNetwork) throws {
    var held = try node.running()
    var core = NodeCore(
      NodeConfiguration(
        genesis: network.genesis, identity: node.identity, agent: "", listenPort: 0, advertisedHost: nil,
        bootstrap: [], seed: 0),
      now: node.time)
    core.beginRestore()
    for entry in node.store.sortedEntries { #expect(core.restore(entry) == nil) }
    #expect(core.bookDigest() == held.bookDigest())
    #expect(core.records == held.records)
    let feeds = { (core: NodeCore) in core.feeds.sorted.filter { $0.feed.head.sequence > 0 }.map(\.feed) }
    #expect(feeds(core).map(\.head) == feeds(held).map(\.head))
    #expect(feeds(core).map(\.base) == feeds(held).map(\.base))
    // A node's own past is all there: its orders and its trades.
    #expect(core.ownOrders(now: node.time).map(\.order) == held.ownOrders(now: node.time).map(\.order))
    let own = { (core: NodeCore) in
      core.ledger.sorted.filter { $0.terms.provider == core.own || $0.terms.buyer == core.own }
        .filter { $0.state == .settled }.map(\.id)
    }
    #expect(own(core) == own(held))
  }
}
