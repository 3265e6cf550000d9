import Glibc
import NodeCrypto

/// The signatures, checks, syncs and messages that one trade needs until its receipt is durable on both sides, one after
/// the other on one thread and nothing else:
///
/// | step | signs | verifies | syncs | sends |
/// |---|---|---|---|---|
/// | the command to the taker's node | | | | 1 |
/// | bid and proposal | terms, entry | | 1 | 1 |
/// | acceptance | acceptance, entry | terms, entry | 1 | 1 |
/// | the taker's store | | acceptance, entry | 1 | |
final class BareSettlement {
  private let file: Int32
  private var position = 0
  private let network: NetworkID
  private let (taker, maker) = (Identity.generate(), Identity.generate())
  private let keys: (taker: VerifyingKey, maker: VerifyingKey)
  /// Two ends of a TCP connection over loopback.
  private var ends: (Int32, Int32)

  /// Bytes of an entry with what a trade needs, and of the signed terms or acceptance in it.
  private static let entryBytes = 600
  private static let partBytes = 300
  /// Where the file starts over, as a write-ahead log does.
  private static let fileBytes = 4 << 20

  /// Writes to a file at `path`.
  init(file path: String, network: NetworkID) throws {
    self.network = network
    keys = (try VerifyingKey(taker.nodeID), try VerifyingKey(maker.nodeID))
    file = try Self.check("open", open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600))
    ends = try Self.connectedPair()
  }

  deinit {
    for descriptor in [file, ends.0, ends.1] { close(descriptor) }
  }

  /// Does it once; seconds.
  func run() throws -> Double {
    try Spent.measure {
      try send()
      let proposal = sign(.terms, by: taker)
      try sync()
      try send()
      verify(proposal, .terms, of: keys.taker)
      let acceptance = sign(.acceptance, by: maker)
      try sync()
      try send()
      verify(acceptance, .acceptance, of: keys.maker)
      try sync()
    }.wall
  }

  private let entry = [UInt8](repeating: 7, count: BareSettlement.entryBytes)
  private let part = [UInt8](repeating: 8, count: BareSettlement.partBytes)

  private func sign(_ domain: SigningDomain, by identity: Identity) -> [Signature] {
    [
      identity.sign(part, domain: domain, network: network), identity.sign(entry, domain: .entry, network: network),
    ]
  }

  private func verify(_ signatures: [Signature], _ domain: SigningDomain, of key: VerifyingKey) {
    let areValid =
      key.isValid(signatures[0], over: part, domain: domain, network: network)
      && key.isValid(signatures[1], over: entry, domain: .entry, network: network)
    precondition(areValid, "a signature of our own is not valid")
  }

  private func sync() throws {
    let written = entry.withUnsafeBytes { pwrite(file, $0.baseAddress, $0.count, position) }
    _ = try Self.check("pwrite", Int32(written))
    position = (position + written) % Self.fileBytes
    _ = try Self.check("fdatasync", fdatasync(file))
  }

  private func send() throws {
    var received = [UInt8](repeating: 0, count: entry.count)
    _ = try Self.check("write", Int32(entry.withUnsafeBytes { write(ends.0, $0.baseAddress, $0.count) }))
    _ = try Self.check("read", Int32(received.withUnsafeMutableBytes { read(ends.1, $0.baseAddress, $0.count) }))
  }

  private static func connectedPair() throws -> (Int32, Int32) {
    func descriptor() throws -> Int32 {
      try check("socket", socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0))
    }
    let listener = try descriptor()
    defer { close(listener) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let client = try descriptor()
    try withUnsafeMutablePointer(to: &address) { pointer in
      try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        _ = try check("bind", bind(listener, address, length))
        _ = try check("listen", listen(listener, 1))
        _ = try check("getsockname", getsockname(listener, address, &length))
        _ = try check("connect", connect(client, address, length))
      }
    }
    let server = try check("accept", accept(listener, nil, nil))
    var yes: Int32 = 1
    setsockopt(client, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    return (client, server)
  }

  private static func check(_ call: String, _ result: Int32) throws -> Int32 {
    guard result >= 0 else {
      throw NodeBenchmarkError.system(call: call, reason: String(cString: strerror(errno)))
    }
    return result
  }
}
