import FoundationEssentials

/// All rows, and their two forms.
struct Report: Sendable {
  /// The rows, in the order in which they are shown.
  let rows: [Row]
  /// What else is to be known of the numbers; the last line of the table.
  let footer: String

  /// One document: `{"rows":[{"name","value","unit","floor","ratio","target","met"}]}`, null where a row lacks
  /// something.
  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(Document(rows: rows.map(Document.Row.init))), as: UTF8.self)
  }

  private struct Document: Encodable {
    let rows: [Row]

    struct Row: Encodable {
      let row: Benchmarks.Row

      init(_ row: Benchmarks.Row) { self.row = row }

      enum CodingKeys: String, CodingKey { case name, value, unit, floor, ratio, target, met }

      /// Each key is there, whether or not it has a value.
      func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(row.name, forKey: .name)
        try container.encode(row.value, forKey: .value)
        try container.encode(row.unit, forKey: .unit)
        try container.encode(row.floor, forKey: .floor)
        try container.encode(row.ratio, forKey: .ratio)
        try container.encode(row.goal?.target, forKey: .target)
        try container.encode(row.isMet, forKey: .met)
      }
    }
  }

  /// A table for people.
  func table() -> String {
    let header = ["row", "value", "unit", "median", "floor", "ratio", "target", "met"]
    let lines = rows.map { row in
      [
        row.name, Self.format(row.value), row.unit, Self.format(row.median), Self.format(row.floor),
        Self.format(row.ratio), Self.goal(row.goal), row.isMet.map { $0 ? "yes" : "NO" } ?? "",
      ]
    }
    let widths = header.indices.map { column in ([header] + lines).map { $0[column].count }.max() ?? 0 }
    let table = ([header] + lines).map { fields in
      let padded = zip(fields, widths).enumerated().map { column, pair in
        let space = String(repeating: " ", count: pair.1 - pair.0.count)
        return [0, 2, 7].contains(column) ? pair.0 + space : space + pair.0
      }
      let line = padded.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
    return (table + ["", footer]).joined(separator: "\n")
  }

  private static func goal(_ goal: Row.Goal?) -> String {
    switch goal {
    case nil: ""
    case .atMost(let target)?: "<= \(format(target))"
    case .atLeast(let target)?: ">= \(format(target))"
    }
  }

  /// A number with about three digits that count, and none left out before the point.
  static func format(_ value: Double?) -> String {
    guard let value, value.isFinite, value.magnitude < 1e15 else { return "" }
    var decimals = 0
    var scaled = value.magnitude
    while scaled < 100, scaled > 0, decimals < 4 {
      scaled *= 10
      decimals += 1
    }
    let whole = Int64(scaled.rounded())
    var digits = String(whole)
    while digits.count <= decimals { digits = "0" + digits }
    if decimals > 0 { digits.insert(".", at: digits.index(digits.endIndex, offsetBy: -decimals)) }
    while digits.contains("."), digits.hasSuffix("0") || digits.hasSuffix(".") { digits.removeLast() }
    return (value < 0 ? "-" : "") + digits
  }
}
