import Market
import MarketData
import NodeCrypto
import Testing

@Suite("The example of the spot index")
struct IndexExampleTests {
  /// A row of the example's table.
  private struct Row {
    let provider: String
    let buyer: String
    let price: String
    let hours: Int64
  }

  private static func rows(of document: String) throws -> [Row] {
    let example = try #require(document.components(separatedBy: "## Example\n").last)
    return example.split(separator: "\n").compactMap { line in
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      guard cells.count == 4, let hours = Int64(cells[3]) else { return nil }
      return Row(provider: cells[0], buyer: cells[1], price: cells[2], hours: hours)
    }
  }

  private static func trades(_ rows: [Row]) throws -> [SettledTrade] {
    try rows.enumerated().map { number, row in
      let micros = try #require(Decimal.parse(row.price))
      return try #require(
        SettledTrade(
          id: TradeID(word0: UInt64(number), word1: 0, word2: 0, word3: 0), gpuClass: "h100-sxm-80g",
          provider: node(row.provider), buyer: node(row.buyer), price: Price(micros: micros),
          gpuTime: GPUTime(gpuSeconds: row.hours * 3600), time: .zero))
    }
  }

  private static func node(_ name: String) -> NodeID { Blake2b.hash(Array(name.utf8)) }

  private static func index(_ rows: [Row]) throws -> String {
    let point = SpotIndex.point(at: .zero, of: try trades(rows))
    return Decimal.format(micros: try #require(point.price?.micros))
  }

  @Test("the document's table gives the values that the document states")
  func values() throws {
    let document = try Repository.text("docs/INDEX.md")
    let rows = try Self.rows(of: document)
    #expect(rows.count == 9)
    let cheap = Row(provider: "x", buyer: "y", price: "0.001", hours: 5000)
    let flat = document.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(flat.contains("The index is \(try Self.index(rows)):"))
    #expect(flat.contains("Without the last row the index is \(try Self.index(rows.dropLast()))."))
    #expect(flat.contains("the pair would have brought it to \(try Self.index(rows.dropLast() + [cheap]))."))
    let trades = try Self.trades(rows)
    let volume = trades.reduce(0) { $0 + $1.gpuSeconds }
    let mean = trades.reduce(0) { $0 + Int128($1.price.micros) * Int128($1.gpuSeconds) } / Int128(volume)
    #expect(flat.contains("The mean weighted by volume is \(Decimal.format(micros: Int64(mean)))."))
  }
}
