import Market
import NodeCore
import NodeCrypto

/// How long a network takes to come to one book after it was in two parts, each of which went on trading.
public struct HealingFigures: Sendable {
  /// How many nodes there are, and how long they were apart.
  public let nodes: Int, apartSeconds: Int64
  /// From the end of the partition to one digest on all nodes, in milliseconds; nil when they did not come to it.
  public let healedAfterMilliseconds: Int64?

  /// Parts a network and has it heal.
  public init(nodes: Int, apartSeconds: Int64, seed: UInt64 = 1) {
    self.nodes = nodes
    self.apartSeconds = apartSeconds
    let network = VirtualNetwork(genesis: SimulatedMarket.figures, seed: seed, conditions: .figures)
    var chance = SplitMix64(seed: seed)
    for index in 0..<nodes {
      let bootstrap = (0..<min(3, max(1, index))).map { _ in Int.random(in: 0..<max(1, index), using: &chance) }
      network.addNode(bootstrap: bootstrap).keepsHistory = false
    }
    network.run(for: 60_000)
    network.partition([Array(network.nodes.prefix(nodes / 2)), Array(network.nodes.dropFirst(nodes / 2))])
    var publisher = Publisher(network: network, perSecond: 2, seed: seed)
    publisher.run(for: apartSeconds * 1000)
    network.heal()
    let start = network.clock
    let isHealed = network.run(for: 300_000) {
      let first = network.nodes[0].fingerprint
      return network.nodes.allSatisfy { $0.fingerprint == first }
    }
    let digests = Set(network.nodes.map { $0.process?.core.bookDigest() })
    healedAfterMilliseconds = isHealed && digests.count == 1 ? (network.clock - start) / 1000 : nil
  }
}
