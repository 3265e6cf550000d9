import Market

/// Amounts of memory as a person writes them: `80g` and `80000m` as GPUs are sold, in decimal units; `80gib` and
/// `81920mib` in binary ones.
public enum MemoryText {
  /// The forms that are allowed, for an error.
  public static let allowed = "an amount such as 80g, 80000m, 80gib or 81920mib"

  private static let bytesPerMebibyte: Int64 = 1 << 20
  private static let units: [(name: String, bytes: Int64)] = [
    ("gib", 1 << 30), ("mib", 1 << 20), ("gb", 1_000_000_000), ("mb", 1_000_000), ("g", 1_000_000_000),
    ("m", 1_000_000),
  ]

  /// The MiB that `text` means, rounded up; nil unless it is a positive whole number with a unit.
  public static func parse(_ text: some StringProtocol) -> Int64? {
    let text = text.lowercased()
    guard let unit = units.first(where: { text.hasSuffix($0.name) }) else { return nil }
    let digits = text.dropLast(unit.name.count)
    guard
      digits.isDigits, let count = Int64(digits), count > 0
    else { return nil }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: unit.bytes)
    guard !overflow else { return nil }
    return bytes / bytesPerMebibyte + (bytes % bytesPerMebibyte == 0 ? 0 : 1)
  }

  /// `80 GB (76294 MiB)`: decimal units for the eye, rounded down to a tenth, and the exact amount.
  public static func format(mebibytes: Int64) -> String {
    let (bytes, overflow) = mebibytes.multipliedReportingOverflow(by: bytesPerMebibyte)
    guard !overflow, bytes >= 0 else { return "\(mebibytes) MiB" }
    let tenths = bytes / 100_000_000
    let fraction = tenths % 10 == 0 ? "" : ".\(tenths % 10)"
    return "\(tenths / 10)\(fraction) GB (\(mebibytes) MiB)"
  }
}
