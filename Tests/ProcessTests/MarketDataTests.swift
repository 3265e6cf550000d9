import Foundation
import NodeAPI
import Testing

extension NodeProcessTests.TradeMade {
  @Suite("The spot index, candles and verifying over the API", .timeLimit(.minutes(5)))
  struct MarketDataTests {
    private let renter: TestNode
    private let provider: TestNode

    init() throws {
      let shared = try #require(FirstTrade.shared)
      (renter, provider) = (shared.renter, shared.provider)
    }

    @Test("both nodes show the same candle, with the price of the trade")
    func candles() async throws {
      let range = try #require(IntervalRange(spanMs: 86_400_000, intervalMs: 3_600_000))
      let candles = try await renter.client.candles(gpuClass: "h100-sxm-80g", range)
      #expect(candles.map(\.closeMicros).allSatisfy { $0 == 2_100_000 })
      #expect(candles.reduce(0) { $0 + $1.gpuSeconds } == 4 * 3 * 3600)
      #expect(candles.reduce(0) { $0 + $1.trades } == 1)
      #expect(try await provider.client.candles(gpuClass: "h100-sxm-80g", range) == candles)
      #expect(try await renter.client.candles(gpuClass: "a100-sxm-80g", range).isEmpty)
      let text = try await renter.command("candles", "h100-sxm-80g", "for", "6h")
      #expect(text.isSuccess)
      #expect(text.output.contains("2.10"))
    }

    @Test("two nodes make no index, and the answer says of how many it would be")
    func index() async throws {
      // The window ends with the last whole minute, and the trade may be younger.
      let known = try await eventually("the trade is in the window", within: .seconds(90)) {
        let index = try await renter.client.index().first { $0.gpuClass == "h100-sxm-80g" }
        return index?.receipts == 1 ? index : nil
      }
      #expect(known.valueMicros == nil)
      #expect(known.identities == 2)
      #expect(known.gpuSeconds == 4 * 3 * 3600)
      #expect(known.timeMs % 60_000 == 0)
      #expect(try await renter.client.index().map(\.gpuClass) == ["h100-sxm-80g", "a100-sxm-80g"])
      let range = try #require(IntervalRange(spanMs: 300_000, intervalMs: 60_000))
      let series = try await renter.client.index(gpuClass: "h100-sxm-80g", range)
      #expect(series.count == 5)
      #expect(series.map(\.timeMs) == series.map(\.timeMs).sorted())
      #expect(series.last?.receipts == 1)
      let text = try await renter.command("index")
      #expect(text.isSuccess)
      #expect(text.output.contains("too few nodes traded"))
    }

    @Test("a receipt is verified over the API as by the command, and an altered one is refused")
    func verify() async throws {
      let list = try await renter.command("receipts", "--json")
      let verdicts = try await renter.client.verify(Array(list.output.utf8))
      #expect(verdicts.map(\.valid) == [true])
      let altered = list.output.replacing("\"gpus\" : 4", with: "\"gpus\" : 8")
      let refused = try await renter.client.verify(Array(altered.utf8))
      #expect(refused.map(\.error) == ["decoded.gpus is 8; allowed: 4, as signed"])
      await #expect(throws: (any Error).self) { try await renter.client.verify(Array("[{".utf8)) }
      #expect(try await renter.client.verify(Array("[]".utf8)).isEmpty)
    }
  }
}
