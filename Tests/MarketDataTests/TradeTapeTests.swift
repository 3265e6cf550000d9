import Market
import NodeCrypto
import Testing

@testable import MarketData

@Suite("The tape of settled trades")
struct TradeTapeTests {
  @Test("it has what was put on it, by class, time and id", arguments: 0..<20)
  func naive(seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    var tape = TradeTape()
    var all: [SettledTrade] = []
    for number in 0..<200 {
      if let gone = all.indices.randomElement(using: &generator), Int.random(in: 0..<4, using: &generator) == 0 {
        tape.replace(all.remove(at: gone), by: nil)
      } else if let new = trade(
        number, 1, 2, price: 1, gpuSeconds: 1, at: noon + Int64.random(in: -200_000..<200_000, using: &generator),
        gpuClass: Bool.random(using: &generator) ? "a" : "b")
      {
        tape.replace(nil, by: new)
        all.append(new)
      }
      let start = noon + Int64.random(in: -200_000..<200_000, using: &generator)
      let end = start + Int64.random(in: 0..<200_000, using: &generator)
      #expect(
        tape.trades(of: "a", from: start, until: end)
          == all.filter { $0.gpuClass == "a" && start <= $0.time && $0.time < end }
          .sorted { ($0.time, $0.id) < ($1.time, $1.id) })
      #expect(tape.count == all.count)
    }
    #expect(tape.gpuClasses == ["a", "b"])
  }

  @Test("times before the epoch and spans without length do no harm")
  func edges() throws {
    var tape = TradeTape()
    let early = try #require(trade(1, 1, 2, price: 1, gpuSeconds: 1, at: Timestamp(milliseconds: -1)))
    tape.replace(nil, by: early)
    #expect(tape.trades(of: "h100", from: early.time, until: early.time + 1) == [early])
    #expect(tape.trades(of: "h100", from: early.time, until: early.time) == [])
    #expect(tape.trades(of: "none", from: .zero, until: .maximum) == [])
  }

  /// The index at a moment, by way of the cache; and whether it had to be computed.
  private func point(at time: Timestamp, _ tape: TradeTape, _ cache: inout SpotIndexCache) -> (SpotIndex.Point, Bool) {
    if let known = cache.point(of: "h100", at: time, tape: tape) { return (known, false) }
    let point = SpotIndex.point(of: "h100", at: time, tape: tape)
    cache.keep(point, of: "h100", tape: tape)
    return (point, true)
  }

  @Test("the cache gives what is computed anew, whatever comes and goes", arguments: 0..<10)
  func cache(seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    var cache = SpotIndexCache(capacity: 20)
    var tape = TradeTape()
    var all = drawMarket(nodes: 30, trades: 200, using: &generator)
    for trade in all { tape.replace(nil, by: trade) }
    for _ in 0..<200 {
      let time = noon + 3_600_000 * Int64.random(in: 0..<48, using: &generator)
      let window = all.filter { time - SpotIndex.windowMilliseconds <= $0.time && $0.time < time }
      #expect(point(at: time, tape, &cache).0 == SpotIndex.point(at: time, of: window))
      let withheld = Set(window.prefix(2).map(\.id))
      #expect(
        SpotIndex.point(of: "h100", at: time, tape: tape, withheld: withheld)
          == SpotIndex.point(at: time, of: Array(window.dropFirst(2))))
      if Int.random(in: 0..<4, using: &generator) == 0 { tape.replace(all.removeLast(), by: nil) }
    }
  }

  @Test("a value is computed once, and again only when its window changes")
  func computedOnce() throws {
    var generator = SplitMix64(seed: 1)
    var cache = SpotIndexCache()
    var tape = TradeTape()
    for trade in drawMarket(nodes: 30, trades: 200, using: &generator) { tape.replace(nil, by: trade) }
    let times = (1...48).map { noon + 3_600_000 * $0 }
    #expect(times.count { point(at: $0, tape, &cache).1 } == 48)
    #expect(times.count { point(at: $0, tape, &cache).1 } == 0)
    tape.replace(nil, by: try #require(trade(999, 1, 2, price: 1, gpuSeconds: 1, at: times[46])))
    #expect(times.count { point(at: $0, tape, &cache).1 } == 1)
  }

  @Test("what was computed from a tape does not pass for something of the one that takes its place")
  func successor() throws {
    var cache = SpotIndexCache()
    var tape = TradeTape()
    tape.replace(nil, by: try #require(trade(1, 1, 2, price: 1, gpuSeconds: 1)))
    #expect(point(at: noon + 60_000, tape, &cache).0.volume.gpuSeconds == 1)
    var next = TradeTape(after: tape.revision)
    next.replace(nil, by: try #require(trade(1, 1, 2, price: 1, gpuSeconds: 5)))
    #expect(point(at: noon + 60_000, next, &cache).0.volume.gpuSeconds == 5)
  }
}

@Suite("Candles")
struct CandleTests {
  @Test("a candle has the first, highest, lowest and last price of its interval; an empty interval has none")
  func candles() {
    let prices: [(Int64, Int64)] = [(0, 5), (10, 9), (59, 2), (59, 4), (60, 7), (200, 1)]
    let trades = prices.enumerated().compactMap { number, price in
      trade(number, 1, 2, price: price.1, gpuSeconds: 10, at: Timestamp(milliseconds: price.0 * 1000))
    }
    let candles = Candle.candles(of: trades, intervalMilliseconds: 60_000)
    #expect(candles.map(\.start.milliseconds) == [0, 60_000, 180_000])
    #expect(candles.map(\.end.milliseconds) == [60_000, 120_000, 240_000])
    #expect(candles.map(\.open.micros) == [5, 7, 1])
    #expect(candles.map(\.high.micros) == [9, 7, 1])
    #expect(candles.map(\.low.micros) == [2, 7, 1])
    #expect(candles.map(\.close.micros) == [4, 7, 1])
    #expect(candles.map(\.volume.gpuSeconds) == [40, 10, 10])
    #expect(candles.map(\.trades) == [4, 1, 1])
  }

  @Test("intervals are counted from the epoch, before it too")
  func epoch() {
    #expect(Timestamp(milliseconds: 119_999).start(ofInterval: 60_000).milliseconds == 60_000)
    #expect(Timestamp(milliseconds: -1).start(ofInterval: 60_000).milliseconds == -60_000)
    #expect(Timestamp(milliseconds: -60_000).start(ofInterval: 60_000).milliseconds == -60_000)
  }
}
