import Foundation
import Gossip
import Market
import NodeAPI
import NodeCore
import NodeCrypto
import Testing

extension NodeProcessTests {
  @Suite("A provider that cheats two honest nodes", .timeLimit(.minutes(5)))
  struct FraudTests {
    /// Two honest renters that are connected, and a hostile maker connected with both that has published an offer.
    private struct Scene {
      let renters: [TestNode]
      let ids: [NodeID]
      let maker: HostileMaker
      /// The entry with the offer.
      let first: SignedEntry

      init(on market: TestMarket, gpus: Int32 = 4) async throws {
        let (one, other) = (try market.node("one"), try market.node("other"))
        let status = try await one.start()
        let second = try await other.start(peers: [try await one.address()])
        try await agreement(of: [one, other])
        renters = [one, other]
        ids = try [status, second].map { try #require(NodeID(hex: $0.node)) }
        maker = HostileMaker(genesis: market.genesis)
        try await maker.connect(to: one)
        try await maker.connect(to: other)
        first = maker.write([maker.offer(gpus: gpus)], after: nil)
        maker.push(first)
        for renter in renters {
          try await eventually("\(renter.name) sees the offer") {
            try await renter.client.orders(.all).contains { $0.side == "offer" && $0.state == "open" }
          }
        }
      }

      /// Each of these renters bids for all of the offer, in the same hour; waits for their proposals.
      func bid(_ bidders: [TestNode], gpus: Int64 = 4) async throws -> [OrderDocument] {
        var bids: [OrderDocument] = []
        for bidder in bidders {
          var bid = OrderRequest.bid(gpus: gpus, priceMicros: 2_400_000)
          bid.durationMs = 3_600_000
          bid.withinMs = 3_700_000
          bids.append(try await bidder.client.place(bid))
        }
        try await eventually("\(bidders.count) proposals have come") { maker.proposals.count >= bidders.count }
        return bids
      }

      /// Waits until both hold a proof of this kind and no order of the maker's; then shows, exports and verifies it.
      func expectProven(_ kind: String, at sequence: UInt64) async throws {
        for renter in renters {
          let proofs = try await eventually("\(renter.name) holds a proof") {
            let proofs = try await renter.client.proofs()
            return proofs.isEmpty ? nil : proofs
          }
          #expect(proofs.map(\.decoded.author) == [maker.identity.nodeID.hex])
          #expect(proofs.map(\.decoded.kind) == [kind])
          #expect(proofs.map(\.decoded.sequence) == [sequence])
          #expect(try await renter.client.orders(.all).allSatisfy { $0.owner != maker.identity.nodeID.hex })
          #expect(try await renter.command("proofs").output.contains(kind))
          let file = renter.file("proofs.json")
          try await renter.command("proofs", "--json").output.write(toFile: file, atomically: true, encoding: .utf8)
          let verdict = try await renter.command("verify", file)
          #expect(verdict.isSuccess && verdict.output.hasPrefix("valid    proof 1"), "\(verdict)")
          var forged = proofs[0]
          forged.decoded.author = ids[0].hex
          try NodeJSON.encode(forged).write(to: URL(fileURLWithPath: file))
          #expect(try await renter.command("verify", file).isSuccess == false)
        }
        let statuses = try await agreement(of: renters)
        #expect(statuses.map(\.frozenFeeds) == [1, 1])
      }
    }

    @Test("who signs two entries at one place is proven a fraud; the receipt that the cheated renter holds stays")
    func fork() async throws {
      try await TestMarket.with { market in
        let scene = try await Scene(on: market)
        let bid = try await scene.bid([scene.renters[0]])[0]
        let accept = scene.maker.accept(scene.maker.proposals[0], after: scene.first.head)
        scene.maker.push(accept, to: [scene.ids[0]])
        try await eventually("the renter has its receipt") {
          try await !scene.renters[0].client.receipts(.mine).isEmpty
        }
        scene.maker.push(scene.maker.write([], after: scene.first.head), to: [scene.ids[1]])
        try await scene.expectProven("fork", at: 2)
        #expect(try await scene.renters[0].client.receipts(.mine).map(\.decoded.bid) == [bid.id])
        #expect(try await scene.renters[1].client.trades(.all).map(\.state) == ["settled"])
        await scene.maker.shutdown()
      }
    }

    @Test("who sells the same GPUs twice is proven a fraud; both receipts are valid, and the later one is disputed")
    func oversell() async throws {
      try await TestMarket.with { market in
        let scene = try await Scene(on: market)
        _ = try await scene.bid(scene.renters)
        let one = scene.maker.accept(scene.maker.proposals[0], after: scene.first.head)
        let other = scene.maker.accept(scene.maker.proposals[1], after: one.head)
        scene.maker.push(one)
        // To its renter alone: one to whom the other shows the proof first takes nothing more of that feed.
        scene.maker.push(other, to: [scene.maker.proposals[1].terms.taker])
        try await scene.expectProven("overfill", at: 3)
        for renter in scene.renters {
          let states = try await eventually("both trades are known") {
            let trades = try await renter.client.trades(.all)
            return trades.count == 2 && trades.allSatisfy { $0.settledMs != nil } ? trades.map(\.state) : nil
          }
          #expect(states.sorted() == ["disputed", "settled"])
          #expect(try await renter.client.receipts(.mine).count == 1)
        }
        await scene.maker.shutdown()
      }
    }

    @Test("who restates as free what it has sold is proven a fraud; the receipt that the renter holds stays")
    func restate() async throws {
      try await TestMarket.with { market in
        let scene = try await Scene(on: market)
        let bid = try await scene.bid([scene.renters[0]])[0]
        let accept = scene.maker.accept(scene.maker.proposals[0], after: scene.first.head)
        scene.maker.push(accept)
        try await eventually("the renter has its receipt") {
          try await !scene.renters[0].client.receipts(.mine).isEmpty
        }
        scene.maker.push(try scene.maker.restate(scene.first, after: accept.head, sold: 1))
        try await scene.expectProven("false-checkpoint", at: 3)
        #expect(try await scene.renters[0].client.receipts(.mine).map(\.decoded.bid) == [bid.id])
        #expect(try await scene.renters[1].client.trades(.all).map(\.state) == ["settled"])
        await scene.maker.shutdown()
      }
    }

    @Test("who accepts one trade twice has sold it once, and is no fraud")
    func acceptTwice() async throws {
      try await TestMarket.with { market in
        let scene = try await Scene(on: market, gpus: 4)
        _ = try await scene.bid([scene.renters[0]])
        let one = scene.maker.accept(scene.maker.proposals[0], after: scene.first.head)
        let again = scene.maker.accept(scene.maker.proposals[0], after: one.head)
        scene.maker.push(one)
        scene.maker.push(again)
        let statuses = try await agreement(of: scene.renters, trades: 1)
        #expect(statuses.map(\.frozenFeeds) == [0, 0] && statuses.map(\.trades) == [1, 1])
        #expect(try await scene.renters[0].client.receipts(.mine).map(\.decoded.acceptedSequence) == [2])
        await scene.maker.shutdown()
      }
    }

    @Test("who dates an entry before the last one is proven a fraud")
    func backdate() async throws {
      try await TestMarket.with { market in
        let scene = try await Scene(on: market)
        scene.maker.push(scene.maker.write([], after: scene.first.head, at: scene.first.time - 1))
        try await scene.expectProven("backdated", at: 2)
        await scene.maker.shutdown()
      }
    }

    @Test("who withholds its answer and goes on has not sold: the renter is free again, and the record tells")
    func withhold() async throws {
      try await TestMarket.with { market in
        let scene = try await Scene(on: market)
        let bid = try await scene.bid([scene.renters[0]])[0]
        let deadline = scene.maker.proposals[0].terms.deadline
        try await eventually("the deadline has passed", within: .seconds(30)) { Timestamp.machine > deadline + 1 }
        scene.maker.push(scene.maker.write([], after: scene.first.head))
        try await eventually("the renter takes its reservation back") {
          try await scene.renters[0].client.trades(.mine).first?.state == "released"
        }
        #expect(try await scene.renters[0].client.order(bid.id).state == "open")
        #expect(try await agreement(of: scene.renters).map(\.frozenFeeds) == [0, 0])
        await scene.maker.shutdown()
      }
    }
  }
}
