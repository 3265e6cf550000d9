import Market
import NodeCrypto
import Wire

/// Why a message of the membership is rejected: no honest node sends it.
enum MembershipMessageError: Error, Equatable, CustomStringConvertible {
  case addressCount(Int, maximum: Int)
  case address
  case steps(UInt32, maximum: Int)
  case linkKind(Int)
  case node(byteCount: Int)

  /// What was wrong, with what value, and what is allowed.
  var description: String {
    switch self {
    case .addressCount(let count, let maximum): "\(count) addresses; allowed: \(maximum)"
    case .address: "an address that is not one"
    case .steps(let steps, let maximum): "a walk of \(steps) steps; allowed: at most \(maximum)"
    case .linkKind(let kind): "a link of kind \(kind); allowed: 1 to 3"
    case .node(let count): "a node id of \(count) bytes; allowed: 32"
    }
  }
}

extension NodeAddress {
  init(wire: WirePeerAddress) throws(MembershipMessageError) {
    guard let node = NodeID(bytes: wire.node), let port = UInt16(exactly: wire.port), port > 0,
      let address = PeerAddress(PeerAddress(host: wire.host, port: port).description)
    else { throw .address }
    self.init(node: node, address: address)
  }

  var wire: WirePeerAddress {
    var out = WirePeerAddress()
    out.node = .init(node.bytes)
    out.host = address.host
    out.port = UInt32(address.port)
    return out
  }

  static func list(
    _ wire: [WirePeerAddress], walks: GossipParameters.Walks
  ) throws(MembershipMessageError) -> [NodeAddress] {
    guard wire.count <= walks.maximumAddresses else {
      throw .addressCount(wire.count, maximum: walks.maximumAddresses)
    }
    var list: [NodeAddress] = []
    for item in wire { list.append(try NodeAddress(wire: item)) }
    return list
  }
}

extension MembershipMessage {
  /// Reads a message that a peer sent.
  ///
  /// - Precondition: it is one of the membership's.
  init(
    wire: WirePeerMessage.OneOf_Message, walks: GossipParameters.Walks
  ) throws(MembershipMessageError) {
    func steps(_ value: UInt32) throws(MembershipMessageError) -> Int {
      guard value <= walks.maximumSteps else { throw .steps(value, maximum: walks.maximumSteps) }
      return Int(value)
    }
    switch wire {
    case .neighbour(let message):
      guard let kind = LinkKind(rawValue: message.kind.rawValue) else { throw .linkKind(message.kind.rawValue) }
      self = .neighbour(kind, isUrgent: message.urgent, roundTripMilliseconds: Int64(message.roundTripMs))
    case .neighbourAnswer(let message):
      self = .neighbourAnswer(
        isAccepted: message.accepted, addresses: try NodeAddress.list(message.addresses, walks: walks))
    case .join: self = .join
    case .forwardJoin(let message):
      self = .forwardJoin(try NodeAddress(wire: message.newcomer), steps: try steps(message.ttl))
    case .shuffleRequest(let message):
      self = .shuffleRequest(
        id: message.id, steps: try steps(message.ttl),
        addresses: try NodeAddress.list(message.addresses, walks: walks))
    case .shuffleAnswer(let message):
      self = .shuffleAnswer(id: message.id, addresses: try NodeAddress.list(message.addresses, walks: walks))
    case .disconnect(let message):
      self = .disconnect(addresses: try NodeAddress.list(message.addresses, walks: walks))
    case .whois(let message):
      guard let node = NodeID(bytes: message.node) else { throw .node(byteCount: message.node.count) }
      self = .whois(id: message.id, node: node, steps: try steps(message.ttl))
    case .whoisAnswer(let message):
      self = .whoisAnswer(id: message.id, address: try NodeAddress(wire: message.address))
    default: preconditionFailure("not a message of the membership")
    }
  }

  /// The message as it travels.
  var wire: WirePeerMessage.OneOf_Message {
    switch self {
    case .neighbour(let kind, let isUrgent, let roundTrip):
      var out = WireNeighbour()
      out.kind = WireLinkKind(rawValue: kind.rawValue) ?? .unspecified
      out.urgent = isUrgent
      out.roundTripMs = UInt32(clamping: roundTrip)
      return .neighbour(out)
    case .neighbourAnswer(let isAccepted, let addresses):
      var out = WireNeighbourAnswer()
      out.accepted = isAccepted
      out.addresses = addresses.map(\.wire)
      return .neighbourAnswer(out)
    case .join: return .join(WireJoin())
    case .forwardJoin(let newcomer, let steps):
      var out = WireForwardJoin()
      out.newcomer = newcomer.wire
      out.ttl = UInt32(clamping: steps)
      return .forwardJoin(out)
    case .shuffleRequest(let id, let steps, let addresses):
      var out = WireShuffleRequest()
      out.id = id
      out.ttl = UInt32(clamping: steps)
      out.addresses = addresses.map(\.wire)
      return .shuffleRequest(out)
    case .shuffleAnswer(let id, let addresses):
      var out = WireShuffleAnswer()
      out.id = id
      out.addresses = addresses.map(\.wire)
      return .shuffleAnswer(out)
    case .disconnect(let addresses):
      var out = WireDisconnect()
      out.addresses = addresses.map(\.wire)
      return .disconnect(out)
    case .whois(let id, let node, let steps):
      var out = WireWhois()
      out.id = id
      out.node = .init(node.bytes)
      out.ttl = UInt32(clamping: steps)
      return .whois(out)
    case .whoisAnswer(let id, let address):
      var out = WireWhoisAnswer()
      out.id = id
      out.address = address.wire
      return .whoisAnswer(out)
    }
  }
}
