import Foundation
import Market

/// The Gregorian calendar in one time zone: between moments and what a person reads off a clock.
public struct LocalCalendar: Sendable {
  private let calendar: Calendar

  /// The calendar of `timeZone`.
  public init(timeZone: TimeZone = .current) {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = timeZone
    self.calendar = calendar
  }

  /// What a calendar and a clock show at one moment.
  struct Reading: Hashable {
    var year: Int
    var month: Int
    var day: Int
    var hour = 0
    var minute = 0
    var second = 0
    /// From 1, Sunday, to 7, Saturday.
    var weekday = 1
  }

  func reading(at moment: Timestamp) -> Reading {
    let parts = calendar.dateComponents(
      [.year, .month, .day, .hour, .minute, .second, .weekday], from: Self.date(moment))
    return Reading(
      year: parts.year ?? 1970, month: parts.month ?? 1, day: parts.day ?? 1, hour: parts.hour ?? 0,
      minute: parts.minute ?? 0, second: parts.second ?? 0, weekday: parts.weekday ?? 1)
  }

  /// The first moment after `moment` at which the clock shows the given time. On a day that skips it, the next time
  /// that exists.
  func next(hour: Int, minute: Int, second: Int, after moment: Timestamp) -> Timestamp? {
    calendar.nextDate(
      after: Self.date(moment), matching: DateComponents(hour: hour, minute: minute, second: second),
      matchingPolicy: .nextTime
    ).map(Self.moment)
  }

  /// The moment at which calendar and clock show `reading`; nil when there is no such day or time.
  func moment(of reading: Reading) -> Timestamp? {
    let parts = DateComponents(
      year: reading.year, month: reading.month, day: reading.day, hour: reading.hour, minute: reading.minute,
      second: reading.second)
    guard let date = calendar.date(from: parts) else { return nil }
    let moment = Self.moment(date)
    var shown = self.reading(at: moment)
    shown.weekday = reading.weekday
    return shown == reading ? moment : nil
  }

  /// Days from the day of `start` to the day of `end`.
  func days(from start: Timestamp, to end: Timestamp) -> Int {
    let first = calendar.startOfDay(for: Self.date(start))
    let last = calendar.startOfDay(for: Self.date(end))
    return calendar.dateComponents([.day], from: first, to: last).day ?? 0
  }

  private static func date(_ moment: Timestamp) -> Date {
    Date(timeIntervalSince1970: Double(moment.milliseconds) / 1000)
  }

  private static func moment(_ date: Date) -> Timestamp {
    Timestamp(milliseconds: Int64((date.timeIntervalSince1970 * 1000).rounded()))
  }
}

/// Moments in local time, as short as they stay unambiguous.
public struct TimeText: Sendable {
  /// The calendar in which moments are read.
  public let calendar: LocalCalendar
  /// The moment from which "Mon" is understood.
  public let now: Timestamp
  /// Whether seconds are shown: needless on a market whose slots are whole minutes.
  public let showsSeconds: Bool

  /// Moments as `calendar` shows them to someone who reads them at `now`.
  public init(calendar: LocalCalendar, now: Timestamp, showsSeconds: Bool) {
    self.calendar = calendar
    self.now = now
    self.showsSeconds = showsSeconds
  }

  /// `Mon 14:00:10` from yesterday to five days ahead, `24 Nov 14:00:10` in the same year, else
  /// `2027-01-03 14:00:10`.
  public func short(_ moment: Timestamp) -> String {
    let reading = calendar.reading(at: moment)
    let clock = clock(reading)
    if (-1...5).contains(calendar.days(from: now, to: moment)) {
      return "\(Self.weekdays[reading.weekday - 1]) \(clock)"
    }
    if reading.year == calendar.reading(at: now).year {
      return "\(reading.day) \(Self.months[reading.month - 1]) \(clock)"
    }
    return "\(reading.year)-\(Self.padded(reading.month))-\(Self.padded(reading.day)) \(clock)"
  }

  /// ``short(_:)`` of a document's field.
  public func short(milliseconds: Int64) -> String { short(Timestamp(milliseconds: milliseconds)) }

  private func clock(_ reading: LocalCalendar.Reading) -> String {
    let minutes = "\(Self.padded(reading.hour)):\(Self.padded(reading.minute))"
    return showsSeconds ? "\(minutes):\(Self.padded(reading.second))" : minutes
  }

  private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }

  private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]
}
