import Wire

/// Counts messages by kind without knowing the kinds: a message is told apart by the number of its field in
/// `PeerMessage`, and the entries in it by their form.
public struct MessageProbe: Sendable {
  /// What there has been of one kind.
  public struct Count: Sendable, Equatable {
    /// The kind's name in the protocol.
    public var name = ""
    /// Messages.
    public var messages: Int64 = 0
    /// Their bytes, framing and the tag of the encryption counted.
    public var bytes: Int64 = 0
    /// Signed entries in them.
    public var entries: Int64 = 0
  }

  /// The counts by the kind's field number.
  public private(set) var counts: [Count] = Array(repeating: Count(), count: 64)

  /// Nothing counted.
  public init() {}

  /// All messages together.
  public var total: Count {
    counts.reduce(into: Count(name: "all")) { sum, count in
      sum.messages += count.messages
      sum.bytes += count.bytes
      sum.entries += count.entries
    }
  }

  /// The kinds of which there has been anything.
  public var kinds: [Count] { counts.filter { $0.messages > 0 } }

  /// Counts a message.
  public mutating func count(_ message: [UInt8]) {
    guard let first = message.first else { return }
    let kind = Int(first >> 3) & 63
    if counts[kind].messages == 0 { counts[kind].name = Self.name(of: message) }
    counts[kind].messages += 1
    counts[kind].bytes += Int64(message.count + frameOverheadBytes)
    counts[kind].entries += Int64(Self.entries(in: message))
  }

  private static func name(of message: [UInt8]) -> String {
    guard let decoded = try? WirePeerMessage.decode(message), let kind = decoded.message else { return "unknown" }
    return Mirror(reflecting: kind).children.first?.label ?? "\(kind)"
  }

  /// How many signed entries a message carries: parts that consist of bytes and a signature of 64 bytes.
  static func entries(in message: [UInt8]) -> Int {
    message.withUnsafeBytes { bytes in
      var reader = FieldReader(bytes: bytes[...])
      guard let body = reader.next()?.body else { return 0 }
      var inner = FieldReader(bytes: body)
      var count = 0
      while let field = inner.next() {
        if let part = field.body, part.count > 66, isSignedEntry(part) { count += 1 }
      }
      return count
    }
  }

  private static func isSignedEntry(_ part: Slice<UnsafeRawBufferPointer>) -> Bool {
    guard part.first == 0x0A else { return false }
    let signature = part.endIndex - 66
    guard part[signature] == 0x12, part[signature + 1] == 64 else { return false }
    var reader = FieldReader(bytes: part)
    return reader.next()?.body?.endIndex == signature
  }
}

/// Walks over the fields of a Protocol Buffers message.
private struct FieldReader {
  var bytes: Slice<UnsafeRawBufferPointer>

  struct Field {
    let number: UInt64
    /// The content of a field that has a length; nil for a number.
    let body: Slice<UnsafeRawBufferPointer>?
  }

  mutating func next() -> Field? {
    guard let tag = varint() else { return nil }
    switch tag & 7 {
    case 0: return varint().map { _ in Field(number: tag >> 3, body: nil) }
    case 1: return skip(8, tag)
    case 5: return skip(4, tag)
    case 2:
      guard let length = varint(), length <= UInt64(bytes.count) else { return nil }
      let body = bytes.prefix(Int(length))
      bytes = bytes.dropFirst(Int(length))
      return Field(number: tag >> 3, body: body)
    default: return nil
    }
  }

  private mutating func skip(_ count: Int, _ tag: UInt64) -> Field? {
    guard bytes.count >= count else { return nil }
    bytes = bytes.dropFirst(count)
    return Field(number: tag >> 3, body: nil)
  }

  private mutating func varint() -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while let byte = bytes.popFirst(), shift < 64 {
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    return nil
  }
}
