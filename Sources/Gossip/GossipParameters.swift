/// The rate of a token bucket.
public struct TokenRate: Hashable, Sendable {
  /// Tokens that come in a thousand seconds, which is also millionths of a token a millisecond.
  public var perThousandSeconds: Int64
  /// The most tokens that a bucket holds, and what a new one starts with.
  public var burst: Int64

  /// A rate.
  public init(perThousandSeconds: Int64, burst: Int64) {
    self.perThousandSeconds = perThousandSeconds
    self.burst = burst
  }
}

/// Every constant of the gossip that is local, in one place: none of them decides whether an entry is valid, so nodes with
/// different values hold the same book. Spans are in milliseconds.
///
/// Sources: [HV] Leitão, Pereira, Rodrigues, "HyParView" (2007); [XB] Leitão, Marques, Pereira, Rodrigues, "X-BOT"
/// (2009); [BC] Bitcoin Core's address manager and eviction, after Heilman et al., "Eclipse Attacks on Bitcoin's
/// Peer-to-Peer Network" (2015); [GS] GossipSub 1.1 (Vyzovitis et al. 2020). What has none was chosen here, and
/// docs/PROTOCOL.md says why.
public struct GossipParameters: Sendable {
  /// Keeping connections alive.
  public struct Keepalive: Sendable {
    /// How often a peer is asked whether it is there.
    public var pingMilliseconds: Int64 = 5000
    /// After how long without a word a connection is ended: one lost answer, and time for the next.
    public var silenceMilliseconds: Int64 = 8000
  }

  /// The overlay's views.
  public struct Views: Sendable {
    /// Random links below which a node dials. [HV] active view, half of the 8.
    public var randomTarget = 4
    /// Random links that a node opens itself, however many others open to it: whoever fills the inbound places does not
    /// choose these. [GS] D_out.
    public var randomOutboundTarget = 2
    /// So many random links above the target are kept; of more a node lets go of some that it opened.
    public var randomSurplus = 1
    /// Between two such steps.
    public var sheddingMilliseconds: Int64 = 5000
    /// Near links below which a node dials. [XB] biased part of the active view, the other half of the 8.
    public var nearTarget = 4
    /// Links of the overlay from which on a request that is not urgent is refused, or costs a silent one its place. The
    /// span between the targets and this is what keeps links from flapping.
    public var softLimit = 12
    /// Near links from which on only a nearer one is taken, in exchange.
    public var nearLimit = 5
    /// Inbound links of the overlay from which on an urgent request costs another one its place.
    public var inboundLimit = 24
    /// Between two such evictions.
    public var evictionMilliseconds: Int64 = 1000
    /// How often it is looked at which links say nothing of entries, at the most.
    public var silenceCheckMilliseconds: Int64 = 1000
    /// Addresses at hand to dial next. [HV] passive view.
    public var passiveCount = 48
    /// A connection that has not become a link after so long is ended.
    public var unlinkedMilliseconds: Int64 = 10_000
    /// Connections at all. Those to be opened are left room by ``reservedConnections``.
    public var maximumConnections = 128
    /// How many of those an inbound connection leaves free.
    public var reservedConnections = 32
  }

  /// Random walks.
  public struct Walks: Sendable {
    /// Steps of a newcomer's walk. [HV] ARWL.
    public var activeSteps = 6
    /// The step at which a newcomer enters the passive view. [HV] PRWL.
    public var passiveSteps = 3
    /// Between two shuffles. [HV] gives no time.
    public var shuffleMilliseconds: Int64 = 30_000
    /// Between two shuffles of a node that has just started, and how many those are.
    public var eagerShuffleMilliseconds: Int64 = 3000
    /// So many shuffles come sooner one after the other.
    public var eagerShuffles = 10
    /// Between two requests to be made known.
    public var joinMilliseconds: Int64 = 3000
    /// Steps of a shuffle.
    public var shuffleSteps = 6
    /// Addresses of neighbours in a shuffle. [HV] ka.
    public var shuffleActive = 3
    /// Addresses of the passive view in a shuffle. [HV] kp.
    public var shufflePassive = 4
    /// Steps of a search for a node's address.
    public var whoisSteps = 8
    /// The most steps that a peer may ask for.
    public var maximumSteps = 10
    /// Walks whose way back is remembered, and for how long.
    public var maximumReturns = 1024
    /// After so long nobody waits for an answer any more.
    public var returnMilliseconds: Int64 = 10_000
    /// Addresses that go with a link that is granted or given up.
    public var acceptedAddresses = 16
    /// The most addresses in one message.
    public var maximumAddresses = 32
  }

  /// The choice of near links.
  public struct Nearness: Sendable {
    /// A candidate is clearly nearer when its round trip is at most this much of that of the worst near link.
    public var swapPercent: Int64 = 80
    /// And shorter by at least this, so that jitter in one machine room swaps nothing.
    public var swapMilliseconds: Int64 = 5
    /// A near link is not exchanged before it is so old.
    public var minimumAgeMilliseconds: Int64 = 3000
    /// So many refusals of near links in a row make a node take a random one instead: the near places of others are full.
    public var maximumRefusals = 3
    /// Between two probes while near links are missing.
    public var urgentProbeMilliseconds: Int64 = 200
    /// Between two probes after one that was worth it, at the least.
    public var probeMilliseconds: Int64 = 500
    /// Between two probes when nothing better is found; each fruitless one doubles the span up to here. These probes are
    /// [BC]'s feelers, too.
    public var slowestProbeMilliseconds: Int64 = 120_000
    /// Candidates that are measured at full speed before probing slows down: the four nearest of forty are within a tenth
    /// of the nearest.
    public var firstProbes = 40
    /// Measured nodes that are remembered, and for how long.
    public var maximumMeasured = 256
    /// After so long a node may be measured again.
    public var measuredMilliseconds: Int64 = 600_000
    /// Probes between two that make a random link of what they find, in the place of the oldest that this node opened:
    /// parts of a network that have lost sight of each other grow together again.
    public var probesPerRotation = 5
  }

  /// Dialling.
  public struct Dialling: Sendable {
    /// Dials that may be under way at once.
    public var maximumDials = 16
    /// A dial that takes longer does not keep another from being made in its place.
    public var slowDialMilliseconds: Int64 = 1000
    /// The pause after a failure; each further one doubles it.
    public var firstBackoffMilliseconds: Int64 = 1000
    /// The longest pause.
    public var lastBackoffMilliseconds: Int64 = 60_000
    /// How long a node that refused a link is not asked again.
    public var refusedMilliseconds: Int64 = 30_000
    /// Kept addresses that a restarted node dials first. [BC] anchors, which are two there.
    public var anchorCount = 4
    /// Neighbours lost without a word that are dialled until they come back.
    public var maximumLost = 8
    /// After this many failures in a row an address is forgotten, and a lost neighbour is not dialled out of turn.
    public var forgottenAfterFailures = 20
  }

  /// The address book. [BC], smaller, since a market has fewer nodes.
  public struct Book: Sendable {
    /// Buckets of addresses that were heard of.
    public var newBuckets: UInt64 = 128
    /// Buckets of addresses at which a node was reached.
    public var triedBuckets: UInt64 = 64
    /// Addresses in a bucket.
    public var bucketCount = 32
    /// Buckets into which one source's addresses can come: a 16th of all.
    public var newBucketsPerSource: UInt64 = 8
    /// Buckets into which one network group's addresses can come: a 16th of all.
    public var triedBucketsPerGroup: UInt64 = 4
    /// Addresses that wait for the test of the one whose place they want.
    public var maximumTests = 10
    /// From so many failures without a success on, an address gives its place to any other.
    public var hopelessFailures = 3
    /// With so few addresses in the book, untested claims are handed on, too.
    public var smallCount = 16
    /// How long a claim that was not tested is handed on to nodes without links: long enough for a network that starts at
    /// once.
    public var claimMilliseconds: Int64 = 30_000
    /// Addresses that are kept over a restart.
    public var keptCount = 64
  }

  /// Direct connections to counterparties.
  public struct Direct: Sendable {
    /// Counterparties to which this node keeps a connection outside the views.
    public var maximumWanted = 16
    /// Such connections that others may have to it.
    public var maximumInbound = 32
    /// Between two searches for the address of the same node.
    public var searchMilliseconds: Int64 = 4000
    /// How long such a connection stays when it is not wanted any more: the next trade may be with the same node.
    public var lingerMilliseconds: Int64 = 30_000
  }

  /// Judging peers.
  public struct Judging: Sendable {
    /// How long the first ban lasts; each further one twice as long.
    public var firstBanMilliseconds: Int64 = 60_000
    /// The longest ban.
    public var longestBanMilliseconds: Int64 = 3_600_000
    /// How long a node that does not keep its word gets no link for the first time; each further time twice as long.
    public var firstPauseMilliseconds: Int64 = 300_000
    /// The longest pause.
    public var longestPauseMilliseconds: Int64 = 3_600_000
    /// After so long without an offence a node counts as new.
    public var forgivenMilliseconds: Int64 = 86_400_000
    /// Nodes whose offences are remembered.
    public var maximumBans = 4096
    /// Broken promises that end a connection, less those that have decayed.
    public var promiseLimit: Int64 = 20
    /// Broken promises that an audit without an answer counts for: a late entry is common, none at all is not.
    public var failedAuditWeight: Int64 = 8
    /// In this time one broken promise decays.
    public var promiseDecayMilliseconds: Int64 = 5000
    /// Entries that are verified for one peer.
    public var verifications = TokenRate(perThousandSeconds: 200_000, burst: 1000)
    /// Addresses that are taken from one peer: 0.1 a second, and two full lists at first. [BC]
    public var addresses = TokenRate(perThousandSeconds: 100, burst: 64)
    /// Walks and other requests that are served for one peer.
    public var requests = TokenRate(perThousandSeconds: 10_000, burst: 100)
    /// Peers that have left whose budgets are remembered.
    public var maximumLedger = 1024
  }

  /// Whom an eviction spares, in this order. [BC]
  public struct Eviction: Sendable {
    /// Connections from different network groups, chosen by a secret order.
    public var byGroup = 4
    /// Connections with the lowest round trips.
    public var byRoundTrip = 8
    /// Connections that brought something new last.
    public var byUse = 4
  }

  /// Keeping connections alive.
  public var keepalive = Keepalive()
  /// The overlay's views.
  public var views = Views()
  /// Random walks.
  public var walks = Walks()
  /// The choice of near links.
  public var nearness = Nearness()
  /// Dialling.
  public var dialling = Dialling()
  /// The address book.
  public var book = Book()
  /// Direct connections to counterparties.
  public var direct = Direct()
  /// Judging peers.
  public var judging = Judging()
  /// Whom an eviction spares.
  public var eviction = Eviction()
  /// How often heads are compared with a random neighbour.
  public var antiEntropyMilliseconds: Int64 = 30_000
  /// How long a node that starts waits for its own feed to grow by what its peers claim to hold of it: many times what an
  /// answer may take.
  public var ownFeedPatienceMilliseconds: Int64 = 300_000
  /// After how long a comparison of heads that has not come to its end makes room for another, and how often one peer's
  /// is answered at most.
  public var comparisonMilliseconds: Int64 = 5000
  /// How many messages of one comparison a peer is answered: the depth of the tree and some to spare.
  public var comparisonRounds = 16
  /// The longest part of a comparison that goes into one message.
  public var comparisonBytes = 48_000
  /// How long an entry that was overtaken by the next one is given to come by itself.
  public var overtakingMilliseconds: Int64 = 300
  /// The broadcast of entries.
  public var broadcast = BroadcastParameters()
  /// The longest `agent` text that a peer may send.
  public var maximumAgentBytes = 64

  /// The values of the protocol's document.
  public static let standard = GossipParameters()

  /// The standard values.
  public init() {}
}
