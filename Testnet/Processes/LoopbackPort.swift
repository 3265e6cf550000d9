import Glibc

/// A TCP port of 127.0.0.1.
public struct LoopbackPort: Hashable, Sendable, CustomStringConvertible {
  /// The port, from 1.
  public let port: UInt16

  /// The port that `address` (`HOST:PORT`) names; nil when the host is not the IPv4 loopback.
  public init?(address: String) {
    let parts = address.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0] == "127.0.0.1" || parts[0] == "localhost",
      let port = UInt16(parts[1]), port > 0
    else { return nil }
    self.port = port
  }

  private init(port: UInt16) { self.port = port }

  /// `127.0.0.1:PORT`.
  public var description: String { "127.0.0.1:\(port)" }

  /// Whether a listener could bind the port now.
  public var isFree: Bool { Self.bind(port) == port }

  /// A port that was free a moment ago.
  public static func findFree() throws(ProcessError) -> LoopbackPort {
    guard let port = bind(0) else {
      throw .system("bind", path: "127.0.0.1:0", reason: String(cString: strerror(errno)))
    }
    return LoopbackPort(port: port)
  }

  /// Binds `port` (0: any) for a moment as a listener would, and returns the port bound.
  private static func bind(_ port: UInt16) -> UInt16? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    // As the node sets it: connections of a former run that still linger do not keep a listener off.
    var yes: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))

    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        Glibc.bind(descriptor, address, length) == 0 && listen(descriptor, 1) == 0
          && getsockname(descriptor, address, &length) == 0
      }
    }
    return isBound ? UInt16(bigEndian: address.sin_port) : nil
  }
}
