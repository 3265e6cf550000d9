import Foundation
import Market

/// A moment as a person writes it, not yet resolved against a clock.
public enum TimeExpression: Hashable, Sendable {
  /// `now`.
  case now
  /// `+2h`: that long from now, in milliseconds.
  case fromNow(milliseconds: Int64)
  /// `14:00` or `14:00:30`: the next time that a local clock shows it.
  case clock(hour: Int, minute: Int, second: Int)
  /// `2026-11-24T14:00Z`, with `+01:00`, or without either in local time.
  case moment(Timestamp)

  /// The forms that are allowed, for an error.
  public static let allowed = "now, +2h, 14:00 or 2026-11-24T14:00Z"

  /// The moment that `text` writes; nil for none of the forms, or a day or time that does not exist.
  ///
  /// - Parameter calendar: what a date without a zone is read in.
  public init?(_ text: String, calendar: LocalCalendar) {
    if text.lowercased() == "now" {
      self = .now
    } else if text.hasPrefix("+") {
      guard let span = DurationText.parse(text.dropFirst().lowercased()) else { return nil }
      self = .fromNow(milliseconds: span)
    } else if let time = Self.clockTime(text[...]) {
      self = .clock(hour: time.hour, minute: time.minute, second: time.second)
    } else if let moment = Self.iso8601(text, calendar: calendar) {
      self = .moment(moment)
    } else {
      return nil
    }
  }

  /// The moment meant.
  ///
  /// - Parameters:
  ///   - now: the moment at which the text was written.
  ///   - reference: the moment after which a clock time is the next one; an end is sought after its start.
  public func resolve(now: Timestamp, after reference: Timestamp, calendar: LocalCalendar) -> Timestamp? {
    switch self {
    case .now: return now
    case .fromNow(let span):
      return span <= Timestamp.maximum.milliseconds - now.milliseconds ? now + span : nil
    case .clock(let hour, let minute, let second):
      return calendar.next(hour: hour, minute: minute, second: second, after: reference)
    case .moment(let moment): return moment
    }
  }

  private static func clockTime(_ text: Substring) -> (hour: Int, minute: Int, second: Int)? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard
      (2...3).contains(parts.count), let hour = number(parts[0], digits: 1...2, in: 0...23),
      let minute = number(parts[1], digits: 2...2, in: 0...59),
      let second = parts.count == 3 ? number(parts[2], digits: 2...2, in: 0...59) : 0
    else { return nil }
    return (hour, minute, second)
  }

  private static func iso8601(_ text: String, calendar: LocalCalendar) -> Timestamp? {
    let halves = text.split(whereSeparator: { $0 == "T" || $0 == "t" })
    guard halves.count == 2 else { return nil }
    let date = halves[0].split(separator: "-", omittingEmptySubsequences: false)
    guard
      date.count == 3, let year = number(date[0], digits: 4...4, in: 1970...9999),
      let month = number(date[1], digits: 2...2, in: 1...12), let day = number(date[2], digits: 2...2, in: 1...31)
    else { return nil }

    var clock = halves[1]
    var zoned = calendar
    if clock.hasSuffix("Z") || clock.hasSuffix("z") {
      clock = clock.dropLast()
      zoned = LocalCalendar(timeZone: .gmt)
    } else if let sign = clock.lastIndex(where: { $0 == "+" || $0 == "-" }) {
      guard
        let offset = clockTime(clock[clock.index(after: sign)...]), offset.hour <= 14,
        let zone = TimeZone(
          secondsFromGMT: (clock[sign] == "-" ? -1 : 1) * (offset.hour * 3600 + offset.minute * 60))
      else { return nil }
      clock = clock[..<sign]
      zoned = LocalCalendar(timeZone: zone)
    }
    guard let time = clockTime(clock) else { return nil }
    return zoned.moment(
      of: LocalCalendar.Reading(
        year: year, month: month, day: day, hour: time.hour, minute: time.minute, second: time.second))
  }

  private static func number(
    _ text: Substring, digits: ClosedRange<Int>, in allowed: ClosedRange<Int>
  ) -> Int? {
    guard
      digits.contains(text.utf8.count), text.isDigits, let value = Int(text),
      allowed.contains(value)
    else { return nil }
    return value
  }
}
