import NIOCore
import NIOEmbedded
import NodeCrypto
import Testing

@testable import Transport

@Suite struct SessionHandlerTests {
  /// The reason for which the only connection ended, after which nothing more passes.
  private func reason(of side: EmbeddedSide) throws -> DisconnectReason {
    side.loop.run()
    #expect(!side.channel.isActive)
    #expect(side.recorder.now.disconnected.count == 1)
    #expect(side.recorder.now.failures.isEmpty)
    let ended = try #require(side.recorder.now.disconnected.first)
    #expect(ended.connection.send([1], priority: .urgent) == .closed)
    #expect(ended.connection.queuedByteCount == 0)
    #expect(side.services.registry.connections.isEmpty)
    return ended.reason
  }

  // MARK: - What a peer may do wrong

  @Test("a replayed frame ends the connection")
  func replay() throws {
    let (side, peer, _) = try EmbeddedSide.established()
    let frame = try peer.seal([1])
    try side.channel.writeInbound(frame)
    try side.channel.writeInbound(frame)
    #expect(try reason(of: side) == .sessionFailed(.authenticationFailed))
    #expect(side.recorder.now.received == [[1]])
  }

  @Test("a frame out of order ends the connection")
  func reordered() throws {
    let (side, peer, _) = try EmbeddedSide.established()
    _ = try peer.seal([1])
    try side.channel.writeInbound(try peer.seal([2]))
    #expect(try reason(of: side) == .sessionFailed(.authenticationFailed))
    #expect(side.recorder.now.received.isEmpty)
  }

  @Test("an altered frame ends the connection, after the good ones before it", arguments: [0, 1, 7, 22])
  func tampered(position: Int) throws {
    let (side, peer, _) = try EmbeddedSide.established()
    var bytes = try peer.seal([1])
    var altered = [UInt8](buffer: try peer.seal([1, 2, 3, 4, 5, 6, 7]))
    altered[2 + position] ^= 0x80
    bytes.writeBytes(altered)
    bytes.writeImmutableBuffer(try peer.seal([3]))
    try side.channel.writeInbound(bytes)
    #expect(try reason(of: side) == .sessionFailed(.authenticationFailed))
    #expect(side.recorder.now.received == [[1]])
  }

  @Test("a frame that is empty or shorter than a tag ends the connection")
  func short() throws {
    let cases: [(ByteBuffer, DisconnectReason)] = [
      (ByteBuffer(bytes: [0, 0]), .emptyFrame),
      (frame([UInt8](repeating: 1, count: 15)), .sessionFailed(.messageTooShort(byteCount: 15, minimum: 16))),
    ]
    for (bytes, expected) in cases {
      let (side, _, _) = try EmbeddedSide.established()
      try side.channel.writeInbound(bytes)
      #expect(try reason(of: side) == expected)
    }
  }

  @Test("a stream that ends inside a frame is told from one that ends between two")
  func truncated() throws {
    let (between, _, _) = try EmbeddedSide.established()
    try between.channel.close().wait()
    #expect(try reason(of: between) == .closedByPeer)
    let (inside, peer, _) = try EmbeddedSide.established()
    try inside.channel.writeInbound(ByteBuffer(bytes: [UInt8](buffer: try peer.seal([1, 2, 3])).prefix(9)))
    try inside.channel.close().wait()
    #expect(try reason(of: inside) == .truncatedFrame(byteCount: 9))
  }

  @Test("a peer that sends no complete frame is dropped, even if bytes trickle in")
  func idle() throws {
    let (side, peer, _) = try EmbeddedSide.established()
    side.loop.advanceTime(by: .seconds(19))
    try side.channel.writeInbound(try peer.seal([1]))
    side.loop.advanceTime(by: .seconds(19))
    #expect(side.channel.isActive)
    try side.channel.writeInbound(ByteBuffer(bytes: [0]))
    side.loop.advanceTime(by: .milliseconds(999))
    #expect(side.channel.isActive)
    side.loop.advanceTime(by: .milliseconds(1))
    #expect(try reason(of: side) == .idle(limitMilliseconds: 20_000))
  }

  @Test("network errors are reported as such")
  func networkErrors() throws {
    for errno: Int32 in [104, 32] {
      let (side, _, _) = try EmbeddedSide.established()
      side.channel.pipeline.fireErrorCaught(IOError(errnoCode: errno, reason: "write"))
      #expect(try reason(of: side) == .connectionReset)
    }
    let (side, _, _) = try EmbeddedSide.established()
    side.channel.pipeline.fireErrorCaught(IOError(errnoCode: 110, reason: "read"))
    #expect(try reason(of: side).label == "network_error")
  }

  // MARK: - Sending

  @Test("messages of one tick leave in one write")
  func batching() throws {
    let (side, peer, connection) = try EmbeddedSide.established()
    for number in 0..<50 { #expect(connection.send(message(number), priority: .entry) == .queued) }
    #expect(try side.channel.readOutbound(as: ByteBuffer.self) == nil)
    side.loop.run()
    let frames = try #require(try side.channel.readOutbound(as: ByteBuffer.self))
    #expect(try side.channel.readOutbound(as: ByteBuffer.self) == nil)
    #expect(try peer.bodies(frames).map(peer.open) == (0..<50).map { message($0) })
    #expect(connection.traffic.sentMessageCount == 50 && connection.traffic.sentByteCount == 5_000)
  }

  @Test("under congestion messages leave by priority, sealed only when they are written")
  func priorities() throws {
    let (side, peer, connection) = try EmbeddedSide.established()
    side.setWritable(false)
    for (number, priority) in [MessagePriority.bulk, .answer, .entry, .urgent, .bulk, .answer, .entry, .urgent]
      .enumerated()
    {
      #expect(connection.send(message(number), priority: priority) == .queued)
    }
    #expect(try side.messages(for: peer).isEmpty)
    #expect(connection.queuedByteCount == 8 * 118)
    side.setWritable(true)
    #expect(try side.messages(for: peer) == [3, 7, 2, 6, 1, 5, 0, 4].map { message($0) })
    #expect(connection.queuedByteCount == 0)
    #expect(connection.send(message(8), priority: .bulk) == .queued)
    #expect(try side.messages(for: peer) == [message(8)])
  }

  @Test("the soft limit refuses bulk and tells when it takes it again")
  func softLimit() throws {
    let (side, peer, connection) = try EmbeddedSide.established { $0.softQueueByteCount = 1_000 }
    side.setWritable(false)
    var count = 0
    while connection.send(message(count), priority: .bulk) == .queued, count < 100 { count += 1 }
    #expect(count == 9)
    #expect(connection.send(message(9), priority: .entry) == .queued)
    side.loop.run()
    #expect(side.recorder.now.writable.isEmpty)
    side.setWritable(true)
    #expect(side.recorder.now.writable == [connection.id])
    #expect(try side.messages(for: peer).count == 10)
    #expect(connection.send(message(10), priority: .bulk) == .queued)
  }

  @Test("a peer that does not take what is sent is dropped at the hard limit")
  func slowPeer() throws {
    let (side, _, connection) = try EmbeddedSide.established {
      $0.softQueueByteCount = 1_000
      $0.hardQueueByteCount = 2_000
    }
    side.setWritable(false)
    var count = 0
    while connection.send(message(count), priority: .urgent) == .queued, count < 100 { count += 1 }
    #expect(count == 16)
    #expect(try reason(of: side) == .slowPeer(queuedByteCount: 17 * 118, limit: 2_000))
  }

  @Test("a peer that takes too little for too long is dropped, and not one that comes below half in time")
  func congested() throws {
    let (side, peer, connection) = try EmbeddedSide.established {
      $0.softQueueByteCount = 1_000
      $0.readIdleTimeout = .hours(1)
    }
    for isTaken in [true, false] {
      side.setWritable(false)
      var count = 0
      while connection.send(message(count), priority: .entry) == .queued, count < 100 { count += 1 }
      #expect(count == 9)
      side.loop.run()
      side.loop.advanceTime(by: .seconds(59))
      if isTaken {
        side.setWritable(true)
        #expect(try side.messages(for: peer).count == 9)
        #expect(side.recorder.now.writable == [connection.id])
      }
      #expect(side.recorder.now.disconnected.isEmpty)
    }
    side.loop.advanceTime(by: .seconds(1))
    #expect(try reason(of: side) == .congested(queuedByteCount: 9 * 118, limitMilliseconds: 60_000))
  }

  @Test("the longest message passes and a longer one is refused")
  func longestMessage() throws {
    let (side, peer, connection) = try EmbeddedSide.established()
    let longest = message(1, byteCount: 65_519)
    #expect(connection.send(longest + [0], priority: .entry) == .tooLong)
    #expect(connection.send(longest, priority: .entry) == .queued)
    #expect(connection.send([], priority: .entry) == .queued)
    #expect(try side.messages(for: peer) == [longest, []])
    try side.channel.writeInbound(try peer.seal(longest))
    try side.channel.writeInbound(try peer.seal([]))
    #expect(side.recorder.now.received == [longest, []])
    #expect(connection.traffic.receivedMessageCount == 2 && connection.traffic.receivedByteCount == 65_519)
  }

  // MARK: - Receiving

  @Test("an unconsumed window stops delivery and reading, and both go on where they stopped")
  func backPressure() throws {
    let (side, peer, _) = try EmbeddedSide.established(consumes: false) { $0.inboundWindowByteCount = 2_000 }
    let reads = ReadCounter()
    try side.channel.pipeline.syncOperations.addHandler(reads, position: .first)
    side.channel.read()
    #expect(reads.count == 1)
    var burst = ByteBuffer()
    for number in 0..<20 { burst.writeImmutableBuffer(try peer.seal(message(number))) }
    try side.channel.writeInbound(burst)
    // Each counts 228: nine exceed the window.
    #expect(side.recorder.now.received.count == 9)
    side.channel.read()
    #expect(reads.count == 1)
    side.recorder.consume(4)
    side.loop.run()
    #expect(side.recorder.now.received.count == 9)
    side.recorder.consume(1)
    side.loop.run()
    #expect(side.recorder.now.received.count == 14)
    #expect(reads.count == 1)
    side.recorder.startConsuming()
    side.loop.run()
    #expect(side.recorder.now.received == (0..<20).map { message($0) })
    #expect(reads.count == 2)
  }

  @Test("a pause that this node caused is not the peer's silence")
  func pausedIsNotIdle() throws {
    let (side, peer, _) = try EmbeddedSide.established(consumes: false) { $0.inboundWindowByteCount = 100 }
    try side.channel.writeInbound(try peer.seal(message(0)))
    side.loop.advanceTime(by: .seconds(100))
    #expect(side.channel.isActive)
    side.recorder.startConsuming()
    side.loop.advanceTime(by: .seconds(19))
    #expect(side.channel.isActive)
    side.loop.advanceTime(by: .seconds(1))
    #expect(try reason(of: side) == .idle(limitMilliseconds: 20_000))
  }

  @Test("what arrived before the end is delivered in spite of a pause")
  func deliveryAtTheEnd() throws {
    let (side, peer, _) = try EmbeddedSide.established(consumes: false) { $0.inboundWindowByteCount = 100 }
    for number in 0..<5 { try side.channel.writeInbound(try peer.seal(message(number))) }
    #expect(side.recorder.now.received.count == 1)
    try side.channel.close().wait()
    #expect(try reason(of: side) == .closedByPeer)
    #expect(side.recorder.now.received == (0..<5).map { message($0) })
  }

  @Test("what is held during a pause is bounded")
  func heldBytes() throws {
    let (side, peer, _) = try EmbeddedSide.established(consumes: false) { $0.inboundWindowByteCount = 100 }
    for number in 0..<40 { try side.channel.writeInbound(try peer.seal(message(number, byteCount: 60_000))) }
    #expect(side.recorder.now.received.count == 1)
    try side.channel.close().wait()
    #expect(try reason(of: side) == .closedByPeer)
    // 1 MiB of frames of 60,018 bytes, after the one that filled the window.
    #expect(side.recorder.now.received == (0..<18).map { message($0, byteCount: 60_000) })
  }

  // MARK: - Closing

  @Test("a close sends what is queued, refuses more and drops what arrives")
  func close() throws {
    let (side, peer, connection) = try EmbeddedSide.established()
    side.setWritable(false)
    connection.send([1], priority: .entry)
    connection.close("no longer needed")
    connection.close("again")
    #expect(connection.send([2], priority: .urgent) == .closed)
    side.loop.run()
    #expect(side.channel.isActive)
    try side.channel.writeInbound(try peer.seal([3]))
    side.setWritable(true)
    #expect(try side.messages(for: peer) == [[1]])
    #expect(try reason(of: side) == .closedLocally("no longer needed"))
    #expect(side.recorder.now.received.isEmpty)
  }

  @Test("a close does not wait for a peer that takes nothing longer than its time")
  func closeTimeout() throws {
    let (side, _, connection) = try EmbeddedSide.established()
    side.setWritable(false)
    connection.send([1], priority: .entry)
    connection.close("enough")
    side.loop.advanceTime(by: .milliseconds(1_999))
    #expect(side.channel.isActive)
    side.loop.advanceTime(by: .milliseconds(1))
    #expect(try reason(of: side) == .closedLocally("enough"))
  }

  @Test("a closing connection reads on to the peer's end of stream, in spite of a pause")
  func closeWhilePaused() throws {
    let (side, peer, connection) = try EmbeddedSide.established(consumes: false) { $0.inboundWindowByteCount = 100 }
    let reads = ReadCounter()
    try side.channel.pipeline.syncOperations.addHandler(reads, position: .first)
    try side.channel.writeInbound(try peer.seal(message(0)))
    side.channel.read()
    #expect(reads.count == 0)
    side.setWritable(false)
    connection.send([1], priority: .entry)
    connection.close("enough")
    side.loop.run()
    #expect(reads.count == 1)
    side.channel.read()
    #expect(reads.count == 2)
    #expect(side.channel.isActive)
  }

  @Test("the place of a connection is free when the delegate hears of its end")
  func freePlace() throws {
    let (side, _, connection) = try EmbeddedSide.established()
    try side.channel.close().wait()
    #expect(side.recorder.now.disconnected.count == 1)
    #expect(side.services.registry.connection(connection.id) == nil)
  }

  @Test("nothing is delivered after a close from inside a delivery")
  func closeWhileReceiving() throws {
    let (side, peer, connection) = try EmbeddedSide.established()
    connection.close("enough")
    var burst = try peer.seal([1])
    burst.writeImmutableBuffer(try peer.seal([2]))
    try side.channel.writeInbound(burst)
    #expect(side.recorder.now.received.isEmpty)
    #expect(try reason(of: side) == .closedLocally("enough"))
  }
}
