import Gossip
import Market
import NodeCore
import NodeCrypto
import OrderBook
import Settlement
import Simulator
import Testing

/// The book and the trades are a function of the set of entries: in which order the feeds came in does not show.
@Suite("order of arrival")
struct ArrivalOrderTests {
  @Test("the same entries in any interleaving of the feeds give the same book and the same trades", arguments: 1...4)
  func interleavings(seed: Int) throws {
    // A hostile node's fork makes more of what was written void than a reader without its proof would know.
    var cut = PlanCut()
    cut.hostile = []
    var plan = cut.applied(to: Plan(.swarm, seed: 1000 + UInt64(seed)))
    // A node that has pruned a feed remembers of it what its disk has no longer.
    plan.checkpointEntries = GenesisLimits.defaultCheckpointEntries
    let swarm = SimulationRun(plan)
    #expect(swarm.run().violations.isEmpty)
    let genesis = swarm.network.genesis
    let source = try #require(swarm.network.nodes.first)
    let expected = try fingerprint(source.running())
    var generator = SplitMix64(seed: UInt64(seed))
    for _ in 0..<5 {
      var core = NodeCore(
        NodeConfiguration(
          genesis: genesis, identity: identity(9999), agent: "", listenPort: 0, advertisedHost: nil, bootstrap: [],
          seed: 0),
        now: swarm.network.time)
      for entry in interleave(source.store.sortedEntries, &generator) { #expect(core.restore(entry) == nil) }
      var effects: [NodeEffect] = []
      core.finishRestore(now: swarm.network.time, into: &effects)
      #expect(fingerprint(core) == expected, "seed \(seed)")
    }
  }

  private func fingerprint(_ core: NodeCore) -> [String] {
    var core = core
    let trades = core.ledger.sorted.map {
      "\($0.id) \($0.state) \($0.isProposed) \($0.isCopied) \($0.receipt?.acceptanceBytes ?? [])"
    }
    return ["\(core.bookDigest())", "\(core.book.count)"] + trades
  }

  /// The feeds shuffled into each other; each keeps its own order.
  private func interleave(_ entries: [SignedEntry], _ generator: inout SplitMix64) -> [SignedEntry] {
    var rests = Dictionary(grouping: entries, by: \.author).sorted { $0.key < $1.key }.map { $0.value[...] }
    var out: [SignedEntry] = []
    while !rests.isEmpty {
      let index = Int.random(in: rests.indices, using: &generator)
      // Whole runs now and then, so that one feed can be far ahead of another.
      for _ in 0..<Int.random(in: 1...20, using: &generator) {
        if let entry = rests[index].popFirst() { out.append(entry) }
      }
      if rests[index].isEmpty { rests.remove(at: index) }
    }
    return out
  }
}
