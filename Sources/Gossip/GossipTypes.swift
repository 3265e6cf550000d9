import Market
import NodeCrypto
import Wire

/// In which order a slow connection is served: most urgent first. What a peer can find out by a comparison of heads may be
/// shed on the way to one that reads too slowly; a ``GossipCore/drained(_:now:into:)`` follows.
public enum SendPriority: UInt8, CaseIterable, Comparable, Sendable {
  /// Entries for the counterparty of a trade, and what keeps a connection alive.
  case urgent = 0
  /// New entries. May be shed.
  case entry = 1
  /// Answers to what a peer asked, and whatever else it would not find out later.
  case answer = 2
  /// Names of entries. May be shed.
  case announcement = 3
  /// History for a peer that catches up.
  case bulk = 4

  /// The more urgent is the smaller.
  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// Why this node ends a connection.
public enum DisconnectCause: Sendable, Equatable, CustomStringConvertible {
  /// The peer sent what no honest node sends.
  case misbehaved(String)
  /// Another connection to the same node stays.
  case duplicate
  /// The peer misbehaved shortly before.
  case banned
  /// The node has as many peers as it takes.
  case full(maximum: Int)
  /// The peer did not answer for too long.
  case silent(milliseconds: Int64)
  /// The peer announced what it did not deliver, too often.
  case unreliable
  /// The peer says nothing of entries while others do.
  case idle
  /// The node has no place for a link to this peer, or the peer has none.
  case refused
  /// A peer in greater need took the place.
  case evicted
  /// A nearer or newer link took the place.
  case replaced
  /// The node has more links than it needs.
  case surplus
  /// The peer's round trip was measured, and nothing else was wanted.
  case probed
  /// The connection did not become a link in time.
  case unlinked
  /// The peer gave the link up.
  case givenUp

  /// The cause in words.
  public var description: String {
    switch self {
    case .misbehaved(let what): "misbehaved: \(what)"
    case .duplicate: "another connection to the same node stays"
    case .banned: "misbehaved shortly before"
    case .full(let maximum): "more peers than \(maximum)"
    case .silent(let span): "silent for \(span) ms"
    case .unreliable: "announces what it does not deliver"
    case .idle: "passes nothing on"
    case .refused: "no place for another link"
    case .evicted: "a peer in greater need took the place"
    case .replaced: "a nearer or newer link took the place"
    case .surplus: "more links than needed"
    case .probed: "the round trip was measured"
    case .unlinked: "no link in time"
    case .givenUp: "the peer gave the link up"
    }
  }
}

/// What a node says of itself to its peers every few seconds, so that anybody sees whether the books agree.
public struct Summary: Hashable, Sendable {
  /// The digest of the order book.
  public var bookDigest: Digest
  /// The book's time.
  public var bookTime: Timestamp
  /// Feeds held.
  public var feeds: UInt64
  /// Entries of the feeds held, pruned ones too.
  public var entries: UInt64
  /// Open orders.
  public var orders: UInt64

  /// A summary with the given facts.
  public init(bookDigest: Digest, bookTime: Timestamp, feeds: UInt64, entries: UInt64, orders: UInt64) {
    self.bookDigest = bookDigest
    self.bookTime = bookTime
    self.feeds = feeds
    self.entries = entries
    self.orders = orders
  }

  init?(wire: WireSummary) {
    guard let digest = Digest(bytes: wire.bookDigest), let time = Timestamp(wire: wire.bookTimeMs) else { return nil }
    self.init(
      bookDigest: digest, bookTime: time, feeds: wire.feeds, entries: wire.entries, orders: wire.orders)
  }

  var wire: WireSummary {
    var out = WireSummary()
    out.bookDigest = .init(bookDigest.bytes)
    out.bookTimeMs = bookTime.wire
    out.feeds = feeds
    out.entries = entries
    out.orders = orders
    return out
  }
}

/// A connected peer, as seen from here.
public struct Peer: Sendable {
  /// The peer's name.
  public let node: NodeID
  /// The connection that carries the peer.
  public let connection: UInt64
  /// Where the connection leads.
  public let address: PeerAddress
  /// Who opened it.
  public let direction: Direction
  /// Since when it stands.
  public let connectedAt: Timestamp
  /// The peer's software as it says; empty before its hello.
  public internal(set) var agent = ""
  /// Where the peer can be dialled; nil before its hello or when it cannot be.
  public internal(set) var listens: PeerAddress?
  /// What the peer last said of itself.
  public internal(set) var summary: Summary?
  /// What the peer is to this node; nil while the connection is not a link.
  public internal(set) var link: LinkKind?
  /// The last measured round trip in milliseconds.
  public internal(set) var roundTripMilliseconds: Int64?

  var hasGreeted = false
  var lastHeard: Timestamp
  var nextPing: Timestamp
  /// Names the comparison that this node last began with the peer.
  var comparedSalt: UInt64?
  /// Names the peer's comparison that was last answered, and how many of its messages have been.
  var answeredSalt: UInt64?
  var answeredRounds = 0
  /// When this node last began a comparison with the peer.
  var comparedAt: Timestamp?
  /// When this node owes the peer a comparison, because something for it was shed.
  var comparisonDue: Timestamp?
  /// Another comparison of the peer's before this moment is not answered.
  var nextComparison = Timestamp.zero
  var pingSent: (id: UInt64, at: Timestamp)?
}

/// A part of a feed that a peer asks for.
public struct FeedRange: Hashable, Sendable {
  /// Whose feed.
  public let author: NodeID
  /// The first sequence, from 1.
  public let from: UInt64
  /// The last sequence.
  public let through: UInt64

  /// A part of a feed.
  public init(author: NodeID, from: UInt64, through: UInt64) {
    self.author = author
    self.from = from
    self.through = through
  }
}

/// The message that carries a summary.
public enum SummaryKind: Sendable {
  /// A question whether the peer is there.
  case ping
  /// The answer.
  case pong
}

/// What the gossip wants done; it does nothing itself.
public enum GossipEffect: Sendable {
  /// Send one message over a connection.
  case send(connection: UInt64, message: [UInt8], priority: SendPriority)
  /// Send a ping or a pong with what this node says of itself at that moment.
  case sendSummary(connection: UInt64, kind: SummaryKind, id: UInt64)
  /// Check the signature and content of an entry; the answer comes back as
  /// ``GossipCore/verified(_:role:refusal:now:into:)``.
  case verify(SignedEntry)
  /// Check a proof that came from a peer; the answer comes back as ``GossipCore/proofVerified(_:from:isValid:now:into:)``.
  case verifyProof(FraudProof, from: NodeID)
  /// The next entry of its feed: append it to what is known, and keep it.
  case deliver(SignedEntry)
  /// The first part of a checkpoint, from which on the feed is held now: what was before is pruned; append it to what
  /// is known, and keep it.
  case jump(SignedEntry)
  /// Read from the store what is missing for a proof, and check that; a good one comes back as
  /// ``GossipCore/proofFound(_:now:into:)``.
  case collect(FraudCase)
  /// An author is frozen from the proof's sequence on: keep the proof, and take back what it voids.
  case freeze(FraudProof)
  /// Send these parts of feeds to a peer, out of the store, as answers to its request.
  case serve(connection: UInt64, request: UInt64, ranges: [FeedRange])
  /// Open a connection.
  case dial(PeerAddress)
  /// End a connection.
  case disconnect(connection: UInt64, cause: DisconnectCause)
}
