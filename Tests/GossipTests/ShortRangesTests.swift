import Market
import NodeCrypto
import Testing

@testable import Gossip

@Suite("short ranges")
struct ShortRangesTests {
  var chance = SplitMix64(seed: 5)

  private mutating func authors(_ count: Int) -> [NodeID] {
    (0..<count).map { _ in random() }.sorted()
  }

  /// An author whose id begins with these bytes.
  private mutating func random(beginning: [UInt8] = []) -> NodeID {
    let bytes = beginning + (0..<32).map { _ in UInt8(truncatingIfNeeded: chance.next()) }
    return NodeID(bytes: bytes.prefix(32))!
  }

  private func resolve(_ short: ShortRanges, _ authors: [NodeID]) throws -> [FeedRange] {
    try ShortRanges.resolve(short.bytes, prefixBits: short.prefixBits, among: authors)
  }

  @Test("the other side reads the same ranges, from five bytes each where there are ten thousand feeds")
  mutating func roundTrip() throws {
    let authors = authors(10_000)
    let ranges = stride(from: 0, to: 10_000, by: 10).map { index in
      AntiEntropy.Range(author: authors[index], from: UInt64(1 + index % 120), through: UInt64(1 + index % 120 + 9))
    }
    let short = ShortRanges(ranges.shuffled(using: &chance), among: authors)
    #expect(short.ambiguous.count <= GossipParameters.Fetching.maximumAmbiguous)
    #expect(short.bytes.count <= 5 * ranges.count)
    let named = short.ambiguous.map { FeedRange(author: $0.author, from: $0.from, through: $0.through) }
    let read = (try resolve(short, authors) + named).sorted { $0.author < $1.author }
    #expect(read == ranges.map { FeedRange(author: $0.author, from: $0.from, through: $0.through) })
  }

  @Test("authors who share a prefix are told apart by a longer one, or by their full names")
  mutating func shared() throws {
    var authors = authors(50)
    for _ in 0..<60 { authors.append(random(beginning: [1, 2, 3, 4])) }
    let twins = (0..<2).map { _ in random(beginning: [9, 9, 9, 9, 9, 9, 9, 9]) }
    authors = (authors + twins).sorted()
    let ranges = authors.map { AntiEntropy.Range(author: $0, from: 1, through: 5) }
    let short = ShortRanges(ranges, among: authors)
    #expect(short.prefixBits == 40)
    #expect(Set(short.ambiguous.map(\.author)).isSuperset(of: twins))
    #expect(short.ambiguous.count <= GossipParameters.Fetching.maximumAmbiguous)
    #expect(try resolve(short, authors).count == authors.count - short.ambiguous.count)
  }

  @Test("of a prefix that is no feed's here, or two feeds', nothing is served")
  mutating func unclear() throws {
    let (known, unknown) = (authors(30), random(beginning: [7, 7, 7]))
    let ranges = (known + [unknown]).map { AntiEntropy.Range(author: $0, from: 2, through: 2) }
    let short = ShortRanges(ranges, among: (known + [unknown]).sorted())
    #expect(try resolve(short, known).map(\.author) == known)
    let rivals = [random(beginning: [7, 7, 7]), random(beginning: [7, 7, 7])].sorted()
    #expect(try resolve(short, (known + rivals).sorted()).map(\.author) == known)
  }

  @Test(
    "short ranges that no honest node sends are refused",
    arguments: [
      ([1, 1, 1], 23, .prefixBits(23)), ([1, 1, 1], 0, .prefixBits(0)), ([], 24, .prefixBits(24)),
      ([1, 1], 24, .number(position: 2)), ([0x80, 0x00, 1, 1], 24, .number(position: 2)),
      ([1, 1, 1, 0, 1, 1], 24, .order(position: 3)), ([1, 0, 1], 24, .bounds(from: 0, through: 1)),
      ([0x80, 0x80, 0x80, 0x08, 1, 1], 24, .order(position: 0)),
      ([1, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1], 64, .bounds(from: 1, through: .max)),
      (Array([[1, 1, 0]].joined()) + Array(repeatElement([1, 1, 0], count: 2048).joined()), 24, .count(2049)),
    ] as [([UInt8], UInt32, RangeError)])
  mutating func refused(bytes: [UInt8], bits: UInt32, error: RangeError) {
    let authors = authors(3)
    #expect(throws: error) { try ShortRanges.resolve(bytes, prefixBits: bits, among: authors) }
  }

  @Test("a number of any size comes back, and one in a longer form does not")
  func varints() {
    for value in [0, 1, 127, 128, 300, 1 << 32, .max - 1, .max] as [UInt64] {
      var bytes: [UInt8] = []
      bytes.append(varint: value)
      var reader = VarintReader(bytes)
      let read = reader.next()
      #expect(read == value && reader.isAtEnd)
    }
    for bytes in [[0x80], [0x80, 0], [UInt8](repeating: 0xFF, count: 9) + [2]] as [[UInt8]] {
      var reader = VarintReader(bytes)
      #expect(reader.next() == nil)
    }
  }
}
