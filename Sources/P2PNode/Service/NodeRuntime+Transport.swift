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

  /// What the writer takes in at once of a message, in entries: it sees to other connections between two pieces.
  private static let entriesPerPiece = 16

  /// Reads the message here, on the connection's event loop: the one writer has enough to do.
  func received(_ message: ByteBuffer, from connection: Connection) {
    let pieces = PeerMessage(Array(buffer: message)).pieces(of: Self.entriesPerPiece)
    let credit = Credit(connection: connection, byteCount: message.readableBytes, pieces: pieces.count)
    post(pieces.map { .message($0, byteCount: message.readableBytes / pieces.count, credit) })
  }

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

extension NodeRuntime {
  /// Opens a connection, and tells the core what became of it.
  func dial(_ address: PeerAddress) {
    guard let transport else { preconditionFailure("a node dials before it has begun") }
    Task { [weak self] in
      do throws(TransportError) {
        let connection = try await transport.dial(host: address.host, port: Int(address.port))
        self?.instruments.dials["connected"].increment()
        self?.post([.dialed(connection, address)])
      } catch {
        var isOwn = false
        if case .handshakeFailed(_, .selfConnection) = error { isOwn = true }
        self?.instruments.dials[isOwn ? "own_address" : "failed"].increment()
        self?.logger.debug("dialling", metadata: ["address": "\(address)", "error": "\(error)"])
        self?.post(.dialFailed(address, isOwn: isOwn))
      }
    }
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
