import NodeAPI
import Testing

@Suite("Market data as a person reads it")
struct MarketDataTextTests {
  private let text = DocumentText(network: network, now: noon, calendar: utc, colours: false)

  private func index(_ gpuClass: String, _ valueMicros: Int64?, receipts: Int) -> IndexDocument {
    IndexDocument(
      gpuClass: gpuClass, valueMicros: valueMicros, windowMs: 24 * hour, gpuSeconds: Int64(receipts) * 3600,
      receipts: receipts, identities: 2 * receipts, timeMs: noon.milliseconds)
  }

  @Test("the index shows what was traded, and why there is no value where there is none")
  func index() {
    let classes = [
      index("h100-sxm-80g", 2_194_301, receipts: 40), index("h100-nvl-94g", nil, receipts: 2),
      index("rtx4090-24g", nil, receipts: 0),
    ]
    #expect(
      text.index(classes) == """
        CLASS            INDEX   GPUH  TRADES  NODES
        h100-sxm-80g  2.194301  40.00      40     80
        h100-nvl-94g  -          2.00       2      4
        USD per GPU-hour over the 1d until Mon 12:00:00. Where there is -, too few nodes traded for a value that no two of \
        them can set.
        """)
    #expect(
      text.index([index("h100-sxm-80g", nil, receipts: 0)])
        == "Nothing was traded in the 1d until Mon 12:00:00. book shows the market.")
  }

  @Test("candles have a row for each interval with a trade")
  func candles() throws {
    let range = try #require(IntervalRange(spanMs: 24 * hour, intervalMs: nil))
    let candle = CandleDocument(
      startMs: noon.milliseconds, endMs: noon.milliseconds + hour, openMicros: 2_000_000, highMicros: 2_500_000,
      lowMicros: 1_900_000, closeMicros: 2_100_000, gpuSeconds: 5400, trades: 3)
    #expect(
      text.candles([candle], gpuClass: "h100-sxm-80g", range: range) == """
        FROM          OPEN  HIGH   LOW  CLOSE  GPUH  TRADES
        Mon 12:00:00  2.00  2.50  1.90   2.10  1.50       3
        USD per GPU-hour, each row 1h; without a trade there is no row.
        """)
    #expect(
      text.candles([], gpuClass: "h100-sxm-80g", range: range)
        == "No h100-sxm-80g was traded in the last 1d. book h100-sxm-80g shows its orders.")
  }

  @Test("a fill is told in one line, without what a peer could hide in it")
  func fill() {
    var trade = TradeDocument(
      id: String(repeating: "1a", count: 32), state: "settled", role: "buyer",
      offer: String(repeating: "0f", count: 32),
      bid: String(repeating: "0b", count: 32), provider: String(repeating: "aa", count: 32),
      buyer: String(repeating: "bb", count: 32), taker: "buyer", gpuClass: "h100-sxm-80g", gpus: 4,
      startMs: noon.milliseconds, endMs: noon.milliseconds + hour, priceMicros: 2_100_000, totalMicros: 8_400_000,
      currency: "USD", deadlineMs: noon.milliseconds, settledMs: noon.milliseconds)
    #expect(
      text.fill(trade)
        == "bought 4 x h100-sxm-80g at 2.10, Mon 12:00:00 to Mon 13:00:00, for 8.40 USD, from aaaaaaaaaa, "
        + "order 0b0b0b0b0b, trade 1a1a1a1a1a")
    trade.role = "provider"
    trade.gpuClass = "h100\u{1B}[2J"
    #expect(text.fill(trade).hasPrefix("sold 4 x h100\u{FFFD}[2J at 2.10, "))
    #expect(text.fill(trade).hasSuffix("to bbbbbbbbbb, order 0f0f0f0f0f, trade 1a1a1a1a1a"))
  }
}
