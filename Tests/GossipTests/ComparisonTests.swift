import Market
import NodeCrypto
import Testing

@testable import Gossip

/// Two sets of heads that are compared until neither side has anything to say.
private struct Pair {
  var sides: [[NodeID: Head]]
  private(set) var bytes = 0
  private(set) var messages = 0
  private(set) var learned: [[NodeID: UInt64]] = [[:], [:]]
  private(set) var forks: [NodeID] = []

  init(_ one: [NodeID: Head], _ other: [NodeID: Head]) { sides = [one, other] }

  private func comparison(_ side: Int, salt: UInt64) -> Comparison {
    let heads = sides[side].sorted { $0.key < $1.key }.map { (author: $0.key, head: $0.value) }
    return Comparison(salt: salt, heads: heads) { [held = sides[side]] author, sequence in
      held[author].flatMap { $0.sequence == sequence ? $0.entry : nil }
    }
  }

  mutating func run(salt: UInt64) throws {
    var pending = [(from: 0, parts: comparison(0, salt: salt).opening)]
    while let (from, parts) = pending.popLast() {
      for message in Comparison.messages(parts, maximumBytes: 48_000) {
        bytes += message.count
        messages += 1
        let outcome = comparison(1 - from, salt: salt).answer(try ComparisonReader.parts(message))
        for claim in outcome.claims { learned[1 - from][claim.author] = claim.sequence }
        forks += outcome.forks.map(\.author)
        if !outcome.answer.isEmpty { pending.append((1 - from, outcome.answer)) }
      }
    }
  }

  /// Whether each side has learned of everything of which the other holds more.
  var isComplete: Bool {
    (0...1).allSatisfy { side in
      sides[1 - side].allSatisfy { author, head in
        head.sequence <= sides[side][author]?.sequence ?? 0 || learned[side][author] == head.sequence
      }
    }
  }
}

@Suite("comparison of heads")
struct ComparisonTests {
  private var generator = SplitMix64(seed: 11)

  private mutating func randomNode() -> NodeID {
    NodeID(word0: generator.next(), word1: generator.next(), word2: 0, word3: 0)
  }

  private func head(_ author: NodeID, _ sequence: UInt64, branch: UInt64 = 0) -> Head {
    Head(
      sequence: sequence, entry: EntryID(word0: author.word0, word1: sequence, word2: branch, word3: 0),
      time: at(0))
  }

  private mutating func heads(_ count: Int, upTo maximum: UInt64 = 200) -> [NodeID: Head] {
    var heads: [NodeID: Head] = [:]
    for _ in 0..<count {
      let author = randomNode()
      heads[author] = head(author, UInt64.random(in: 1...maximum, using: &generator))
    }
    return heads
  }

  @Test("equal heads cost one short message, however many there are", arguments: [0, 1, 8, 9, 1000])
  mutating func equal(count: Int) throws {
    let held = heads(count)
    var pair = Pair(held, held)
    try pair.run(salt: 1)
    let isComplete = pair.isComplete
    #expect(isComplete && pair.forks.isEmpty)
    // Few heads are listed, and answered by the entries at which they end.
    if count > GossipParameters.Comparing.listedHeads || count == 0 { #expect(pair.bytes <= 9 && pair.messages <= 1) }
  }

  @Test("whatever two nodes hold, each learns of all that the other has more of", arguments: 1...200)
  mutating func complete(seed: UInt64) throws {
    generator = SplitMix64(seed: seed)
    let common = heads(Int.random(in: 0...300, using: &generator))
    var sides = [common, common]
    for side in 0...1 {
      for author in common.keys.sorted() where Int.random(in: 0...9, using: &generator) < 2 {
        let sequence = UInt64.random(in: 0...300, using: &generator)
        sides[side][author] = sequence == 0 ? nil : head(author, sequence)
      }
      sides[side].merge(heads(Int.random(in: 0...20, using: &generator))) { old, _ in old }
    }
    var pair = Pair(sides[0], sides[1])
    // A print of two bytes can hide a difference; not twice under two salts.
    for salt in 1...2 as ClosedRange<UInt64> { try pair.run(salt: seed << 8 | salt) }
    let isComplete = pair.isComplete
    #expect(isComplete)
  }

  @Test("a fork that ends at the same sequence shows", arguments: [1, 5, 500])
  mutating func fork(count: Int) throws {
    let held = heads(count)
    var other = held
    let author = try #require(held.keys.min())
    other[author] = head(author, try #require(held[author]).sequence, branch: 1)
    var pair = Pair(held, other)
    try pair.run(salt: 3)
    #expect(pair.forks.contains(author))
  }

  @Test("authors whose ids begin alike are told apart")
  mutating func collisions() throws {
    var one: [NodeID: Head] = [:]
    for number in 0..<40 as Range<UInt64> {
      let author = NodeID(word0: 0xABCD_EF01_2345_6789, word1: number, word2: 0, word3: 0)
      one[author] = head(author, 5)
    }
    var other = one
    for author in one.keys.sorted().prefix(7) { other[author] = head(author, 9) }
    var pair = Pair(one, other)
    try pair.run(salt: 4)
    let isComplete = pair.isComplete
    #expect(isComplete)
  }

  @Test("10,000 entries missing over 1,000 of 10,000 feeds are found with at most 32 kB in four round trips")
  mutating func overhead() throws {
    var behind = heads(10_000)
    let ahead = behind
    for author in behind.keys.sorted().enumerated().filter({ $0.offset % 10 == 3 }).map(\.element) {
      let sequence = try #require(behind[author]).sequence
      behind[author] = sequence > 10 ? head(author, sequence - 10) : nil
    }
    for (one, other) in [(behind, ahead), (ahead, behind)] {
      var pair = Pair(one, other)
      try pair.run(salt: 5)
      let all = ahead.keys.filter { ahead[$0]?.sequence != behind[$0]?.sequence }
      let side = one == behind ? 0 : 1
      let found = all.filter { pair.learned[side][$0] == ahead[$0]?.sequence }
      // What a short print hides is found in the next comparison.
      #expect(found.count >= all.count - 2)
      #expect(pair.bytes <= 32 << 10, "\(pair.bytes) bytes")
      #expect(pair.messages <= 8, "\(pair.messages) messages")
    }
  }

  @Test("what a newcomer lacks is told in messages that fit into frames")
  mutating func newcomer() throws {
    var pair = Pair([:], heads(5000))
    try pair.run(salt: 6)
    let isComplete = pair.isComplete
    #expect(isComplete && pair.messages > 3)
    #expect(
      Comparison.messages(
        Comparison(salt: 1, heads: []) { _, _ in nil }.opening, maximumBytes: 48_000
      ).allSatisfy { $0.count < 60_000 })
  }

  @Test("parts are read as they are written")
  mutating func codec() throws {
    let prefix = AuthorPrefix(digits: 0x1230_0000_0000_0000, depth: 3)
    let author = randomNode()
    let parts: [ComparisonPart] = [
      .children(AuthorPrefix(digits: 0, depth: 1), (0..<16).map { $0 % 3 == 0 ? UInt64($0) << 20 : nil }),
      .list(prefix, [.init(tag: 0xBE, sequence: 1), .init(tag: 1, sequence: SignedEntry.maximumSequence)]),
      .heads(AuthorPrefix(digits: 0xE << 60, depth: 1), [.ahead(tag: 9, sequence: 300), .ahead(tag: 2, sequence: 3)]),
      .heads(
        AuthorPrefix(digits: 0xF << 60, depth: 1),
        [
          .ahead(tag: 9, sequence: 300), .unlisted(author, sequence: 127),
          .head(author, sequence: 128, head(author, 1).entry),
          .unknown(tag: 0),
        ]),
    ]
    let messages = Comparison.messages(parts, maximumBytes: 48_000)
    #expect(messages.count == 1)
    #expect(try ComparisonReader.parts(messages[0]) == parts)
    #expect(
      messages[0].prefix(12) == [0x41, 0x00, 0x92, 0x49, 0, 0, 0, 0, 0, 0x30, 0, 0], "the form is that of PROTOCOL.md")
    for length in 1..<messages[0].count {
      // Whatever is cut off is noticed, or ends between two parts.
      guard let read = try? ComparisonReader.parts(Array(messages[0].prefix(length))) else { continue }
      #expect(Array(parts.prefix(read.count)) == read)
    }
  }

  @Test(
    "parts that no honest node sends are refused",
    arguments: [
      ([0x0D], .depth(13)), ([0x41, 0x01], .padding), ([0x80, 0x80, 0x00], .number(position: 1)),
      ([0x80, 0x01, 0, 0, 0], .sequence(0)), ([0xC0, 0x02, 7], .answer(7)),
      ([0x80, 0x81, 0x20], .count(4097, maximum: 4096)), ([0x80, 0x00, 0x80, 0x00], .order),
      ([0x82, 0x12, 0x00, 0x81, 0x10, 0x00], .order), ([0x00, 0x01], .truncated(byteCount: 2)),
    ] as [([UInt8], ComparisonError)])
  func refused(bytes: [UInt8], error: ComparisonError) {
    #expect(throws: error) { try ComparisonReader.parts(bytes) }
  }
}
