import Market
import NodeCrypto
import Wire

/// What an author did that no honest author does, and that its own signatures show.
public enum FraudKind: UInt8, CaseIterable, Hashable, Sendable {
  /// It signed two entries at one sequence.
  case fork = 1
  /// It signed an entry with a time before that of the entry which it follows.
  case backdated = 2
  /// It signed an acceptance that names an entry of its feed which does not have it.
  case phantomAccept = 3
  /// It signed a confirmation that names an entry of its feed which does not have it.
  case phantomConfirm = 4
  /// It took more of an order of its own than there was.
  case overfill = 5
  /// It signed a checkpoint that says less of an order is taken than it had sold by accepts before.
  case falseCheckpoint = 6
}

/// What an author signed and no honest author signs: anybody can check it with nothing but the market's genesis. It
/// freezes the author's feed everywhere.
///
/// | kind | entries | statement |
/// |---|---|---|
/// | fork | the two, the one with the smaller id first | - |
/// | backdated | an entry and the one that follows it | - |
/// | phantom accept, phantom confirm | the one that stands where the statement says | the acceptance or confirmation |
/// | overfill | the feed without a gap from the entry that places the order, or from a checkpoint, through the one that takes too much | - |
/// | false checkpoint | all parts of it without a gap, then entries before it with the accepts, ascending | - |
public struct FraudProof: Sendable {
  /// Something that the author signed outside of its feed, as it was signed.
  public struct Statement: Hashable, Sendable {
    /// The signed bytes.
    public let bytes: [UInt8]
    /// The author's signature over them.
    public let signature: Signature

    /// Bytes and a signature; nothing is checked.
    public init(bytes: [UInt8], signature: Signature) {
      self.bytes = bytes
      self.signature = signature
    }
  }

  /// What it proves.
  public let kind: FraudKind
  /// The author's entries; at least one.
  public let entries: [SignedEntry]
  /// What the author signed outside of its feed.
  public let statement: Statement?

  /// The longest encoding in bytes. A feed that takes too much of an order at the end of a longer stretch is not proven.
  public static let maximumBytes = 512 << 10
  /// The most entries with accepts that a false checkpoint is shown by: each has a signature to check.
  public static let maximumAccepts = 64
  /// The longest statement in bytes.
  static let maximumStatementBytes = 4096

  /// A proof that has the shape of its kind; nil when it has not. Looks at neither signatures nor operations.
  public init?(_ kind: FraudKind, entries: [SignedEntry], statement: Statement? = nil) {
    guard let first = entries.first, entries.allSatisfy({ $0.author == first.author }) else { return nil }
    var entries = entries
    switch kind {
    case .fork:
      guard entries.count == 2, entries[0].sequence == entries[1].sequence, entries[0].id != entries[1].id else {
        return nil
      }
      entries.sort { $0.id < $1.id }
    case .backdated:
      guard entries.count == 2, entries[1].follows(entries[0]), entries[1].time < entries[0].time else { return nil }
    case .phantomAccept, .phantomConfirm:
      guard entries.count == 1 else { return nil }
    case .overfill:
      guard zip(entries, entries.dropFirst()).allSatisfy({ $1.follows($0) }) else { return nil }
    case .falseCheckpoint:
      let accepts = entries.drop { $0.sequence >= first.sequence }
      let parts = entries.prefix(entries.count - accepts.count)
      guard (1...Self.maximumAccepts).contains(accepts.count),
        zip(parts, parts.dropFirst()).allSatisfy({ $1.follows($0) }),
        zip(accepts, accepts.dropFirst()).allSatisfy({ $0.sequence < $1.sequence }),
        accepts.allSatisfy({ $0.sequence < first.sequence })
      else { return nil }
    }
    guard (statement != nil) == kind.hasStatement else { return nil }
    self.kind = kind
    self.entries = entries
    self.statement = statement
  }

  /// Two entries of one author at one sequence; nil when they do not contradict each other.
  public init?(_ one: SignedEntry, _ other: SignedEntry) { self.init(.fork, entries: [one, other]) }

  /// Who did it.
  public var author: NodeID { entries[0].author }

  /// The author's entries from here on count for nothing.
  public var sequence: UInt64 { entries[kind == .falseCheckpoint ? 0 : entries.count - 1].sequence }

  /// The entries of which the signatures have to be good. An entry that the next one follows has that one's id to vouch
  /// for it.
  public var witnesses: [SignedEntry] {
    entries.indices.filter { $0 + 1 == entries.count || !entries[$0 + 1].follows(entries[$0]) }.map { entries[$0] }
  }

  // MARK: Encoding

  /// The canonical encoding: as it travels in pieces, and as it lies in files.
  public func encoded() -> [UInt8] {
    var out = WireFraudProof()
    out.kind = WireFraudKind(rawValue: Int(kind.rawValue)) ?? .unspecified
    out.entries = entries.map(\.wire)
    if let statement {
      out.statement = .init(statement.bytes)
      out.statementSignature = .init(statement.signature.bytes)
    }
    return out.encoded()
  }

  /// Reads a proof; neither signatures nor operations are looked at.
  ///
  /// - Throws: ``FraudProofError`` when the bytes are too long, are not canonical, or do not have the shape of a proof.
  public init(decoding bytes: [UInt8], maximumEntryBytes: Int) throws(FraudProofError) {
    guard bytes.count <= Self.maximumBytes else { throw .tooLong(byteCount: bytes.count) }
    let wire: WireFraudProof
    do { wire = try WireFraudProof.decodeCanonical(bytes) } catch { throw .malformed(error) }
    guard let kind = FraudKind(rawValue: UInt8(clamping: wire.kind.rawValue)) else { throw .kind(wire.kind.rawValue) }
    var entries: [SignedEntry] = []
    for entry in wire.entries {
      do { entries.append(try SignedEntry(wire: entry, maximumBytes: maximumEntryBytes)) } catch { throw .entry(error) }
    }
    var statement: Statement?
    if !wire.statement.isEmpty || !wire.statementSignature.isEmpty {
      guard let signature = Signature(bytes: wire.statementSignature),
        wire.statement.count <= Self.maximumStatementBytes
      else { throw .statement(byteCount: wire.statement.count, signature: wire.statementSignature.count) }
      statement = Statement(bytes: Array(wire.statement), signature: signature)
    }
    guard let proof = FraudProof(kind, entries: entries, statement: statement),
      proof.entries.map(\.id) == entries.map(\.id)
    else { throw .shape(kind) }
    self = proof
  }
}

extension FraudKind {
  /// Whether something is shown that the author signed outside of its feed.
  var hasStatement: Bool { self == .phantomAccept || self == .phantomConfirm }

  /// The kind's name, for people and programs.
  public var name: String {
    switch self {
    case .fork: "fork"
    case .backdated: "backdated"
    case .phantomAccept: "phantom-accept"
    case .phantomConfirm: "phantom-confirm"
    case .overfill: "overfill"
    case .falseCheckpoint: "false-checkpoint"
    }
  }
}

extension SignedEntry {
  /// Whether it says that it comes right after another one.
  fileprivate func follows(_ other: SignedEntry) -> Bool { sequence == other.sequence + 1 && previous == other.id }
}

/// Why bytes are not a proof of fraud.
public enum FraudProofError: Error, Equatable, CustomStringConvertible {
  /// More bytes than a proof may have.
  case tooLong(byteCount: Int)
  /// Not the canonical encoding of a proof.
  case malformed(WireError)
  /// No known kind.
  case kind(Int)
  /// One of its entries is none.
  case entry(EntryError)
  /// What the author signed outside of its feed is too long, or its signature is none.
  case statement(byteCount: Int, signature: Int)
  /// The entries or the statement are not those of the kind.
  case shape(FraudKind)

  /// What was wrong, with what value, and what is allowed.
  public var description: String {
    switch self {
    case .tooLong(let count): "a proof of fraud of \(count) bytes; allowed: at most \(FraudProof.maximumBytes)"
    case .malformed(let error): "a proof of fraud: \(error)"
    case .kind(let value): "a proof of fraud of kind \(value); allowed: 1 to \(FraudKind.allCases.count)"
    case .entry(let error): "a proof of fraud: \(error)"
    case .statement(let count, let signature):
      "a statement of \(count) bytes with a signature of \(signature); allowed: at most "
        + "\(FraudProof.maximumStatementBytes) bytes and 64"
    case .shape(let kind): "entries that show no fraud of the kind \(kind.name)"
    }
  }
}

/// A fraud that was seen, and what of the feed is needed to prove it: that is in the store.
public enum FraudCase: Sendable {
  /// Another entry stands at this one's place.
  case fork(SignedEntry)
  /// This one's time is before that of the entry which it follows.
  case backdated(SignedEntry)
  /// The entry at `sequence` of `author` may not have what the statement says.
  case phantom(FraudKind, author: NodeID, sequence: UInt64, FraudProof.Statement)
  /// From the entry at `from` through the one at `through` more of an order is taken than there is.
  case overfill(author: NodeID, from: UInt64, through: UInt64)
  /// The checkpoint from the entry at `from` through the one at `through` says less than the accepts in these entries.
  case falseCheckpoint(author: NodeID, from: UInt64, through: UInt64, accepts: [UInt64])

  /// The stored entries that are needed, in their order.
  public var stored: [FeedRange] {
    switch self {
    case .fork(let entry): [FeedRange(author: entry.author, from: entry.sequence, through: entry.sequence)]
    case .backdated(let entry): [FeedRange(author: entry.author, from: entry.sequence - 1, through: entry.sequence - 1)]
    case .phantom(_, let author, let sequence, _): [FeedRange(author: author, from: sequence, through: sequence)]
    case .overfill(let author, let from, let through): [FeedRange(author: author, from: from, through: through)]
    case .falseCheckpoint(let author, let from, let through, let accepts):
      [FeedRange(author: author, from: from, through: through)]
        + accepts.map { FeedRange(author: author, from: $0, through: $0) }
    }
  }

  /// The proof that the stored entries make; nil when they make none.
  public func proof(with entries: [SignedEntry]) -> FraudProof? {
    switch self {
    case .fork(let entry): FraudProof(.fork, entries: entries + [entry])
    case .backdated(let entry): FraudProof(.backdated, entries: entries + [entry])
    case .phantom(let kind, _, _, let statement): FraudProof(kind, entries: entries, statement: statement)
    case .overfill(_, let from, let through):
      entries.first?.sequence == from && entries.last?.sequence == through
        ? FraudProof(.overfill, entries: entries) : nil
    case .falseCheckpoint: FraudProof(.falseCheckpoint, entries: entries)
    }
  }
}
