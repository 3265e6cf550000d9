import Market
import NodeCrypto

/// Who opened a connection.
public enum Direction: Sendable, Hashable {
  /// The peer did.
  case inbound
  /// This node did.
  case outbound
}

/// What two connected nodes are to each other.
public enum LinkKind: Int, Sendable, Hashable {
  /// Neighbours in the overlay by chance: these keep it connected.
  case random = 1
  /// Neighbours in the overlay for their short round trip: these make it fast.
  case near = 2
  /// Counterparties of a trade: outside the overlay.
  case direct = 3
}

/// A node and where it can be dialled.
struct NodeAddress: Hashable, Sendable {
  var node: NodeID
  var address: PeerAddress
}

/// What memberships say to each other. Every list is bounded by ``GossipParameters/Walks/maximumAddresses``.
enum MembershipMessage: Hashable, Sendable {
  /// Asks for a link over this connection.
  case neighbour(LinkKind, isUrgent: Bool, roundTripMilliseconds: Int64)
  /// Answers it; with addresses of others.
  case neighbourAnswer(isAccepted: Bool, addresses: [NodeAddress])
  /// Asks to be made known.
  case join
  /// Makes a newcomer known.
  case forwardJoin(NodeAddress, steps: Int)
  /// Offers addresses for others.
  case shuffleRequest(id: UInt64, steps: Int, addresses: [NodeAddress])
  /// Goes back the way of the shuffle.
  case shuffleAnswer(id: UInt64, addresses: [NodeAddress])
  /// Gives a link up.
  case disconnect(addresses: [NodeAddress])
  /// Asks where a node can be dialled.
  case whois(id: UInt64, node: NodeID, steps: Int)
  /// Goes back the way of the question.
  case whoisAnswer(id: UInt64, address: NodeAddress)

  /// Whether it asks for work, here or further on, and counts against the sender's budget.
  var isRequest: Bool {
    switch self {
    case .neighbour, .join, .forwardJoin, .shuffleRequest, .whois: true
    case .neighbourAnswer, .shuffleAnswer, .disconnect, .whoisAnswer: false
    }
  }
}

/// What the membership wants done.
enum MembershipAction: Sendable {
  /// Tell a connected node something.
  case send(MembershipMessage, to: NodeID)
  /// Open a connection.
  case dial(PeerAddress)
  /// End the connection to a node; it is forgotten here already.
  case close(NodeID, DisconnectCause)
  /// A connection has become a link, or a link of another kind.
  case linked(NodeID, LinkKind)
}

/// What a connection was opened for.
enum DialPurpose: Hashable, Sendable {
  /// A random link.
  case random
  /// Measuring the round trip of a candidate; a feeler.
  case probe
  /// A neighbour that was lost without a word.
  case lost
  /// A counterparty.
  case direct(NodeID)
}

/// A connected node, as the membership sees it.
struct Contact: Sendable {
  enum Phase: Hashable, Sendable {
    /// Connected, and no link yet.
    case open
    /// Asked for a link.
    case requested(LinkKind)
    /// A link.
    case linked(LinkKind)
  }

  let node: NodeID
  let direction: Direction
  /// Where the node can be dialled; nil when it is not known.
  var address: PeerAddress?
  /// The group of the place that the connection leads to.
  let group: NetworkGroup
  let since: Timestamp
  /// Why this node opened it.
  let purpose: DialPurpose?
  var phase = Phase.open
  /// Since when it has no link: since it is there, or since it was asked for another one over a direct link.
  var unlinkedSince: Timestamp
  var linkedAt = Timestamp.zero
  /// The shortest round trip that was measured: queues only lengthen it.
  var roundTripMilliseconds: Int64?
  /// When it last brought something new.
  var lastUseful: Timestamp?
  /// Whether this node asked for the link.
  var isOwnRequest = false
  /// Since when a direct link has not been wanted any more.
  var unwantedSince: Timestamp?
  /// Whether it has asked to be made known.
  var hasJoined = false
  /// Whether it says nothing of entries while others do: then it does not count as a link that is needed.
  var isSilent = false
  /// A random link that takes the place of another one.
  var isRotation = false

  var link: LinkKind? { if case .linked(let kind) = phase { kind } else { nil } }
  var request: LinkKind? { if case .requested(let kind) = phase { kind } else { nil } }
}
