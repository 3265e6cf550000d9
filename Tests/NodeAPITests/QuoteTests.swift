import NodeAPI
import Testing

@Suite("Quotes and depth")
struct QuoteTests {
  /// A piece of 3 hours.
  private func piece(_ gpus: Int64, price: Int64, startsIn hours: Int64) -> QuoteDocument.Piece {
    let start = noon.milliseconds + hours * hour
    return QuoteDocument.Piece(
      offer: "3f2a9c81ab" + String(repeating: "0", count: 54),
      provider: "aabbccddee" + String(repeating: "1", count: 54),
      providerRecord: RecordDocument(settled: 2), gpuClass: "h100-sxm-80g", gpus: gpus, startMs: start,
      endMs: start + 3 * hour, priceMicros: price, totalMicros: price * gpus * 3)
  }

  private func quote(
    cheapest: [QuoteDocument.Piece], soonest: [QuoteDocument.Piece], price: Int64? = nil
  ) -> QuoteDocument {
    QuoteDocument(
      gpuClasses: ["h100-sxm-80g"], gpus: 4, durationMs: 3 * hour, startMs: noon.milliseconds,
      endMs: noon.milliseconds + 24 * hour, priceMicros: price, minimumGpus: 4, requirements: nil, currency: "USD",
      cheapest: .init(pieces: cheapest), soonest: .init(pieces: soonest))
  }

  @Test("a plan's cost, start and end follow from its pieces")
  func plan() {
    let plan = QuoteDocument.Plan(pieces: [
      piece(3, price: 2_000_000, startsIn: 2), piece(1, price: 2_100_000, startsIn: 1),
    ])
    #expect(plan.gpus == 4 && plan.totalMicros == 24_300_000)
    #expect(plan.startMs == noon.milliseconds + hour && plan.endMs == noon.milliseconds + 5 * hour)
    let none = QuoteDocument.Plan(pieces: [])
    #expect(none.gpus == 0 && none.totalMicros == 0 && none.startMs == nil && none.endMs == nil)
  }

  @Test("waiting saves what the soonest plan costs more")
  func waiting() {
    let both = quote(
      cheapest: [piece(4, price: 2_100_000, startsIn: 5)], soonest: [piece(4, price: 2_400_000, startsIn: 1)])
    #expect(both.available == "all")
    #expect(both.waitingSavesMicros == 3_600_000 && both.waitingMs == 4 * hour)
    #expect(
      text().quote(both) == """
        4 x h100-sxm-80g for 3h at any price, within Mon 12:00:00 to Tue 12:00:00, all 4 in one piece
                  GPUS  CLASS         PRICE  TOTAL  FROM          TO            PROVIDER    TRADES  OFFER
        cheapest     4  h100-sxm-80g   2.10  25.20  Mon 17:00:00  Mon 20:00:00  aabbccddee  2       3f2a9c81ab
        soonest      4  h100-sxm-80g   2.40  28.80  Mon 13:00:00  Mon 16:00:00  aabbccddee  2       3f2a9c81ab
        The cheapest costs 25.20 USD from Mon 17:00:00, the soonest 28.80 USD from Mon 13:00:00. Waiting 4h saves 3.60 USD.
        """)
  }

  @Test("when the cheapest is the soonest, waiting saves nothing")
  func onePlan() {
    let one = [piece(4, price: 2_100_000, startsIn: 1)]
    let shown = text().quote(quote(cheapest: one, soonest: one, price: 2_400_000))
    #expect(shown.hasPrefix("4 x h100-sxm-80g for 3h at 2.40 USD per GPU-hour or less, within"))
    #expect(shown.contains("\ncheapest and soonest     4  h100"))
    #expect(shown.hasSuffix("\nIt costs 25.20 USD from Mon 13:00:00. Waiting would save nothing."))
  }

  @Test("a quote says when only a part can be had")
  func part() {
    let part = quote(
      cheapest: [piece(2, price: 2_100_000, startsIn: 5)], soonest: [piece(3, price: 2_400_000, startsIn: 1)])
    #expect(part.available == "part" && part.waitingSavesMicros == nil && part.waitingMs == nil)
    let shown = text().quote(part)
    #expect(shown.contains("\nOnly 3 of 4 GPUs can be had now; a bid would wait for the rest.\n"))
    #expect(shown.hasSuffix("They are for 2 and 3 GPUs."))
  }

  @Test("a quote says when nothing can be had")
  func nothing() {
    let none = quote(cheapest: [], soonest: [])
    #expect(none.available == "none" && none.waitingSavesMicros == nil)
    #expect(text().quote(none).contains("\nNothing in the book can fill it now; placed as a bid, it would wait."))
  }

  private func level(_ price: Int64, _ gpus: Int64, orders: Int = 1) -> DepthDocument.Level {
    DepthDocument.Level(priceMicros: price, gpus: gpus, orders: orders)
  }

  @Test("an hour prices a size from the cheapest level up")
  func hourCost() {
    let end = noon.milliseconds + hour
    let hour = DepthDocument.Hour(
      startMs: noon.milliseconds, endMs: end, offers: [level(2_000_000, 6), level(3_000_000, 4, orders: 2)],
      bids: [level(1_500_000, 2), level(1_000_000, 5)], size: 8)
    #expect(hour.gpusOffered == 10 && hour.bestOfferMicros == 2_000_000 && hour.costMicros == 18_000_000)
    #expect(hour.gpusWanted == 7 && hour.bestBidMicros == 1_500_000)
    let tooFew = DepthDocument.Hour(
      startMs: noon.milliseconds, endMs: end, offers: [level(2_000_000, 7)], bids: [], size: 8)
    #expect(tooFew.costMicros == nil && tooFew.bestBidMicros == nil)
    let halfHour = DepthDocument.Hour(
      startMs: noon.milliseconds, endMs: end - 1_800_000, offers: [level(2_000_000, 8)], bids: [], size: 8)
    #expect(halfHour.costMicros == 8_000_000)
  }

  @Test("an hour shows the best levels and counts all of them")
  func manyLevels() {
    let levels = (1...20).map { level(Int64($0) * 1_000_000, 1) }
    let shown = DepthDocument.Hour(
      startMs: 0, endMs: hour, offers: levels, bids: levels.reversed(), size: 20)
    #expect(shown.offers.count == DepthDocument.maximumLevels && shown.gpusOffered == 20)
    #expect(shown.bids.first?.priceMicros == 20_000_000 && shown.costMicros == 210_000_000)
  }

  @Test("a cost that no amount holds is no cost")
  func overflow() {
    let shown = DepthDocument.Hour(
      startMs: 0, endMs: hour, offers: [level(.max, 1), level(.max, 1)], bids: [], size: 2)
    #expect(shown.costMicros == nil)
  }

  @Test("a depth is a row for each hour")
  func depth() {
    let start = noon.milliseconds
    let depth = DepthDocument(
      gpuClass: "h100-sxm-80g", rowMs: hour, gpus: 8,
      hours: [
        .init(
          startMs: start, endMs: start + hour, offers: [level(2_100_000, 12)], bids: [level(1_500_000, 4)], size: 8),
        .init(startMs: start + hour, endMs: start + 2 * hour, offers: [], bids: [], size: 8),
      ])
    #expect(
      text().depth(depth) == """
        FROM          TO            OFFERED  BEST OFFER  COST OF 8 GPUS  WANTED  BEST BID
        Mon 12:00:00  Mon 13:00:00       12        2.10           16.80       4      1.50
        Mon 13:00:00  Mon 14:00:00        0        -               -          0      -
        Offers and bids in USD per GPU-hour; the cost is of the whole row.
        """)
    var empty = depth
    empty.hours = [depth.hours[1]]
    #expect(text().depth(empty) == "Nobody offers or wants h100-sxm-80g until Mon 14:00:00. book shows the market.")
  }

  @Test("the documents read back, and their names are in snake case")
  func roundTrip() throws {
    let one = quote(
      cheapest: [piece(4, price: 2_100_000, startsIn: 5)], soonest: [piece(4, price: 2_400_000, startsIn: 1)], price: 1)
    #expect(try NodeJSON.decode(QuoteDocument.self, from: NodeJSON.encode(one)) == one)
    #expect(try NodeJSON.text(one).contains("\"waiting_saves_micros\":3600000"))
    let hour = DepthDocument.Hour(startMs: 0, endMs: 1000, offers: [level(1, 8)], bids: [level(1, 2)], size: 8)
    let depth = DepthDocument(gpuClass: "a", rowMs: 1000, gpus: 8, hours: [hour])
    #expect(try NodeJSON.decode(DepthDocument.self, from: NodeJSON.encode(depth)) == depth)
    #expect(try NodeJSON.text(depth).contains("\"best_offer_micros\":1"))
  }
}
