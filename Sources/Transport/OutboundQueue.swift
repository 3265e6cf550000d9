import NIOCore

/// In which order waiting messages leave: a message leaves before all of a later case, and after the earlier ones of
/// its own.
public enum MessagePriority: Int, CaseIterable, Hashable, Sendable {
  /// For the counterparty of a trade.
  case urgent
  /// New entries: shed beyond the soft limit, since the peer can fetch what it missed.
  case entry
  /// Answers to requests.
  case answer
  /// Announcements of entries: shed like the entries.
  case announcement
  /// Catch-up, which is refused beyond the soft limit and made again later.
  case bulk
}

/// What became of a message that was given to `Connection.send`.
public enum SendOutcome: Hashable, Sendable {
  /// It will be sent, unless the connection ends first.
  case queued
  /// A bulk message was refused at the soft limit; `TransportDelegate.writable` tells when to go on.
  case full
  /// An entry or an announcement was dropped at the soft limit; `TransportDelegate.writable` tells when the peer can
  /// be told of what it missed.
  case shed
  /// It is longer than `Connection.maximumMessageByteCount` and was refused.
  case tooLong
  /// The connection is closing or closed.
  case closed
}

/// The messages that wait to be sealed and written, by priority.
///
/// A peer that reads slowly gets less before it gets nothing:
///
/// | as much as the soft limit waits | what comes then |
/// |---|---|
/// | before or beside an entry | the entry is shed |
/// | before or beside an announcement | the announcement is shed |
/// | at all | bulk is refused |
/// | and as much as the hard limit at all | everything overflows, which ends the connection |
///
/// What leaves later does not count: a peer that catches up over a narrow line goes on getting what is new.
///
/// Every message counts with the length of its frame, so that many empty messages count as well. Both operations are
/// O(1) for each message.
struct OutboundQueue {
  /// What `append` did.
  enum Admission: Equatable {
    case queued
    case full
    case shed
    case overflow(queuedByteCount: Int, limit: Int)
  }

  private struct Lane {
    var messages = CircularBuffer<ByteBuffer>()
    var byteCount = 0
  }

  /// The frames' length of all that waits, in bytes.
  private(set) var byteCount = 0
  /// Whether the soft limit was reached, and half of it has not been undercut since.
  private(set) var isCongested = false

  private let softLimitByteCount: Int
  private let hardLimitByteCount: Int
  private var lanes = [Lane](repeating: Lane(), count: MessagePriority.allCases.count)
  private var owesWritable = false

  /// An empty queue.
  init(softLimitByteCount: Int, hardLimitByteCount: Int) {
    self.softLimitByteCount = softLimitByteCount
    self.hardLimitByteCount = hardLimitByteCount
  }

  /// Whether nothing waits.
  var isEmpty: Bool { byteCount == 0 }

  /// Queues `message` behind those of its priority, when the limits allow it.
  mutating func append(_ message: ByteBuffer, priority: MessagePriority) -> Admission {
    if let refusal = Self.refusal(of: priority) {
      let ahead = lanes[...priority.rawValue].reduce(0) { $0 + $1.byteCount }
      if ahead >= softLimitByteCount {
        owesWritable = true
        return refusal
      }
    }
    let messageByteCount = Self.frameByteCount(of: message)
    let total = byteCount + messageByteCount
    guard total <= hardLimitByteCount else { return .overflow(queuedByteCount: total, limit: hardLimitByteCount) }
    byteCount = total
    lanes[priority.rawValue].messages.append(message)
    lanes[priority.rawValue].byteCount += messageByteCount
    if total >= softLimitByteCount { isCongested = true }
    return .queued
  }

  /// What becomes of a message of this priority when as much as the soft limit goes first; nil when it is queued still.
  private static func refusal(of priority: MessagePriority) -> Admission? {
    switch priority {
    case .urgent, .answer: nil
    case .entry, .announcement: .shed
    case .bulk: .full
    }
  }

  /// Moves the next messages to the end of `batch`: at least one, if any waits, and no more than `limitByteCount` of
  /// frames otherwise.
  mutating func removeFirst(upTo limitByteCount: Int, into batch: inout [ByteBuffer]) {
    var batchByteCount = 0
    for lane in lanes.indices {
      while let message = lanes[lane].messages.first {
        let messageByteCount = Self.frameByteCount(of: message)
        guard batchByteCount == 0 || batchByteCount + messageByteCount <= limitByteCount else { return }
        lanes[lane].messages.removeFirst()
        lanes[lane].byteCount -= messageByteCount
        batch.append(message)
        batchByteCount += messageByteCount
        byteCount -= messageByteCount
      }
    }
  }

  /// Whether the congestion is over because of what was taken: less than half of the soft limit waits now. If so, and
  /// something was refused or shed meanwhile, the layer above must hear of it.
  ///
  /// - Returns: whether it must; true once for each such time.
  mutating func takeWritableNotice() -> Bool {
    guard isCongested, byteCount < softLimitByteCount / 2 else { return false }
    isCongested = false
    defer { owesWritable = false }
    return owesWritable
  }

  /// Drops all that waits.
  mutating func removeAll() {
    lanes = [Lane](repeating: Lane(), count: MessagePriority.allCases.count)
    byteCount = 0
    isCongested = false
    owesWritable = false
  }

  private static func frameByteCount(of message: ByteBuffer) -> Int {
    message.readableBytes + FrameFormat.overheadByteCount
  }
}
