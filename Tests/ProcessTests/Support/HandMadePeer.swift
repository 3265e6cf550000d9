import Foundation
import Gossip
import Logging
import Market
import NIOCore
import NIOPosix
import NodeCrypto
import Synchronization
import Transport
import Wire

/// A peer that says what the test wants, over a real connection.
final class HandMadePeer: TransportDelegate {
  let identity = Identity.generate()

  private let network: NetworkID
  private let ended = Mutex<DisconnectReason?>(nil)

  init(network: NetworkID) { self.network = network }

  /// Connects, says `messages` one after the other, and waits until the node ends the connection.
  ///
  /// - Returns: why the connection ended, as this side saw it.
  func talk(to address: String, _ messages: [WirePeerMessage.OneOf_Message]) async throws -> DisconnectReason {
    let transport = Transport(
      identity: identity, network: network, eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
      logger: Logger(label: "peer") { _ in SwiftLogNoOpLogHandler() }, delegate: self)
    guard let target = PeerAddress(address) else { throw TimeoutError(description: "\(address) is no address") }
    do {
      let connection = try await transport.dial(host: target.host, port: Int(target.port))
      for message in messages {
        var wire = WirePeerMessage()
        wire.message = message
        connection.send(wire.encoded(), priority: .urgent)
      }
      let reason = try await eventually("the node disconnects the peer") { ended.withLock { $0 } }
      await transport.shutdown()
      return reason
    } catch {
      await transport.shutdown()
      throw error
    }
  }

  /// The hello of an honest node.
  static var hello: WirePeerMessage.OneOf_Message {
    var hello = WireHello()
    hello.protocol = GossipCore.protocolVersion
    hello.agent = "by hand"
    return .hello(hello)
  }

  /// A push of this peer's first two entries, ticks both; the signature of the second is a bit off.
  var oneGoodAndOneForgedEntry: WirePeerMessage.OneOf_Message {
    let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
    let first = SignedEntry(after: .origin(of: network), time: now, payload: [], identity: identity, network: network)
    let second = SignedEntry(after: first.head, time: now, payload: [], identity: identity, network: network)
    var push = WirePush()
    push.entries = [first.wire, second.wire]
    push.entries[1].signature = Data(
      second.signature.bytes.enumerated().map { $0.offset == 0 ? $0.element ^ 1 : $0.element })
    return .push(push)
  }

  func connected(_ connection: Connection) {}

  func received(_ message: ByteBuffer, from connection: Connection) { connection.consumed(message.readableBytes) }

  func writable(_ connection: Connection) {}

  func disconnected(_ connection: Connection, reason: DisconnectReason) { ended.withLock { $0 = reason } }

  func handshakeFailed(_ failure: HandshakeFailure) {}
}

/// A TCP connection without any protocol.
enum RawConnection {
  /// Connects, writes `bytes` and waits until the other side closes.
  static func send(_ bytes: [UInt8], to address: String) async throws {
    guard let target = PeerAddress(address) else { throw TimeoutError(description: "\(address) is no address") }
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .connect(host: target.host, port: Int(target.port)).get()
    // The other side may have closed before all is written.
    try? await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
    try await eventually("the node closes the connection") { !channel.isActive }
  }
}
