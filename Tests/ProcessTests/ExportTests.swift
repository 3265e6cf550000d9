import Foundation
import NodeAPI
import Testing

extension NodeProcessTests.TradeMade {
  @Suite("Exporting trades", .timeLimit(.minutes(5)))
  struct ExportTests {
    private let provider: TestNode
    private let renter: TestNode

    init() throws {
      (provider, renter) = try #require(FirstTrade.shared.map { ($0.provider, $0.renter) })
    }

    @Test("both parties export the same trade, each with its own part in it")
    func bothParties() async throws {
      let sold = try await provider.command("export", "--format", "json")
      let bought = try await renter.command("export", "--format", "json")
      let rows = try [sold, bought].map { try NodeJSON.decode(TradeExport.self, from: $0.output.utf8).trades }
      #expect(rows.map { $0.map(\.role) } == [["provider"], ["buyer"]])
      #expect(rows[0].map(\.receipt) == rows[1].map(\.receipt))
    }

    @Test("a table has a line for the trade in the span, and only the names outside it")
    func table() async throws {
      let all = try await renter.command("export", "--from", "2026-01-01", "--format", "csv")
      #expect(all.isSuccess && all.output.count(where: \.isNewline) == 2, "\(all.output)")
      let before = Calendar.current.dateComponents([.hour, .minute], from: Date() - 600)
      let clock = "\(before.hour ?? 0):\((before.minute ?? 0) < 10 ? "0" : "")\(before.minute ?? 0)"
      let recent = try await renter.command("export", "--from", clock)
      #expect(recent.isSuccess && recent.output.count(where: \.isNewline) == 2, "\(clock) is the last one")
      let none = try await renter.command("export", "--to", "2026-01-01")
      #expect(none.isSuccess && none.output.count(where: \.isNewline) == 1, "\(none.output)")
    }

    @Test("a moment that is none, and a span that ends before it begins, are refused with what is allowed")
    func refused() async throws {
      let nonsense = try await renter.command("export", "--from", "yesterday")
      #expect(nonsense.error.contains("--from is \"yesterday\"; allowed: 2026-11-24, 2026"), "\(nonsense.error)")
      let future = try await renter.command("export", "--from", "2200-01-01")
      #expect(future.error.contains("--from is 2200-01-01; allowed: a moment that has been"), "\(future.error)")
      let reversed = try await renter.command("export", "--from", "2026-02-01", "--to", "2026-01-01")
      #expect(reversed.error.contains("--to is 2026-01-01; allowed: later than --from"), "\(reversed.error)")
    }
  }
}
