import NIOCore

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Which connections count as coming from one place: an IPv4 address, or an IPv6 /64 network, which one subscriber
/// usually has to itself. An IPv4 address mapped into IPv6 is the IPv4 address; all loopback addresses are one group.
enum AddressGroup: Hashable, Sendable {
  case loopback
  case ipv4(UInt32)
  case ipv6Network(UInt64)
  /// Not an IP address, or one that could not be read because the peer has gone already.
  case unknown

  /// The group of a socket's remote address.
  init(_ address: SocketAddress?) {
    switch address {
    case .v4(let address):
      self.init(ipv4: UInt32(bigEndian: address.address.sin_addr.s_addr))
    case .v6(let address):
      self = withUnsafeBytes(of: address.address.sin6_addr) { bytes in
        let high = UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
        let low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        if high == 0, low == 1 { return .loopback }
        if high == 0, low >> 32 == 0xffff { return Self(ipv4: UInt32(truncatingIfNeeded: low)) }
        return .ipv6Network(high)
      }
    case .unixDomainSocket, nil:
      self = .unknown
    }
  }

  private init(ipv4 address: UInt32) {
    self = address >> 24 == 127 ? .loopback : .ipv4(address)
  }
}
