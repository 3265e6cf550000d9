import Market
import MarketData
import NodeCrypto

/// A node by its number.
func node(_ number: Int) -> NodeID { NodeID(word0: UInt64(number), word1: 0, word2: 0, word3: 7) }

/// A moment in the middle of nowhere.
let noon = Timestamp(milliseconds: 1_795_435_200_000)

/// A trade between two nodes.
func trade(
  _ number: Int, _ provider: Int, _ buyer: Int, price: Int64, gpuSeconds: Int64, at time: Timestamp = noon,
  gpuClass: String = "h100"
) -> SettledTrade? {
  SettledTrade(
    id: TradeID(word0: UInt64(truncatingIfNeeded: number &* 0x9E37_79B9), word1: UInt64(number), word2: 0, word3: 1),
    gpuClass: gpuClass, provider: node(provider), buyer: node(buyer), price: Price(micros: price),
    gpuTime: GPUTime(gpuSeconds: gpuSeconds), time: time)
}

/// A market of some nodes in which everybody trades with anybody.
func drawMarket(
  nodes: Int, trades: Int, using generator: inout SplitMix64
) -> [SettledTrade] {
  (0..<trades).compactMap { number in
    let provider = Int.random(in: 0..<nodes, using: &generator)
    let buyer = Int.random(in: 0..<nodes, using: &generator)
    let size: ClosedRange<Int64> = Bool.random(using: &generator) ? 1...100 : 1...1_000_000
    return trade(
      number, provider, buyer, price: Int64.random(in: 1_000_000...3_000_000, using: &generator),
      gpuSeconds: Int64.random(in: size, using: &generator),
      at: noon + Int64.random(in: 0..<86_400_000, using: &generator))
  }
}
