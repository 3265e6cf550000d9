/// Where a node can be dialled.
public struct PeerAddress: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// An IPv4 or IPv6 address or a DNS name.
  public let host: String
  /// The TCP port, from 1.
  public let port: UInt16

  /// An address.
  public init(host: String, port: UInt16) {
    self.host = host
    self.port = port
  }

  /// An address from `host:port` or `[v6]:port`; nil when it is not one.
  public init?(_ text: some StringProtocol) {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0 else {
      return nil
    }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    guard !host.isEmpty, host.utf8.count <= 255, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
    self.init(host: String(host), port: port)
  }

  /// By host, then by port.
  public static func < (left: Self, right: Self) -> Bool {
    left.host == right.host ? left.port < right.port : left.host < right.host
  }

  /// `host:port`, with brackets around an IPv6 address.
  public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
