import NodeAPI
import Testing

@testable import Testnet

@Suite("Run summary") struct RunSummaryTests {
  private let trade = RunSummary.TradeParties(trade: "t1", provider: "p", renter: "r")

  private func summary(_ holdings: [RunSummary.Holdings]) -> RunSummary {
    RunSummary(holdings: holdings, offers: 2, bids: 1, seconds: 1.5, seed: 7)
  }

  @Test("a trade counts once, and both of its receipts count")
  func counts() {
    let summary = summary([
      .init(node: "p", digest: "aa", settled: [trade], receipts: [trade]),
      .init(node: "r", digest: "aa", settled: [trade], receipts: [trade]),
    ])
    #expect(summary.trades == 1)
    #expect((summary.providerReceipts, summary.renterReceipts, summary.receipts) == (1, 1, 1))
    #expect(summary.isSound)
  }

  @Test("a receipt that one side lacks is missed")
  func missingReceipt() {
    let summary = summary([
      .init(node: "p", digest: "aa", settled: [trade], receipts: [trade]),
      .init(node: "r", digest: "aa", settled: [trade], receipts: []),
    ])
    #expect((summary.providerReceipts, summary.renterReceipts, summary.receipts) == (1, 0, 0))
    #expect(!summary.isSound)
  }

  @Test("a receipt without a settled trade, or of another trade, is missed")
  func unknownTrade() {
    let other = RunSummary.TradeParties(trade: "t2", provider: "p", renter: "r")
    #expect(
      !summary([
        .init(node: "p", digest: "aa", settled: [trade], receipts: [trade]),
        .init(node: "r", digest: "aa", settled: [trade], receipts: [other]),
      ]).isSound)
    #expect(
      !summary([
        .init(node: "p", digest: "aa", settled: [], receipts: [trade]),
        .init(node: "r", digest: "aa", settled: [], receipts: [trade]),
      ]).isSound)
  }

  @Test("books that differ are not sound")
  func digests() {
    let summary = summary([
      .init(node: "p", digest: "aa", settled: [], receipts: []),
      .init(node: "r", digest: "bb", settled: [], receipts: []),
    ])
    #expect(summary.digests == ["aa", "bb"])
    #expect(!summary.isSound)
  }

  @Test("trades with a node from outside are not counted")
  func outsiders() {
    let outside = RunSummary.TradeParties(trade: "t2", provider: "p", renter: "elsewhere")
    let summary = summary([
      .init(node: "p", digest: "aa", settled: [trade, outside], receipts: [trade, outside]),
      .init(node: "r", digest: "aa", settled: [trade, outside], receipts: [trade]),
    ])
    #expect(summary.trades == 1)
    #expect(summary.isSound)
  }

  @Test("the summary is one JSON document with the names that are documented")
  func json() throws {
    let text = try NodeJSON.text(summary([.init(node: "p", digest: "aa", settled: [], receipts: [])]))
    #expect(
      text == """
        {"bids":1,"digests":["aa"],"nodes":1,"offers":2,"provider_receipts":0,"receipts":0,"renter_receipts":0,\
        "seconds":1.5,"seed":7,"trades":0}
        """)
  }
}
