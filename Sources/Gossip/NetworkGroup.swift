/// Addresses that probably belong to one owner: an IPv4 /16, an IPv6 /32, a DNS domain. An attacker has many addresses in
/// few groups. Addresses of private networks are no place from which strangers come, and each is a group of its own; so
/// are sixteen neighbouring ports of the loopback address, since a test network runs on one.
enum NetworkGroup: Hashable, Sendable {
  case loopback(UInt16)
  case host(String)
  case ipv4(UInt16)
  case ipv6(UInt32)
  case domain(String)

  /// The group of an address.
  init(_ address: PeerAddress) {
    let host = address.host
    if let ipv4 = Self.ipv4(host) {
      self.init(ipv4: ipv4, address)
    } else if host.contains(":") {
      guard let words = Self.ipv6(host) else {
        self = .host(host)
        return
      }
      if words[0..<5].allSatisfy({ $0 == 0 }), words[5] == 0xFFFF {
        self.init(ipv4: UInt32(words[6]) << 16 | UInt32(words[7]), address)
      } else if words[0..<7].allSatisfy({ $0 == 0 }), words[7] == 1 {
        self = .loopback(address.port >> 4)
      } else if words[0] & 0xFE00 == 0xFC00 || words[0] & 0xFFC0 == 0xFE80 {
        self = .host(host)
      } else {
        self = .ipv6(UInt32(words[0]) << 16 | UInt32(words[1]))
      }
    } else if host == "localhost" {
      self = .loopback(address.port >> 4)
    } else {
      let name = host.lowercased()
      self = .domain(name.split(separator: ".").suffix(2).joined(separator: "."))
    }
  }

  private init(ipv4: UInt32, _ address: PeerAddress) {
    switch (ipv4 >> 24, ipv4 >> 16 & 0xFF) {
    case (127, _): self = .loopback(address.port >> 4)
    case (10, _), (192, 168), (172, 16...31), (169, 254): self = .host(address.host)
    default: self = .ipv4(UInt16(ipv4 >> 16))
    }
  }

  /// Bytes that no other group has.
  var bytes: [UInt8] {
    switch self {
    case .loopback(let ports): [0] + Self.bytes(UInt32(ports))
    case .host(let host): [1] + Array(host.utf8)
    case .ipv4(let prefix): [2] + Self.bytes(UInt32(prefix))
    case .ipv6(let prefix): [3] + Self.bytes(prefix)
    case .domain(let name): [4] + Array(name.utf8)
    }
  }

  private static func bytes(_ value: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> UInt32($0)) }
  }

  /// An IPv4 address in its four decimal numbers.
  private static func ipv4(_ text: some StringProtocol) -> UInt32? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var value: UInt32 = 0
    for part in parts {
      guard (1...3).contains(part.utf8.count), let byte = UInt8(part), part.utf8.first != UInt8(ascii: "+") else {
        return nil
      }
      value = value << 8 | UInt32(byte)
    }
    return value
  }

  /// The eight words of an IPv6 address, a zone left out.
  private static func ipv6(_ text: String) -> [UInt16]? {
    var address = text.prefix { $0 != "%" }
    var tail: [UInt16] = []
    if let colon = address.lastIndex(of: ":"), let ipv4 = ipv4(address[address.index(after: colon)...]) {
      tail = [UInt16(ipv4 >> 16), UInt16(truncatingIfNeeded: ipv4)]
      address = address[...colon]
      if !address.hasSuffix("::") { address = address.dropLast() }
    }
    func words(_ part: Substring) -> [UInt16]? {
      guard !part.isEmpty else { return [] }
      var words: [UInt16] = []
      for word in part.split(separator: ":", omittingEmptySubsequences: false) {
        guard (1...4).contains(word.utf8.count), let value = UInt16(word, radix: 16), words.count < 8 else {
          return nil
        }
        words.append(value)
      }
      return words
    }
    // The longest run of zeros is written as two colons, once at most.
    var front = address
    var back: Substring?
    var index = address.startIndex
    while index < address.endIndex {
      let next = address.index(after: index)
      if address[index] == ":", next < address.endIndex, address[next] == ":" {
        front = address[..<index]
        back = address[address.index(after: next)...]
        break
      }
      index = next
    }
    guard let first = words(front), let rest = words(back ?? "") else { return nil }
    let missing = 8 - first.count - rest.count - tail.count
    guard back == nil ? missing == 0 : missing >= 0 else { return nil }
    return first + [UInt16](repeating: 0, count: max(0, missing)) + rest + tail
  }
}
