import Market
import NodeCrypto
import Testing

@testable import MarketData

@Suite("The spot index")
struct SpotIndexTests {
  private func value(_ trades: [SettledTrade]) -> Int64? {
    SpotIndex.point(at: noon, of: trades).price?.micros
  }

  @Test("it is what the definition says, step by step", arguments: 0..<150)
  func definition(seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    let nodes = Int.random(in: 2...40, using: &generator)
    let trades = drawMarket(nodes: nodes, trades: Int.random(in: 0...200, using: &generator), using: &generator)
    let point = SpotIndex.point(at: noon, of: trades)
    #expect(point.price?.micros == PlainIndex(trades).value)
    #expect(point.receipts == trades.count)
    #expect(point.identities == Set(trades.flatMap { [$0.provider, $0.buyer] }).count)
    #expect(point.volume.gpuSeconds == trades.reduce(0) { $0 + $1.gpuSeconds })
  }

  @Test("the order of the trades does not matter", arguments: 0..<30)
  func order(seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    let trades = drawMarket(nodes: 24, trades: 150, using: &generator)
    let expected = SpotIndex.point(at: noon, of: trades)
    for _ in 0..<4 {
      #expect(SpotIndex.point(at: noon, of: trades.shuffled(using: &generator)) == expected)
    }
  }

  /// What a pair may do: trade with each other and with everybody, at what price it likes.
  private func attack(
    _ pair: [Int], nodes: Int, gpuSeconds: ClosedRange<Int64>, using generator: inout SplitMix64
  ) -> [SettledTrade] {
    let price: Int64 = Bool.random(using: &generator) ? 1 : 1_000_000_000
    return (0..<Int.random(in: 1...40, using: &generator)).compactMap { number in
      let isMutual = nodes == 0 || Bool.random(using: &generator)
      let other = isMutual ? pair[1] : Int.random(in: 0..<nodes, using: &generator)
      let parties = [pair[0], other].shuffled(using: &generator)
      return trade(
        10_000 + number, parties[0], parties[1], price: price,
        gpuSeconds: Int64.random(in: gpuSeconds, using: &generator))
    }
  }

  /// Checks the value of a market with a pair in it against what the others trade at, and against the bound.
  private func expectBounded(_ trades: [SettledTrade], by pair: [Int]) throws {
    guard let value = value(trades) else { return }
    let plain = PlainIndex(trades)
    let cut = try #require(plain.cut)
    let isOfPair: (PlainIndex.Part) -> Bool = { !$0.parties.isDisjoint(with: pair.map(node)) }
    let others = plain.row.filter { !isOfPair($0) }
    let least = try #require(others.first?.price)
    let most = try #require(others.last?.price)
    #expect((least...most).contains(value))
    let (ofPair, all) = (PlainIndex.length(of: plain.row.filter(isOfPair)), PlainIndex.length(of: others))
    #expect(ofPair <= cut)
    #expect(value <= PlainIndex.mean(of: others, in: cut..<all))
    #expect(value >= PlainIndex.mean(of: others, in: 0..<(all - cut)))
  }

  @Test("a pair cannot move it out of what the others trade at, nor past the bound", arguments: 0..<150)
  func pair(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let honest = drawMarket(nodes: 30, trades: Int.random(in: 60...200, using: &generator), using: &generator)
    let pair = [Int.random(in: 0..<32, using: &generator), 31]
    let largest: Int64 = Bool.random(using: &generator) ? 200_000 : 100_000_000
    try expectBounded(honest + attack(pair, nodes: 30, gpuSeconds: 1...largest, using: &generator), by: pair)
  }

  @Test("newcomers that trade with each other alone cannot even make it undefined", arguments: 0..<50)
  func washTrades(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let honest = drawMarket(nodes: 30, trades: 100, using: &generator)
    try #require(value(honest) != nil)
    let washed = attack([30, 31], nodes: 0, gpuSeconds: 1...1_000_000_000, using: &generator)
    #expect(value(honest + washed) != nil)
    try expectBounded(honest + washed, by: [30, 31])
  }

  @Test("nobody counts for more than the level", arguments: 0..<50)
  func cap(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let trades = drawMarket(nodes: 26, trades: 150, using: &generator)
    let plain = PlainIndex(trades)
    let cut = try #require(plain.cut)
    for number in 0..<26 {
      #expect(2 * PlainIndex.length(of: plain.row.filter { $0.parties.contains(node(number)) }) <= cut)
    }
  }

  @Test("six pairs that trade apart are enough, however their trades divide; five are not")
  func pairs() {
    func market(_ pairs: Int) -> [SettledTrade] {
      (0..<pairs).flatMap { pair in
        (0..<(3 + 4 * pair)).compactMap {
          trade(100 * pair + $0, 2 * pair, 2 * pair + 1, price: 2_000_000, gpuSeconds: Int64(7 + pair + $0))
        }
      }
    }
    #expect(value(market(6)) == 2_000_000)
    #expect(value(market(5)) == nil)
    #expect(value([]) == nil)
  }

  @Test("one provider with many customers sets nothing")
  func monopoly() {
    let trades = (1..<100).compactMap { trade($0, 0, $0, price: 2_000_000, gpuSeconds: 3600) }
    let point = SpotIndex.point(at: noon, of: trades)
    #expect(point.price == nil)
    #expect(point.identities == 100)
  }

  @Test("the largest numbers overflow nothing")
  func largest() {
    let trades = (0..<40).compactMap {
      trade($0, $0, 40 + $0 % 20, price: 4_000_000 + Int64($0), gpuSeconds: 1 << 52)
    }
    #expect(trades.count == 40)
    #expect(value(trades) == PlainIndex(trades).value)
    let dear = (0..<40).compactMap { trade($0, $0, 40 + $0, price: .max - Int64($0), gpuSeconds: 4095) }
    #expect(dear.count == 40)
    #expect(value(dear) == PlainIndex(dear).value)
  }

  @Test("what says nothing of a price is no settled trade")
  func nothing() {
    #expect(trade(1, 2, 2, price: 1, gpuSeconds: 1) == nil)
    #expect(trade(1, 2, 3, price: 0, gpuSeconds: 1) == nil)
    #expect(trade(1, 2, 3, price: 1, gpuSeconds: 0) == nil)
    #expect(trade(1, 2, 3, price: .max, gpuSeconds: 4097) == nil)
    #expect(trade(1, 2, 3, price: .max, gpuSeconds: 4096) != nil)
  }
}
