import NIOCore

/// What a `Transport` reports to the layer above.
///
/// Methods are called on event loops and must not block. For one connection they come from one event loop, in this
/// order: `connected` once, `received` and `writable` any number of times, `disconnected` once.
public protocol TransportDelegate: AnyObject, Sendable {
  /// A handshake is complete and the peer's node id proved.
  func connected(_ connection: Connection)

  /// A message arrived. Its bytes count against the connection's window until `Connection.consumed` returns them.
  func received(_ message: ByteBuffer, from connection: Connection)

  /// A connection that answered `full` or `shed` has drained below half of the soft limit.
  func writable(_ connection: Connection)

  /// A connection ended. It takes and delivers no more messages.
  func disconnected(_ connection: Connection, reason: DisconnectReason)

  /// A connection ended before it was ready, so `connected` was not called for it.
  func handshakeFailed(_ failure: HandshakeFailure)
}

/// A connection that did not get through its handshake, or was refused before it.
public struct HandshakeFailure: Sendable {
  /// The other end; nil when it had gone before its address was read.
  public let remote: Endpoint?
  /// Which side connected.
  public let direction: ConnectionDirection
  /// Why it failed.
  public let reason: DisconnectReason
}

/// Which side opened a TCP connection.
public enum ConnectionDirection: String, Hashable, Sendable {
  /// The peer connected to this node, which is the Noise responder.
  case inbound
  /// This node connected to the peer, as the Noise initiator.
  case outbound
}
