import NodeAPI
import Testing

@testable import Torture

@Suite("what a torture calls wrong")
struct JudgementTests {
  private static let slot: Int64 = 10_000

  private func order(_ id: String, side: String, state: String = "open", gpus: Int64 = 8, left: Int64 = 8)
    -> OrderDocument
  {
    OrderDocument(
      id: id, side: side, state: state, owner: "o", own: true, stale: false, gpuClasses: ["h100-sxm-80g"], gpus: gpus,
      gpusLeft: left, startMs: 0, endMs: 60_000, durationMs: nil, priceMicros: 1, minimumGpus: 1, minimumMs: nil,
      attributes: nil, requirements: nil, placedMs: 0, expiryMs: 60_000, calendar: side == "offer" ? [] : nil)
  }

  private func trade(_ id: String, _ state: String = "settled", gpus: Int64 = 3) -> TradeDocument {
    TradeDocument(
      id: id, state: state, role: "provider", offer: "offer", bid: "bid", provider: "p", buyer: "b", taker: "buyer",
      gpuClass: "h100-sxm-80g", gpus: gpus, startMs: 10_000, endMs: 30_000, priceMicros: 1, totalMicros: 1,
      currency: "USD", deadlineMs: 0, settledMs: 0)
  }

  private func find(_ orders: [OrderDocument], _ trades: [TradeDocument]) -> [String] {
    Reservations.find(orders: orders, trades: trades, slotMilliseconds: Self.slot)
  }

  @Test("orders whose trades account for all that is not free are in order")
  func accounted() {
    var offer = order("offer", side: "offer")
    offer.calendar = [CalendarRunDocument(startMs: 10_000, endMs: 30_000, usedGpus: 3)]
    #expect(find([offer, order("bid", side: "bid", left: 5)], [trade("t")]) == [])
    #expect(find([order("bid", side: "bid", state: "filled", left: 0)], [trade("t", "released")]) == [])
  }

  @Test("what is held, reserved, oversold, or missing from a remainder without a trade is found")
  func unaccounted() {
    #expect(find([], [trade("t", "held")]) == ["the trade t is held"])
    #expect(find([order("bid", side: "bid", state: "reserved")], []) == ["the bid bid is reserved"])
    #expect(find([order("bid", side: "bid", left: 5)], []) == ["the bid bid has 5 GPUs left; its trades leave 8"])
    var offer = order("offer", side: "offer", gpus: 2)
    offer.calendar = [CalendarRunDocument(startMs: 10_000, endMs: 30_000, usedGpus: 3)]
    #expect(find([offer], [trade("t")]) == ["the offer offer is oversold"])
    #expect(find([offer], []).first == "the calendar of the offer offer is not what its trades took")
  }

  @Test("of an error it is told whether it says what to do")
  func refusals() {
    func advice(_ log: String) -> Refusal.Advice? { Refusal(log: log).advice }
    #expect(
      advice("starting\n  error: /d/store.sqlite is damaged (x). Move it away and start again: y") == .moveStoreAway)
    #expect(advice("error: no room left on the disk for /d/store.sqlite; free some space") == .mendDisk)
    #expect(
      advice("error: /d/lock cannot be made (Read-only file system); check its owner, mode and disk") == .mendDisk)
    #expect(advice("error: it does not work") == nil)
    #expect(Refusal(log: "error: it does not work").error == "error: it does not work")
    #expect(Refusal(log: "Fatal error: Unexpectedly found nil; free some space").error == nil)
    #expect(Refusal(log: "").error == nil)
  }

  @Test("a report adds up its kinds, fails when anything was wrong, and says how to run that again")
  func report() throws {
    var good = TortureReport.Tally()
    good.cycles = 25
    good.receipts = 100
    var bad = TortureReport.Tally()
    bad.cycles = 3
    bad.receipts = 7
    bad.violations = [Violation(.receiptLost, "node 2 lacks it"), Violation(.stuck, "node 3 is recovering")]
    let plans = TorturePlan.batches(kinds: [.kill, .torn], kills: 20, seed: 5)
    let report = TortureReport(
      batches: [(plans[0], "/tmp/t/0", good), (plans[1], "/tmp/t/1", bad)], seconds: 1, seed: 5)
    #expect(!report.isSound)
    #expect(report.total.cycles == 28 && report.total.receipts == 107)
    #expect(report.total.receiptsLost == 1 && report.total.stuck == 1 && report.total.forks == 0)
    #expect(report.kinds.map(\.kind) == ["kill", "torn"])
    #expect(report.failures.map(\.command) == ["make torture ARGS=\"--only torn --batch 2 --first 0 --seed 6\""])
    #expect(report.text.contains("receipts_lost: node 2 lacks it"))
    let json = String(decoding: try NodeJSON.encode(report), as: UTF8.self)
    for name in ["cycles", "receipts_lost", "forks", "stuck", "digests_differ", "refused"] {
      #expect(json.contains("\"\(name)\":"))
    }
    #expect(TortureReport(batches: [(plans[0], "", good)], seconds: 1, seed: 5).isSound)
  }
}
