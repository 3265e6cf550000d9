import Foundation
import Market
import NodeAPI
import Testing

@Suite("Durations and times")
struct TimeTests {
  @Test(
    "durations are exact",
    arguments: [
      ("90s", 90_000), ("30m", 1_800_000), ("3h", 10_800_000), ("2d", 172_800_000), ("1h30m", 5_400_000),
      ("1d2h3m4s", 93_784_000), ("90m", 5_400_000), ("106751991167d", 9_223_372_036_828_800_000),
    ] as [(String, Int64)])
  func durations(text: String, milliseconds: Int64) {
    #expect(DurationText.parse(text) == milliseconds)
  }

  @Test(
    "what is not a duration is refused",
    arguments: [
      "", "h", "3", "3x", "-3h", "+3h", "3.5h", "30m1h", "1h1h", "0s", "0h0m", "1h30", "３h", "106751991168d",
      "9223372036854775808s", "1 h",
    ])
  func notDurations(text: String) {
    #expect(DurationText.parse(text) == nil)
  }

  @Test("a formatted duration reads back")
  func roundTrip() {
    var milliseconds: Int64 = 1000
    while milliseconds < 400 * 86_400_000 {
      #expect(DurationText.parse(DurationText.format(milliseconds: milliseconds)) == milliseconds)
      milliseconds = (milliseconds / 1000 * 7 / 5 + 1) * 1000
    }
  }

  @Test("a brief duration has its two largest units")
  func brief() {
    #expect(DurationText.brief(milliseconds: 93_784_000) == "1d2h")
    #expect(DurationText.brief(milliseconds: 7_384_000) == "2h3m")
    #expect(DurationText.brief(milliseconds: 184_000) == "3m4s")
    #expect(DurationText.brief(milliseconds: 340) == "340ms")
  }

  private func resolve(_ text: String, now: Timestamp = noon, in zone: TimeZone = .gmt) -> Int64? {
    let calendar = LocalCalendar(timeZone: zone)
    return TimeExpression(text, calendar: calendar)?.resolve(now: now, after: now, calendar: calendar)?.milliseconds
  }

  @Test(
    "each form of a time is understood",
    arguments: [
      ("now", 0), ("+2h", 2 * hour), ("+90s", 90_000), ("14:00", 2 * hour), ("14:00:30", 2 * hour + 30_000),
      ("9:30", 21 * hour + hour / 2), ("12:00", 24 * hour), ("11:59", 24 * hour - 60_000),
      ("2026-11-24T14:00Z", 26 * hour), ("2026-11-24t14:00z", 26 * hour), ("2026-11-24T14:00:10Z", 26 * hour + 10_000),
      ("2026-11-24T14:00", 26 * hour), ("2026-11-24T14:00+01:00", 25 * hour),
      ("2026-11-24T14:00-05:30", 31 * hour + hour / 2),
      ("2026-11-23T11:00Z", -hour),
    ] as [(String, Int64)])
  func times(text: String, fromNoon: Int64) {
    #expect(resolve(text) == noon.milliseconds + fromNoon)
  }

  @Test(
    "what is not a time is refused",
    arguments: [
      "", "+", "+2", "2h", "24:00", "14:60", "14", "14:0", "14:00:60", "2026-11-24", "2026-02-30T10:00Z",
      "2026-13-01T10:00Z", "2026-11-24T14:00+15:00", "2026-11-24T14:00Q", "26-11-24T14:00Z", "tomorrow", "T", "-1:00",
    ])
  func notTimes(text: String) {
    #expect(TimeExpression(text, calendar: utc) == nil)
  }

  @Test("a clock time is read in the local zone, and on the day that skips it becomes the next that exists")
  func daylightSaving() throws {
    let berlin = try #require(TimeZone(identifier: "Europe/Berlin"))
    #expect(resolve("14:00", in: berlin) == noon.milliseconds + hour)
    // 2027-03-28 01:30 in Berlin; at 02:00 the clocks go on to 03:00.
    let before = Timestamp(milliseconds: 1_806_193_800_000)
    #expect(resolve("02:30", now: before, in: berlin) == before.milliseconds + hour / 2)
    #expect(resolve("03:00", now: before, in: berlin) == before.milliseconds + hour / 2)
    #expect(resolve("2027-03-28T02:30", now: before, in: berlin) == nil)
  }

  @Test("a moment is shown as short as it stays unambiguous")
  func shown() {
    let text = TimeText(calendar: utc, now: noon, showsSeconds: true)
    #expect(text.short(noon) == "Mon 12:00:00")
    #expect(text.short(noon - 37 * hour) == "21 Nov 23:00:00")
    #expect(text.short(noon - 36 * hour) == "Sun 00:00:00")
    #expect(text.short(noon + 5 * 24 * hour) == "Sat 12:00:00")
    #expect(text.short(noon + 6 * 24 * hour) == "29 Nov 12:00:00")
    #expect(text.short(noon + 60 * 24 * hour) == "2027-01-22 12:00:00")
    #expect(TimeText(calendar: utc, now: noon, showsSeconds: false).short(noon + 90_000) == "Mon 12:01")
  }
}
