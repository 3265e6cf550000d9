/// What the feeds say of how a node has kept its word; a node that nobody has heard of has an empty one.
public struct RecordDocument: Codable, Hashable, Sendable {
  /// Proposals that a maker declined, by what it gave as the reason.
  public struct Rejects: Codable, Hashable, Sendable {
    /// Its order was not open.
    public var orderClosed = 0
    /// Less was left in the window than proposed.
    public var noCapacity = 0
    /// The terms did not follow from the two orders.
    public var badTerms = 0
    /// It was shutting down.
    public var stopping = 0
    /// It held no more of the order for purchases, or nothing for that taker.
    public var noHold = 0

    /// None.
    public init() {}
  }

  /// The time of the first entry in its feed; nil without one.
  public var sinceMs: Int64?
  /// Trades that settled, on either side of the market.
  public var settled: Int
  /// Proposals to it that it declined though their terms were right, or that ended without its answer.
  public var failed: Int
  /// `failed` of a hundred that settled or failed, rounded up; nil without any.
  public var failurePercent: Int?
  /// Proposals to it that it accepted.
  public var accepts = 0
  /// Proposals to it that it declined.
  public var rejects = Rejects()
  /// Proposals to it that ended without its answer.
  public var expiries = 0
  /// `accepts` of a hundred proposals to it that it answered or let expire, rounded down; nil without any.
  public var acceptPercent: Int?
  /// Trades that it proposed.
  public var proposals = 0
  /// Of those, the ones that it took back.
  public var releases = 0
  /// `releases` of a hundred `proposals`, rounded up; nil without any.
  public var releasePercent: Int?
  /// What others held for purchases of its own that came to nothing: how many holds.
  public var holdsLapsed = 0
  /// GPUs x seconds that it sold.
  public var soldGpuSeconds: Int64 = 0
  /// GPUs x seconds that it bought.
  public var boughtGpuSeconds: Int64 = 0
  /// Proofs of fraud that name it.
  public var proofs = 0

  /// A record of settled and failed trades; the other counts are zero until they are set.
  public init(settled: Int = 0, failed: Int = 0) {
    self.settled = settled
    self.failed = failed
  }
}

/// One node's public record: `GET /v1/records/{node}`.
public struct NodeRecordDocument: Codable, Hashable, Sendable {
  /// The node's id.
  public var node: String
  /// Whether it is this node.
  public var own: Bool
  /// Its record.
  public var record: RecordDocument
  /// Of this node, as long as it is a newcomer: what it may have open; nil otherwise.
  public var newcomer: NewcomerDocument?
  /// The keys from which it took over, whose records are in it, the newest first; nil without any.
  public var predecessors: [String]?
  /// The key to which it handed over; nil while its feed goes on.
  public var successor: String?
  /// When it did.
  public var handedOverMs: Int64?

  /// A node's record.
  public init(node: String, own: Bool, record: RecordDocument, newcomer: NewcomerDocument? = nil) {
    self.node = node
    self.own = own
    self.record = record
    self.newcomer = newcomer
  }
}

/// What a node with few settled trades may have open at once.
public struct NewcomerDocument: Codable, Hashable, Sendable {
  /// Settled trades in its own feed.
  public var settled: Int
  /// From so many on there is no limit.
  public var trades: Int
  /// GPUs in its open orders.
  public var openGpus: Int64
  /// The most that it may have in them.
  public var maximumGpus: Int64

  /// What a newcomer has and may have open.
  public init(settled: Int, trades: Int, openGpus: Int64, maximumGpus: Int64) {
    self.settled = settled
    self.trades = trades
    self.openGpus = openGpus
    self.maximumGpus = maximumGpus
  }
}
