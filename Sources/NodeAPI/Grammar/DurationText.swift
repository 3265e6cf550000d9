/// Spans of time as a person writes them: `90s`, `30m`, `3h`, `2d`, `1h30m`.
public enum DurationText {
  /// The forms that are allowed, for an error.
  public static let allowed = "a span such as 90s, 30m, 3h, 2d or 1h30m"

  private static let units: [(name: Character, milliseconds: Int64)] = [
    ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000),
  ]

  /// The milliseconds that `text` means; nil unless it is a positive sum of whole days, hours, minutes and seconds,
  /// each at most once and the larger first.
  public static func parse(_ text: some StringProtocol) -> Int64? {
    var total: Int64 = 0
    var remaining = units[...]
    var digits = ""
    for character in text {
      if ("0"..."9").contains(character) {
        digits.append(character)
        continue
      }
      guard let index = remaining.firstIndex(where: { $0.name == character }), let count = Int64(digits) else {
        return nil
      }
      let (span, tooLong) = count.multipliedReportingOverflow(by: units[index].milliseconds)
      let (sum, overflow) = total.addingReportingOverflow(span)
      guard !tooLong, !overflow else { return nil }
      total = sum
      digits = ""
      remaining = units[(index + 1)...]
    }
    return digits.isEmpty && total > 0 ? total : nil
  }

  /// `milliseconds` in the form that ``parse(_:)`` reads; what is left of the last whole second is dropped, and less
  /// than a second reads `340ms`.
  public static func format(milliseconds: Int64) -> String {
    guard milliseconds.magnitude >= 1000 else { return "\(milliseconds)ms" }
    var left = milliseconds.magnitude
    var out = milliseconds < 0 ? "-" : ""
    for unit in units where left >= unit.milliseconds.magnitude {
      out += "\(left / unit.milliseconds.magnitude)\(unit.name)"
      left %= unit.milliseconds.magnitude
    }
    return out
  }

  /// `milliseconds` with its two largest units only, for a table: `3d4h`.
  public static func brief(milliseconds: Int64) -> String {
    let unit = units.first { milliseconds >= $0.milliseconds }?.milliseconds
    switch unit {
    case 86_400_000?: return format(milliseconds: milliseconds - milliseconds % 3_600_000)
    case 3_600_000?: return format(milliseconds: milliseconds - milliseconds % 60_000)
    default: return format(milliseconds: milliseconds)
    }
  }
}
