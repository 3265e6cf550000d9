import NodeAPI
import Testing

@Suite("Documents as a person reads them")
struct DocumentTextTests {
  @Test("an offer is echoed as understood")
  func offer() {
    #expect(
      text().order(orderDocument())
        == "offer 3f2a9c81ab open: sell 8 x h100-sxm-80g at 2.10 USD per GPU-hour, Mon 12:00:00 to Tue 00:00:00 (12h)"
        + ", gtc: open until Tue 00:00:00; worth 201.60 USD if all is sold")
  }

  @Test("an offer's conditions are echoed")
  func offerConditions() {
    let order = orderDocument {
      $0.minimumGpus = 2
      $0.minimumMs = hour
      var attributes = AttributesDocument()
      attributes.region = "EU-FR"
      attributes.interconnect = "nvlink"
      attributes.driver = "550.54"
      attributes.wattsPerGpu = 700
      attributes.gco2PerKwh = 120
      $0.attributes = attributes
    }
    #expect(
      text().order(order).contains(
        "(12h), in pieces of 2 GPUs or more, leases of 1h or more, in EU-FR, interconnect nvlink, driver 550.54, "
          + "700 W per GPU, 120 gCO2/kWh, gtc: open until"))
  }

  @Test("a bid is echoed as understood")
  func bid() {
    let order = orderDocument(side: "bid") {
      $0.gpus = 4
      $0.minimumGpus = 4
      $0.priceMicros = 2_400_000
      $0.gpuClasses = ["h100-sxm-80g", "h200-sxm-141g"]
      var requirements = RequirementsDocument()
      requirements.regions = ["EU", "NA"]
      $0.requirements = requirements
    }
    #expect(
      text().order(order)
        == "bid 3f2a9c81ab open: buy 4 x h100-sxm-80g or h200-sxm-141g for 3h at 2.40 USD per GPU-hour or less, "
        + "within Mon 12:00:00 to Tue 00:00:00, all 4 in one piece, in EU or NA, gtc: open until Tue 00:00:00; "
        + "costs 28.80 USD at most")
  }

  @Test("a closed order says so and has no expiry")
  func closed() {
    let shown = text().order(orderDocument { $0.state = "cancelled" })
    #expect(shown.hasPrefix("offer 3f2a9c81ab cancelled: sell 8"))
    #expect(!shown.contains("open until"))
  }

  @Test("the ladder has offers above and bids below, the best next to the spread, own and stale marked")
  func ladder() {
    let book = BookDocument(
      gpuClass: "h100-sxm-80g",
      offers: [
        orderDocument { $0.own = true },
        orderDocument {
          $0.priceMicros = 12_462_500
          $0.stale = true
          $0.ownerRecord = RecordDocument(settled: 12, failed: 1)
        },
      ],
      bids: [
        orderDocument(side: "bid") {
          $0.priceMicros = 2_000_000
          $0.ownerRecord = RecordDocument(settled: 7)
        }
      ])
    #expect(
      text().book(book) == """
                 PRICE  GPUS  FOR  FROM          TO            OWNER             TRADES        ORDER       DETAILS
        offer  12.4625     8  12h  Mon 12:00:00  Tue 00:00:00  aabbccddee stale  12, 1 failed  3f2a9c81ab
        offer   2.10       8  12h  Mon 12:00:00  Tue 00:00:00  own               none          3f2a9c81ab
        -- spread 0.10 USD per GPU-hour --
        bid     2.00       8   3h  Mon 12:00:00  Tue 00:00:00  aabbccddee        7             3f2a9c81ab  split
        """)
  }

  @Test("a one-sided ladder says which side is empty")
  func oneSided() {
    let offers = BookDocument(gpuClass: "h100-sxm-80g", offers: [orderDocument()], bids: [])
    #expect(text().book(offers).contains("-- no bids --"))
    let bids = BookDocument(gpuClass: "h100-sxm-80g", offers: [], bids: [orderDocument(side: "bid")])
    #expect(text().book(bids).contains("-- no offers --"))
  }

  @Test("the market at a glance lists the classes that have orders")
  func summary() {
    let busy = BookSummaryDocument(
      gpuClass: "h100-sxm-80g", offers: 2, gpusOffered: 12, bestOfferMicros: 2_100_000, bids: 0, gpusWanted: 0,
      bestBidMicros: nil)
    let idle = BookSummaryDocument(
      gpuClass: "rtx4090-24g", offers: 0, gpusOffered: 0, bestOfferMicros: nil, bids: 0, gpusWanted: 0,
      bestBidMicros: nil)
    #expect(
      text().summary([busy, idle]) == """
        CLASS         OFFERS  GPUS  BEST OFFER  BEST BID  GPUS  BIDS
        h100-sxm-80g       2    12        2.10         -     0     0
        Prices in USD per GPU-hour.
        """)
    #expect(text().summary([idle]).hasPrefix("The book is empty."))
  }

  @Test("an empty list says so and names the next step")
  func empty() {
    let offer = "offer 8 h100-sxm-80g at 2.10 for 12h"
    #expect(text().orders([], scope: .mine) == "You have no orders. Place one: \(offer)")
    #expect(text().orders([], scope: .all) == "The book is empty. Place the first order: \(offer)")
    #expect(text().trades([], scope: .mine).contains("why ORDER"))
    #expect(text().peers([]).contains("status"))
    let book = BookDocument(gpuClass: "rtx4090-24g", offers: [], bids: [])
    #expect(text().book(book).hasSuffix("offer 8 rtx4090-24g at 2.10 for 12h"))
  }

  @Test("a record is shown whole, with ratios where there is something to divide, and what a newcomer may have open")
  func record() {
    var record = RecordDocument(settled: 12, failed: 3)
    record.sinceMs = noon.milliseconds
    record.failurePercent = 20
    record.accepts = 7
    record.acceptPercent = 70
    record.rejects.noCapacity = 2
    record.rejects.badTerms = 1
    record.expiries = 1
    record.soldGpuSeconds = 5400
    record.proofs = 1
    let newcomer = NewcomerDocument(settled: 2, trades: 10, openGpus: 8, maximumGpus: 4096)
    let shown = text().record(NodeRecordDocument(node: "3f2a", own: true, record: record, newcomer: newcomer))
    for line in [
      "node          3f2a (own)", "since         Mon 12:00:00", "trades        12 settled",
      "failed        3, 20% of those that settled or failed", "GPU-hours     1.50 sold, 0.00 bought",
      "accepts       7, 70% of the proposals to it", "rejects       2 no capacity, 1 wrong terms",
      "expiries      1 proposals to it that it did not answer", "releases      0\n", "fraud         proven, 1 proof",
      "This node is a newcomer with 2 settled trades: of at most 4096 GPUs in open orders 8 are; from 10 trades on",
    ] {
      #expect(shown.contains(line), "\(line) in \(shown)")
    }
    let empty = text().record(NodeRecordDocument(node: "3f2a", own: false, record: RecordDocument()))
    #expect(!empty.contains("%") && empty.contains("none proven") && !empty.contains("newcomer"))
  }

  @Test("why lists what ruled counter-orders out, and leaves out what did not")
  func why() {
    let document = WhyDocument(
      order: orderDocument(side: "bid"), counterOrders: 7,
      conditions: [
        .init(condition: "price", ruledOut: 5), .init(condition: "region", ruledOut: 0),
        .init(condition: "stale_owner", ruledOut: 2),
      ], matching: 0, bestCounterPriceMicros: 3_000_000, undecided: 1)
    let lines = text().why(document).split(separator: "\n").dropFirst()
    #expect(
      lines.joined(separator: "\n") == """
        Of 7 offers in the book:
        5  ruled out by the price
        2  ruled out by a silent owner
        0  left to trade with
        The best offer in an acceptable class is at 3.00 USD per GPU-hour.
        1 trade proposed and undecided.
        """)
  }

  @Test("why tells how far an open purchase is, and that a bid waits for another one")
  func whyPurchase() {
    var document = WhyDocument(
      order: orderDocument(side: "bid") { $0.state = "reserved" }, counterOrders: 2, conditions: [], matching: 0,
      bestCounterPriceMicros: nil, undecided: 3)
    document.purchase = PurchaseDocument(
      id: String(repeating: "cd", count: 32), legs: 3, accepted: 2, confirmMs: noon.milliseconds)
    #expect(
      text().why(document).hasSuffix(
        "\nPurchase cdcdcdcdcd over 3 offers is open: 2 of 3 accepted; all of them or none by Mon 12:00:00."))
    document.order.state = "open"
    document.purchase = nil
    document.waitsForPurchase = true
    document.conditions = [.init(condition: "together", ruledOut: 2)]
    let shown = text().why(document)
    #expect(shown.contains("It waits until this node's other purchase is decided: there is one at a time."))
    #expect(shown.contains("2  ruled out by having too few GPUs together with the others"))
  }

  @Test("trades of a purchase name it")
  func tradesOfPurchase() {
    var trade = TradeDocument(
      id: String(repeating: "ab", count: 32), state: "held", role: "buyer", offer: "", bid: "",
      provider: String(repeating: "1", count: 64), buyer: String(repeating: "2", count: 64), taker: "buyer",
      gpuClass: "h100-sxm-80g", gpus: 4, startMs: noon.milliseconds, endMs: noon.milliseconds + 3 * hour,
      priceMicros: 2_100_000, totalMicros: 25_200_000, currency: "USD", deadlineMs: noon.milliseconds, settledMs: nil)
    trade.purchase = String(repeating: "cd", count: 32)
    let lines = text().trades([trade], scope: .mine).split(separator: "\n")
    #expect(lines[0].hasSuffix("BUYER       PURCHASE"))
    #expect(lines[1].hasSuffix("1111111111  2222222222  cdcdcdcdcd"))
  }

  @Test("trades show what was sold and bought")
  func trades() {
    let trade = TradeDocument(
      id: String(repeating: "ab", count: 32), state: "settled", role: "buyer", offer: "", bid: "",
      provider: String(repeating: "1", count: 64), buyer: String(repeating: "2", count: 64), taker: "buyer",
      gpuClass: "h100-sxm-80g", gpus: 4, startMs: noon.milliseconds, endMs: noon.milliseconds + 3 * hour,
      priceMicros: 2_100_000, totalMicros: 25_200_000, currency: "USD", deadlineMs: noon.milliseconds, settledMs: nil)
    let lines = text().trades([trade], scope: .mine).split(separator: "\n")
    #expect(lines.count == 3)
    #expect(lines[0].hasPrefix("TRADE       STATE    YOU     CLASS         GPUS  PRICE  TOTAL  FROM  "))
    #expect(
      lines[1].hasPrefix("ababababab  settled  bought  h100-sxm-80g     4   2.10  25.20  Mon 12:00:00  Mon 15:00"))
    #expect(lines[1].hasSuffix("3h  1111111111  2222222222"))
    #expect(lines[2] == "Money in USD, prices per GPU-hour.")
  }

  @Test("colours change nothing but the codes")
  func colours() {
    let order = orderDocument { $0.own = true }
    let plain = text().order(order)
    let coloured = text(colours: true).order(order)
    #expect(coloured != plain)
    #expect(coloured.replacing(/\u{1B}\[[0-9]+m/, with: "") == plain)
  }
}
