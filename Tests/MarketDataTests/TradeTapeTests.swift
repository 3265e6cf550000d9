import Market
import MarketData
import NodeCrypto
import Testing

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

  @Test("the cache gives what is computed anew, whatever comes and goes", arguments: 0..<10)
  func cache(seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    var cache = SpotIndexCache(capacity: 20)
    var tape = TradeTape()
    var all = drawMarket(nodes: 30, trades: 200, using: &generator)
    for trade in all { tape.replace(nil, by: trade) }
    for _ in 0..<40 {
      let times = (0..<4).map { _ in noon + 60_000 * Int64.random(in: 0..<2880, using: &generator) }
      let withheld = Set(all.shuffled(using: &generator).prefix(Int.random(in: 0...2, using: &generator)).map(\.id))
      let points = cache.points(of: "h100", at: times, tape: tape, withheld: withheld)
      for (time, point) in zip(times, points) {
        let window = all.filter { time - SpotIndex.windowMilliseconds <= $0.time && $0.time < time }
          .filter { !withheld.contains($0.id) }
        #expect(point == SpotIndex.point(at: time, of: window))
      }
      if Bool.random(using: &generator) { tape.replace(all.removeLast(), by: nil) }
    }
  }

  @Test("a value is computed once, and again only when its window changes")
  func computedOnce() throws {
    var generator = SplitMix64(seed: 1)
    var cache = SpotIndexCache()
    var tape = TradeTape()
    for trade in drawMarket(nodes: 30, trades: 200, using: &generator) { tape.replace(nil, by: trade) }
    let times = (1...48).map { noon + 3_600_000 * $0 }
    _ = cache.points(of: "h100", at: times, tape: tape)
    _ = cache.points(of: "h100", at: times, tape: tape)
    #expect(cache.computedCount == 48)
    tape.replace(nil, by: try #require(trade(999, 1, 2, price: 1, gpuSeconds: 1, at: times[46])))
    _ = cache.points(of: "h100", at: times, tape: tape)
    #expect(cache.computedCount == 49)
  }

  @Test("what was computed from a tape does not pass for something of the one that takes its place")
  func successor() throws {
    var cache = SpotIndexCache()
    var tape = TradeTape()
    tape.replace(nil, by: try #require(trade(1, 1, 2, price: 1, gpuSeconds: 1)))
    let before = cache.points(of: "h100", at: [noon + 60_000], tape: tape)
    var next = TradeTape(after: tape.revision)
    next.replace(nil, by: try #require(trade(1, 1, 2, price: 1, gpuSeconds: 5)))
    let after = cache.points(of: "h100", at: [noon + 60_000], tape: next)
    #expect(before.map(\.volume.gpuSeconds) == [1])
    #expect(after.map(\.volume.gpuSeconds) == [5])
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
