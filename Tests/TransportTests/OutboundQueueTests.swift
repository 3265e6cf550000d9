import NIOCore
import Testing

@testable import Transport

@Suite struct OutboundQueueTests {
  private func take(_ queue: inout OutboundQueue, upTo limit: Int = .max) -> [String] {
    var batch: [ByteBuffer] = []
    queue.removeFirst(upTo: limit, into: &batch)
    return batch.map { String(buffer: $0) }
  }

  private func queue(soft: Int = 1_000, hard: Int = 4_000) -> OutboundQueue {
    OutboundQueue(softLimitByteCount: soft, hardLimitByteCount: hard)
  }

  @Test("messages leave by priority, and in order within one")
  func priorities() {
    var queue = queue()
    let arrivals: [(String, MessagePriority)] = [
      ("b1", .bulk), ("e1", .entry), ("a1", .answer), ("u1", .urgent), ("e2", .entry), ("b2", .bulk), ("u2", .urgent),
    ]
    for (text, priority) in arrivals { #expect(queue.append(ByteBuffer(string: text), priority: priority) == .queued) }
    #expect(queue.byteCount == 7 * (2 + 18))
    #expect(take(&queue, upTo: 60) == ["u1", "u2", "e1"])
    #expect(queue.append(ByteBuffer(string: "u3"), priority: .urgent) == .queued)
    #expect(take(&queue) == ["u3", "e2", "a1", "b1", "b2"])
    #expect(queue.isEmpty)
    #expect(take(&queue).isEmpty)
  }

  @Test("a message longer than the batch leaves alone")
  func longerThanBatch() {
    var queue = queue()
    for text in ["longer than ten", "x"] {
      #expect(queue.append(ByteBuffer(string: text), priority: .entry) == .queued)
    }
    #expect(take(&queue, upTo: 10) == ["longer than ten"])
    #expect(take(&queue, upTo: 10) == ["x"])
  }

  @Test("the soft limit refuses bulk, and tells once when it is drained below half")
  func softLimit() {
    var queue = queue(soft: 100)
    for _ in 0..<5 { #expect(queue.append(ByteBuffer(string: "xx"), priority: .bulk) == .queued) }
    #expect(queue.append(ByteBuffer(string: "xx"), priority: .bulk) == .full)
    #expect(queue.append(ByteBuffer(string: "xx"), priority: .answer) == .queued)
    #expect(queue.takeWritableNotice() == false)
    #expect(take(&queue, upTo: 60).count == 3)
    #expect(queue.takeWritableNotice() == false)
    #expect(take(&queue, upTo: 20).count == 1)
    #expect(queue.takeWritableNotice() == true)
    #expect(queue.takeWritableNotice() == false)
    #expect(queue.append(ByteBuffer(string: "xx"), priority: .bulk) == .queued)
  }

  @Test("the soft limit sheds entries and announcements, and neither answers nor what is urgent")
  func shedding() {
    var queue = queue(soft: 100)
    for _ in 0..<5 { #expect(queue.append(ByteBuffer(string: "xx"), priority: .urgent) == .queued) }
    #expect(queue.append(ByteBuffer(string: "xx"), priority: .entry) == .shed)
    #expect(queue.append(ByteBuffer(string: "xx"), priority: .announcement) == .shed)
    #expect(queue.append(ByteBuffer(string: "xx"), priority: .answer) == .queued)
    #expect(queue.append(ByteBuffer(string: "xx"), priority: .urgent) == .queued)
    #expect(queue.byteCount == 7 * (2 + 18))
    #expect(take(&queue, upTo: 100).count == 5)
    #expect(queue.takeWritableNotice() == true)
    #expect(queue.append(ByteBuffer(string: "xx"), priority: .entry) == .queued)
    #expect(take(&queue).count == 3)
    #expect(queue.takeWritableNotice() == false)
  }

  @Test("what waits behind an entry does not shed it")
  func catchUpShedsNothing() {
    var queue = queue(soft: 100)
    for _ in 0..<5 { #expect(queue.append(ByteBuffer(string: "xx"), priority: .bulk) == .queued) }
    #expect(queue.append(ByteBuffer(string: "xx"), priority: .bulk) == .full)
    #expect(queue.append(ByteBuffer(string: "xx"), priority: .announcement) == .queued)
    for _ in 0..<5 { #expect(queue.append(ByteBuffer(string: "xx"), priority: .answer) == .queued) }
    #expect(queue.append(ByteBuffer(string: "xx"), priority: .announcement) == .shed)
    #expect(queue.append(ByteBuffer(string: "xx"), priority: .entry) == .queued)
  }

  @Test("congestion lasts from the soft limit to half of it")
  func congestion() {
    var queue = queue(soft: 100)
    for _ in 0..<4 { #expect(queue.append(ByteBuffer(string: "xx"), priority: .answer) == .queued) }
    #expect(!queue.isCongested)
    #expect(queue.append(ByteBuffer(string: "xx"), priority: .answer) == .queued)
    #expect(queue.isCongested)
    #expect(take(&queue, upTo: 40).count == 2)
    #expect(queue.takeWritableNotice() == false)
    #expect(queue.isCongested)
    #expect(take(&queue, upTo: 20).count == 1)
    #expect(queue.takeWritableNotice() == false)
    #expect(!queue.isCongested)
  }

  @Test("a queue that refused nothing owes no notice")
  func noNotice() {
    var queue = queue(soft: 100)
    #expect(queue.append(ByteBuffer(string: "xx"), priority: .bulk) == .queued)
    #expect(take(&queue).count == 1)
    #expect(queue.takeWritableNotice() == false)
  }

  @Test("the hard limit holds for every priority, and counts empty messages")
  func hardLimit() {
    var queue = queue(soft: 18, hard: 36)
    #expect(queue.append(ByteBuffer(), priority: .urgent) == .queued)
    #expect(queue.append(ByteBuffer(), priority: .urgent) == .queued)
    #expect(queue.append(ByteBuffer(), priority: .urgent) == .overflow(queuedByteCount: 54, limit: 36))
    #expect(queue.byteCount == 36)
    queue.removeAll()
    #expect(queue.isEmpty)
    #expect(take(&queue).isEmpty)
  }
}
