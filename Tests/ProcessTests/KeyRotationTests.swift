import Foundation
import NodeAPI
import NodeCrypto
import Testing

extension NodeProcessTests {
  @Suite("key rotate", .timeLimit(.minutes(5)))
  struct KeyRotationTests {
    /// A provider that has sold to a renter and handed over to a new key, still running under the old one.
    private func rotated(
      in market: TestMarket
    ) async throws -> (provider: TestNode, renter: TestNode, keys: RotationDocument) {
      let (provider, renter) = (try market.node("provider"), try market.node("renter"))
      try await provider.start()
      try await renter.start(peers: [try await provider.address()])
      _ = try await provider.client.place(.offer(gpus: 4, priceMicros: 1_000_000))
      _ = try await renter.client.place(.bid(gpus: 2, priceMicros: 1_500_000))
      try await agreement(of: [provider, renter], trades: 1)
      let old = try await provider.client.status().node
      let command = try await NodeBinary.run(
        ["key", "rotate", "--data", provider.directory, "--json"], environment: TestNode.environment)
      guard command.isSuccess else { throw UnexpectedResult(command: ["key", "rotate"], result: command) }
      let keys = try NodeJSON.decode(RotationDocument.self, from: command.output.utf8)
      #expect(keys.node == old && keys.successor != old)
      return (provider, renter, keys)
    }

    private func restart(_ provider: TestNode, _ renter: TestNode) async throws {
      let status = try await provider.start(peers: [try await renter.address()])
      try await agreement(of: [provider, renter], trades: 1)
      #expect(status.state == "running")
    }

    @Test("orders end, record and receipts go on under the new key, and the old one writes nothing more")
    func rotate() async throws {
      try await TestMarket.with { market in
        let (provider, renter, keys) = try await rotated(in: market)
        #expect(try await provider.client.status().state == "rotated")
        let refused = try await provider.command("offer", "1 h100-sxm-80g at 1 for 1h")
        #expect(refused.error.contains("restart the node"), "\(refused)")
        let again = try await NodeBinary.run(
          ["key", "rotate", "--data", provider.directory], environment: TestNode.environment)
        #expect(!again.isSuccess && again.error.contains("restart the node"), "\(again)")
        try await eventually("the renter sees no order of the old key") {
          try await renter.client.orders(.all).allSatisfy { $0.owner != keys.node }
        }
        #expect(try await provider.stop() == .status(0))
        try await restart(provider, renter)
        #expect(try await provider.client.status().node == keys.successor)
        #expect(try await renter.client.record(keys.successor).record.settled == 1)
        let receipts = try await provider.client.receipts(.mine)
        #expect(receipts.count == 1 && receipts[0].decoded.provider == keys.node)
        #expect(try receipts[0].verify().trade.hex == receipts[0].decoded.trade)
        let file = try market.directory.write(try NodeJSON.encode(receipts), to: "receipts.json")
        let verified = try await renter.command("verify", file)
        #expect(
          verified.isSuccess && verified.output.contains("was handed over to \(keys.successor.prefix(10))"),
          "\(verified)")
        let exported = try await provider.command("export", "--format", "json")
        let rows = try NodeJSON.decode(TradeExport.self, from: exported.output.utf8).trades
        #expect(rows.map(\.role) == ["provider"], "\(exported)")
        _ = try await provider.client.place(.offer(gpus: 4, priceMicros: 1_000_000))
        try await eventually("the renter buys of the new key") {
          _ = try? await renter.client.place(.bid(gpus: 1, priceMicros: 1_500_000))
          return try await renter.client.record(keys.successor).record.settled >= 2
        }
        let retired = provider.file(try #require(NodeID(hex: keys.node).map(IdentityFile.retiredName)))
        #expect(FileManager.default.fileExists(atPath: retired))
      }
    }

    @Test(
      "a crash before the files are in their places, or between, leaves a node that starts under the new key",
      arguments: [false, true])
    func crash(isRetiredKept: Bool) async throws {
      try await TestMarket.with { market in
        let (provider, renter, keys) = try await rotated(in: market)
        try await provider.kill()
        let (old, new) = (try #require(NodeID(hex: keys.node)), try #require(NodeID(hex: keys.successor)))
        let key = provider.file(IdentityFile.fileName)
        let retired = provider.file(IdentityFile.retiredName(of: old))
        let files = FileManager.default
        try files.moveItem(atPath: key, toPath: provider.file(IdentityFile.waitingName(of: new)))
        if isRetiredKept {
          try files.linkItem(atPath: retired, toPath: key)
        } else {
          try files.moveItem(atPath: retired, toPath: key)
        }
        try await restart(provider, renter)
        #expect(try await provider.client.status().node == keys.successor)
        #expect(try await provider.client.receipts(.mine).count == 1)
        #expect(files.fileExists(atPath: retired))
      }
    }

    @Test("a new key that never took over is in nobody's way")
    func unused() async throws {
      try await TestMarket.with { market in
        let provider = try market.node("provider")
        let before = try await provider.start()
        let waiting = Identity.generate()
        try await provider.kill()
        var passphrase = Array(TestNode.passphrase.utf8)
        try IdentityFile.create(
          waiting, inDirectory: provider.directory, passphrase: SecretBytes(moving: &passphrase), cost: .minimal,
          name: IdentityFile.waitingName(of: waiting.nodeID))
        #expect(try await provider.start().node == before.node)
        let stopped = try await provider.stop()
        #expect(stopped == .status(0))
        let refused = try await NodeBinary.run(
          ["key", "rotate", "--data", provider.directory], environment: TestNode.environment)
        #expect(!refused.isSuccess, "there is no node to ask: \(refused)")
      }
    }
  }
}
