import Foundation
import NodeAPI
import Testing

extension NodeProcessTests {
  @Suite("Catching up", .timeLimit(.minutes(5)))
  struct CatchUpTests {
    /// Makes `provider` and `renter` trade once more with each other, and waits until all of `nodes` know.
    private func trade(_ provider: TestNode, _ renter: TestNode, known nodes: [TestNode]) async throws {
      let before = try await agreement(of: nodes)[0].trades
      _ = try await provider.client.place(.offer(gpus: 2, priceMicros: 1_000_000))
      _ = try await renter.client.place(.bid(gpus: 2, priceMicros: 1_000_000))
      try await agreement(of: nodes, trades: before + 1)
    }

    @Test("a node that joins late, and one that was cut off, come to the book of the others")
    func lateAndCutOff() async throws {
      try await TestMarket.with { market in
        let nodes = try ["provider", "renter", "silent", "late"].map { try market.node($0) }
        let (provider, renter, silent, late) = (nodes[0], nodes[1], nodes[2], nodes[3])
        try await provider.start()
        let address = try await provider.address()
        for node in [renter, silent] { try await node.start(peers: [address]) }
        _ = try await silent.client.place(.offer(gpus: 1, priceMicros: 900_000_000))
        try await trade(provider, renter, known: [provider, renter, silent])
        let sequence = try await silent.client.status().ownSequence

        silent.send(SIGSTOP)
        try await trade(provider, renter, known: [provider, renter])
        // Its orders are still in the book, but nobody takes them.
        try await eventually("the others see that the owner of the order is silent") {
          try await provider.client.orders(.all).filter(\.stale).count == 1
        }
        try await eventually("the others have dropped the silent peer") {
          let counts = [try await provider.client.status().peers, try await renter.client.status().peers]
          return counts == [1, 1]
        }
        try await late.start(peers: [address])
        try await trade(late, renter, known: [provider, renter, late])

        silent.send(SIGCONT)
        let statuses = try await agreement(of: nodes, trades: 3)
        #expect(statuses.map(\.frozenFeeds) == [0, 0, 0, 0])
        #expect(statuses[2].ownSequence >= sequence)
        try await trade(silent, late, known: nodes)
        #expect(try await checkReceipts(of: nodes).count == 4)
        // Whoever learned of whom from whom, all are connected in the end.
        try await eventually("each is connected to each") {
          var counts: [Int] = []
          for node in nodes { counts.append(try await node.client.status().peers) }
          return counts == [3, 3, 3, 3]
        }
      }
    }

    @Test("a restored backup fetches its own feed from the peers before it writes, and does not fork")
    func restoredBackup() async throws {
      try await TestMarket.with { market in
        let nodes = try ["provider", "renter"].map { try market.node($0) }
        let (provider, renter) = (nodes[0], nodes[1])
        try await provider.start()
        let address = try await provider.address()
        try await renter.start(peers: [address])
        try await trade(provider, renter, known: nodes)
        #expect(try await renter.stop() == .status(0))
        let backup = market.directory.file("backup")
        try FileManager.default.copyItem(atPath: renter.directory, toPath: backup)

        let old = try await renter.start(peers: [address])
        try await trade(provider, renter, known: nodes)
        let receipts = try await renter.client.receipts(.mine)
        let sequence = try await renter.client.status().ownSequence
        try #require(receipts.count == 2 && sequence > old.ownSequence)
        #expect(try await renter.stop() == .status(0))
        try FileManager.default.removeItem(atPath: renter.directory)
        try FileManager.default.moveItem(atPath: backup, toPath: renter.directory)
        #expect(try await renter.document("receipts", "--offline", as: [ReceiptDocument].self).count == 1)

        let restored = try await renter.start(peers: [address])
        #expect(restored.ownSequence >= sequence)
        try await trade(provider, renter, known: nodes)
        #expect(try await agreement(of: nodes).map(\.frozenFeeds) == [0, 0])
        #expect(Set(try await renter.client.receipts(.mine)).isSuperset(of: receipts))
        #expect(try await checkReceipts(of: nodes).count == 3)
      }
    }
  }
}
