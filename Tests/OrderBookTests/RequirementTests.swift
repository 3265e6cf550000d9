import Market
import NodeCrypto
import OrderBook
import Testing

@Suite("What a bid demands")
struct RequirementTests {
  private func meets(
    _ attributes: Attributes, owner: UInt64 = 7, vram: [UInt32] = [], record: PublicRecord = PublicRecord(),
    _ demand: (inout Requirements.Demands) -> Void
  ) -> Bool {
    let book = OrderBook(
      classVRAMMiB: vram, .offer(1, owner: owner, time: 10, attributes: attributes),
      .bid(2, owner: 5, time: 20, requirements: demanding(demand)))
    let context = MatchContext(earliestStart: Slot(0), records: [node(owner): record])
    return book.matching(2, context) != nil
  }

  @Test(
    "a continent accepts its countries, a country only itself",
    arguments: [
      ("EU", "EU-FR", true), ("EU", "EU", true), ("EU-FR", "EU-FR", true), ("EU-FR", "EU", false),
      ("EU-FR", "EU-DE", false), ("EU", "US-CA", false), ("EU", "", false), ("", "US-CA", true),
    ])
  func regions(wanted: String, declared: String, isAccepted: Bool) {
    #expect(meets(Attributes(region: declared)) { $0.regions = wanted.isEmpty ? [] : [wanted] } == isAccepted)
  }

  @Test("memory is what the offer states, else what the class has, else none")
  func vram() {
    #expect(meets(Attributes(vramMiB: 80)) { $0.minimumVRAMMiB = 80 })
    #expect(!meets(Attributes(vramMiB: 79), vram: [100]) { $0.minimumVRAMMiB = 80 })
    #expect(meets(Attributes(), vram: [80]) { $0.minimumVRAMMiB = 80 })
    #expect(!meets(Attributes(), vram: [79]) { $0.minimumVRAMMiB = 80 })
    #expect(!meets(Attributes(), vram: []) { $0.minimumVRAMMiB = 1 })
  }

  @Test("a limit is kept by what is stated and at most as high; what is not stated breaks it")
  func limits() {
    #expect(meets(Attributes(wattsPerGPU: 700)) { $0.maximumWattsPerGPU = 700 })
    #expect(!meets(Attributes(wattsPerGPU: 701)) { $0.maximumWattsPerGPU = 700 })
    #expect(!meets(Attributes()) { $0.maximumWattsPerGPU = 700 })
    #expect(meets(Attributes(gramsCO2PerKWh: 50)) { $0.maximumGramsCO2PerKWh = 50 })
    #expect(!meets(Attributes(gramsCO2PerKWh: 51)) { $0.maximumGramsCO2PerKWh = 50 })
    #expect(!meets(Attributes()) { $0.maximumGramsCO2PerKWh = 50 })
    #expect(meets(Attributes(interconnect: "nvlink")) { $0.interconnect = "nvlink" })
    #expect(!meets(Attributes(interconnect: "pcie")) { $0.interconnect = "nvlink" })
  }

  @Test("with probed only, each demanded attribute must be probed, and no other")
  func probed() {
    let attributes = Attributes(region: "EU", interconnect: "nvlink", wattsPerGPU: 300, probed: [.interconnect])
    #expect(meets(attributes) { ($0.interconnect, $0.probedOnly) = ("nvlink", true) })
    #expect(!meets(attributes) { ($0.interconnect, $0.regions, $0.probedOnly) = ("nvlink", ["EU"], true) })
    #expect(meets(attributes) { $0.probedOnly = true })
    #expect(
      !meets(Attributes(), vram: [80]) { ($0.minimumVRAMMiB, $0.probedOnly) = (80, true) }, "the class is not probed")
  }

  @Test("a list of providers accepts those in it, a list of excluded ones all others")
  func providers() {
    #expect(meets(Attributes()) { $0.providers = [node(6), node(7)] })
    #expect(!meets(Attributes()) { $0.providers = [node(6)] })
    #expect(!meets(Attributes()) { $0.excludedProviders = [node(7)] })
    #expect(meets(Attributes()) { $0.excludedProviders = [node(6)] })
  }

  @Test("the record counts settled trades and the share of those that failed")
  func record() {
    func meets(_ settled: Int, _ failed: Int, _ demand: (inout Requirements.Demands) -> Void) -> Bool {
      self.meets(Attributes(), record: PublicRecord(settled: settled, expiries: failed), demand)
    }
    #expect(meets(3, 90) { $0.minimumSettledTrades = 3 })
    #expect(!meets(2, 0) { $0.minimumSettledTrades = 3 })
    #expect(meets(3, 1) { $0.maximumFailurePercent = 25 })
    #expect(!meets(3, 1) { $0.maximumFailurePercent = 24 })
    #expect(!meets(100, 1) { $0.maximumFailurePercent = 0 })
    #expect(meets(0, 0) { $0.maximumFailurePercent = 0 })
    #expect(meets(0, 9) { $0.maximumFailurePercent = 100 })
  }

  @Test("the record that counts is the provider's, whichever order takes")
  func offerTakes() {
    let book = OrderBook(
      .bid(1, owner: 5, time: 10, requirements: demanding { $0.minimumSettledTrades = 1 }),
      .offer(2, owner: 7, time: 20))
    func match(_ records: [NodeID: PublicRecord]) -> Match? {
      book.matching(2, MatchContext(earliestStart: Slot(0), records: records))
    }
    #expect(match([node(7): PublicRecord(settled: 1)]) != nil)
    #expect(match([node(5): PublicRecord(settled: 1)]) == nil)
  }
}
