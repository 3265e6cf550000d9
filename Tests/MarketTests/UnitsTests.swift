import Market
import Testing

@Suite("units")
struct UnitsTests {
  @Test(
    "decimal text is exact both ways",
    arguments: [
      (0, "0.00"), (1, "0.000001"), (10_000, "0.01"), (2_100_000, "2.10"), (462_500, "0.4625"), (-3_000_000, "-3.00"),
      (Int64.max, "9223372036854.775807"), (Int64.min, "-9223372036854.775808"),
    ] as [(Int64, String)])
  func decimals(micros: Int64, text: String) {
    #expect(Decimal.format(micros: micros) == text)
    if micros >= 0 { #expect(Decimal.parse(text) == micros) }
  }

  @Test("shorter and longer forms mean the same", arguments: ["2", "2.0", "2.000000", "002"])
  func forms(text: String) { #expect(Decimal.parse(text) == 2_000_000) }

  @Test("a random amount survives being written and read")
  func roundTrip() {
    var generator = SplitMix64(seed: 3)
    for _ in 0..<2000 {
      let micros = Int64.random(in: 0...(.max), using: &generator) >> Int64.random(in: 0...62, using: &generator)
      #expect(Decimal.parse(Decimal.format(micros: micros)) == micros)
    }
  }

  @Test(
    "what is not a plain decimal is none",
    arguments: [
      "", ".", ".5", "1.", "1.0000001", "-1", "+1", "1e3", "1,5", " 1", "1 ", "0x1", "1.2.3", "9223372036855",
      "9223372036854.775808", "\u{0661}", "nan",
    ])
  func notDecimals(text: String) { #expect(Decimal.parse(text) == nil) }

  @Test("a moment on the wire is at most the year 9999's end")
  func wireTimes() {
    #expect(Timestamp(wire: UInt64(Timestamp.maximum.milliseconds)) == .maximum)
    #expect(Timestamp(wire: UInt64(Timestamp.maximum.milliseconds) + 1) == nil)
    #expect(Timestamp(wire: .max) == nil)
    #expect(at(5).wire == 5)
  }

  @Test("SplitMix64 gives the published sequence")
  func generator() {
    var generator = SplitMix64(seed: 1_234_567)
    let first = (0..<3).map { _ in generator.next() }
    #expect(first == [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423])
  }

  @Test("a slot range contains what lies inside it, its ends included")
  func ranges() {
    #expect(slots(2, 5).contains(slots(2, 5)) && slots(2, 5).contains(slots(3, 4)))
    #expect(!slots(2, 5).contains(slots(1, 3)) && !slots(2, 5).contains(slots(4, 6)))
    #expect(slots(2, 2).isEmpty && slots(2, 5).count == 3)
  }
}
