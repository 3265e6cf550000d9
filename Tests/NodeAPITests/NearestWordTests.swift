import Testing

@testable import NodeAPI

@Suite("Suggestions for mistyped words")
struct NearestWordTests {
  @Test(
    "the distance counts insertions, deletions, replacements and swaps of neighbours",
    arguments: [
      ("", "", 0), ("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0), ("abc", "abd", 1), ("abc", "acb", 1),
      ("kitten", "sitting", 3), ("ca", "abc", 3), ("a", "b", 1),
    ])
  func distance(left: String, right: String, expected: Int) {
    #expect(NearestWord.distance(Array(left.utf8), Array(right.utf8)) == expected)
    #expect(NearestWord.distance(Array(right.utf8), Array(left.utf8)) == expected)
  }

  @Test("a beginning suggests the words that go on with it, at most three, in their order")
  func beginnings() {
    #expect(NearestWord.suggestions(for: "B", among: ["bd", "x", "bc", "ba", "bb"]) == ["bd", "bc", "ba"])
  }

  @Test("a word that is far from everything suggests nothing")
  func far() {
    #expect(NearestWord.suggestions(for: "zzzz", among: ["offer", "bid"]) == [])
    #expect(NearestWord.suggestions(for: "", among: ["offer", "bid"]) == [])
    #expect(NearestWord.suggestions(for: "offers", among: []) == [])
  }

  @Test("a typing error suggests the nearest words only")
  func near() {
    #expect(NearestWord.suggestions(for: "stauts", among: ["status", "stop", "start"]) == ["status"])
  }
}
