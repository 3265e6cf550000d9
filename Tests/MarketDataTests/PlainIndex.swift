import Market
import MarketData
import NodeCrypto

/// The index as `docs/INDEX.md` defines it, step by step, with the plainest search there is.
struct PlainIndex {
  static let scale: UInt128 = 1 << 32

  /// Price and length of each trade in the row, the cheapest first, and who is a party of it.
  struct Part {
    var price: Int64
    var length: UInt128
    var parties: Set<NodeID>
  }

  let row: [Part]
  /// What is cut off at each end; nil when the index is undefined.
  let cut: UInt128?

  init(_ trades: [SettledTrade]) {
    var volumes: [NodeID: UInt128] = [:]
    for trade in trades {
      for party in [trade.provider, trade.buyer] { volumes[party, default: 0] += UInt128(trade.gpuSeconds) }
    }
    let shares = trades.map { trade in
      let busier = max(volumes[trade.provider] ?? 0, volumes[trade.buyer] ?? 0)
      return Self.scale * UInt128(trade.gpuSeconds) / busier
    }
    func lengths(_ level: UInt128) -> [UInt128] {
      zip(trades, shares).map { min(Self.scale * UInt128($0.gpuSeconds), $1 * level) }
    }
    let slope = 6 * Self.scale - UInt128(trades.count)
    func isAllowed(_ level: UInt128) -> Bool { slope * level <= lengths(level).reduce(0, +) }
    var (low, high): (UInt128, UInt128) = (0, volumes.values.reduce(1, +))
    while low + 1 < high {
      let middle = (low + high) / 2
      if isAllowed(middle) { low = middle } else { high = middle }
    }
    row = zip(trades, lengths(low)).map {
      Part(price: $0.price.micros, length: $1, parties: [$0.provider, $0.buyer])
    }.sorted { $0.price < $1.price }
    cut = low == 0 ? nil : 2 * Self.scale * low
  }

  /// The mean price of the parts `range` of a row, rounded down.
  static func mean(of row: [Part], in range: Range<UInt128>) -> Int64 {
    var (before, sum): (UInt128, UInt128) = (0, 0)
    for part in row {
      let shared =
        max(before, range.lowerBound)..<max(before, range.lowerBound, min(before + part.length, range.upperBound))
      sum += UInt128(part.price) * (shared.upperBound - shared.lowerBound)
      before += part.length
    }
    return Int64(sum / (range.upperBound - range.lowerBound))
  }

  static func length(of row: [Part]) -> UInt128 { row.reduce(0) { $0 + $1.length } }

  var value: Int64? {
    cut.map { Self.mean(of: row, in: $0..<(Self.length(of: row) - $0)) }
  }
}
