import Gossip
import Logging
import NIOCore
import NodeCore
import Transport

extension NodeRuntime: TransportDelegate {
  func connected(_ connection: Connection) {
    instruments.connectionsOpened[connection.direction.rawValue].increment()
    post([.connected(connection)])
  }

  func received(_ message: ByteBuffer, from connection: Connection) { post([.message(connection, message)]) }

  func writable(_ connection: Connection) {
    server.writable(connection.id.rawValue)
    post([.writable(connection)])
  }

  func disconnected(_ connection: Connection, reason: DisconnectReason) {
    logger.debug(
      "disconnected", metadata: ["peer": "\(connection.remoteNode.short())", "reason": "\(reason)"])
    instruments.connectionsClosed[reason.label].increment()
    post([.disconnected(connection)])
  }

  func handshakeFailed(_ failure: HandshakeFailure) {
    instruments.handshakeFailures[failure.reason.label].increment()
    logger.debug("handshake failed", metadata: ["reason": "\(failure.reason)"])
  }
}

extension SendPriority {
  /// The same, in the transport's terms.
  var transport: MessagePriority {
    switch self {
    case .urgent: .urgent
    case .entry: .entry
    case .answer: .answer
    case .announcement: .announcement
    case .bulk: .bulk
    }
  }
}
