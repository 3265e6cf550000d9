import Foundation
import NodeAPI
import Testing

extension NodeProcessTests {
  @Suite("Events", .timeLimit(.minutes(5)))
  struct EventTests {
    private static let http = ["--http", "127.0.0.1:0"]

    private func isOrder(_ event: EventStream.Event, _ id: String, _ state: String) throws -> Bool {
      guard event.name == "orders" else { return false }
      let order = try event.document(OrderDocument.self)
      return order.id == id && order.state == state
    }

    private func isTrade(_ event: EventStream.Event, _ state: String) throws -> Bool {
      try event.name == "trades" && event.document(TradeDocument.self).state == state
    }

    @Test("a client that follows the events has the books, orders and trades that it would have fetched")
    func follow() async throws {
      try await TestMarket.with { market in
        let (provider, renter) = (try market.node("provider"), try market.node("renter"))
        try await provider.start(options: Self.http)
        let listener = try await HTTPListener(of: provider)
        let stream = try await EventStream(of: listener)
        let first = try await stream.wait(for: "the first") { _ in true }
        #expect(first.name == "reset" && first.data == "{}")
        #expect(stream.answer?.headers["content-type"] == "text/event-stream")

        try await renter.start(peers: [try await provider.address()])
        try await stream.wait(for: "a peer") { $0.name == "peers" && $0.data == #"{"peers":1}"# }
        try await agreement(of: [provider, renter])
        let offer = try await provider.client.place(.offer(gpus: 8, priceMicros: 2_000_000))
        try await stream.wait(for: "the own offer") { try isOrder($0, offer.id, "open") }
        try await stream.wait(for: "the offer in the book") {
          try $0.name == "book" && $0.document(BookEventDocument.self).order?.id == offer.id
        }
        try await agreement(of: [provider, renter])
        _ = try await renter.client.place(.bid(gpus: 2, priceMicros: 2_000_000))
        let settled = try await stream.wait(for: "the trade") { try isTrade($0, "settled") }
        try await agreement(of: [provider, renter], trades: 1)
        let trade = try settled.document(TradeDocument.self)
        #expect(trade.offer == offer.id && trade.role == "provider")
        try await stream.wait(for: "what the trade takes of the offer") { event in
          guard event.name == "book" else { return false }
          return try event.document(BookEventDocument.self).order?.calendar?.first?.usedGpus == 2
        }
        try await stream.wait(for: "the status") {
          try $0.name == "status" && $0.document(StatusDocument.self).ownTrades == 1
        }

        let all = try await provider.client.trades(.all)
        let latest = Dictionary(
          try stream.events.filter { $0.name == "trades" }.map { try $0.document(TradeDocument.self) }.map {
            ($0.id, $0)
          },
          uniquingKeysWith: { $1 })
        #expect(all.count == 1 && all.map { latest[$0.id] } == all.map { $0 })
        _ = try await provider.client.cancel(offer.id)
        try await stream.wait(for: "the offer is gone") {
          $0.name == "book" && $0.data == #"{"gone":"\#(offer.id)","gpu_class":"h100-sxm-80g"}"#
        }
        try await stream.wait(for: "the own offer is cancelled") { try isOrder($0, offer.id, "cancelled") }
        let numbers = stream.events.compactMap { Int($0.id.split(separator: "-").last ?? "") }
        #expect(numbers == numbers.sorted() && Set(numbers).count == numbers.count)
        let starts = Set(stream.events.map { $0.id.split(separator: "-")[0] })
        #expect(starts.count == 1)
      }
    }

    @Test("a client resumes after a lost connection; after a restart of the node it is told to fetch everything")
    func resume() async throws {
      try await TestMarket.with { market in
        let node = try market.node("node")
        try await node.start(options: Self.http)
        let listener = try await HTTPListener(of: node)
        let first = try await EventStream(of: listener, query: "?topics=orders")
        try await first.wait(for: "reset") { $0.name == "reset" }
        let one = try await node.client.place(.offer(gpus: 1, priceMicros: 1_000_000))
        let seen = try await first.wait(for: "the first order") { try isOrder($0, one.id, "open") }
        try await first.close()
        let two = try await node.client.place(.offer(gpus: 2, priceMicros: 2_000_000))
        let three = try await node.client.place(.offer(gpus: 3, priceMicros: 3_000_000))

        let second = try await EventStream(of: listener, query: "?topics=orders", after: seen.id)
        try await second.wait(for: "the third order") { try isOrder($0, three.id, "open") }
        #expect(!second.events.contains { $0.name == "reset" })
        let placed = try second.events.map { try $0.document(OrderDocument.self).id }
        #expect(placed.contains(two.id) && !placed.contains(one.id), "what was missed, and nothing twice")

        #expect(try await node.stop() == .status(0))
        try await eventually("a stopping node ends the stream") { second.hasEnded }
        try await node.start(options: Self.http)
        let third = try await EventStream(
          of: try await HTTPListener(of: node), query: "?topics=orders", after: second.events.last?.id)
        #expect(try await third.wait(for: "the first") { _ in true }.name == "reset")
        let four = try await node.client.place(.offer(gpus: 4, priceMicros: 4_000_000))
        try await third.wait(for: "the fourth order") { try isOrder($0, four.id, "open") }
      }
    }

    @Test("a client hears of its topics and its class alone; what is none is refused by name")
    func filters() async throws {
      try await TestMarket.with { market in
        let node = try market.node("node")
        try await node.start(options: Self.http)
        let listener = try await HTTPListener(of: node)
        let stream = try await EventStream(of: listener, query: "?topics=book&gpu_class=a100-sxm-80g")
        try await stream.wait(for: "reset") { $0.name == "reset" }
        _ = try await node.client.place(.offer(gpus: 1, priceMicros: 1_000_000))
        var bid = OrderRequest(side: "bid", gpuClasses: ["any"], gpus: 1, priceMicros: 1)
        bid.durationMs = 600_000
        let placed = try await node.client.place(bid)
        try await stream.wait(for: "the bid for any class") {
          try $0.name == "book" && $0.document(BookEventDocument.self).order?.id == placed.id
        }
        #expect(Set(stream.events.map(\.name)) == ["reset", "book"])
        #expect(
          stream.events.filter { $0.name == "book" }.allSatisfy { $0.data.contains("\"gpu_class\":\"a100-sxm-80g\"") })
        for (query, word) in [
          ("?topics=book,x", "book, trades, orders, peers, status"), ("?gpu_class=x", "h100-sxm-80g"),
        ] {
          let answer = try await listener.ask("GET", "/v1/events\(query)", listener.bearer)
          #expect(answer.status == 400 && answer.body.contains(word), "\(answer)")
        }
      }
    }
  }
}
