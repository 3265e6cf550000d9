import NodeCrypto
import Wire

/// A message as it came from a peer, read as far as that depends on its bytes alone.
///
/// Reading is what most of the work on a message is: entries are copied out of it and hashed. It can be done on any
/// thread, before the message's turn comes; what the message means to this node is ``GossipCore``'s to say. Messages that
/// carry entries come by the thousand and are read straight out of their bytes, all others as the messages that they are.
public struct PeerMessage: Sendable {
  /// What it is.
  enum Content: Sendable {
    /// New entries.
    case push(ReadEntries)
    /// Part of the answer to a fetch; the message has all of it but the entries.
    case answer(WireFetchAnswer, ReadEntries)
    /// Anything else.
    case other(WirePeerMessage.OneOf_Message)
    /// Bytes that no honest node sends, and why.
    case bad(String)
  }

  let content: Content

  /// Reads a message. O(bytes).
  public init(_ bytes: [UInt8]) {
    content = bytes.withUnsafeBytes { Self.entries(in: $0) } ?? Self.decode(bytes)
  }

  private init(content: Content) {
    self.content = content
  }

  /// The same in pieces of at most `entryCount` entries, which received one after the other mean what the message means:
  /// whoever takes messages in can see to something else between two pieces. A message with no more entries is one piece.
  /// O(entries).
  ///
  /// - Precondition: `entryCount` is positive.
  public func pieces(of entryCount: Int) -> [PeerMessage] {
    switch content {
    case .push(let read) where read.entries.count > entryCount:
      return read.pieces(of: entryCount).map { PeerMessage(content: .push($0)) }
    case .answer(let answer, let read) where read.entries.count > entryCount:
      let pieces = read.pieces(of: entryCount)
      return pieces.indices.map { index in
        var part = answer
        if index > 0 { part.bases = [] }
        part.done = answer.done && index == pieces.count - 1
        return PeerMessage(content: .answer(part, pieces[index]))
      }
    case .push, .answer, .other, .bad: return [self]
    }
  }

  private static func decode(_ bytes: [UInt8]) -> Content {
    let message: WirePeerMessage
    do {
      message = try WirePeerMessage.decode(bytes)
    } catch {
      return .bad(error.description)
    }
    switch message.message {
    case .push(let push): return .push(ReadEntries(push.entries))
    case .fetchAnswer(var answer):
      let entries = ReadEntries(answer.entries)
      answer.entries = []
      return .answer(answer, entries)
    case let other?: return .other(other)
    case nil: return .bad("a message of no known kind")
    }
  }

  /// What bytes say that are the canonical encoding of a push or an answer without bases; nil of all others.
  private static func entries(in bytes: UnsafeRawBufferPointer) -> Content? {
    if let push = CanonicalReader.only(2, of: bytes) {
      var reader = CanonicalReader(push)
      let entries = ReadEntries(1, &reader)
      return entries.flatMap { reader.isComplete ? .push($0) : nil }
    }
    guard let message = CanonicalReader.only(5, of: bytes) else { return nil }
    var reader = CanonicalReader(message)
    var answer = WireFetchAnswer()
    answer.id = reader.uint64(1)
    guard let entries = ReadEntries(2, &reader) else { return nil }
    answer.done = reader.bool(3)
    return reader.isComplete ? .answer(answer, entries) : nil
  }
}

/// The entries of a message, up to the first that is none. Their signatures are not checked.
struct ReadEntries: Sendable {
  /// The entries.
  private(set) var entries: [SignedEntry] = []
  /// Why what follows the last of them is no entry.
  private(set) var fault: EntryError?

  /// Reads entries as they travel.
  init(_ wire: [WireSignedEntry]) {
    for entry in wire where fault == nil { append(Array(entry.entry), Array(entry.signature)) }
  }

  /// Reads those that the repeated field `number` has; nil when their encoding is not the canonical one.
  init?(_ number: UInt8, _ reader: inout CanonicalReader) {
    while let message = reader.message(number) {
      var fields = CanonicalReader(message)
      let (entry, signature) = (fields.bytes(1), fields.bytes(2))
      guard fields.isComplete else { return nil }
      if fault == nil { append(Array(entry), Array(signature)) }
    }
  }

  private init(_ entries: ArraySlice<SignedEntry>, fault: EntryError?) {
    self.entries = Array(entries)
    self.fault = fault
  }

  /// The same in pieces of at most `count` entries; the fault is the last one's.
  func pieces(of count: Int) -> [ReadEntries] {
    stride(from: 0, to: entries.count, by: count).map { start in
      let end = min(start + count, entries.count)
      return ReadEntries(entries[start..<end], fault: end == entries.count ? fault : nil)
    }
  }

  private mutating func append(_ bytes: [UInt8], _ signature: [UInt8]) {
    do throws(EntryError) {
      entries.append(try SignedEntry(bytes: bytes, signature: signature, maximumBytes: .max))
    } catch {
      fault = error
    }
  }
}
