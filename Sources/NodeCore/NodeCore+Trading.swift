import Gossip
import Market
import NodeCrypto
import OrderBook
import Settlement

/// What other nodes' entries mean for this node.
extension NodeCore {
  /// Works out what changes of the book and the trades call for.
  mutating func consider(_ changes: [Change]) {
    for change in changes {
      switch change {
      case .placed(let order): rematch(around: order.id, owner: order.owner)
      case .freed(let id):
        if let owner = exchange.book.state(of: id)?.owner { rematch(around: id, owner: owner) }
      case .cancelled(let id), .notPlaced(let id): duties.rematch.remove(id)
      case .trade(let id): review(id)
      }
    }
  }

  private mutating func rematch(around id: OrderID, owner: NodeID) {
    if owner == own {
      duties.rematch.insert(id)
    } else {
      duties.rematch.formUnion(exchange.book.counterOrders(crossing: id, ownedBy: own))
    }
  }

  /// Works out what a trade's present state calls for.
  mutating func review(_ id: TradeID) {
    guard let trade = exchange.ledger[id] else { return }
    if trade.terms.taker == own, trade.isProposed { reviewAsTaker(trade) }
    // Terms that name an order which this node never placed are nobody's to decide.
    if trade.terms.maker == own, ownOrders[trade.terms.makerOrder] != nil {
      if trade.state == .proposed {
        duties.decide.append(id)
        duties.opened(id, deadline: trade.terms.deadline)
      } else {
        duties.decide.remove(id)
        duties.closed(id)
      }
    }
  }

  private mutating func reviewAsTaker(_ trade: Trade) {
    let terms = trade.terms
    switch trade.state {
    case .proposed:
      if hasClosed(terms) {
        abandon(trade)
      } else {
        duties.awaitAnswer(
          trade.id, maker: terms.maker, makerOrder: terms.makerOrder,
          expiry: ownOrders[terms.takerOrder]?.order.body.expiry ?? terms.end)
      }
      return
    case .settled: if !trade.isCopied { duties.copy.append(trade.id) }
    case .rejected: abandon(trade)
    case .released: break
    }
    answered(trade)
  }

  private mutating func answered(_ trade: Trade) {
    duties.answered(trade.id, maker: trade.terms.maker, makerOrder: trade.terms.makerOrder)
    // Other own orders stayed away from the maker's order while the answer was open.
    duties.rematch.formUnion(exchange.book.counterOrders(crossing: trade.terms.makerOrder, ownedBy: own))
  }

  private mutating func abandon(_ trade: Trade) {
    duties.release.append(trade.id)
  }

  /// Closure: the maker's feed, gapless, reaches past the deadline without an accept, or up to the fork at which it is
  /// frozen.
  private func hasClosed(_ terms: Terms) -> Bool {
    let head = gossip.feeds.head(of: terms.maker)
    return head.time > terms.deadline || gossip.feeds.feed(of: terms.maker)?.frozenFrom == head.sequence + 1
  }

  /// Looks at what waits for `author`, whose feed has grown.
  mutating func afterEntry(of author: NodeID) {
    for id in duties.undecided[author]?.sorted() ?? [] {
      guard let trade = exchange.ledger[id], trade.state == .proposed, hasClosed(trade.terms) else { continue }
      abandon(trade)
      answered(trade)
    }
    if duties.staleOwners.remove(author) != nil {
      // Its orders are taken again.
      for state in exchange.book.orders(ownedBy: own) { duties.rematch.insert(state.id) }
    }
  }

  /// Ends waits whose time is up.
  mutating func expireDuties(now: Timestamp) {
    duties.retry(now: now)
    duties.closeOpen(head: gossip.feeds.head(of: own).time)
    for id in duties.moot(now: now) {
      guard let trade = exchange.ledger[id] else { continue }
      answered(trade)
    }
  }

  // MARK: Matching

  /// Notes whose orders are not to be taken because their feed has been silent for three ticks.
  mutating func refreshStaleOwners(now: Timestamp) {
    guard now - duties.staleCheckedAt >= Self.staleCheckMilliseconds else { return }
    duties.staleCheckedAt = now
    let oldest = now - genesis.limits.staleMilliseconds
    duties.staleOwners = Set(gossip.feeds.sorted.filter { $0.feed.head.time < oldest }.map(\.author))
  }

  /// How often the feeds are looked through for silent owners.
  static let staleCheckMilliseconds: Int64 = 1000

  /// Whether an owner's orders are stale at `now`.
  func isStale(_ owner: NodeID, now: Timestamp) -> Bool {
    owner != own && gossip.feeds.head(of: owner).time < now - genesis.limits.staleMilliseconds
  }

  func matchContext(for id: OrderID, at time: Timestamp) -> MatchContext {
    var excluded = duties.proposedTo
    for (pair, _) in duties.failures where pair.own == id { excluded.insert(pair.counter) }
    return MatchContext(
      earliestStart: genesis.slot(startingFrom: time + genesis.limits.proposalMilliseconds),
      staleOwners: duties.staleOwners, triedOrders: excluded)
  }

  /// The terms that follow from a match, or nil when they would not fit (which the genesis's limits rule out).
  mutating func terms(for match: Match, at time: Timestamp) -> Terms? {
    guard let offer = exchange.book.state(of: match.offer), let bid = exchange.book.state(of: match.bid),
      let total = genesis.total(match.price, gpus: match.gpus, slots: match.slots.count)
    else { return nil }
    let maker = match.maker == match.offer ? offer.owner : bid.owner
    let head = gossip.feeds.head(of: maker)
    return Terms(
      offer: match.offer, bid: match.bid, provider: offer.owner, buyer: bid.owner,
      takerSide: match.taker == match.offer ? .offer : .bid, gpuClass: genesis.gpuClass(at: match.gpuClass).id,
      gpus: match.gpus, start: genesis.start(of: match.slots.start), end: genesis.start(of: match.slots.end),
      price: match.price, total: total, currency: genesis.currency,
      deadline: time + genesis.limits.proposalMilliseconds, makerSequence: head.sequence, makerHead: head.entry,
      nonce: Terms.Nonce(high: generator.next(), low: generator.next()))
  }
}
