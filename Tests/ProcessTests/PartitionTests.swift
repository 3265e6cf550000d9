import Foundation
import NodeAPI
import Testing

extension NodeProcessTests {
  @Suite(
    "A partition",
    .enabled(if: NetworkLab.obstacle == nil, Comment(rawValue: NetworkLab.obstacle ?? "")), .timeLimit(.minutes(5)))
  struct PartitionTests {
    /// Starts six nodes on hosts of their own, each knowing the first.
    private func start(_ nodes: [TestNode], in lab: NetworkLab) async throws {
      let port = 47_100
      for (index, node) in nodes.enumerated() {
        try node.launch(
          peers: index == 0 ? [] : ["\(lab.addresses[0]):\(port)"], listen: "\(lab.addresses[index]):\(port)",
          through: { lab.commandLine(on: index, $0) })
      }
      try await eventually("each node is connected to each") {
        var counts: [Int] = []
        for node in nodes { counts.append(try await node.client.status().peers) }
        return counts.allSatisfy { $0 == nodes.count - 1 }
      }
    }

    /// Makes one trade between two nodes, and waits until all of `side` know. What is left of offers at a higher price
    /// is not taken: their owners may be out of reach.
    private func trade(
      _ provider: TestNode, _ renter: TestNode, at priceMicros: Int64, known side: [TestNode]
    ) async throws {
      let before = try await agreement(of: side)[0].trades
      _ = try await provider.client.place(.offer(gpus: 2, priceMicros: priceMicros))
      _ = try await renter.client.place(.bid(gpus: 2, priceMicros: priceMicros))
      try await agreement(of: side, trades: before + 1)
    }

    @Test("two halves of a network trade apart from each other, and come to one book when it heals")
    func partition() async throws {
      let lab = try NetworkLab(hosts: 6)
      defer { lab.remove() }
      try await TestMarket.with { market in
        let nodes = try (1...6).map { try market.node("node\($0)") }
        try await start(nodes, in: lab)
        try await trade(nodes[0], nodes[3], at: 1_000_000, known: nodes)
        // An offer that both sides know of: each may take of it, and nobody may sell it twice.
        let shared = try await nodes[0].client.place(.offer(gpus: 8, priceMicros: 2_000_000))
        try await agreement(of: nodes)

        let (west, east) = (Array(nodes[..<3]), Array(nodes[3...]))
        try lab.cut([0, 1, 2], from: [3, 4, 5])
        try await trade(west[1], west[2], at: 900_000, known: west)
        try await trade(east[1], east[2], at: 900_000, known: east)
        _ = try await west[2].client.place(.bid(gpus: 5, priceMicros: 2_000_000))
        _ = try await east[2].client.place(.bid(gpus: 5, priceMicros: 2_000_000))
        try await agreement(of: west, trades: 3)
        _ = try await east[0].client.place(.offer(gpus: 1, priceMicros: 900_000_000))
        let apart = [try await west[0].client.status(), try await east[0].client.status()]
        #expect(apart[0].bookDigest != apart[1].bookDigest)
        try await eventually("each side has given up on the other") {
          var counts: [Int] = []
          for node in nodes { counts.append(try await node.client.status().peers) }
          return counts.allSatisfy { $0 == 2 }
        }

        try lab.heal()
        // One trade before, one on each side, and two of the shared offer: the east's buyer gets its part afterwards.
        let statuses = try await agreement(of: nodes, trades: 5)
        #expect(statuses.map(\.trades) == [Int](repeating: 5, count: 6))
        #expect(statuses.map(\.frozenFeeds) == [Int](repeating: 0, count: 6))
        let trades = try await checkReceipts(of: nodes)
        #expect(trades.count == 5)
        // Twice five GPUs of its eight, so not at one time.
        let leases = trades.filter { $0.offer == shared.id }.sorted { $0.startMs < $1.startMs }
        #expect(Set(leases.map(\.buyer)).count == 2)
        #expect(zip(leases, leases.dropFirst()).allSatisfy { $0.endMs <= $1.startMs })
        try await trade(nodes[5], nodes[1], at: 800_000, known: nodes)
      }
    }
  }
}
