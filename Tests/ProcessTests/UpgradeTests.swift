import Foundation
import Testing

extension NodeProcessTests {
  /// The stores under `Tests/Fixtures/stores`: what a node had written when it and three others had traded for a while, in
  /// the tables of an earlier version. It was the node of `identity.key` there, on the market of `network.json`.
  @Suite("Stores of earlier versions", .timeLimit(.minutes(5)))
  struct UpgradeTests {
    private static let fixtures = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fixtures/stores")

    @Test(
      "a node starts on a store of each earlier version, with the trades and receipts that are in it",
      arguments: [1, 2, 3, 4])
    func upgrade(_ version: Int) async throws {
      try await TestMarket.with { market in
        let node = market.uncreatedNode("node")
        try FileManager.default.createDirectory(
          atPath: node.directory, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        for (file, copy) in [
          ("identity.key", "identity.key"), ("network.json", "network.json"),
          ("version-\(version).sqlite", "store.sqlite"),
        ] {
          try FileManager.default.copyItem(
            atPath: Self.fixtures.appendingPathComponent(file).path, toPath: node.file(copy))
          try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: node.file(copy))
        }
        let status = try await node.start()
        #expect(status.ownTrades == 7 && status.feeds == 4 && status.ownSequence >= 24)
        let receipts = try await node.client.receipts(.mine)
        #expect(receipts.count == 7)
        for receipt in receipts { _ = try receipt.verify() }
        // It is a store like any other from now on.
        let offer = try await node.client.place(.offer(gpus: 8, priceMicros: 1_000_000))
        try await node.kill()
        try await node.start()
        #expect(try await node.client.order(offer.id).state == "open")
        #expect(Set(try await node.client.receipts(.mine)).isSuperset(of: receipts))
      }
    }
  }
}
