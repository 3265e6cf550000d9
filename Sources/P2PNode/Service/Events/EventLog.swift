import Foundation
import NIOCore
import NodeAPI

/// What one client wants to hear of.
struct EventFilter: Sendable {
  /// The topics.
  var topics = Set(EventTopic.allCases)
  /// The only class of which book and trades are told; nil for all.
  var gpuClass: String?

  func takes(_ topic: EventTopic, _ gpuClass: String?) -> Bool {
    topics.contains(topic) && (self.gpuClass == nil || gpuClass == nil || gpuClass == self.gpuClass)
  }
}

/// The latest events of the node, numbered, as they go over the wire (WHATWG HTML, section 9.2, server-sent events).
///
/// All clients read the same log, each from its own place, so however slowly one reads, the node holds no more for it. A
/// client whose place is not held any more is told to fetch everything anew: see ``next(after:filter:)``.
struct EventLog: Sendable {
  /// Events that are held at most.
  static let maximumCount = 8192
  /// Bytes of events that are held at most.
  static let maximumBytes = 8 << 20
  /// Bytes that ``next(after:filter:)`` gives at most, unless one event is longer.
  static let batchBytes = 64 << 10

  /// What comes next for a client, and its new place.
  enum Step: Equatable {
    /// What came before cannot be resumed.
    case reset(ByteBuffer, place: UInt64)
    /// Events, none where the filter takes none.
    case events(ByteBuffer, place: UInt64)
    /// There is nothing new.
    case upToDate
  }

  private struct Event: Sendable {
    let number: UInt64
    let topic: EventTopic
    let gpuClass: String?
    let frame: ByteBuffer
  }

  /// What the ids of this start of the node begin with.
  let start: String
  /// The number of the last event.
  private(set) var last: UInt64 = 0
  /// The first place after which nothing is missing.
  private var first: UInt64 = 0
  private var events = CircularBuffer<Event>()
  private(set) var byteCount = 0

  /// How many events are held.
  var count: Int { events.count }

  /// An empty log.
  init(start: String) {
    self.start = start
  }

  /// Adds an event with a document of one line.
  mutating func append(_ topic: EventTopic, gpuClass: String? = nil, json: Data) {
    last += 1
    let frame = frame(topic.rawValue, json)
    events.append(Event(number: last, topic: topic, gpuClass: gpuClass, frame: frame))
    byteCount += frame.readableBytes
    while events.count > Self.maximumCount || byteCount > Self.maximumBytes, let oldest = events.popFirst() {
      byteCount -= oldest.frame.readableBytes
      first = oldest.number
    }
  }

  /// Notes that something may have happened that is not in the log: nobody resumes from before.
  mutating func breakOff() {
    last += 1
    first = last
    events.removeAll()
    byteCount = 0
  }

  /// The place of a client that has seen the event with `id`; nil when there is none of this log.
  func place(ofID id: String) -> UInt64? {
    let parts = id.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0] == start, let number = UInt64(parts[1]), number <= last else { return nil }
    return number
  }

  /// What comes next for a client at `place`, nil for one that has none.
  ///
  /// - Complexity: O(events held), mostly O(events given).
  func next(after place: UInt64?, filter: EventFilter) -> Step {
    guard let place, place >= first else { return .reset(frame("reset", Data("{}".utf8)), place: last) }
    guard place < last else { return .upToDate }
    var out = ByteBuffer()
    var reached = place
    // Numbers have no gaps within the log.
    let skipped = events.first.map { Int(clamping: Int64(place) - Int64($0.number) + 1) } ?? 0
    for event in events.dropFirst(max(0, skipped)) {
      if filter.takes(event.topic, event.gpuClass) {
        if out.readableBytes > 0, out.readableBytes + event.frame.readableBytes > Self.batchBytes { break }
        out.writeImmutableBuffer(event.frame)
      }
      reached = event.number
    }
    return .events(out, place: reached)
  }

  /// A comment that keeps a connection, with the client's place, so that it resumes from there although nothing that it
  /// wants has happened.
  func heartbeat(at place: UInt64) -> ByteBuffer { ByteBuffer(string: ":\nid: \(start)-\(place)\n\n") }

  private func frame(_ name: String, _ json: Data) -> ByteBuffer {
    var frame = ByteBuffer(string: "id: \(start)-\(last)\nevent: \(name)\ndata: ")
    frame.writeBytes(json)
    frame.writeString("\n\n")
    return frame
  }
}
