import Foundation
import Market

/// Moments for programs: `2026-11-24T14:00:00.000Z` (RFC 3339).
public enum UTCText {
  /// A moment since 1970 in UTC, with milliseconds.
  public static func format(_ moment: Timestamp) -> String {
    var seconds = time_t(moment.milliseconds / 1000)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    let date = [padded(parts.tm_year + 1900, 4), padded(parts.tm_mon + 1, 2), padded(parts.tm_mday, 2)]
    let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { padded($0, 2) }
    let milliseconds = padded(Int32(moment.milliseconds % 1000), 3)
    return "\(date.joined(separator: "-"))T\(clock.joined(separator: ":")).\(milliseconds)Z"
  }

  private static func padded(_ number: Int32, _ digits: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
  }
}
