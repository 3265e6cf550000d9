import Gossip
import Market

/// A host and a port, of which 0 means any.
struct HostPort: Hashable, Sendable, CustomStringConvertible {
  let host: String
  let port: Int

  init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// Reads `host:port` or `[v6]:port`; nil for anything else.
  init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
      return nil
    }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    guard !host.isEmpty else { return nil }
    self.init(host: String(host), port: Int(port))
  }

  /// Whether `text` can be the host of an address.
  static func isHost(_ text: String) -> Bool { PeerAddress(PeerAddress(host: text, port: 1).description) != nil }

  /// Whether only this machine reaches it.
  var isLoopback: Bool { host == "localhost" || host == "::1" || isLoopbackIPv4 }

  /// Not a name that only looks like one.
  private var isLoopbackIPv4: Bool {
    host.hasPrefix("127.") && host.utf8.allSatisfy { $0.isDigit || $0 == UInt8(ascii: ".") }
  }

  /// The same where it means all addresses of this machine, in words that can be dialled here.
  var reachable: HostPort {
    switch host {
    case "0.0.0.0": HostPort(host: "127.0.0.1", port: port)
    case "::": HostPort(host: "::1", port: port)
    default: self
    }
  }

  var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
