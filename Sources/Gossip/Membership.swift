import Market
import NodeCrypto

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

/// Who opened a connection.
public enum Direction: Sendable, Hashable {
  /// The peer did.
  case inbound
  /// This node did.
  case outbound
}

/// The full-mesh membership of a small network: a node connects to every node it learns of, from its bootstrap
/// addresses, from its peers' lists, and from the peers that dial it.
///
/// | address | moves on | to |
/// |---|---|---|
/// | idle | its dial time comes | dialling |
/// | dialling | connected | connected |
/// | dialling | failed | idle, later: the backoff doubles from 1 s to 60 s, with jitter |
/// | connected | disconnected | idle |
/// | any | it turns out to be this node | own: never dialled |
struct Membership: Sendable {
  enum State: Hashable, Sendable {
    case idle(nextDial: Timestamp)
    case dialling
    case connected
    case own
  }

  struct Known: Sendable {
    var node: NodeID?
    var state: State
    var failures: Int
  }

  static let maximumAddresses = 4096
  static let maximumPeers = 256
  /// How many of those a node that is dialled leaves for the nodes that it dials itself.
  static let reservedForDialing = 32
  /// Dials that may be under way at once.
  static let maximumDials = 16
  static let firstBackoffMilliseconds: Int64 = 1000
  static let lastBackoffMilliseconds: Int64 = 60_000
  static let banMilliseconds: Int64 = 60_000
  /// After this many failures in a row an address that no connected peer vouches for is forgotten.
  static let forgottenAfterFailures = 20

  private let own: NodeID
  private var addresses: [PeerAddress: Known] = [:]
  private var bootstrap: Set<PeerAddress> = []
  private var banned: [NodeID: Timestamp] = [:]
  private var generator: SplitMix64

  init(own: NodeID, seed: UInt64) {
    self.own = own
    generator = SplitMix64(seed: seed)
  }

  /// Notes an address; one that is known already keeps its state.
  mutating func learn(_ address: PeerAddress, node: NodeID?, now: Timestamp, isBootstrap: Bool = false) {
    if isBootstrap { bootstrap.insert(address) }
    if var known = addresses[address] {
      if known.node == nil, known.state != .own { known.node = node }
      addresses[address] = known
      return
    }
    guard addresses.count < Self.maximumAddresses else { return }
    let state: State = node == own ? .own : .idle(nextDial: now)
    addresses[address] = Known(node: node, state: state, failures: 0)
  }

  /// The addresses to dial now, ascending; each is `dialling` from here on.
  mutating func dialsDue(now: Timestamp, isConnected: (NodeID) -> Bool, peerCount: Int) -> [PeerAddress] {
    banned = banned.filter { $0.value > now }
    var due: [PeerAddress] = []
    let underWay = addresses.values.reduce(0) { $0 + ($1.state == .dialling ? 1 : 0) }
    for address in addresses.keys.sorted() {
      guard peerCount + due.count < Self.maximumPeers, underWay + due.count < Self.maximumDials else { break }
      guard let known = addresses[address], case .idle(let next) = known.state, next <= now else { continue }
      if let node = known.node, isConnected(node) || banned[node] != nil { continue }
      addresses[address]?.state = .dialling
      due.append(address)
    }
    return due
  }

  /// The next moment at which an address may be due; nil when none will be.
  func nextDial(isConnected: (NodeID) -> Bool, peerCount: Int) -> Timestamp? {
    let underWay = addresses.values.reduce(0) { $0 + ($1.state == .dialling ? 1 : 0) }
    guard peerCount < Self.maximumPeers, underWay < Self.maximumDials else { return nil }
    var next: Timestamp?
    for known in addresses.values {
      guard case .idle(var time) = known.state else { continue }
      if let node = known.node {
        if isConnected(node) { continue }
        if let until = banned[node] { time = max(time, until) }
      }
      next = min(next ?? time, time)
    }
    return next
  }

  mutating func connected(_ node: NodeID, at address: PeerAddress) {
    addresses[address] = Known(node: node, state: .connected, failures: 0)
  }

  /// A peer that dialled this node says where it can be dialled itself. An address at which another node is connected
  /// stays that node's, and a full table takes no more.
  mutating func claimed(_ address: PeerAddress, by node: NodeID) {
    if let known = addresses[address] {
      guard known.state != .own, known.state != .connected || known.node == node else { return }
    } else {
      guard addresses.count < Self.maximumAddresses else { return }
    }
    connected(node, at: address)
  }

  mutating func disconnected(_ node: NodeID, now: Timestamp) {
    for address in addresses.keys.sorted() where addresses[address]?.node == node {
      guard addresses[address]?.state == .connected else { continue }
      let pause = jittered(Self.firstBackoffMilliseconds)
      addresses[address]?.state = .idle(nextDial: now + pause)
    }
  }

  mutating func dialFailed(_ address: PeerAddress, isOwn: Bool, now: Timestamp) {
    guard var known = addresses[address] else { return }
    guard !isOwn else {
      known.state = .own
      addresses[address] = known
      return
    }
    known.failures += 1
    if known.failures >= Self.forgottenAfterFailures, !bootstrap.contains(address) {
      addresses[address] = nil
      return
    }
    let doubled = Self.firstBackoffMilliseconds << Int64(min(known.failures - 1, 6))
    known.state = .idle(nextDial: now + jittered(min(doubled, Self.lastBackoffMilliseconds)))
    addresses[address] = known
  }

  /// Somebody answered at an address that was dialled. It may be a name for an address under which the node is known
  /// already, and the connection may be gone again.
  mutating func dialed(_ address: PeerAddress, node: NodeID, isConnected: Bool, now: Timestamp) {
    let next = now + jittered(Self.firstBackoffMilliseconds)
    addresses[address] = Known(node: node, state: isConnected ? .connected : .idle(nextDial: next), failures: 0)
  }

  mutating func ban(_ node: NodeID, now: Timestamp) { banned[node] = now + Self.banMilliseconds }

  func isBanned(_ node: NodeID, now: Timestamp) -> Bool { banned[node].map { $0 > now } ?? false }

  /// Whether every address known here is this node's own.
  var knowsNobody: Bool { addresses.values.allSatisfy { $0.state == .own } }

  /// What to tell a peer: the addresses of nodes known by name, ascending.
  var shareable: [(node: NodeID, address: PeerAddress)] {
    addresses.keys.sorted().compactMap { address in
      guard let known = addresses[address], known.state == .connected, let node = known.node else { return nil }
      return (node, address)
    }
  }

  /// Between half and all of `span`, so that nodes that lost each other together do not come back together.
  private mutating func jittered(_ span: Int64) -> Int64 {
    span / 2 + Int64.random(in: 0...(span / 2), using: &generator)
  }
}
