import NIOCore
import NIOPosix
import NodeCrypto
import Testing

@testable import Transport

@Suite(.timeLimit(.minutes(1))) struct LoopbackTests {
  // MARK: - Connecting

  @Test("two nodes prove their ids and exchange messages both ways")
  func bothWays() async throws {
    let pair = try await TestPair(dialer: TestNode(1), listener: TestNode(2))
    #expect(pair.outbound.remoteNode == pair.listener.nodeID && pair.outbound.direction == .outbound)
    #expect(pair.inbound.remoteNode == pair.dialer.nodeID && pair.inbound.direction == .inbound)
    #expect(pair.dialer.recorder.now.connected.first === pair.outbound)
    #expect(pair.inbound.remote.host == "127.0.0.1")
    let there = (0..<500).map { message($0) }
    let back = (500..<1_000).map { message($0, byteCount: 3_000) }
    for message in there { pair.outbound.send(message, priority: .entry) }
    for message in back { pair.inbound.send(message, priority: .answer) }
    try await pair.listener.recorder.wait { $0.received.count == there.count }
    try await pair.dialer.recorder.wait { $0.received.count == back.count }
    #expect(pair.listener.recorder.now.received == there)
    #expect(pair.dialer.recorder.now.received == back)
    await pair.shutdown()
    #expect(pair.dialer.recorder.now.disconnected.count == 1)
    #expect(pair.listener.recorder.now.disconnected.count == 1)
  }

  @Test("however many dial at once, what each says at once arrives")
  func crowd() async throws {
    let listener = TestNode(100)
    let port = try await listener.listen()
    let dialers = (1...32 as ClosedRange<UInt8>).map { TestNode($0) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for dialer in dialers {
        group.addTask {
          let connection = try await dialer.transport.dial(host: "127.0.0.1", port: port)
          connection.send([1], priority: .urgent)
        }
      }
      try await group.waitForAll()
    }
    try await listener.recorder.wait { $0.received.count == dialers.count }
    for node in dialers + [listener] { await node.transport.shutdown() }
  }

  @Test("a name is looked up, and the expected node accepted")
  func dialByName() async throws {
    let (dialer, listener) = (TestNode(1), TestNode(2))
    let port = try await listener.listen()
    let connection = try await dialer.transport.dial(host: "localhost", port: port, expecting: listener.nodeID)
    #expect(dialer.transport.connections.map(\.id) == [connection.id])
    #expect(dialer.transport.connection(connection.id) === connection)
    await dialer.transport.shutdown()
    await listener.transport.shutdown()
  }

  @Test("messages from many threads arrive all, each thread's in order")
  func manyThreads() async throws {
    let pair = try await TestPair(dialer: TestNode(1), listener: TestNode(2))
    await withTaskGroup(of: Void.self) { group in
      for thread in 0..<8 {
        group.addTask {
          for number in 0..<500 { pair.outbound.send(message(thread * 1_000 + number), priority: .answer) }
        }
      }
    }
    try await pair.listener.recorder.wait { $0.received.count == 4_000 }
    let received = pair.listener.recorder.now.received
    for thread in 0..<8 {
      let expected = (0..<500).map { message(thread * 1_000 + $0) }
      let members = Set(expected)
      #expect(received.filter(members.contains) == expected)
    }
    await pair.shutdown()
  }

  @Test("a node of another network is refused on both sides")
  func otherNetwork() async throws {
    let (dialer, listener) = (TestNode(1), TestNode(2, network: networkID(2)))
    let port = try await listener.listen()
    await #expect(
      throws: TransportError.handshakeFailed(
        Endpoint(host: "127.0.0.1", port: port), .handshakeRefused(.authenticationFailed))
    ) {
      try await dialer.transport.dial(host: "127.0.0.1", port: port)
    }
    try await listener.recorder.wait { $0.failures.count == 1 }
    #expect(dialer.recorder.now.failures.map(\.reason) == [.handshakeRefused(.authenticationFailed)])
    #expect(dialer.recorder.now.connected.isEmpty && listener.recorder.now.connected.isEmpty)
    await dialer.transport.shutdown()
    await listener.transport.shutdown()
  }

  @Test("a node does not connect to itself")
  func oneself() async throws {
    let node = TestNode(1)
    let port = try await node.listen()
    await #expect(
      throws: TransportError.handshakeFailed(Endpoint(host: "127.0.0.1", port: port), .selfConnection)
    ) {
      try await node.transport.dial(host: "127.0.0.1", port: port)
    }
    try await node.recorder.wait { $0.failures.count == 2 }
    #expect(node.recorder.now.connected.isEmpty)
    await node.transport.shutdown()
  }

  @Test("a port that is in use is named, with what to do")
  func portInUse() async throws {
    let (first, second) = (TestNode(1), TestNode(2))
    let port = try await first.listen()
    let error = await #expect(throws: TransportError.self) {
      try await second.transport.listen(host: "127.0.0.1", port: port)
    }
    #expect(error == .addressInUse(Endpoint(host: "127.0.0.1", port: port)))
    #expect(error?.description.contains("127.0.0.1:\(port)") == true)
    #expect(error?.description.contains("choose another port") == true)
    await first.transport.shutdown()
    await second.transport.shutdown()
  }

  @Test("addresses and ports that cannot be are refused")
  func badAddresses() async throws {
    let node = TestNode(1)
    await #expect(throws: TransportError.invalidPort(65_536, allowed: 0...65_535)) {
      try await node.transport.listen(host: "127.0.0.1", port: 65_536)
    }
    await #expect(throws: TransportError.invalidPort(0, allowed: 1...65_535)) {
      try await node.transport.dial(host: "127.0.0.1", port: 0)
    }
    // 192.0.2.0/24 is for documentation (RFC 5737) and no machine's own.
    await #expect(throws: TransportError.addressNotAvailable(Endpoint(host: "192.0.2.1", port: 0))) {
      try await node.transport.listen(host: "192.0.2.1", port: 0)
    }
    await node.transport.shutdown()
  }

  @Test("a dial to nobody fails and gives its place back")
  func nobodyThere() async throws {
    let (closed, dialer) = (TestNode(1), TestNode(2) { ($0.maximumConnections, $0.reservedForDialing) = (1, 0) })
    let port = try await closed.listen()
    await closed.transport.shutdown()
    for _ in 0..<3 {
      let error = await #expect(throws: TransportError.self) {
        try await dialer.transport.dial(host: "127.0.0.1", port: port)
      }
      guard case .cannotConnect(Endpoint(host: "127.0.0.1", port: port), _) = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
    }
    await dialer.transport.shutdown()
  }

  @Test("a dial to a host that accepts and says nothing ends with the handshake's deadline")
  func silentHost() async throws {
    let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .bind(host: "127.0.0.1", port: 0).get()
    let port = try #require(server.localAddress?.port)
    let dialer = TestNode(1) { $0.handshakeTimeout = .milliseconds(50) }
    await #expect(
      throws: TransportError.handshakeFailed(
        Endpoint(host: "127.0.0.1", port: port), .handshakeTimeout(limitMilliseconds: 50))
    ) {
      try await dialer.transport.dial(host: "127.0.0.1", port: port)
    }
    await dialer.transport.shutdown()
    try await server.close()
  }

  // MARK: - Limits

  @Test("connections beyond the limits are refused and the others stay")
  func connectionLimits() async throws {
    let listener = TestNode(9) { configuration in
      configuration.maximumConnectionsFromLoopback = 2
    }
    let crowded = TestNode(8) { ($0.maximumConnections, $0.reservedForDialing) = (3, 1) }
    let dialer = TestNode(1)
    for (node, reason) in [
      (listener, DisconnectReason.tooManyConnectionsFromAddress(limit: 2)), (crowded, .tooManyConnections(limit: 2)),
    ] {
      let port = try await node.listen()
      let first = try await dialer.transport.dial(host: "127.0.0.1", port: port)
      try await dialer.transport.dial(host: "127.0.0.1", port: port)
      await #expect(throws: TransportError.self) { try await dialer.transport.dial(host: "127.0.0.1", port: port) }
      try await node.recorder.wait { $0.failures.count == 1 && $0.connected.count == 2 }
      #expect(node.recorder.now.failures.first?.reason == reason)
      #expect(node.recorder.now.disconnected.isEmpty)
      first.close("make room")
      try await node.recorder.wait { $0.disconnected.count == 1 }
      try await dialer.transport.dial(host: "127.0.0.1", port: port)
    }
    try await crowded.transport.dial(host: "127.0.0.1", port: try await TestNode(7).listen())
    await #expect(throws: TransportError.tooManyConnections(limit: 3)) {
      try await crowded.transport.dial(host: "127.0.0.1", port: 9)
    }
    for node in [listener, crowded, dialer] { await node.transport.shutdown() }
  }

  @Test("a receiver that does not consume stops the sender; all arrives in order when it does")
  func backPressure() async throws {
    let pair = try await TestPair(dialer: TestNode(1), listener: TestNode(2, consumes: false))
    let (connection, sender) = (pair.outbound, pair.dialer.recorder)
    let count = 600
    let pump = Task {
      var (sent, refusals, maximumQueued) = (0, 0, 0)
      while sent < count {
        switch connection.send(message(sent, byteCount: 60_000), priority: .bulk) {
        case .queued:
          sent += 1
        case .full:
          refusals += 1
          let expected = refusals
          try await sender.wait { $0.writable.count >= expected }
        case .shed, .tooLong, .closed:
          throw Missing()
        }
        maximumQueued = max(maximumQueued, connection.queuedByteCount)
      }
      return maximumQueued
    }
    try await pair.listener.recorder.wait { $0.outstandingByteCount > 1_000_000 }
    pair.listener.recorder.startConsuming()
    let maximumQueued = try await pump.value
    try await pair.listener.recorder.wait { $0.received.count == count }
    #expect(pair.listener.recorder.now.received == (0..<count).map { message($0, byteCount: 60_000) })
    #expect(pair.listener.recorder.now.maximumOutstandingByteCount <= (1 << 20) + 65_519)
    #expect(maximumQueued <= (1 << 20) + 65_537)
    await pair.shutdown()
  }

  @Test("a receiver that never reads is dropped by the sender at the hard limit")
  func slowPeer() async throws {
    let pair = try await TestPair(dialer: TestNode(1), listener: TestNode(2, consumes: false))
    var outcome = SendOutcome.queued
    var count = 0
    while outcome == .queued, count < 100_000 {
      outcome = pair.outbound.send(message(count, byteCount: 60_000), priority: .answer)
      count += 1
    }
    #expect(outcome == .closed)
    let reason = try await pair.dialer.recorder.first { $0.reasons.first }
    guard case .slowPeer(_, limit: 4 << 20) = reason else {
      Issue.record("\(reason)")
      return
    }
    // It has paused reading, so only a reset tells it at once.
    try await pair.listener.recorder.wait { $0.reasons == [.connectionReset] }
    await pair.shutdown()
  }

  // MARK: - Ending

  @Test("a shutdown sends what is queued before it closes")
  func shutdownFlushes() async throws {
    let pair = try await TestPair(dialer: TestNode(1), listener: TestNode(2))
    let messages = (0..<60).map { message($0, byteCount: 50_000) }
    for message in messages { pair.outbound.send(message, priority: .answer) }
    // What the other side still sends must not turn the close into a reset.
    for number in 0..<50 { pair.inbound.send(message(number, byteCount: 10_000), priority: .entry) }
    await pair.dialer.transport.shutdown()
    try await pair.listener.recorder.wait { $0.disconnected.count == 1 }
    #expect(pair.listener.recorder.now.received == messages)
    #expect(pair.listener.recorder.now.reasons == [.closedByPeer])
    #expect(pair.dialer.recorder.now.reasons == [.shutdown])
    await pair.listener.transport.shutdown()
  }

  @Test("after a shutdown nothing can be opened, and its port is free")
  func afterShutdown() async throws {
    let (node, other) = (TestNode(1), TestNode(2))
    let port = try await node.listen()
    await node.transport.shutdown()
    await node.transport.shutdown()
    await #expect(throws: TransportError.shutDown) { try await node.transport.listen(host: "127.0.0.1", port: 0) }
    await #expect(throws: TransportError.shutDown) { try await node.transport.dial(host: "127.0.0.1", port: port) }
    #expect(try await other.transport.listen(host: "127.0.0.1", port: port).port == port)
    await other.transport.shutdown()
  }

  @Test("a shutdown does not wait for a handshake that hangs")
  func shutdownDuringHandshake() async throws {
    let node = TestNode(1) { $0.handshakeTimeout = .hours(1) }
    let client = try await RawClient(port: try await node.listen())
    try await client.write([0, 32])
    await node.transport.shutdown()
    try await client.closed()
    await client.close()
  }

  @Test("a connection is closed with the reason given")
  func close() async throws {
    let pair = try await TestPair(dialer: TestNode(1), listener: TestNode(2))
    pair.outbound.close("duplicate")
    try await pair.listener.recorder.wait { $0.disconnected.count == 1 }
    try await pair.dialer.recorder.wait { $0.disconnected.count == 1 }
    #expect(pair.dialer.recorder.now.reasons == [.closedLocally("duplicate")])
    #expect(pair.listener.recorder.now.reasons == [.closedByPeer])
    #expect(pair.dialer.transport.connections.isEmpty)
    await pair.shutdown()
  }
}
