import Foundation
import NodeAPI
import NodeClient
import Testing

extension NodeProcessTests {
  @Suite(
    "A full disk", .enabled(if: SmallDisk.isAvailable, "only root may mount a small disk"), .timeLimit(.minutes(5)))
  struct FullDiskTests {
    @Test("orders are refused while the disk is full; with room again the node trades, and nothing is lost")
    func fullDisk() async throws {
      try await TestMarket.with { market in
        let mountPoint = market.directory.file("disk")
        try FileManager.default.createDirectory(atPath: mountPoint, withIntermediateDirectories: false)
        let disk = try SmallDisk(at: mountPoint, megabytes: 16)
        let provider = try market.node("provider", in: mountPoint + "/provider")
        let renter = try market.node("renter")
        let nodes = [provider, renter]
        try await provider.start()
        let address = try await provider.address()
        try await renter.start(peers: [address])
        let offer = try await provider.client.place(.offer(gpus: 8, priceMicros: 1_000_000))
        _ = try await renter.client.place(.bid(gpus: 2, priceMicros: 1_000_000))
        try await agreement(of: nodes, trades: 1)
        let receipts = try await provider.client.receipts(.mine)

        try disk.fill()
        let why = "no room left on the disk for \(provider.file("store.sqlite")); free some space"
        // The offer is open, so the node has a tick to write every second.
        try await eventually("the node notices") { try await provider.client.status().trouble == why }
        let refused = try await provider.command("offer", "1 h100-sxm-80g at 5 for 1h", "--json")
        #expect(refused.exit == .status(1))
        #expect(
          try NodeJSON.decode(ProblemDocument.self, from: refused.output.utf8)
            == ProblemDocument(
              type: "urn:p2pnode:store", title: "The store cannot write", status: 507,
              detail: "the store cannot write: \(why). Nothing was placed"))
        // A bid that it cannot answer waits, or comes to nothing; it is not lost.
        let waiting = try await renter.client.place(.bid(gpus: 2, priceMicros: 1_000_000))
        let state = try await provider.client.status().state
        #expect(state == "running")

        disk.free()
        try await eventually("the node has recovered") { try await provider.client.status().trouble == nil }
        try await agreement(of: nodes, trades: 2)
        #expect(try await renter.client.order(waiting.id).state == "filled")
        #expect(try await provider.client.order(offer.id).state == "open")
        #expect(try await provider.client.orders(.mine).map(\.id) == [offer.id])
        #expect(Set(try await provider.client.receipts(.mine)).isSuperset(of: receipts))

        // A node that cannot write can be stopped all the same.
        try disk.fill()
        try await eventually("the node notices again") { try await provider.client.status().trouble == why }
        #expect(try await provider.stop() == .status(0))
        disk.free()
        try await provider.start(peers: [try await renter.address()])
        try await agreement(of: nodes, trades: 2)
        #expect(try await checkReceipts(of: nodes).count == 2)
      }
    }

    @Test("the order at which the disk turns out to be full waits, as its answer says, and takes effect afterwards")
    func queuedOrder() async throws {
      try await TestMarket.with { market in
        let mountPoint = market.directory.file("disk")
        try FileManager.default.createDirectory(atPath: mountPoint, withIntermediateDirectories: false)
        let disk = try SmallDisk(at: mountPoint, megabytes: 16)
        let node = try market.node("node", in: mountPoint + "/node")
        try await node.start()
        try disk.fill()
        let error = await #expect(throws: NodeClientError.self) {
          try await node.client.place(.offer(gpus: 8, priceMicros: 1_000_000))
        }
        #expect(error?.problem.status == 507)
        #expect(
          error?.problem.detail
            == "the store cannot write: no room left on the disk for \(node.file("store.sqlite")); free some space. "
            + "The order is queued and takes effect if the store recovers; `orders` shows it")
        disk.free()
        try await eventually("the node has recovered") { try await node.client.status().trouble == nil }
        try await node.kill()
        try await node.start()
        #expect(try await node.client.orders(.mine).map(\.state) == ["open"])
      }
    }
  }
}
