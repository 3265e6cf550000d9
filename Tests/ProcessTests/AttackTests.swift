import Gossip
import Market
import NodeAPI
import NodeCrypto
import Testing

extension NodeProcessTests {
  /// What the honest peers of a node notice while it is attacked, and how much memory it takes: ``Endurance``.
  @Suite("Attacks", .sharedMarket, .timeLimit(.minutes(5)))
  struct AttackTests {
    private let node: TestNode
    private let honest: TestNode
    private let network: NetworkID

    init() throws {
      let shared = try #require(SharedMarket.current)
      node = shared.first
      honest = shared.second
      network = shared.market.genesis.networkID
    }

    /// Runs an attack; behind it the node still trades with its honest peer, over the connection of before.
    private func expectEndurance(_ attack: (NetworkID) -> Attack) async throws {
      let before = try await agreement(of: [node, honest])
      try await Endurance.expect(node, network: network, withstands: attack)
      _ = try await node.client.place(.offer(gpus: 1, priceMicros: 1_000_000))
      _ = try await honest.client.place(.bid(gpus: 1, priceMicros: 1_000_000))
      let after = try await agreement(of: [node, honest], trades: before[0].trades + 1)
      #expect(after.map(\.frozenFeeds) == [0, 0])
      #expect(after.map(\.trouble) == [nil, nil])
      let peer = try await node.client.peers().first { $0.node == after[1].node }
      #expect(try #require(peer).connectedMs > after[0].timeMs - before[0].timeMs)
    }

    @Test("garbage instead of handshakes") func garbage() async throws {
      try await expectEndurance { _ in .garbage() }
    }

    @Test("lengths of 4 GiB") func hugeLength() async throws {
      try await expectEndurance { _ in .hugeLength() }
    }

    @Test("handshakes that are begun and not ended") func halfHandshake() async throws {
      try await expectEndurance { _ in .halfHandshake() }
    }

    @Test("500 connections that trickle") func trickle() async throws {
      try await expectEndurance { _ in .trickle() }
    }

    @Test("a flood of connections") func connections() async throws {
      try await expectEndurance { _ in .connections() }
    }

    @Test("a flood of bad signatures") func badSignatures() async throws {
      try await expectEndurance { .badSignatures(on: $0) }
    }

    @Test("a flood of entries from a valid key") func entries() async throws {
      try await expectEndurance { .entries(on: $0) }
    }

    @Test("peers that ask and do not read") func deafness() async throws {
      let author = try #require(NodeID(hex: try await node.client.status().node))
      let last = try await node.client.status().ownSequence
      try await expectEndurance { _ in .deafness(to: author, through: last) }
    }
  }
}
