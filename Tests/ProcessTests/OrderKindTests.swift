import NodeAPI
import Testing

extension NodeProcessTests {
  @Suite("Orders of every kind", .sharedMarket, .timeLimit(.minutes(10)))
  struct OrderKindTests {
    private let provider: TestNode
    private let renter: TestNode

    init() throws {
      let market = try #require(SharedMarket.current)
      provider = market.first
      renter = market.second
    }

    /// Takes back whatever is still open, so that the next test finds an empty book.
    private func clear() async throws {
      for node in [provider, renter] {
        for order in try await node.client.orders(.mine) where order.state == "open" {
          _ = try await node.client.cancel(order.id)
        }
      }
      try await agreement(of: [provider, renter])
    }

    /// What became of an order once nothing of it is open or undecided.
    private func end(of order: OrderDocument, on node: TestNode) async throws -> OrderDocument {
      try await eventually("order \(order.id) comes to its end") {
        let now = try await node.client.order(order.id)
        return ["open", "reserved"].contains(now.state) ? nil : now
      }
    }

    /// The settled trades of a bid.
    private func trades(of bid: OrderDocument) async throws -> [TradeDocument] {
      try await renter.client.trades(.mine).filter { $0.bid == bid.id && $0.state == "settled" }
    }

    @Test("an amend that only reduces keeps the priority, any other loses it, and every node sees the new terms")
    func amend() async throws {
      let placed: OrderDocument = try await provider.document("offer", "8 h100-sxm-80g at 9 for 4h watts 700")
      let id = String(placed.id.prefix(10))
      let fewer: OrderDocument = try await provider.document("amend", "\(id) gpus 4")
      #expect(fewer.id == placed.id && fewer.gpus == 4 && fewer.keptPriority == true)
      #expect(fewer.placedMs == placed.placedMs && fewer.priceMicros == 9_000_000)
      let cheaper: OrderDocument = try await provider.document("amend", id, "at", "8.50", "expires", "in", "1h")
      #expect(cheaper.priceMicros == 8_500_000 && cheaper.gpus == 4 && cheaper.keptPriority == false)
      #expect(cheaper.timeInForce == "gtt" && cheaper.attributes?.wattsPerGpu == 700)
      try await agreement(of: [provider, renter])
      let seen = try await renter.client.order(placed.id)
      #expect(seen.gpus == 4 && seen.priceMicros == 8_500_000 && seen.keptPriority == nil)

      let text = try await provider.command("amend", "\(id) gtc without watts")
      #expect(text.isSuccess && text.output.hasSuffix("at its price.\n"), "\(text)")
      let foreign = try await renter.command("amend", "\(id) gpus 2")
      #expect(foreign.exit == .status(1))
      #expect(foreign.error.contains("is not an open order of this node"), "\(foreign.error)")
      let immediate = try await provider.command("amend", "\(id) ioc")
      #expect(immediate.error.contains("an order in the book does not become immediate"))
      try await clear()
    }

    @Test("an immediate-or-cancel bid takes what there is, and the rest never rests in the book")
    func immediateOrCancel() async throws {
      let _: OrderDocument = try await provider.document("offer", "4 a100-sxm-80g at 1.00 for 4h")
      try await agreement(of: [provider, renter])
      let bid: OrderDocument = try await renter.document("bid", "6 a100-sxm-80g at 1.20 for 10m split ioc")
      #expect(bid.timeInForce == "ioc" && bid.minimumGpus == 1)
      #expect(try await end(of: bid, on: renter).state == "cancelled")
      #expect(try await trades(of: bid).map(\.gpus) == [4])
      try await agreement(of: [provider, renter])
      for node in [provider, renter] {
        #expect(try await node.client.book(gpuClass: "a100-sxm-80g", limit: 10).bids.isEmpty)
      }
      try await clear()
    }

    @Test("a fill-or-kill bid takes all of it at once, or nothing")
    func fillOrKill() async throws {
      let _: OrderDocument = try await provider.document("offer", "4 a100-sxm-80g at 1.00 for 4h")
      try await agreement(of: [provider, renter])
      let tooMuch: OrderDocument = try await renter.document("bid", "6 a100-sxm-80g at 1.20 for 10m fok")
      #expect(tooMuch.timeInForce == "fok" && tooMuch.allOrNone)
      #expect(try await end(of: tooMuch, on: renter).state == "cancelled")
      #expect(try await trades(of: tooMuch).isEmpty)
      let fitting: OrderDocument = try await renter.document("bid", "3 a100-sxm-80g at 1.20 for 10m fok")
      _ = try await end(of: fitting, on: renter)
      #expect(try await trades(of: fitting).map(\.gpus) == [3])
      let split: OrderDocument = try await renter.document("bid", "9 a100-sxm-80g at 1.20 for 10m fok split")
      #expect(split.timeInForce == "fok" && split.allOrNone && split.minimumGpus == 1)
      #expect(try await end(of: split, on: renter).state == "cancelled")
      try await clear()
    }

    @Test("a post-only order that would take is refused with what it would take; another one waits")
    func postOnly() async throws {
      let offer: OrderDocument = try await provider.document("offer", "4 a100-sxm-80g at 1.25 for 4h")
      try await agreement(of: [provider, renter])
      let taking = try await renter.command("bid", "2 a100-sxm-80g at 1.30 for 10m post-only")
      #expect(taking.exit == .status(1))
      #expect(taking.error.contains(String(offer.id.prefix(10))) && taking.error.contains("1.25"), "\(taking.error)")
      let waiting: OrderDocument = try await renter.document("bid", "2 a100-sxm-80g at 1.20 for 10m post-only")
      #expect(waiting.postOnly && waiting.state == "open")
      try await agreement(of: [provider, renter])
      // The later of two crossing orders takes, and this one is later than the bid.
      let crossing: OrderDocument = try await provider.document("offer", "2 a100-sxm-80g at 1.10 for 4h")
      let trade = try await eventually("the waiting bid is taken") { try await trades(of: waiting).first }
      #expect(trade.offer == crossing.id && trade.taker == "provider" && trade.priceMicros == 1_200_000)
      try await clear()
    }

    @Test("a quote prices a bid without placing it, and says what waiting would save")
    func quote() async throws {
      let cheap: OrderDocument = try await provider.document("offer", "8 h100-sxm-80g at 2.00 from +2h for 6h")
      let soon: OrderDocument = try await provider.document("offer", "8 h100-sxm-80g at 3.00 for 8h")
      try await agreement(of: [provider, renter])
      let before = try await renter.client.status()
      let quote: QuoteDocument = try await renter.document("quote", "4 h100-sxm-80g for 1h within 7h")
      #expect(quote.available == "all" && quote.priceMicros == nil)
      #expect(quote.cheapest.pieces.map(\.offer) == [cheap.id] && quote.cheapest.totalMicros == 8_000_000)
      #expect(quote.soonest.pieces.map(\.offer) == [soon.id] && quote.soonest.totalMicros == 12_000_000)
      #expect(quote.waitingSavesMicros == 4_000_000 && (quote.waitingMs ?? 0) > 3_600_000)
      #expect(quote.cheapest.pieces.map(\.provider) == [cheap.owner])
      let text = try await renter.command("quote", "4 h100-sxm-80g for 1h within 7h")
      #expect(text.output.contains(" saves 4.00 USD."), "\(text.output)")

      let limited: QuoteDocument = try await renter.document("quote", "4 h100-sxm-80g at 2.50 for 1h within 7h")
      #expect(limited.soonest == limited.cheapest && limited.waitingSavesMicros == 0)
      let tooMany: QuoteDocument = try await renter.document("quote", "20 h100-sxm-80g for 1h within 7h")
      #expect(tooMany.available == "none")
      // Three leases of the cheap offer, one after the other.
      let pieces: QuoteDocument = try await renter.document("quote", "20 h100-sxm-80g for 1h within 7h split")
      #expect(pieces.available == "all" && pieces.cheapest.totalMicros == 40_000_000)
      #expect(pieces.cheapest.pieces.map(\.gpus) == [8, 8, 4])
      let part: QuoteDocument = try await renter.document("quote", "20 h100-sxm-80g for 1h within 90m split")
      #expect(part.available == "part" && part.cheapest.gpus == 8 && part.cheapest.totalMicros == 24_000_000)
      let after = try await renter.client.status()
      #expect(after.orders == before.orders && after.bookDigest == before.bookDigest)
      try await clear()
    }

    @Test("a depth adds up a class by delivery hour")
    func depth() async throws {
      let _: OrderDocument = try await provider.document("offer", "6 h100-sxm-80g at 2.00 for 8h")
      let _: OrderDocument = try await provider.document("offer", "6 h100-sxm-80g at 3.00 for 8h")
      let _: OrderDocument = try await renter.document("bid", "3 h100-sxm-80g at 1.50 for 1h within 8h")
      try await agreement(of: [provider, renter])
      let depth: DepthDocument = try await renter.document("depth", "h100-sxm-80g for 6h")
      #expect(depth.rowMs == 3_600_000 && depth.gpus == 8)
      // The first row is what is left of the present hour.
      let hour = try #require(depth.hours.dropFirst().first)
      #expect(hour.endMs - hour.startMs == 3_600_000)
      #expect(hour.gpusOffered == 12 && hour.bestOfferMicros == 2_000_000 && hour.costMicros == 18_000_000)
      #expect(hour.offers.map(\.gpus) == [6, 6] && hour.offers.map(\.orders) == [1, 1])
      #expect(hour.gpusWanted == 3 && hour.bestBidMicros == 1_500_000)
      let text = try await renter.command("depth", "h100-sxm-80g", "for", "6h", "gpus", "12")
      #expect(text.isSuccess && text.output.contains("COST OF 12 GPUS") && text.output.contains("30.00"), "\(text)")
      try await clear()
    }
  }
}
