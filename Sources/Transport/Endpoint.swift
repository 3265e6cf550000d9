import NIOCore

/// A host, as address or name, and a TCP port.
public struct Endpoint: Hashable, Sendable {
  /// An IPv4 or IPv6 address without brackets, or a name.
  public let host: String
  /// The TCP port.
  public let port: Int

  /// The endpoint at `host` and `port`, neither of which is checked here.
  public init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// The endpoint at a socket's address; nil when that is not an IP address.
  init?(_ address: SocketAddress) {
    guard let host = address.ipAddress, let port = address.port else { return nil }
    self.init(host: host, port: port)
  }
}

extension Endpoint: CustomStringConvertible {
  /// `host:port`, with an IPv6 address in brackets.
  public var description: String { host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

extension TimeAmount {
  /// The whole milliseconds in this time.
  var milliseconds: Int64 { nanoseconds / 1_000_000 }
}
