import NodeAPI

/// One server-sent event.
public struct ServerEvent: Hashable, Sendable {
  /// What to resume after: the last id that the stream gave, with this event or before.
  public let id: String
  /// What kind of event it is; `message` when the stream does not say.
  public let name: String
  /// Its data.
  public let data: String

  /// An event.
  public init(id: String, name: String, data: String) {
    self.id = id
    self.name = name
    self.data = data
  }
}

/// Reads server-sent events from bytes as they come (WHATWG HTML, section 9.2.6, "Interpreting an event stream").
public struct ServerEventParser: Sendable {
  /// The longest line, and the most data of one event, in bytes.
  public static let maximumBytes = 16 << 20

  private var line: [UInt8] = []
  private var data: [UInt8] = []
  private var hasData = false
  private var name = ""
  private var id = ""
  /// A line feed belongs to a carriage return right before it.
  private var skipsLineFeed = false
  private var isAtStart = true

  /// A parser at the beginning of a stream.
  public init() {}

  /// The events that are complete with these bytes; what is not waits for the next ones.
  ///
  /// - Throws: ``ServerEventTooLong`` when an event is larger than any that a node sends. The parser is of no use then.
  public mutating func events(in bytes: some Sequence<UInt8>) throws(ServerEventTooLong) -> [ServerEvent] {
    var events: [ServerEvent] = []
    for byte in bytes {
      defer { skipsLineFeed = byte == Self.carriageReturn }
      if byte == Self.lineFeed, skipsLineFeed { continue }
      guard byte == Self.lineFeed || byte == Self.carriageReturn else {
        guard line.count < Self.maximumBytes else { throw ServerEventTooLong() }
        line.append(byte)
        continue
      }
      if let event = try endLine() { events.append(event) }
    }
    return events
  }

  private static let lineFeed: UInt8 = 0x0A
  private static let carriageReturn: UInt8 = 0x0D
  private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

  private mutating func endLine() throws(ServerEventTooLong) -> ServerEvent? {
    defer {
      line.removeAll(keepingCapacity: true)
      isAtStart = false
    }
    if isAtStart, line.starts(with: Self.byteOrderMark) { line.removeFirst(Self.byteOrderMark.count) }
    guard !line.isEmpty else { return endEvent() }
    let colon = line.firstIndex(of: UInt8(ascii: ":"))
    var value = colon.map { line[($0 + 1)...] } ?? []
    if value.first == UInt8(ascii: " ") { value.removeFirst() }
    switch String(decoding: line[..<(colon ?? line.endIndex)], as: UTF8.self) {
    case "data":
      guard data.count + value.count < Self.maximumBytes else { throw ServerEventTooLong() }
      if hasData { data.append(Self.lineFeed) }
      data += value
      hasData = true
    case "event": name = String(decoding: value, as: UTF8.self)
    case "id": if !value.contains(0) { id = String(decoding: value, as: UTF8.self) }
    default: break
    }
    return nil
  }

  private mutating func endEvent() -> ServerEvent? {
    defer {
      name = ""
      data.removeAll(keepingCapacity: true)
      hasData = false
    }
    guard hasData else { return nil }
    return ServerEvent(
      id: id, name: name.isEmpty ? "message" : name, data: String(decoding: data, as: UTF8.self))
  }
}

/// An event that is larger than ``ServerEventParser/maximumBytes``.
public struct ServerEventTooLong: Error, Equatable, CustomStringConvertible {
  /// What was wrong.
  public var description: String { "an event of more than \(ServerEventParser.maximumBytes) bytes" }
}
