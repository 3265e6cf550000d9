/// Exact decimal text for micro-unit integers: `2100000` is `2.10`. No floating point is involved either way.
public enum Decimal {
  /// Micro-units in one unit of the currency.
  public static let microsPerUnit: Int64 = 1_000_000

  /// At least two, at most six decimals: `2.10`, `0.4625`, `-3.00`.
  public static func format(micros: some SignedInteger) -> String {
    let magnitude = micros.magnitude
    var fraction = String(magnitude % 1_000_000)
    fraction = String(repeating: "0", count: 6 - fraction.count) + fraction
    while fraction.count > 2, fraction.hasSuffix("0") { fraction.removeLast() }
    return (micros < 0 ? "-" : "") + String(magnitude / 1_000_000) + "." + fraction
  }

  /// Micro-units from decimal text such as `2`, `2.1` or `0.462500`, with at most six decimals.
  ///
  /// - Returns: nil for anything else: signs, exponents, more decimals, a value past `Int64`.
  public static func parse(_ text: some StringProtocol) -> Int64? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), parts[0].isDigits, let whole = Int64(parts[0]) else { return nil }
    var micros: Int64 = 0
    if parts.count == 2 {
      guard (1...6).contains(parts[1].count), parts[1].isDigits else { return nil }
      let padded = parts[1] + String(repeating: "0", count: 6 - parts[1].count)
      guard let value = Int64(padded) else { return nil }
      micros = value
    }
    let (scaled, overflow) = whole.multipliedReportingOverflow(by: microsPerUnit)
    let (sum, carried) = scaled.addingReportingOverflow(micros)
    return overflow || carried ? nil : sum
  }
}
