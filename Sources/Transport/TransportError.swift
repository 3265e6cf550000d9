import NIOCore
import NIOPosix

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Why `Transport` could not listen or dial.
public enum TransportError: Error, Equatable, Sendable {
  /// The port is not a TCP port.
  case invalidPort(Int, allowed: ClosedRange<Int>)
  /// Something listens on this address already.
  case addressInUse(Endpoint)
  /// The address is not one of this machine's, or the name does not resolve.
  case addressNotAvailable(Endpoint)
  /// The operating system does not let this process use the address.
  case permissionDenied(Endpoint)
  /// The operating system refused to listen for another reason.
  case cannotListen(Endpoint, String)
  /// No TCP connection came to be in time.
  case dialTimeout(Endpoint, limitMilliseconds: Int64)
  /// The name does not resolve or nobody accepts connections there.
  case cannotConnect(Endpoint, String)
  /// The connection ended before it was ready.
  case handshakeFailed(Endpoint, DisconnectReason)
  /// There are as many connections as are allowed.
  case tooManyConnections(limit: Int)
  /// The transport has been shut down.
  case shutDown
}

extension TransportError {
  /// The error for a failed attempt to listen on `endpoint`.
  static func listening(on endpoint: Endpoint, failedWith error: any Error) -> TransportError {
    switch error {
    case let error as TransportError: error
    case is SocketAddressError, is SocketAddressError.UnknownHost: .addressNotAvailable(endpoint)
    case let error as IOError where error.errnoCode == EADDRINUSE: .addressInUse(endpoint)
    case let error as IOError where error.errnoCode == EADDRNOTAVAIL: .addressNotAvailable(endpoint)
    case let error as IOError where error.errnoCode == EACCES || error.errnoCode == EPERM: .permissionDenied(endpoint)
    default: .cannotListen(endpoint, "\(error)")
    }
  }

  /// The error for a failed attempt to connect to `endpoint`.
  static func dialing(_ endpoint: Endpoint, failedWith error: any Error) -> TransportError {
    switch error {
    case let error as TransportError:
      return error
    case let error as DisconnectReason:
      return .handshakeFailed(endpoint, error)
    case ChannelError.connectTimeout(let limit):
      return .dialTimeout(endpoint, limitMilliseconds: limit.milliseconds)
    case let error as NIOConnectionError where !error.connectionErrors.isEmpty:
      let attempts = error.connectionErrors.map { "\(Endpoint($0.target)?.description ?? "?"): \($0.error)" }
      return .cannotConnect(endpoint, attempts.joined(separator: "; "))
    case is NIOConnectionError:
      return .cannotConnect(endpoint, "the name does not resolve")
    default:
      return .cannotConnect(endpoint, "\(error)")
    }
  }
}

extension TransportError: CustomStringConvertible {
  /// What was wrong, with what value, and what is allowed or can be done.
  public var description: String {
    switch self {
    case .invalidPort(let port, let allowed):
      "\(port) is not a port; allowed are \(allowed.lowerBound) to \(allowed.upperBound)"
    case .addressInUse(let endpoint):
      "cannot listen on \(endpoint): another process listens there; stop it, or choose another port (0 takes any)"
    case .addressNotAvailable(let endpoint):
      "cannot listen on \(endpoint): it is not an address of this machine; 0.0.0.0 or :: listens on all of them"
    case .permissionDenied(let endpoint):
      "cannot listen on \(endpoint): permission denied; ports below 1024 need a privilege, choose a higher one"
    case .cannotListen(let endpoint, let error):
      "cannot listen on \(endpoint): \(error)"
    case .dialTimeout(let endpoint, let limitMilliseconds):
      "no connection to \(endpoint) within \(limitMilliseconds) ms"
    case .cannotConnect(let endpoint, let error):
      "no connection to \(endpoint): \(error)"
    case .handshakeFailed(let endpoint, let reason):
      "no connection to \(endpoint): \(reason)"
    case .tooManyConnections(let limit):
      "too many connections; allowed are at most \(limit)"
    case .shutDown:
      "the transport has been shut down"
    }
  }
}
