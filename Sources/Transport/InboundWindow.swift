/// How much of what was delivered the layer above has not consumed yet, and whether reading must pause for it.
///
/// | state | event | next |
/// |---|---|---|
/// | reading | delivered, and more than the limit is outstanding | paused |
/// | paused | consumed, and less than half of the limit is outstanding | reading |
struct InboundWindow {
  /// What a message counts beyond its bytes, roughly the memory that holding it costs: otherwise a peer could fill the
  /// memory with empty messages.
  static let messageOverheadByteCount = 128

  /// The messages delivered and not consumed.
  private(set) var outstandingMessageCount = 0
  /// Their lengths in bytes.
  private(set) var outstandingByteCount = 0
  /// Whether the connection may not deliver more.
  private(set) var isPaused = false

  private let limitByteCount: Int

  /// An empty window.
  init(limitByteCount: Int) {
    self.limitByteCount = limitByteCount
  }

  private var charge: Int { outstandingByteCount + outstandingMessageCount * Self.messageOverheadByteCount }

  /// Counts a message that is delivered.
  mutating func deliver(byteCount: Int) {
    outstandingMessageCount += 1
    outstandingByteCount += byteCount
    if charge > limitByteCount { isPaused = true }
  }

  /// Counts messages that the layer above is done with.
  ///
  /// - Returns: whether reading may start again because of them.
  /// - Precondition: they were delivered and not consumed before.
  mutating func consume(byteCount: Int, messageCount: Int) -> Bool {
    precondition(
      0...outstandingByteCount ~= byteCount && 0...outstandingMessageCount ~= messageCount,
      "more was consumed than delivered: \(byteCount) of \(outstandingByteCount) bytes in \(messageCount) messages")
    outstandingByteCount -= byteCount
    outstandingMessageCount -= messageCount
    // At least 1, or a tiny limit could never be undercut.
    guard isPaused, charge < max(1, limitByteCount / 2) else { return false }
    isPaused = false
    return true
  }
}
