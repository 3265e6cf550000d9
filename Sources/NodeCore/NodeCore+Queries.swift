import Gossip
import Market
import NodeCrypto
import OrderBook
import Settlement

/// What became of an own order.
public enum OwnOrderState: String, Sendable {
  /// In the book, with something left.
  case open
  /// All that is left is in trades that are proposed and not decided.
  case reserved
  /// Nothing is left.
  case filled
  /// Taken out by its owner, as the rest of an order that never rests is too.
  case cancelled
  /// Its time has passed.
  case expired
}

/// What people and programs ask the node. Nothing here changes anything but caches.
extension NodeCore {
  /// What peers could make grow, and its bounds.
  public var gauges: [Gauge] {
    gossip.gauges + [
      Gauge("strangers_watched", fraudWatch.strangerCount, limit: FraudWatch.maximumStrangers)
    ]
  }

  /// Whether there is no peer and no address but this node's own: it is the first of its market.
  public var hasNobodyToAsk: Bool { gossip.hasNobodyToAsk }

  /// The GPUs in this node's open offers, sold ones among them. O(own open orders).
  public var ownOfferedGPUs: Int64 {
    exchange.book.orders(ownedBy: own).reduce(0) { total, held in
      guard case .offer(let offer) = held.order.body, held.isOpen else { return total }
      return total + Int64(offer.gpus)
    }
  }

  /// Changes of the book that are hashed for one summary, which keeps everything else waiting for some milliseconds.
  static let changesPerSummary = 1024

  /// What this node says of itself to its peers. While it takes in more than it can hash at once, that is what it said
  /// before: true of an earlier moment, all of it of the same one.
  public mutating func summary() -> Summary {
    if exchange.book.advanceDigest(by: Self.changesPerSummary) {
      lastSummary = Summary(
        bookDigest: exchange.digest(), bookTime: gossip.feeds.latestTime, feeds: UInt64(gossip.feeds.count),
        entries: UInt64(gossip.feeds.entryCount),
        orders: UInt64(exchange.book.openCount(.offer) + exchange.book.openCount(.bid)))
    }
    return lastSummary
  }

  /// Hashes part of what changed in the book since its digest was last taken, the elements of at most so many orders,
  /// when it is more than one summary hashes. For moments in which there is nothing else to do.
  ///
  /// - Returns: whether the next summary will be of its own moment.
  public mutating func reduceDigestBacklog(by orders: Int) -> Bool {
    guard exchange.book.digestBacklog > Self.changesPerSummary else { return true }
    return exchange.book.advanceDigest(by: orders)
  }

  /// The digest of the book.
  public mutating func bookDigest() -> Digest { exchange.digest() }

  /// The book.
  public var book: OrderBook { exchange.book }

  /// The trades.
  public var ledger: TradeLedger { exchange.ledger }

  /// The own purchase that is neither confirmed nor withdrawn: its name, its bid, its legs and how many of those their
  /// makers have accepted, and its last moment.
  public var openPurchase: (id: PurchaseID, bid: OrderID, legs: Int, accepted: Int, confirmBy: Timestamp)? {
    exchange.authors[own]?.state.purchase.map { purchase in
      (
        purchase.id, purchase.bid, purchase.legs.count,
        purchase.trades.count { exchange.ledger[$0]?.state == .held }, purchase.confirmBy
      )
    }
  }

  /// Whether an own bid is not matched before the open purchase is decided.
  public func isWaitingForPurchase(_ id: OrderID) -> Bool { duties.waiting.contains(id) }

  /// Whether what made a trade settled has left this node or came from another: an own acceptance that is not on disk
  /// yet might never have been, and nobody must see its signature.
  public func isPublished(_ trade: Trade) -> Bool {
    guard let acceptance = trade.acceptance?.acceptance else { return true }
    if trade.terms.maker == own, acceptance.sequence > gossip.publishedOwnSequence { return false }
    guard trade.terms.taker == own, let confirmation = trade.confirmation?.confirmation else { return true }
    return confirmation.sequence <= gossip.publishedOwnSequence
  }

  /// What the feeds say of how each node has kept its word; a node without anything to say of has none.
  public var records: [NodeID: PublicRecord] { exchange.records }

  /// What the feeds say of how one node has kept its word, with the proofs of fraud that name it.
  public func record(of node: NodeID) -> PublicRecord { exchange.record(of: node) }

  /// What this node, as a newcomer, has open and may have: its settled trades and the GPUs in its open orders; nil when
  /// it is none any more.
  public func newcomer(now: Timestamp) -> (settled: Int, openGPUs: Int64)? {
    var state = exchange.authors[own]?.state ?? AuthorState()
    guard state.counts.settled < genesis.limits.newcomerTrades else { return nil }
    state.expire(at: now)
    return (state.counts.settled, state.orders.gpus)
  }

  /// Authors of whom a checkpoint did not say what their entries before it did, ascending. Their orders are not taken.
  public var doubtedAuthors: [NodeID] { gossip.feeds.sorted.map(\.author).filter(isDoubted) }

  /// Whether a settled trade is one too many of an order whose owner is proven to be a fraud: its receipt is valid, and
  /// others of the same order come first.
  public func isDisputed(_ trade: Trade) -> Bool { exchange.isDisputed(trade, feeds: gossip.feeds) }

  /// Trades on the tape of settled trades that market data leaves out, with their times: the disputed ones, and those that
  /// nobody may see before they are on disk.
  ///
  /// - Complexity: O(feeds), unless a feed is frozen or an own entry is under way: then O(n log n) in the trades of the
  ///   classes and the span.
  public func withheldTrades(
    of gpuClasses: [String], from start: Timestamp, until end: Timestamp
  ) -> [TradeID: Timestamp] {
    guard inFlight != nil || gossip.feeds.frozenCount > 0 else { return [:] }
    let trades = gpuClasses.flatMap { exchange.ledger.tape.trades(of: $0, from: start, until: end) }
    return trades.reduce(into: [:]) { withheld, settled in
      guard let trade = exchange.ledger[settled.id], !isPublished(trade) || isDisputed(trade) else { return }
      withheld[settled.id] = settled.time
    }
  }

  /// The feeds.
  public var feeds: Feeds { gossip.feeds }

  /// The connected peers, ascending by node.
  public var peers: [Peer] { gossip.connectedPeers }

  /// The addresses to keep over a restart, the most trusted first.
  public var keptAddresses: [(address: PeerAddress, node: NodeID)] { gossip.keptAddresses }

  /// The proofs of fraud, ascending by author.
  public var fraudProofs: [FraudProof] { gossip.fraudProofs }

  /// Trades of this node's own that are proposed and not decided, and decisions that are not on disk or not copied yet.
  public var undecidedCount: Int {
    duties.undecidedCount + duties.decide.count + duties.copy.count + duties.release.count
      + (inFlight?.counterparties.isEmpty == false ? 1 : 0)
  }

  /// Everything this node has placed, in order of placing, with what became of it.
  public func ownOrders(now: Timestamp) -> [(order: Order, state: OwnOrderState)] {
    ownOrders.values.sorted { $0.placed < $1.placed }.map {
      ($0.order, state(of: $0, now: now))
    }
  }

  /// What became of the order with that id, if this node placed it.
  public func ownOrderState(_ id: OrderID, now: Timestamp) -> (order: Order, state: OwnOrderState)? {
    ownOrders[id].map { ($0.order, state(of: $0, now: now)) }
  }

  private func state(of own: OwnOrder, now: Timestamp) -> OwnOrderState {
    if own.isCancelled { return isFilledImmediate(own.order) ? .filled : .cancelled }
    if let state = exchange.book.state(of: own.order.id) {
      if own.order.body.expiry <= now { return .expired }
      return state.isOpen ? .open : hasUndecidedTrade(own.order.id) ? .reserved : .filled
    }
    return .expired
  }

  /// Whether an order that never rests, and so is cancelled in the end, had nothing left then.
  private func isFilledImmediate(_ order: Order) -> Bool {
    guard order.body.timeInForce.isImmediate else { return false }
    let settled = exchange.ledger.trades(of: order.id).compactMap { exchange.ledger[$0] }
      .filter { $0.state == .settled && $0.terms.takerOrder == order.id && $0.terms.taker == own }
    switch order.body {
    case .bid(let bid): return settled.reduce(0) { $0 + Int64($1.terms.gpus) } >= Int64(bid.gpus)
    case .offer(let offer):
      var calendar = CapacityCalendar(gpus: offer.gpus, window: offer.window)
      for trade in settled {
        guard let slots = genesis.slots(of: trade.terms) else { continue }
        calendar.add(trade.terms.gpus, slots)
      }
      return calendar.earliestStart(gpus: offer.minimumGPUs, slots: offer.minimumSlots, within: offer.window) == nil
    }
  }

  /// Whether an owner's feed has been silent for three ticks.
  public func isOwnerStale(_ owner: NodeID, now: Timestamp) -> Bool { isStale(owner, now: now) }

  /// How many counter-orders each condition rules out for an order in the book; nil when it is not there.
  public mutating func explain(_ id: OrderID, now: Timestamp) -> MatchExplanation? {
    duties.staleCheckedAt = .zero
    refreshStaleOwners(now: now)
    return exchange.book.explain(id, context: matchContext(for: id, at: now))
  }
}
