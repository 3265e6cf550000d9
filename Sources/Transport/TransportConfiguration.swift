import NIOCore

/// The limits of a `Transport`. Every limit holds per transport or per connection, as its name says.
public struct TransportConfiguration: Sendable {
  /// How long a name lookup and a TCP connection together may take.
  public var dialTimeout = TimeAmount.seconds(5)
  /// How long the whole handshake may take, from the TCP connection on, however its bytes trickle in.
  public var handshakeTimeout = TimeAmount.seconds(5)
  /// After how long without a complete frame a connection is dropped. The layer above keeps it alive with pings.
  public var readIdleTimeout = TimeAmount.seconds(20)
  /// How long a closing connection may take to send what is queued and to see the peer close as well.
  public var closeTimeout = TimeAmount.seconds(2)
  /// How many connections there may be in total, handshakes and dials included.
  public var maximumConnections = 512
  /// How many of `maximumConnections` are kept for dialing, so that inbound connections cannot use up all of them.
  public var reservedForDialing = 32
  /// How many inbound connections one IPv4 address or one IPv6 /64 network may have.
  public var maximumConnectionsPerAddress = 32
  /// How many inbound connections all loopback addresses together may have: a local testnet is in one place.
  public var maximumConnectionsFromLoopback = 512
  /// How many delivered bytes may be unconsumed before a connection stops reading. It starts again below half.
  public var inboundWindowByteCount = 1 << 20
  /// From how many queued bytes on a connection takes no more bulk messages, and sheds entries and announcements. It
  /// takes them again below half.
  public var softQueueByteCount = 1 << 20
  /// How many bytes may be queued. A connection that would exceed it is closed with `slowPeer`.
  public var hardQueueByteCount = 4 << 20
  /// How long a connection may take from `softQueueByteCount` queued bytes to below half, which at the limits of a node
  /// is 9 kB a second. One that takes longer is closed with `congested`: otherwise a peer that reads nothing could hold
  /// the memory of its queue for ever.
  public var congestionTimeout = TimeAmount.seconds(60)

  /// The limits of a node on the public network.
  public init() {}

  /// Traps on values that cannot work together, which only our own code can set.
  func validate() {
    precondition(maximumConnections > reservedForDialing, "no inbound connection would be allowed")
    precondition(reservedForDialing >= 0 && maximumConnectionsPerAddress > 0, "a limit must be positive")
    precondition(maximumConnectionsFromLoopback > 0 && inboundWindowByteCount > 0, "a limit must be positive")
    precondition(
      softQueueByteCount > 0 && hardQueueByteCount >= softQueueByteCount, "the hard limit is below the soft one")
  }
}
