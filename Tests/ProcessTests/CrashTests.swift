import Foundation
import Market
import NodeAPI
import Testing

extension NodeProcessTests {
  @Suite("kill -9", .timeLimit(.minutes(5)))
  struct CrashTests {
    /// How often nodes are killed in one run.
    private static let rounds = 10
    /// How many orders are on their way when they are.
    private static let ordersPerRound = 6

    @Test("nodes killed while they trade lose nothing that they had, and all come to one book", arguments: [1, 2, 3])
    func kill(_ seed: UInt64) async throws {
      try await TestMarket.with { market in
        var generator = SplitMix64(seed: seed)
        let steady = try market.node("steady")
        let (provider, renter) = (try market.node("provider"), try market.node("renter"))
        let nodes = [steady, provider, renter]
        try await steady.start()
        let address = try await steady.address()
        for victim in [provider, renter] { try await victim.start(peers: [address]) }

        var seen: [String: Set<ReceiptDocument>] = [:]
        for _ in 0..<Self.rounds {
          let choices = [[provider], [renter], [provider, renter]]
          let victims = choices[Int.random(in: 0..<choices.count, using: &generator)]
          let orders = (0..<Self.ordersPerRound).map { _ in
            let node = nodes[Int.random(in: 0..<nodes.count, using: &generator)]
            return (node, order(of: node, &generator))
          }
          let questions = Int.random(in: 0...20, using: &generator)
          try await withThrowingTaskGroup { group in
            for (node, order) in orders {
              // A node may be killed before, while or after it writes the order: whether it has, its feed tells.
              group.addTask { _ = try? await node.client.place(order) }
            }
            // What makes the moment a random one, without a clock.
            for _ in 0..<questions { _ = try await steady.client.status() }
            for victim in victims {
              seen[victim.name, default: []].formUnion(try await victim.client.receipts(.mine))
              try await victim.kill()
            }
          }
          for victim in victims { try await victim.start(peers: [address]) }
        }

        let statuses = try await agreement(of: nodes, trades: 1)
        #expect(statuses.map(\.frozenFeeds) == [0, 0, 0])
        let trades = try await checkReceipts(of: nodes)
        #expect(trades.count >= Self.rounds, "too few trades to speak of")
        for victim in [provider, renter] {
          let before = seen[victim.name, default: []]
          #expect(!before.isEmpty, "no receipt was at stake")
          #expect(before.subtracting(try await victim.client.receipts(.mine)).isEmpty)
        }
        try await verify(trades.count, of: steady, in: market)
      }
    }

    /// An order that meets others: the provider sells, the renter buys, the third does both.
    private func order(of node: TestNode, _ generator: inout SplitMix64) -> OrderRequest {
      let sells = node.name == "provider" || (node.name == "steady" && Bool.random(using: &generator))
      let gpus = Int64.random(in: 1...4, using: &generator)
      let cents = Int64.random(in: 100...250, using: &generator)
      return sells
        ? .offer(gpus: gpus, priceMicros: cents * 10_000) : .bid(gpus: gpus, priceMicros: (cents + 50) * 10_000)
    }

    /// Lets the command check every receipt that `node` knows of.
    private func verify(_ trades: Int, of node: TestNode, in market: TestMarket) async throws {
      let list = try await node.command("receipts", "all", "--json")
      let path = try market.directory.write(list.output.utf8, to: "receipts.json")
      let result = try await NodeBinary.run(["verify", path, "--json"])
      #expect(result.isSuccess, "\(result)")
      let verdicts = try NodeJSON.decode([ReceiptVerdict].self, from: result.output.utf8)
      #expect(verdicts.count == trades && verdicts.allSatisfy(\.valid))
    }
  }
}
