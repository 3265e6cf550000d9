import Foundation
import NodeAPI
import Testing

extension NodeProcessTests.TradeMade {
  @Suite("The first trade", .timeLimit(.minutes(5)))
  struct FirstTradeTests {
    private let market: TestMarket
    private let provider: TestNode
    private let renter: TestNode
    private let trade: FirstTrade

    init() throws {
      trade = try #require(FirstTrade.shared)
      market = trade.market
      provider = trade.provider
      renter = trade.renter
    }

    @Test("init answers with the directory, the network and the node that then runs")
    func creation() async throws {
      for (created, node) in zip(trade.created, [provider, renter]) {
        #expect(created.data == node.directory)
        #expect(created.network == market.genesis.networkID.hex)
        let status: StatusDocument = try await node.document("status")
        #expect(status.node == created.node)
        #expect(status.network == created.network)
        #expect(status.networkName == market.genesis.name)
        #expect(status.trouble == nil)
      }
      #expect(trade.created[0].node != trade.created[1].node)
    }

    @Test("an order is echoed as it was understood")
    func echo() {
      let offer = trade.offer
      #expect([offer.side, offer.state] == ["offer", "open"] && offer.own)
      #expect(offer.gpuClasses == ["h100-sxm-80g"])
      #expect([offer.gpus, offer.gpusLeft, offer.priceMicros] == [8, 8, 2_100_000])
      #expect(offer.endMs - offer.startMs == 12 * 3_600_000)
      let bid = trade.bid
      #expect([bid.side, bid.owner] == ["bid", trade.created[1].node] && bid.own)
      #expect([bid.gpus, bid.minimumGpus, bid.priceMicros] == [4, 4, 2_400_000])
      #expect(bid.durationMs == 3 * 3_600_000 && bid.endMs - bid.startMs == 24 * 3_600_000)
    }

    @Test("both nodes list the same receipt of the trade, at the price of the order that was there first")
    func receipts() async throws {
      let sold: [ReceiptDocument] = try await provider.document("receipts")
      let bought: [ReceiptDocument] = try await renter.document("receipts")
      #expect(sold == bought)
      let lease = try #require(sold.first).decoded
      #expect(sold.count == 1)
      #expect([lease.offer, lease.bid] == [trade.offer.id, trade.bid.id])
      #expect([lease.provider, lease.buyer] == trade.created.map(\.node))
      #expect(lease.gpus == 4 && lease.priceMicros == 2_100_000 && lease.totalMicros == 25_200_000)
      #expect(lease.endMs - lease.startMs == 3 * 3_600_000)
    }

    @Test("both nodes list the trade, each with its own part in it")
    func trades() async throws {
      let lists: [[TradeDocument]] = [try await provider.document("trades"), try await renter.document("trades")]
      #expect(lists.map { $0.map(\.role) } == [["provider"], ["buyer"]])
      #expect(lists.map { $0.map(\.state) } == [["settled"], ["settled"]])
      #expect(lists[0].map(\.id) == lists[1].map(\.id))
      #expect(lists[0].map(\.taker) == ["buyer"])
    }

    @Test("the books' digests are equal, and each node's peers shows it")
    func digests() async throws {
      let statuses = try await agreement(of: [provider, renter], trades: 1)
      #expect(Set(statuses.map(\.bookDigest)).count == 1)
      for (node, other) in [(provider, statuses[1]), (renter, statuses[0])] {
        // What a peer says of its book is some seconds old.
        let peer = try await eventually("\(node.name) hears the digest of its peer") {
          let peers: [PeerDocument] = try await node.document("peers")
          return peers.count == 1 && peers[0].agrees == true ? peers[0] : nil
        }
        #expect(peer.node == other.node)
        #expect(peer.bookDigest == other.bookDigest)
      }
    }

    @Test("a stopped node's receipts are the ones it listed, and after a restart everything is there again")
    func restart() async throws {
      let online: [ReceiptDocument] = try await renter.document("receipts")
      let trades: [TradeDocument] = try await renter.document("trades")
      let orders: [OrderDocument] = try await renter.document("orders")
      let refused = try await renter.command("receipts", "--offline")
      #expect(refused.exit == .status(1))
      #expect(refused.error.hasPrefix("error: \(renter.directory) is in use by process "))

      #expect(try await renter.stop() == .status(0))
      #expect(try await renter.document("receipts", "--offline") == online)
      try await renter.start(peers: [try await provider.address()])
      #expect(try await renter.document("receipts") == online)
      #expect(try await renter.document("trades") == trades)
      #expect(try await renter.document("orders", as: [OrderDocument].self).map(\.id) == orders.map(\.id))
      try await agreement(of: [provider, renter], trades: 1)
    }

    @Test("why counts, condition by condition, the counter-orders that an open order cannot trade with")
    func why() async throws {
      let tooLow: OrderDocument = try await renter.document("bid", "2 h100-sxm-80g at 0.50 for 1h")
      let low: WhyDocument = try await renter.document("why", tooLow.id)
      #expect(low.counterOrders == 1 && low.matching == 0 && low.bestCounterPriceMicros == 2_100_000)
      #expect(low.conditions.filter { $0.ruledOut > 0 } == [.init(condition: "price", ruledOut: 1)])
      let other: OrderDocument = try await renter.document("bid", "2 a100-sxm-80g at 3 for 1h")
      let text = try await renter.command("why", String(other.id.prefix(10)))
      #expect(text.isSuccess)
      #expect(
        text.output.hasSuffix(
          """
          Of 1 offer in the book:
          1  ruled out by the GPU class
          0  left to trade with

          """), "\(text.output.debugDescription)")
      for order in [tooLow, other] { let _: OrderDocument = try await renter.document("cancel", order.id) }
    }
  }
}
