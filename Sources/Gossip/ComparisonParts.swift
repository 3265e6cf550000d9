import NodeCrypto

/// What one node says of its heads in a part of the space of authors.
enum ComparisonPart: Equatable, Sendable {
  /// One print of them all.
  case print(AuthorPrefix, UInt64)
  /// A print of each of the sixteen parts of it; nil where there are none.
  case children(AuthorPrefix, [UInt64?])
  /// All of them, by tag, ascending by author.
  case list(AuthorPrefix, [Listed])
  /// Some of them, in answer to a list.
  case heads(AuthorPrefix, [Answer])

  struct Listed: Equatable, Sendable {
    let tag: UInt16
    let sequence: UInt64
  }

  enum Answer: Equatable, Sendable {
    /// A feed that the list names, of which more is held.
    case ahead(tag: UInt16, sequence: UInt64)
    /// A feed that the list does not name.
    case unlisted(NodeID, sequence: UInt64)
    /// The list is the same and the prints were not: with what the feed ends.
    case head(NodeID, sequence: UInt64, EntryID)
    /// The list names a feed of which nothing is held here: whose is it?
    case unknown(tag: UInt16)

    var kind: UInt8 {
      switch self {
      case .ahead: 0
      case .unlisted: 1
      case .head: 2
      case .unknown: 3
      }
    }

    var isAhead: Bool { kind == 0 }
  }

  var prefix: AuthorPrefix {
    switch self {
    case .print(let prefix, _), .children(let prefix, _), .list(let prefix, _), .heads(let prefix, _): prefix
    }
  }

  /// The bytes of a print of a part at `depth`. Near the leaves there are many and two bytes do: under a salt that
  /// changes with every comparison a difference that one of them hides shows in the next.
  static func printBytes(depth: Int) -> Int { depth <= 1 ? 8 : depth == 2 ? 4 : 2 }

  /// The bytes of a tag in a part at `depth`: one where few heads are listed, in the middle of the tree. Two authors
  /// with one tag are named in full.
  static func tagBytes(depth: Int) -> Int { (3..<AuthorPrefix.maximumDepth).contains(depth) ? 1 : 2 }

  /// A hash cut to the length of a print at `depth`.
  static func cut(_ hash: UInt64, depth: Int) -> UInt64 { hash >> UInt64(64 - 8 * printBytes(depth: depth)) }
}

/// Why the parts of a comparison are refused.
enum ComparisonError: Error, Equatable, CustomStringConvertible {
  case truncated(byteCount: Int)
  case depth(Int)
  case order
  case count(UInt64, maximum: Int)
  case sequence(UInt64)
  case answer(UInt8)
  case padding
  case number(position: Int)

  var description: String {
    switch self {
    case .truncated(let count): "a comparison of \(count) bytes that ends within a part"
    case .depth(let depth): "a comparison's prefix of \(depth) digits; allowed: at most \(AuthorPrefix.maximumDepth)"
    case .order: "a comparison whose parts are not ascending and apart"
    case .count(let count, let maximum): "a comparison's list of \(count); allowed: at most \(maximum)"
    case .sequence(let value): "a sequence of \(value) in a comparison; allowed: 1 to \(SignedEntry.maximumSequence)"
    case .answer(let kind): "a comparison's answer of kind \(kind); allowed: 0 to 3"
    case .padding: "a comparison's prefix that is not in its shortest form"
    case .number(let position): "a comparison without a number in its shortest form at byte \(position)"
    }
  }
}

/// The form of parts on the wire.
///
/// A part begins with a byte: the kind in the two highest bits (0 print, 1 children, 2 list, 3 heads), the number of
/// digits of its prefix in the others; then the digits, two in a byte. Prints and tags are cut to the length of their
/// depth. The number of answers is doubled, and one more when all say that more is held: then they lack their kinds.
/// Numbers are varints in their shortest form (LEB128), tags and prints big-endian.
struct ComparisonWriter {
  private(set) var bytes: [UInt8] = []

  mutating func append(_ part: ComparisonPart) {
    switch part {
    case .print(let prefix, let print):
      begin(0, prefix)
      write(print, bytes: ComparisonPart.printBytes(depth: prefix.depth))
    case .children(let prefix, let prints):
      begin(1, prefix)
      var present: UInt16 = 0
      for (digit, print) in prints.enumerated() where print != nil { present |= 1 << UInt16(digit) }
      write(UInt64(present), bytes: 2)
      for case let print? in prints { write(print, bytes: ComparisonPart.printBytes(depth: prefix.depth + 1)) }
    case .list(let prefix, let heads):
      begin(2, prefix)
      bytes.append(varint: UInt64(heads.count))
      for head in heads {
        write(UInt64(head.tag), bytes: ComparisonPart.tagBytes(depth: prefix.depth))
        bytes.append(varint: head.sequence)
      }
    case .heads(let prefix, let answers):
      begin(3, prefix)
      let isPlain = answers.allSatisfy(\.isAhead)
      bytes.append(varint: UInt64(answers.count) << 1 | (isPlain ? 1 : 0))
      for answer in answers {
        if !isPlain { bytes.append(answer.kind) }
        append(answer, tagBytes: ComparisonPart.tagBytes(depth: prefix.depth))
      }
    }
  }

  private mutating func append(_ answer: ComparisonPart.Answer, tagBytes: Int) {
    switch answer {
    case .ahead(let tag, let sequence):
      write(UInt64(tag), bytes: tagBytes)
      bytes.append(varint: sequence)
    case .unlisted(let author, let sequence):
      author.append(to: &bytes)
      bytes.append(varint: sequence)
    case .head(let author, let sequence, let entry):
      author.append(to: &bytes)
      bytes.append(varint: sequence)
      entry.append(to: &bytes)
    case .unknown(let tag):
      write(UInt64(tag), bytes: tagBytes)
    }
  }

  private mutating func begin(_ kind: UInt8, _ prefix: AuthorPrefix) {
    bytes.append(kind << 6 | UInt8(prefix.depth))
    for index in 0..<(prefix.depth + 1) / 2 {
      bytes.append(UInt8(truncatingIfNeeded: prefix.digits >> UInt64(56 - 8 * index)))
    }
  }

  private mutating func write(_ value: UInt64, bytes count: Int) {
    for index in (0..<count).reversed() { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
  }
}

/// Reads parts as a peer sent them; see ``ComparisonWriter`` for their form.
struct ComparisonReader {
  private let bytes: [UInt8]
  private var position = 0

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The parts in `bytes`, ascending and apart from each other.
  static func parts(_ bytes: [UInt8]) throws(ComparisonError) -> [ComparisonPart] {
    var reader = ComparisonReader(bytes)
    var parts: [ComparisonPart] = []
    while reader.position < bytes.count {
      let part = try reader.part()
      if let last = parts.last, !last.prefix.precedes(part.prefix) { throw .order }
      parts.append(part)
    }
    return parts
  }

  private mutating func part() throws(ComparisonError) -> ComparisonPart {
    let first = try byte()
    let depth = Int(first & 0x3F)
    guard depth <= AuthorPrefix.maximumDepth else { throw .depth(depth) }
    let prefix = try self.prefix(depth)
    switch first >> 6 {
    case 0: return .print(prefix, try number(bytes: ComparisonPart.printBytes(depth: depth)))
    case 1:
      guard depth < AuthorPrefix.maximumDepth else { throw .depth(depth + 1) }
      let present = try number(bytes: 2)
      var prints: [UInt64?] = []
      for digit in 0..<16 {
        let isPresent = present >> UInt64(digit) & 1 == 1
        prints.append(isPresent ? try number(bytes: ComparisonPart.printBytes(depth: depth + 1)) : nil)
      }
      return .children(prefix, prints)
    case 2:
      var heads: [ComparisonPart.Listed] = []
      for _ in 0..<(try count(scale: 1).value) {
        heads.append(.init(tag: try tag(depth), sequence: try sequence()))
      }
      return .list(prefix, heads)
    default:
      var answers: [ComparisonPart.Answer] = []
      let count = try count(scale: 2)
      for _ in 0..<count.value { answers.append(try answer(count.rest == 1 ? 0 : byte(), depth)) }
      return .heads(prefix, answers)
    }
  }

  private mutating func answer(_ kind: UInt8, _ depth: Int) throws(ComparisonError) -> ComparisonPart.Answer {
    switch kind {
    case 0: return .ahead(tag: try tag(depth), sequence: try sequence())
    case 1: return .unlisted(try identifier(), sequence: try sequence())
    case 2: return .head(try identifier(), sequence: try sequence(), try identifier())
    case 3: return .unknown(tag: try tag(depth))
    default: throw .answer(kind)
    }
  }

  private mutating func tag(_ depth: Int) throws(ComparisonError) -> UInt16 {
    UInt16(try number(bytes: ComparisonPart.tagBytes(depth: depth)))
  }

  private mutating func prefix(_ depth: Int) throws(ComparisonError) -> AuthorPrefix {
    var digits: UInt64 = 0
    for index in 0..<(depth + 1) / 2 { digits |= UInt64(try byte()) << UInt64(56 - 8 * index) }
    let prefix = AuthorPrefix(digits: digits, depth: depth)
    guard prefix.digits == digits else { throw .padding }
    return prefix
  }

  private mutating func identifier<Tag>() throws(ComparisonError) -> Identifier<Tag> {
    guard position + 32 <= bytes.count, let read = Identifier<Tag>(bytes: bytes[position..<position + 32]) else {
      throw .truncated(byteCount: bytes.count)
    }
    position += 32
    return read
  }

  private mutating func count(scale: UInt64) throws(ComparisonError) -> (value: Int, rest: UInt64) {
    let (count, rest) = try varint().quotientAndRemainder(dividingBy: scale)
    guard count <= UInt64(GossipParameters.Comparing.maximumListed) else {
      throw .count(count, maximum: GossipParameters.Comparing.maximumListed)
    }
    return (Int(count), rest)
  }

  private mutating func sequence() throws(ComparisonError) -> UInt64 {
    let sequence = try varint()
    guard sequence > 0, sequence <= SignedEntry.maximumSequence else { throw .sequence(sequence) }
    return sequence
  }

  private mutating func varint() throws(ComparisonError) -> UInt64 {
    var reader = VarintReader(bytes)
    reader.position = position
    guard let value = reader.next() else { throw .number(position: position) }
    position = reader.position
    return value
  }

  private mutating func number(bytes count: Int) throws(ComparisonError) -> UInt64 {
    var value: UInt64 = 0
    for _ in 0..<count { value = value << 8 | UInt64(try byte()) }
    return value
  }

  private mutating func byte() throws(ComparisonError) -> UInt8 {
    guard position < bytes.count else { throw .truncated(byteCount: bytes.count) }
    defer { position += 1 }
    return bytes[position]
  }
}
