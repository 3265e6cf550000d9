import NodeAPI
import Testing

@Suite("Errors of the grammar")
struct CommandErrorTests {
  static let durations = "allowed: a span such as 90s, 30m, 3h, 2d or 1h30m"
  static let times = "allowed: now, +2h, 14:00 or 2026-11-24T14:00Z"
  static let price = "allowed: a number per GPU-hour with at most 6 decimals, such as 2.10"
  static let offerUsage =
    "usage: offer GPUS CLASS | from-hardware [GPUS] [CLASS] at PRICE for DURATION | until TIME [from TIME] […]"
  static let bidUsage =
    "usage: bid GPUS CLASS[,CLASS] at PRICE for DURATION [within DURATION | by TIME] [from TIME] […]"
  static let offerParts =
    "for, from, until, in, pieces, all-or-none, lease, interconnect, vram, driver, watts, co2, gtc, ioc, fok, "
    + "post-only, expires"
  static let bidParts =
    "for, from, within, by, in, pieces, split, co-located, all-or-none, interconnect, vram, watts, co2, probed, "
    + "providers, not-providers, trades, failures, gtc, ioc, fok, post-only, expires"

  static let cases: [(String, String)] = [
    ("ofer 8", "\"ofer\" is not a command; did you mean offer? help lists the commands"),
    ("xyzzy", "\"xyzzy\" is not a command; help lists the commands"),
    ("offer", "after \"offer\", the number of GPUs is missing"),
    ("offer 0 h100-sxm-80g", "the number of GPUs is \"0\"; allowed: a whole number from 1"),
    ("offer 8.5 h100-sxm-80g", "the number of GPUs is \"8.5\"; allowed: a whole number from 1"),
    (
      "offer 9223372036854775808 h100-sxm-80g",
      "the number of GPUs is \"9223372036854775808\"; allowed: a whole number from 1"
    ),
    ("offer 8", "after \"8\", a GPU class is missing"),
    (
      "offer 8 h100 at 2.10 for 12h",
      "the GPU class \"h100\" is unknown; did you mean h100-sxm-80g or h100-nvl-94g? classes lists them"
    ),
    (
      "offer 8 h100-smx-80g at 2.10 for 12h",
      "the GPU class \"h100-smx-80g\" is unknown; did you mean h100-sxm-80g? classes lists them"
    ),
    ("offer 8 gtx970 at 2.10 for 12h", "the GPU class \"gtx970\" is unknown; classes lists them"),
    (
      "offer 8 h100-sxm-80g,h200-sxm-141g at 2.10 for 12h",
      "the second GPU class is \"h200-sxm-141g\"; allowed: one class in an offer"
    ),
    ("bid 8 h100-sxm-80g,h100-sxm-80g at 2.10 for 1h", "\"h100-sxm-80g\" stands twice; allowed: once"),
    ("bid 8 h100-sxm-80g, at 2.10 for 1h", "the GPU class \"at\" is unknown; classes lists them"),
    ("offer 8 h100-sxm-80g", "after \"h100-sxm-80g\", \"at\" is missing"),
    ("offer 8 h100-sxm-80g 2.10", "\"2.10\" is not understood; allowed here: at"),
    ("offer 8 h100-sxm-80g at", "after \"at\", a price is missing"),
    ("offer 8 h100-sxm-80g at -1 for 12h", "the price is \"-1\"; \(price)"),
    ("offer 8 h100-sxm-80g at 2,10 for 12h", "the price is \"2,10\"; \(price)"),
    ("offer 8 h100-sxm-80g at 2.1000001 for 12h", "the price is \"2.1000001\"; \(price)"),
    ("offer 8 h100-sxm-80g at 1e3 for 12h", "the price is \"1e3\"; \(price)"),
    ("offer 8 h100-sxm-80g at 99999999999999 for 12h", "the price is \"99999999999999\"; \(price)"),
    (
      "offer 8 h100-sxm-80g at 2.10 fro 12h",
      "\"fro\" is not understood; did you mean from? allowed here is one of: \(offerParts)"
    ),
    (
      "offer 8 h100-sxm-80g at 2.10 for 12h within 2d",
      "\"within\" is not understood; allowed here is one of: \(offerParts)"
    ),
    (
      "bid 8 h100-sxm-80g at 2.10 for 12h lease at least 1h",
      "\"lease\" is not understood; allowed here is one of: \(bidParts)"
    ),
    ("offer 8 h100-sxm-80g at 2.10 for", "after \"for\", a span such as 90s, 30m, 3h, 2d or 1h30m is missing"),
    ("offer 8 h100-sxm-80g at 2.10 for 12", "the duration is \"12\"; \(durations)"),
    ("offer 8 h100-sxm-80g at 2.10 for 0h", "the duration is \"0h\"; \(durations)"),
    ("offer 8 h100-sxm-80g at 2.10 from later for 1h", "the time is \"later\"; \(times)"),
    ("offer 8 h100-sxm-80g at 2.10 for 1h for 2h", "\"for\" stands twice; allowed: once"),
    ("offer 8 h100-sxm-80g at 2.10 for 1h pieces of 2 in pieces of 3", "\"in\" stands twice; allowed: once"),
    (
      "offer 8 h100-sxm-80g at 2.10 for 1h until 18:00",
      "\"for\" and \"until\" both say when the window ends; allowed: one of them"
    ),
    (
      "bid 8 h100-sxm-80g at 2.10 for 1h within 2h by 18:00",
      "\"within\" and \"by\" both say when the window ends; allowed: one of them"
    ),
    ("offer 8 h100-sxm-80g at 2.10", "the offer lacks \"for DURATION\" or \"until TIME\"; \(offerUsage)"),
    ("bid 8 h100-sxm-80g at 2.10 within 3h", "the bid lacks \"for DURATION\"; \(bidUsage)"),
    (
      "offer 8 h100-sxm-80g at 2.10 from +3h until +2h",
      "the end is \"+2h\"; allowed: a time after the start"
    ),
    (
      "offer 8 h100-sxm-80g at 2.10 until 2026-11-23T11:00Z",
      "the end is \"2026-11-23T11:00Z\"; allowed: a time after the start, which is now"
    ),
    (
      "offer 8 h100-sxm-80g at 2.10 for 1h in Europe",
      "the region is \"Europe\"; allowed: a continent or a country: EU, EU-FR"
    ),
    ("offer 8 h100-sxm-80g at 2.10 for 1h in EU,NA", "the second region is \"NA\"; allowed: one region in an offer"),
    ("bid 8 h100-sxm-80g at 2.10 for 1h in EU,eu", "\"eu\" stands twice; allowed: once"),
    ("offer 8 h100-sxm-80g at 2.10 for 1h pieces 2", "\"2\" is not understood; allowed here: of"),
    ("offer 8 h100-sxm-80g at 2.10 for 1h pieces of 0", "the piece is \"0\"; allowed: a whole number from 1"),
    ("offer 8 h100-sxm-80g at 2.10 for 1h lease at most 1h", "\"most\" is not understood; allowed here: least"),
    (
      "offer 8 h100-sxm-80g at 2.10 for 1h watts 4294967296",
      "the power in watts is \"4294967296\"; allowed: a whole number from 1 to 4294967295"
    ),
    ("offer 8 h100-sxm-80g at 2.10 for 1h expires", "after \"expires\", \"in\" or \"at\" is missing"),
    (
      "offer 8 h100-sxm-80g at 2.10 for 1h expires on Monday",
      "\"on\" is not understood; did you mean in? allowed here is one of: in, at"
    ),
    (
      "offer 8 h100-sxm-80g at 2.10 for 1h expires in 100000000000d",
      "the time is \"100000000000d\"; allowed: a time up to the end of the year 9999"
    ),
    ("cancel", "after \"cancel\", an order's id is missing"),
    (
      "cancel 3f2",
      "the order's id is \"3f2\"; allowed: its 64 hexadecimal digits, or the first 4 or more"
    ),
    (
      "why h100",
      "the order's id is \"h100\"; allowed: its 64 hexadecimal digits, or the first 4 or more"
    ),
    ("cancel 3f2a 3f2b", "\"3f2b\" is one word too many; usage: cancel ORDER"),
    ("orders every", "\"every\" is not understood; allowed here is one of: all, mine"),
    ("book h300", "the GPU class \"h300\" is unknown; classes lists them"),
    ("book h100-sxm-80g 5", "\"5\" is not understood; allowed here: top"),
    ("verify", "after \"verify\", a file's path is missing"),
    ("help me", "\"me\" is not a command; help lists the commands"),
    ("verify 'my file", "a quotation mark is not closed"),
    ("status \u{1B}[31mred", "\"\u{FFFD}[31mred\" is one word too many; usage: status"),
  ]

  @Test("each error names the word and what is allowed", arguments: cases)
  func wording(line: String, expected: String) {
    #expect(message(line) == expected)
  }

  @Test("the mark stands below the word that is wrong")
  func pointer() throws {
    let error = try #require(throws: CommandError.self) { try parse("offer  8 h100 at 2.10 for 12h") }
    #expect(error.pointer == "offer 8 h100 at 2.10 for 12h\n        ^^^^")
  }

  @Test("the mark stands behind the line when a word is missing")
  func pointerAtEnd() throws {
    let error = try #require(throws: CommandError.self) { try parse("offer 8 h100-sxm-80g at") }
    #expect(error.pointer == "offer 8 h100-sxm-80g at\n                        ^")
  }

  @Test("the mark stands below the end that is before the start")
  func pointerAtEarlierPart() throws {
    let error = try #require(throws: CommandError.self) {
      try parse("offer 8 h100-sxm-80g at 2.10 until +2h from +3h")
    }
    #expect(error.words[error.position] == "+2h")
  }
}
