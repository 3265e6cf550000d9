import Market
import NodeCrypto
import Wire

/// A place in a feed: a sequence and the id of the entry that stands there.
public struct Head: Hashable, Sendable {
  /// The entry's sequence, from 1; 0 for an empty feed.
  public let sequence: UInt64
  /// The entry's id; the network id's bytes for an empty feed.
  public let entry: EntryID
  /// The entry's time.
  public let time: Timestamp

  /// A place in a feed.
  public init(sequence: UInt64, entry: EntryID, time: Timestamp) {
    self.sequence = sequence
    self.entry = entry
    self.time = time
  }

  /// The place before the first entry of any feed of `network`.
  public static func origin(of network: NetworkID) -> Head {
    Head(
      sequence: 0,
      entry: EntryID(
        word0: network.word0, word1: network.word1, word2: network.word2, word3: network.word3),
      time: .zero)
  }
}

/// One signed batch of operations in a feed, as it was received: the exact bytes, their id, and the header read once.
///
/// Copies share one place in memory: on its way from a peer to the disk an entry goes through a dozen queues and tables.
public struct SignedEntry: Sendable {
  private final class Storage: Sendable {
    let bytes: [UInt8]
    let signature: Signature
    let id: EntryID
    let header: Header

    init(bytes: [UInt8], signature: Signature, header: Header) {
      self.bytes = bytes
      self.signature = signature
      id = Blake2b.hash(bytes)
      self.header = header
    }
  }

  private let storage: Storage

  /// The bytes that were signed; never re-encoded.
  public var bytes: [UInt8] { storage.bytes }
  /// The author's signature over ``bytes``; checked or not, as the context says.
  public var signature: Signature { storage.signature }
  /// BLAKE2b-256 of ``bytes``.
  public var id: EntryID { storage.id }
  /// Whose feed it belongs to.
  public var author: NodeID { storage.header.author }
  /// Its place in the feed, from 1.
  public var sequence: UInt64 { storage.header.sequence }
  /// The id of the entry before.
  public var previous: EntryID { storage.header.previous }
  /// When the author says it was signed.
  public var time: Timestamp { storage.header.time }

  /// Reads an entry that came from outside; its signature is not checked here.
  ///
  /// - Throws: ``EntryError`` when the bytes are too long, not canonical, or a field has the wrong length.
  public init(bytes: [UInt8], signature: [UInt8], maximumBytes: Int) throws(EntryError) {
    guard bytes.count <= maximumBytes else { throw .tooLong(byteCount: bytes.count, maximum: maximumBytes) }
    guard let signature = Signature(bytes: signature) else { throw .signatureLength(signature.count) }
    guard let header = Header(canonical: bytes) else { throw Self.fault(in: bytes) }
    storage = Storage(bytes: bytes, signature: signature, header: header)
  }

  /// What an entry says of itself.
  private struct Header: Sendable {
    let author: NodeID
    let sequence: UInt64
    let previous: EntryID
    let time: Timestamp
    /// Where the payload begins, which ends with the entry.
    let payloadStart: Int

    /// Reads it; nil when it is not an entry's, for a reason that is looked for elsewhere.
    init?(canonical bytes: [UInt8]) {
      let header = bytes.withUnsafeBytes { bytes -> Header? in
        var reader = CanonicalReader(bytes)
        let author = NodeID(bytes: reader.bytes(1))
        let sequence = reader.uint64(2)
        let previous = EntryID(bytes: reader.bytes(3))
        let time = Timestamp(wire: reader.uint64(4))
        let payload = reader.bytes(5)
        guard reader.isComplete, let author, let previous, let time, sequence > 0, sequence <= maximumSequence else {
          return nil
        }
        return Header(
          author: author, sequence: sequence, previous: previous, time: time,
          payloadStart: bytes.count - payload.count)
      }
      guard let header else { return nil }
      self = header
    }

    init(author: NodeID, sequence: UInt64, previous: EntryID, time: Timestamp, payloadStart: Int) {
      self.author = author
      self.sequence = sequence
      self.previous = previous
      self.time = time
      self.payloadStart = payloadStart
    }
  }

  /// Why bytes are no entry.
  private static func fault(in bytes: [UInt8]) -> EntryError {
    let entry: WireEntry
    do {
      entry = try WireEntry.decodeCanonical(bytes)
    } catch {
      return .malformed(error)
    }
    if entry.author.count != NodeID.byteCount { return .field("author", length: entry.author.count) }
    if entry.previous.count != EntryID.byteCount { return .field("previous", length: entry.previous.count) }
    if Timestamp(wire: entry.timeMs) == nil { return .time(entry.timeMs) }
    return .sequence(entry.sequence)
  }

  /// Makes and signs the entry that follows `head` in the feed of `identity`.
  public init(
    after head: Head, time: Timestamp, payload: [UInt8], identity: Identity, network: NetworkID
  ) {
    var entry = WireEntry()
    entry.author = .init(identity.nodeID.bytes)
    entry.sequence = head.sequence + 1
    entry.previous = .init(head.entry.bytes)
    entry.timeMs = time.wire
    entry.payload = .init(payload)
    let bytes = entry.encoded()
    storage = Storage(
      bytes: bytes, signature: identity.sign(bytes, domain: .entry, network: network),
      header: Header(
        author: identity.nodeID, sequence: entry.sequence, previous: head.entry, time: time,
        payloadStart: bytes.count - payload.count))
  }

  /// The last sequence a feed can have: far past what a feed reaches, far from overflow.
  public static let maximumSequence: UInt64 = 1 << 53

  /// The encoded operations, opaque here; empty for a tick.
  public var payload: ArraySlice<UInt8> { storage.bytes[storage.header.payloadStart...] }

  /// Its place in the feed.
  public var head: Head { Head(sequence: sequence, entry: id, time: time) }

  /// The entry as it travels.
  public var wire: WireSignedEntry {
    var out = WireSignedEntry()
    out.entry = .init(bytes)
    out.signature = .init(signature.bytes)
    return out
  }

  /// Reads an entry as it travels; its signature is not checked here.
  public init(wire: WireSignedEntry, maximumBytes: Int) throws(EntryError) {
    try self.init(bytes: Array(wire.entry), signature: Array(wire.signature), maximumBytes: maximumBytes)
  }
}

/// Why bytes are not an entry. A peer that sends such bytes is at fault: honest nodes forward only what they checked.
public enum EntryError: Error, Equatable, CustomStringConvertible {
  /// More bytes than the genesis allows.
  case tooLong(byteCount: Int, maximum: Int)
  /// Not the canonical encoding of an entry.
  case malformed(WireError)
  /// A signature that is not 64 bytes long.
  case signatureLength(Int)
  /// An identifier that is not 32 bytes long.
  case field(String, length: Int)
  /// A time past the year 9999.
  case time(UInt64)
  /// A sequence of 0 or past 2^53.
  case sequence(UInt64)

  /// What was wrong, with what value, and what is allowed.
  public var description: String {
    switch self {
    case .tooLong(let count, let maximum): "an entry of \(count) bytes; allowed: at most \(maximum)"
    case .malformed(let error): "an entry: \(error)"
    case .signatureLength(let count): "a signature of \(count) bytes; allowed: 64"
    case .field(let name, let length): "an entry's \(name) of \(length) bytes; allowed: 32"
    case .time(let value): "an entry's time \(value); allowed: at most \(Timestamp.maximum.milliseconds)"
    case .sequence(let value):
      "an entry's sequence \(value); allowed: 1 to \(SignedEntry.maximumSequence)"
    }
  }
}
