import NIOCore
import NodeCrypto

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Why a connection ended or never came to be. It ends that one connection and nothing else.
public enum DisconnectReason: Error, Equatable, Sendable {
  /// The peer closed between two frames.
  case closedByPeer
  /// This node closed it, for a reason that the layer above gave.
  case closedLocally(String)
  /// This node is shutting down.
  case shutdown
  /// The network reset the connection.
  case connectionReset
  /// The operating system reported another error.
  case networkError(String)
  /// The stream ended inside a frame, of which this many bytes had arrived.
  case truncatedFrame(byteCount: Int)
  /// A frame announced no bytes.
  case emptyFrame
  /// A frame announced more bytes than allowed at this point.
  case frameTooLong(byteCount: Int, limit: Int)
  /// The handshake was not complete in time.
  case handshakeTimeout(limitMilliseconds: Int64)
  /// The handshake was refused: garbage, another network, a weak key, a bad identity proof or an unexpected peer.
  case handshakeRefused(NoiseError)
  /// The peer is this node.
  case selfConnection
  /// A frame did not decrypt: altered, repeated, left out, reordered or too short.
  case sessionFailed(NoiseError)
  /// No complete frame arrived for too long.
  case idle(limitMilliseconds: Int64)
  /// The peer took too little of what this node had to send.
  case slowPeer(queuedByteCount: Int, limit: Int)
  /// The peer took too little of what this node had to send for too long.
  case congested(queuedByteCount: Int, limitMilliseconds: Int64)
  /// There are as many connections as are allowed.
  case tooManyConnections(limit: Int)
  /// There are as many connections from this address as are allowed.
  case tooManyConnectionsFromAddress(limit: Int)
}

extension DisconnectReason {
  /// The reason for an error that the channel reported.
  init(_ error: any Error) {
    switch error {
    case let error as DisconnectReason:
      self = error
    case let error as IOError where error.errnoCode == ECONNRESET || error.errnoCode == EPIPE:
      self = .connectionReset
    default:
      self = .networkError("\(error)")
    }
  }

  /// A name of the case that never changes, from a fixed set: for metrics' labels.
  public var label: String {
    switch self {
    case .closedByPeer: "closed_by_peer"
    case .closedLocally: "closed_locally"
    case .shutdown: "shutdown"
    case .connectionReset: "connection_reset"
    case .networkError: "network_error"
    case .truncatedFrame: "truncated_frame"
    case .emptyFrame: "empty_frame"
    case .frameTooLong: "frame_too_long"
    case .handshakeTimeout: "handshake_timeout"
    case .handshakeRefused: "handshake_refused"
    case .selfConnection: "self_connection"
    case .sessionFailed: "session_failed"
    case .idle: "idle"
    case .slowPeer: "slow_peer"
    case .congested: "congested"
    case .tooManyConnections: "too_many_connections"
    case .tooManyConnectionsFromAddress: "too_many_connections_from_address"
    }
  }
}

extension DisconnectReason: CustomStringConvertible {
  /// What was wrong, with what value, and what is allowed.
  public var description: String {
    switch self {
    case .closedByPeer:
      "the peer closed the connection"
    case .closedLocally(let reason):
      "closed by this node: \(reason)"
    case .shutdown:
      "this node is shutting down"
    case .connectionReset:
      "the connection was reset"
    case .networkError(let error):
      "network error: \(error)"
    case .truncatedFrame(let byteCount):
      "the stream ended inside a frame, \(byteCount) bytes after its start"
    case .emptyFrame:
      "a frame of 0 bytes; allowed are 1 to \(FrameFormat.maximumBodyByteCount)"
    case .frameTooLong(let byteCount, let limit):
      "a frame of \(byteCount) bytes; allowed at this point are at most \(limit)"
    case .handshakeTimeout(let limitMilliseconds):
      "the handshake took more than \(limitMilliseconds) ms"
    case .handshakeRefused(let error):
      "handshake refused: \(error)"
    case .selfConnection:
      "the peer is this node itself"
    case .sessionFailed(let error):
      "the encrypted session failed: \(error)"
    case .idle(let limitMilliseconds):
      "no frame arrived for \(limitMilliseconds) ms"
    case .slowPeer(let queuedByteCount, let limit):
      "the peer reads too slowly: \(queuedByteCount) bytes wait to be sent; allowed are at most \(limit)"
    case .congested(let queuedByteCount, let limitMilliseconds):
      "the peer reads too slowly: after \(limitMilliseconds) ms \(queuedByteCount) bytes still wait to be sent"
    case .tooManyConnections(let limit):
      "too many connections; allowed are at most \(limit)"
    case .tooManyConnectionsFromAddress(let limit):
      "too many connections from one address; allowed are at most \(limit)"
    }
  }
}
