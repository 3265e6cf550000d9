import NodeCrypto

/// Why the ranges of a request are refused.
enum RangeError: Error, Equatable, CustomStringConvertible {
  case count(Int)
  case author(byteCount: Int)
  case bounds(from: UInt64, through: UInt64)
  case prefixBits(UInt32)
  case number(position: Int)
  case order(position: Int)

  var description: String {
    switch self {
    case .count(let count):
      "a fetch of \(count) ranges; allowed: \(GossipParameters.Fetching.maximumNamedRanges) by full names, "
        + "\(GossipParameters.Fetching.maximumRanges) by first bits"
    case .author(let count): "a range's author of \(count) bytes; allowed: 32"
    case .bounds(let from, let through):
      "a range from \(from) through \(through); allowed: 1 to \(SignedEntry.maximumSequence), ascending"
    case .prefixBits(let bits): "short ranges with prefixes of \(bits) bits; allowed: 24, 32, 40, 48, 56, 64"
    case .number(let position): "short ranges without a number in its shortest form at byte \(position)"
    case .order(let position): "short ranges whose authors are not ascending at byte \(position)"
    }
  }
}

/// Ranges of feeds that name their authors by the first bits of their ids: a tenth of what full names take.
///
/// Ascending by author, each range is three varints in their shortest form (LEB128): how much larger the author's prefix
/// is than the one before (than 0 at first), the first sequence, and how many entries follow it. Both sides know about the
/// same feeds, so a prefix that is one feed's at the asking side is most likely one feed's at the other. Where it is not,
/// nothing is served, and the next comparison shows the asking side the other feed.
struct ShortRanges {
  /// The lengths of prefixes.
  static let lengths: [UInt32] = [24, 32, 40, 48, 56, 64]

  let bytes: [UInt8]
  let prefixBits: UInt32
  /// Those whose authors have no prefix of their own; named in full.
  let ambiguous: [AntiEntropy.Range]

  /// The short form of ranges with distinct authors.
  ///
  /// - Parameter authors: those of all feeds that are known, ascending. O(ranges × log(authors)).
  init(_ ranges: [AntiEntropy.Range], among authors: [NodeID]) {
    let sorted = ranges.sorted { $0.author < $1.author }
    var bits = Self.lengths[0]
    func isAmbiguous(_ range: AntiEntropy.Range) -> Bool {
      Self.matches(range.author.word0 >> UInt64(64 - bits), bits, authors).count > 1
    }
    for length in Self.lengths {
      bits = length
      if sorted.count(where: isAmbiguous) <= GossipParameters.Fetching.maximumAmbiguous { break }
    }
    let unclear = sorted.filter(isAmbiguous)
    // What cannot be named at all waits for the next request.
    ambiguous = Array(unclear.prefix(GossipParameters.Fetching.maximumNamedRanges))
    let named = Set(unclear.map(\.author))
    var bytes: [UInt8] = []
    var last: UInt64 = 0
    for range in sorted where !named.contains(range.author) {
      let prefix = range.author.word0 >> UInt64(64 - bits)
      bytes.append(varint: prefix - last)
      bytes.append(varint: range.from)
      bytes.append(varint: range.through - range.from)
      last = prefix
    }
    self.bytes = bytes
    prefixBits = bytes.isEmpty ? 0 : bits
  }

  /// The ranges of a message, of those authors whose prefix is one feed's.
  ///
  /// - Parameter authors: those of the feeds that are held, ascending.
  static func resolve(
    _ bytes: [UInt8], prefixBits: UInt32, among authors: [NodeID]
  ) throws(RangeError) -> [FeedRange] {
    guard lengths.contains(prefixBits), !bytes.isEmpty else { throw .prefixBits(prefixBits) }
    let limit = UInt64.max >> UInt64(64 - prefixBits)
    var ranges: [FeedRange] = []
    var reader = VarintReader(bytes)
    var last: UInt64?
    var count = 0
    while !reader.isAtEnd {
      let position = reader.position
      guard let step = reader.next(), let from = reader.next(), let more = reader.next() else {
        throw .number(position: reader.position)
      }
      let (prefix, overflow) = (last ?? 0).addingReportingOverflow(step)
      guard !overflow, prefix <= limit, last == nil || step > 0 else { throw .order(position: position) }
      last = prefix
      let (through, isPast) = from.addingReportingOverflow(more)
      guard from > 0, !isPast, through <= SignedEntry.maximumSequence else {
        throw .bounds(from: from, through: isPast ? .max : through)
      }
      count += 1
      guard count <= GossipParameters.Fetching.maximumRanges else { throw .count(count) }
      let found = matches(prefix, prefixBits, authors)
      if found.count == 1 { ranges.append(FeedRange(author: authors[found.lowerBound], from: from, through: through)) }
    }
    return ranges
  }

  /// Where the authors with a prefix are. O(log n).
  private static func matches(_ prefix: UInt64, _ bits: UInt32, _ authors: [NodeID]) -> Range<Int> {
    let shift = UInt64(64 - bits)
    let start = authors.partitioningIndex { $0.word0 >> shift >= prefix }
    return start..<authors.partitioningIndex { $0.word0 >> shift > prefix }
  }
}
