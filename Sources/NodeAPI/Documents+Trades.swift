/// A trade: the element of `GET /v1/trades`.
public struct TradeDocument: Codable, Hashable, Sendable {
  /// The trade's id: BLAKE2b-256 of the terms, in hexadecimal.
  public var id: String
  /// `proposed`, `held`, `settled`, `disputed`, `rejected` or `released`.
  public var state: String
  /// This node's part: `provider`, `buyer` or `observer`.
  public var role: String
  /// The offer's id.
  public var offer: String
  /// The bid's id.
  public var bid: String
  /// The provider's node id.
  public var provider: String
  /// The buyer's node id.
  public var buyer: String
  /// Which of the two is the taker: `provider` or `buyer`.
  public var taker: String
  /// The class's id.
  public var gpuClass: String
  /// GPUs traded.
  public var gpus: Int64
  /// Start of the lease.
  public var startMs: Int64
  /// End of the lease.
  public var endMs: Int64
  /// Micro-units per GPU-hour.
  public var priceMicros: Int64
  /// Micro-units for the whole lease.
  public var totalMicros: Int64
  /// The currency's code.
  public var currency: String
  /// The latest time of an accept.
  public var deadlineMs: Int64
  /// When the maker accepted, or of a leg, when the taker confirmed; nil unless settled or disputed.
  public var settledMs: Int64?
  /// Of a leg, the purchase that it is part of: all of its legs are settled, or none.
  public var purchase: String?
  /// Of a leg, the latest time of the confirm.
  public var confirmMs: Int64?

  /// A trade with the given facts.
  public init(
    id: String, state: String, role: String, offer: String, bid: String, provider: String, buyer: String,
    taker: String, gpuClass: String, gpus: Int64, startMs: Int64, endMs: Int64, priceMicros: Int64,
    totalMicros: Int64, currency: String, deadlineMs: Int64, settledMs: Int64?
  ) {
    self.id = id
    self.state = state
    self.role = role
    self.offer = offer
    self.bid = bid
    self.provider = provider
    self.buyer = buyer
    self.taker = taker
    self.gpuClass = gpuClass
    self.gpus = gpus
    self.startMs = startMs
    self.endMs = endMs
    self.priceMicros = priceMicros
    self.totalMicros = totalMicros
    self.currency = currency
    self.deadlineMs = deadlineMs
    self.settledMs = settledMs
  }
}

/// An open purchase over several offers: all of its legs are settled, or none.
public struct PurchaseDocument: Codable, Hashable, Sendable {
  /// The purchase's id, which commits to all legs.
  public var id: String
  /// Its trades.
  public var legs: Int
  /// Those that their makers have accepted.
  public var accepted: Int
  /// The latest time of the confirm; after it nothing is traded.
  public var confirmMs: Int64

  /// A purchase with the given facts.
  public init(id: String, legs: Int, accepted: Int, confirmMs: Int64) {
    self.id = id
    self.legs = legs
    self.accepted = accepted
    self.confirmMs = confirmMs
  }
}

/// Why an open order has not traded: `GET /v1/orders/{id}/why`.
public struct WhyDocument: Codable, Hashable, Sendable {
  /// One condition and how many counter-orders failed it first.
  public struct Condition: Codable, Hashable, Sendable {
    /// The condition's name, such as `price`.
    public var condition: String
    /// Counter-orders that it ruled out.
    public var ruledOut: Int

    /// A condition that ruled out `ruledOut` counter-orders.
    public init(condition: String, ruledOut: Int) {
      self.condition = condition
      self.ruledOut = ruledOut
    }
  }

  /// The order.
  public var order: OrderDocument
  /// Counter-orders in the book, all classes.
  public var counterOrders: Int
  /// The conditions in the order in which they are checked; each counter-order counts once.
  public var conditions: [Condition]
  /// Counter-orders that meet every condition now.
  public var matching: Int
  /// The best counter-price in an acceptable class, in micro-units per GPU-hour.
  public var bestCounterPriceMicros: Int64?
  /// Trades of this order that are proposed and not decided.
  public var undecided: Int
  /// The open purchase for this bid; nil when there is none.
  public var purchase: PurchaseDocument?
  /// Whether this bid waits until the node's open purchase, for another bid, is decided.
  public var waitsForPurchase: Bool?
  /// What this node may have open, if the order is its own and it is a newcomer; nil otherwise.
  public var newcomer: NewcomerDocument?

  /// An explanation.
  public init(
    order: OrderDocument, counterOrders: Int, conditions: [Condition], matching: Int,
    bestCounterPriceMicros: Int64?, undecided: Int
  ) {
    self.order = order
    self.counterOrders = counterOrders
    self.conditions = conditions
    self.matching = matching
    self.bestCounterPriceMicros = bestCounterPriceMicros
    self.undecided = undecided
  }
}

/// A connected peer: the element of `GET /v1/peers`.
public struct PeerDocument: Codable, Hashable, Sendable {
  /// The peer's node id.
  public var node: String
  /// `host:port` of the connection.
  public var address: String
  /// `inbound` or `outbound`.
  public var direction: String
  /// The peer's software, as it says.
  public var agent: String
  /// The digest of the peer's book as it last said; nil before it did.
  public var bookDigest: String?
  /// Whether the peer's book is this node's; nil while one of them has seen entries that the other has not.
  public var agrees: Bool?
  /// Entries in the feeds that the peer holds, as it last said.
  public var entries: Int64?
  /// The last measured round trip in milliseconds.
  public var roundTripMs: Int64?
  /// How long the connection has stood, in milliseconds.
  public var connectedMs: Int64
  /// What the feeds say of how the peer has kept its word.
  public var record = RecordDocument()

  /// A peer with the given facts.
  public init(
    node: String, address: String, direction: String, agent: String, bookDigest: String?, agrees: Bool?,
    entries: Int64?, roundTripMs: Int64?, connectedMs: Int64
  ) {
    self.node = node
    self.address = address
    self.direction = direction
    self.agent = agent
    self.bookDigest = bookDigest
    self.agrees = agrees
    self.entries = entries
    self.roundTripMs = roundTripMs
    self.connectedMs = connectedMs
  }
}

/// The node at a glance: `GET /v1/status`.
public struct StatusDocument: Codable, Hashable, Sendable {
  /// The node's id.
  public var node: String
  /// The network's id.
  public var network: String
  /// The network's name.
  public var networkName: String
  /// The software's version.
  public var version: String
  /// `recovering`, `running`, `stopping`, `rotated` or `frozen`.
  public var state: String
  /// What is wrong with the node now, such as a full disk; nil when nothing is.
  public var trouble: String?
  /// `host:port` on which peers reach the node; nil when it does not listen.
  public var listen: String?
  /// The node's clock.
  public var timeMs: Int64
  /// Since the node started, in milliseconds.
  public var uptimeMs: Int64
  /// The digest of the order book: equal books have equal digests.
  public var bookDigest: String
  /// The latest entry time in any feed.
  public var bookTimeMs: Int64
  /// Open orders in the book.
  public var orders: Int
  /// Feeds held.
  public var feeds: Int
  /// Entries in all feeds, pruned ones among them.
  public var entries: Int64
  /// Entries that are pruned: not stored here, because a checkpoint stands for them.
  public var prunedEntries: Int64
  /// The last sequence of the node's own feed.
  public var ownSequence: UInt64
  /// Connected peers.
  public var peers: Int
  /// Settled trades known.
  public var trades: Int
  /// Settled trades in which this node is a party.
  public var ownTrades: Int
  /// Trades of this node that are proposed and not decided.
  public var undecided: Int
  /// Authors whose feeds are frozen by a proof of fraud.
  public var frozenFeeds: Int
  /// The keys from which the node's key took over, the newest first; nil without any.
  public var predecessors: [String]?
  /// What waits in the node, by queue.
  public var queues: [QueueDocument]?
  /// What happened in the last seconds, for each of them.
  public var rates: RatesDocument?
  /// The store and the disk that it is on.
  public var disk: DiskDocument?
  /// Memory of the process that is resident, in bytes.
  public var residentBytes: Int64?

  /// A node's state.
  public init(
    node: String, network: String, networkName: String, version: String, state: String, trouble: String?,
    listen: String?, timeMs: Int64, uptimeMs: Int64, bookDigest: String, bookTimeMs: Int64, orders: Int, feeds: Int,
    entries: Int64, prunedEntries: Int64 = 0, ownSequence: UInt64, peers: Int, trades: Int, ownTrades: Int,
    undecided: Int, frozenFeeds: Int
  ) {
    self.node = node
    self.network = network
    self.networkName = networkName
    self.version = version
    self.state = state
    self.trouble = trouble
    self.listen = listen
    self.timeMs = timeMs
    self.uptimeMs = uptimeMs
    self.bookDigest = bookDigest
    self.bookTimeMs = bookTimeMs
    self.orders = orders
    self.feeds = feeds
    self.entries = entries
    self.prunedEntries = prunedEntries
    self.ownSequence = ownSequence
    self.peers = peers
    self.trades = trades
    self.ownTrades = ownTrades
    self.undecided = undecided
    self.frozenFeeds = frozenFeeds
  }
}

/// An error of the API, as RFC 9457 has it (`application/problem+json`).
public struct ProblemDocument: Codable, Hashable, Sendable {
  /// The kind of problem, such as `urn:p2pnode:bad-order`.
  public var type: String
  /// The kind in words.
  public var title: String
  /// The HTTP status.
  public var status: Int
  /// What was wrong, with what value, and what is allowed.
  public var detail: String

  /// A problem.
  public init(type: String, title: String, status: Int, detail: String) {
    self.type = type
    self.title = title
    self.status = status
    self.detail = detail
  }
}
