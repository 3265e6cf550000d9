import NodeCrypto

/// Compares what two nodes hold of the feeds: range-based reconciliation (Meyer: Range-Based Set Reconciliation, 2023)
/// over the feeds' heads, by which ten thousand missing entries of a feed cost no more to find than one.
///
/// The ranges are the nodes of the tree of ``AuthorPrefix``: both sides divide alike without saying where, whatever
/// either lacks. Each message says of some of them what the sender holds; the receiver answers with a finer statement
/// where it holds something else.
///
/// | received | answer where it differs from what is held |
/// |---|---|
/// | a print | the prints of the sixteen children; a list where few heads are held |
/// | the prints of children | the same, of each child |
/// | a list | heads that the list lacks or has less of, and tags that nobody here is known by |
/// | heads | the authors of unknown tags |
///
/// A print is a BLAKE2b under a salt that the beginner draws for each comparison, over the heads themselves: sums of
/// their hashes could be forged by choosing entries. A tag is cut from the same kind of hash of an author's id: two
/// authors that have one tag in this comparison have two in the next, so that nobody's feed can be hidden behind a key
/// that was made for it. Neither side keeps anything between two messages.
struct Comparison {
  /// What a message led to.
  struct Outcome {
    /// What the sender holds.
    var claims: [(author: NodeID, sequence: UInt64)] = []
    /// Places at which the sender holds another entry than this node.
    var forks: [(author: NodeID, sequence: UInt64)] = []
    /// What to answer, ascending.
    var answer: [ComparisonPart] = []
  }

  private let salt: [UInt8]
  /// The heads held here, ascending by author.
  private let heads: [(author: NodeID, head: Head)]
  private let held: (NodeID, UInt64) -> EntryID?

  /// - Parameters:
  ///   - heads: what is held here and may be told, ascending by author, without empty feeds.
  ///   - held: the entry that stands at a place here.
  init(salt: UInt64, heads: [(author: NodeID, head: Head)], held: @escaping (NodeID, UInt64) -> EntryID?) {
    self.salt = (0..<8).map { UInt8(truncatingIfNeeded: salt >> UInt64(56 - 8 * $0)) }
    self.heads = heads
    self.held = held
  }

  /// How a comparison begins.
  var opening: [ComparisonPart] {
    heads.count <= GossipParameters.Comparing.listedHeads
      ? [list(.all, heads.indices)] : [.print(.all, cutPrint(heads.indices, depth: 0))]
  }

  /// Answers a message. O(n) for n heads, and what the parts list.
  func answer(_ parts: [ComparisonPart]) -> Outcome {
    var outcome = Outcome()
    for part in parts {
      switch part {
      case .print(let prefix, let print):
        let range = self.range(prefix)
        if cutPrint(range, depth: prefix.depth) != print { describe(prefix, range, &outcome) }
      case .children(let prefix, let prints):
        for (digit, print) in prints.enumerated() {
          let child = prefix.child(digit)
          let range = self.range(child)
          let own = range.isEmpty ? nil : cutPrint(range, depth: child.depth)
          if own != print { describe(child, range, &outcome) }
        }
      case .list(let prefix, let listed): compare(prefix, listed, &outcome)
      case .heads(let prefix, let answers): read(prefix, answers, &outcome)
      }
    }
    return outcome
  }

  private func describe(_ prefix: AuthorPrefix, _ range: Range<Int>, _ outcome: inout Outcome) {
    guard range.count > GossipParameters.Comparing.listedHeads, prefix.depth < AuthorPrefix.maximumDepth else {
      outcome.answer.append(list(prefix, range.prefix(GossipParameters.Comparing.maximumListed)))
      return
    }
    outcome.answer.append(
      .children(
        prefix,
        (0..<16).map { digit in
          let child = prefix.child(digit)
          let range = self.range(child)
          return range.isEmpty ? nil : cutPrint(range, depth: child.depth)
        }))
  }

  private func list(_ prefix: AuthorPrefix, _ range: Range<Int>) -> ComparisonPart {
    .list(prefix, range.map { .init(tag: tag($0, in: prefix), sequence: heads[$0].head.sequence) })
  }

  private func compare(_ prefix: AuthorPrefix, _ listed: [ComparisonPart.Listed], _ outcome: inout Outcome) {
    let range = self.range(prefix)
    let tags = range.map { tag($0, in: prefix) }
    let theirs = Dictionary(grouping: listed, by: \.tag)
    let own = Dictionary(grouping: tags, by: { $0 })
    var answers: [ComparisonPart.Answer] = []
    var isSame = listed.count == range.count
    for (index, tag) in zip(range, tags) {
      let (author, head) = heads[index]
      guard own[tag]?.count == 1, let named = theirs[tag], named.count == 1, let sequence = named.first?.sequence else {
        isSame = false
        answers.append(.unlisted(author, sequence: head.sequence))
        continue
      }
      outcome.claims.append((author, sequence))
      if sequence != head.sequence { isSame = false }
      if sequence < head.sequence { answers.append(.ahead(tag: tag, sequence: head.sequence)) }
    }
    for tag in theirs.keys.sorted() where own[tag]?.count != 1 || theirs[tag]?.count != 1 {
      answers.append(.unknown(tag: tag))
    }
    if isSame {
      answers = range.map { .head(heads[$0].author, sequence: heads[$0].head.sequence, heads[$0].head.entry) }
    }
    append(answers, prefix, &outcome)
  }

  private func read(_ prefix: AuthorPrefix, _ answers: [ComparisonPart.Answer], _ outcome: inout Outcome) {
    let range = self.range(prefix)
    var named: [ComparisonPart.Answer] = []
    for answer in answers {
      switch answer {
      case .ahead(let tag, let sequence):
        for index in range where self.tag(index, in: prefix) == tag {
          outcome.claims.append((heads[index].author, sequence))
        }
      case .unlisted(let author, let sequence): outcome.claims.append((author, sequence))
      case .head(let author, let sequence, let entry):
        outcome.claims.append((author, sequence))
        if let own = held(author, sequence), own != entry { outcome.forks.append((author, sequence)) }
      case .unknown(let tag):
        for index in range where self.tag(index, in: prefix) == tag {
          named.append(.unlisted(heads[index].author, sequence: heads[index].head.sequence))
        }
      }
    }
    append(named, prefix, &outcome)
  }

  private func append(_ answers: [ComparisonPart.Answer], _ prefix: AuthorPrefix, _ outcome: inout Outcome) {
    var rest = answers[...]
    while !rest.isEmpty {
      outcome.answer.append(.heads(prefix, Array(rest.prefix(GossipParameters.Comparing.headsPerPart))))
      rest = rest.dropFirst(GossipParameters.Comparing.headsPerPart)
    }
  }

  // MARK: Parts

  /// What a head's author is called in lists of `prefix`.
  private func tag(_ index: Int, in prefix: AuthorPrefix) -> UInt16 {
    let hash: Digest = Blake2b.keyedHash(heads[index].author, key: salt)
    return UInt16(hash.word0 >> UInt64(64 - 8 * ComparisonPart.tagBytes(depth: prefix.depth)))
  }

  /// Where the authors of a part are among the heads. O(log n).
  private func range(_ prefix: AuthorPrefix) -> Range<Int> {
    let start = heads.partitioningIndex {
      AuthorPrefix(digits: $0.author.word0, depth: prefix.depth).digits >= prefix.digits
    }
    let end = heads.partitioningIndex {
      AuthorPrefix(digits: $0.author.word0, depth: prefix.depth).digits > prefix.digits
    }
    return start..<end
  }

  private func cutPrint(_ range: Range<Int>, depth: Int) -> UInt64 {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(72 * range.count)
    for index in range {
      heads[index].author.append(to: &bytes)
      for shift in stride(from: UInt64(56), through: 0, by: -8) {
        bytes.append(UInt8(truncatingIfNeeded: heads[index].head.sequence >> shift))
      }
      heads[index].head.entry.append(to: &bytes)
    }
    let print: Digest = Blake2b.keyedHash(bytes, key: salt)
    return ComparisonPart.cut(print.word0, depth: depth)
  }

  /// Encodes parts as messages of at most `maximumBytes` each, but for one part that is longer.
  static func messages(_ parts: [ComparisonPart], maximumBytes: Int) -> [[UInt8]] {
    var messages: [[UInt8]] = []
    var last: AuthorPrefix?
    for part in parts {
      var writer = ComparisonWriter()
      writer.append(part)
      // Two parts of one prefix do not go into one message: parts are apart.
      if let room = messages.last.map({ maximumBytes - $0.count }), room >= writer.bytes.count, part.prefix != last {
        messages[messages.count - 1] += writer.bytes
      } else {
        messages.append(writer.bytes)
      }
      last = part.prefix
    }
    return messages
  }
}
