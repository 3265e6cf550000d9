import NIOCore
import NIOPosix
import NodeCrypto
import Testing

@testable import Transport

/// A TCP client that speaks no protocol.
final class RawClient: Sendable {
  private let channel: any Channel

  init(port: Int) async throws {
    channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .connect(host: "127.0.0.1", port: port).get()
  }

  func write(_ bytes: [UInt8]) async throws {
    try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
  }

  /// Returns when the other side has closed.
  func closed() async throws { try await channel.closeFuture.get() }

  func close() async { try? await channel.close() }

  /// Closes so that the other side gets a reset.
  func reset() async throws {
    let options = try #require(channel as? any SocketOptionProvider)
    try await options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
    try await channel.close()
  }
}

@Suite(.timeLimit(.minutes(1))) struct HostileBytesTests {
  @Test("whatever arrives at the port ends its own connection and no other")
  func garbage() async throws {
    let pair = try await TestPair(dialer: TestNode(1), listener: TestNode(2))
    let port = pair.outbound.remote.port
    let cases: [([UInt8], DisconnectReason)] = [
      (Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8), .frameTooLong(byteCount: 0x4745, limit: 1_024)),
      ([0, 0], .emptyFrame),
      ([0xff, 0xff], .frameTooLong(byteCount: 65_535, limit: 1_024)),
      ([UInt8](repeating: 0x03, count: 100_000), .handshakeRefused(.unexpectedPayload(byteCount: 739, expected: 0))),
    ]
    for (number, (bytes, reason)) in cases.enumerated() {
      let client = try await RawClient(port: port)
      try? await client.write(bytes)
      try await client.closed()
      try await pair.listener.recorder.wait { $0.failures.count == number + 1 }
      #expect(pair.listener.recorder.now.failures.last?.reason == reason)
    }
    pair.outbound.send([1, 2, 3], priority: .entry)
    try await pair.listener.recorder.wait { $0.received == [[1, 2, 3]] }
    #expect(pair.listener.recorder.now.disconnected.isEmpty)
    await pair.shutdown()
  }

  @Test("clients that vanish without a word or in the middle of a frame leave nothing behind")
  func vanishing() async throws {
    let node = TestNode(1)
    let port = try await node.listen()
    let silent = try await RawClient(port: port)
    await silent.close()
    try await node.recorder.wait { $0.failures.count == 1 }
    #expect(node.recorder.now.failures.last?.reason == .closedByPeer)
    let midway = try await RawClient(port: port)
    try await midway.write([0, 32, 1, 2, 3])
    await midway.close()
    try await node.recorder.wait { $0.failures.count == 2 }
    #expect(node.recorder.now.failures.last?.reason == .truncatedFrame(byteCount: 5))
    await node.transport.shutdown()
    #expect(node.recorder.now.connected.isEmpty && node.recorder.now.disconnected.isEmpty)
  }

  @Test("a reset is reported as one")
  func reset() async throws {
    let node = TestNode(1)
    let client = try await RawClient(port: try await node.listen())
    try await client.write([0, 32, 1])
    try await client.reset()
    let reason = try await node.recorder.first { $0.failures.first?.reason }
    #expect(reason == .connectionReset)
    await node.transport.shutdown()
  }
}
