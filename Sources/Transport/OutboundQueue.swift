import NIOCore

/// In which order waiting messages leave: a message leaves before all of a later case, and after the earlier ones of
/// its own.
public enum MessagePriority: Int, CaseIterable, Hashable, Sendable {
  /// For the counterparty of a trade.
  case urgent
  /// New entries.
  case entry
  /// Answers to requests.
  case answer
  /// Announcements of entries.
  case announcement
  /// Catch-up: the only kind that the soft limit refuses.
  case bulk
}

/// What became of a message that was given to `Connection.send`.
public enum SendOutcome: Hashable, Sendable {
  /// It will be sent, unless the connection ends first.
  case queued
  /// A bulk message was refused at the soft limit; `TransportDelegate.writable` tells when to go on.
  case full
  /// It is longer than `Connection.maximumMessageByteCount` and was refused.
  case tooLong
  /// The connection is closing or closed.
  case closed
}

/// The messages that wait to be sealed and written, by priority.
///
/// Every message counts with the length of its frame, so that many empty messages count as well. Both operations are
/// O(1) for each message.
struct OutboundQueue {
  /// What `append` did.
  enum Admission: Equatable {
    case queued
    case full
    case overflow(queuedByteCount: Int, limit: Int)
  }

  /// The frames' length of all that waits, in bytes.
  private(set) var byteCount = 0

  private let softLimitByteCount: Int
  private let hardLimitByteCount: Int
  private var lanes = [CircularBuffer<ByteBuffer>](repeating: [], count: MessagePriority.allCases.count)
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
    if priority == .bulk, byteCount >= softLimitByteCount {
      owesWritable = true
      return .full
    }
    let total = byteCount + Self.frameByteCount(of: message)
    guard total <= hardLimitByteCount else { return .overflow(queuedByteCount: total, limit: hardLimitByteCount) }
    byteCount = total
    lanes[priority.rawValue].append(message)
    return .queued
  }

  /// Moves the next messages to the end of `batch`: at least one, if any waits, and no more than `limitByteCount` of
  /// frames otherwise.
  mutating func removeFirst(upTo limitByteCount: Int, into batch: inout [ByteBuffer]) {
    var batchByteCount = 0
    for lane in lanes.indices {
      while let message = lanes[lane].first {
        let messageByteCount = Self.frameByteCount(of: message)
        guard batchByteCount == 0 || batchByteCount + messageByteCount <= limitByteCount else { return }
        lanes[lane].removeFirst()
        batch.append(message)
        batchByteCount += messageByteCount
        byteCount -= messageByteCount
      }
    }
  }

  /// Whether a bulk message has been refused and the queue is below half of the soft limit now; true once for each
  /// such time.
  mutating func takeWritableNotice() -> Bool {
    guard owesWritable, byteCount < softLimitByteCount / 2 else { return false }
    owesWritable = false
    return true
  }

  /// Drops all that waits.
  mutating func removeAll() {
    for lane in lanes.indices { lanes[lane].removeAll() }
    byteCount = 0
    owesWritable = false
  }

  private static func frameByteCount(of message: ByteBuffer) -> Int {
    message.readableBytes + FrameFormat.overheadByteCount
  }
}
