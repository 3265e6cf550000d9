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
      case .placed(let order):
        if order.owner == own { duties.note(order) }
        rematch(around: order.id, owner: order.owner)
        reviewImmediate(order.id)
      case .amended(let order):
        if order.owner == own {
          duties.note(order)
          reviewTrades(ofAmended: order.id)
        }
        rematch(around: order.id, owner: order.owner)
      case .freed(let id), .narrowed(let id):
        if let owner = exchange.book.order(id)?.owner { rematch(around: id, owner: owner) }
      case .cancelled(let id), .notPlaced(let id): duties.left(id)
      case .trade(let id): review(id)
      case .record(let node): rematch(aroundRecordOf: node)
      case .handedOver(let successor):
        for order in exchange.book.orders(ownedBy: successor) { rematch(around: order.id, owner: successor) }
      case .checkpoint(let author):
        prunable.append(author)
        afterEntry(of: author)
      case .overfilled, .understated: break
      }
    }
  }

  private mutating func rematch(around id: OrderID, owner: NodeID) {
    if owner == own {
      duties.match(id)
    } else {
      rematch(crossing: id)
    }
  }

  private mutating func rematch(crossing id: OrderID) {
    // Most nodes hear of far more orders than they have.
    guard exchange.book.hasOrders(ownedBy: own) else { return }
    for order in exchange.book.counterOrders(crossing: id, ownedBy: own) { duties.match(order) }
  }

  /// A record has changed, and with it which demands of bids are met.
  private mutating func rematch(aroundRecordOf node: NodeID) {
    for bid in duties.recordBids { duties.match(bid) }
    guard node == own else { return }
    let (before, now) = (duties.ownRecord, exchange.record(of: own))
    guard now != before else { return }
    duties.ownRecord = now
    // What is found goes into a set: the order in which this set is walked does not show.
    for bid in exchange.recordBids {
      guard let body = exchange.book.order(bid)?.body, body.accepts(now), !body.accepts(before) else { continue }
      rematch(crossing: bid)
    }
  }

  /// The own proposals of an amended order are waited for until its new expiry.
  private mutating func reviewTrades(ofAmended id: OrderID) {
    for trade in exchange.ledger.trades(of: id).sorted() where exchange.ledger[trade]?.terms.takerOrder == id {
      review(trade)
    }
  }

  /// Looks whether an own order that never rests is done with.
  mutating func reviewImmediate(_ id: OrderID) {
    guard duties.immediate.contains(id) else { return }
    duties.review(immediate: id, isUndecided: hasUndecidedTrade(id))
  }

  /// Whether a trade that reserves part of an own order is still proposed, or rejected and not taken back yet.
  func hasUndecidedTrade(_ id: OrderID) -> Bool {
    exchange.ledger.trades(of: id).contains { trade in
      guard let trade = exchange.ledger[trade], trade.terms.takerOrder == id, trade.terms.taker == own else {
        return false
      }
      return trade.state == .proposed || trade.state == .rejected || trade.state == .held
    }
  }

  /// Works out what a trade's present state calls for.
  mutating func review(_ id: TradeID) {
    guard let trade = exchange.ledger[id] else {
      duties.forgotten(id)
      return
    }
    guard trade.terms.leg == nil else {
      reviewLeg(trade)
      return
    }
    if trade.terms.taker == own, trade.isProposed { reviewAsTaker(trade) }
    // Terms that name an order which this node never placed are nobody's to decide.
    if trade.terms.maker == own, ownOrders[trade.terms.makerOrder] != nil {
      if trade.state == .proposed {
        duties.decide.append(id, of: trade.terms.taker)
        duties.opened(id, taker: trade.terms.taker, deadline: trade.terms.deadline)
      } else {
        duties.decide.remove(id)
        duties.closed(id)
        duties.owe(id, trade.state == .settled && !trade.isCopied)
      }
    }
  }

  private mutating func reviewAsTaker(_ trade: Trade) {
    let terms = trade.terms
    reviewImmediate(terms.takerOrder)
    switch trade.state {
    case .proposed:
      if hasClosed(terms) {
        abandon(trade)
      } else {
        duties.awaitAnswer(
          trade.id, maker: terms.maker, makerOrder: terms.makerOrder,
          expiry: ownOrders[terms.takerOrder]?.order.body.expiry ?? terms.end, answerDue: answerDue(terms))
      }
      return
    case .settled:
      noteAnswer(trade)
      if !trade.isCopied { duties.copy.append(trade.id) }
    case .rejected:
      noteAnswer(trade)
      abandon(trade)
    case .held, .released: break
    }
    answered(trade)
  }

  // MARK: Makers that do not answer

  /// The moment after which the maker of an own proposal counts as one that does not answer.
  func answerDue(_ terms: Terms) -> Timestamp { terms.deadline + genesis.limits.skewMilliseconds + 1 }

  /// For how long a maker is left alone that did not answer, the first time.
  private var firstAvoidance: Int64 { max(genesis.limits.retryMilliseconds, genesis.limits.proposalMilliseconds) }

  /// Notes that the maker of an own proposal has accepted or rejected.
  mutating func noteAnswer(_ trade: Trade) {
    guard duties.noteAnswer(trade.id) else { return }
    if trade.isAccepted {
      if duties.silent.accepted(trade.terms.maker) { matchAgain() }
    } else {
      duties.silent.rejected(trade.terms.maker, at: exchange.book.time, span: firstAvoidance)
    }
  }

  /// Notes that a maker let an own proposal pass.
  mutating func noteSilence(of maker: NodeID, at time: Timestamp) {
    duties.silent.wasSilent(maker, at: time, span: firstAvoidance)
  }

  /// Matches the own orders again, since orders of others are taken that were not.
  private mutating func matchAgain() { for held in exchange.book.orders(ownedBy: own) { duties.match(held.id) } }

  mutating func answered(_ trade: Trade) {
    duties.answered(trade.id, maker: trade.terms.maker, makerOrder: trade.terms.makerOrder)
    // Other own orders stayed away from the maker's order while the answer was open.
    rematch(crossing: trade.terms.makerOrder)
  }

  private mutating func abandon(_ trade: Trade) {
    duties.release.append(trade.id)
  }

  /// Closure: the maker's feed, gapless, reaches past the deadline without an accept, or up to the fork at which it is
  /// frozen, or to its end.
  func hasClosed(_ terms: Terms) -> Bool {
    let head = gossip.feeds.head(of: terms.maker)
    // A checkpoint may still restate the accept. One that jumps over the lease's end does not.
    if let feed = gossip.feeds.feed(of: terms.maker), feed.unfinishedCheckpoint != nil { return false }
    if !isHeldWithoutGap(terms), head.time >= terms.end { return false }
    let feed = gossip.feeds.feed(of: terms.maker)
    return head.time > terms.deadline || feed?.isClosed == true || feed?.frozenFrom == head.sequence + 1
  }

  /// Whether the maker's feed is held from where it stood when the terms were proposed.
  func isHeldWithoutGap(_ terms: Terms) -> Bool {
    (gossip.feeds.feed(of: terms.maker)?.base ?? 0) <= terms.makerSequence
  }

  /// Whether a proposal came to nothing because its maker did not answer.
  func isClosure(_ trade: Trade) -> Bool { trade.rejection == nil && isHeldWithoutGap(trade.terms) }

  /// Looks at what waits for `author`, whose feed has grown.
  mutating func afterEntry(of author: NodeID) {
    for id in duties.unanswered(by: author) {
      guard let trade = exchange.ledger[id], trade.terms.leg == nil, trade.state == .proposed, hasClosed(trade.terms)
      else { continue }
      abandon(trade)
      answered(trade)
    }
    reviewHolds(of: author)
    duties.frees.grew(author)
    if !isDoubted(author), duties.staleOwners.remove(author) != nil {
      matchAgain()
    }
  }

  /// Moves the book's time forward.
  mutating func advance(to time: Timestamp) {
    for id in exchange.advance(to: time) { duties.left(id) }
  }

  /// Ends waits whose time is up.
  mutating func expireDuties(now: Timestamp) {
    duties.retry(now: now)
    for maker in duties.takeOverdueMakers(now: now) { noteSilence(of: maker, at: now) }
    if duties.silent.expire(now: now) { matchAgain() }
    duties.closeOpen(head: gossip.feeds.head(of: own).time)
    for id in duties.expired(now: now) {
      guard let trade = exchange.ledger[id] else { continue }
      duties.giveUp(id, maker: trade.terms.maker, makerOrder: trade.terms.makerOrder)
      rematch(crossing: trade.terms.makerOrder)
    }
  }

  // MARK: Matching

  /// Notes whose orders are not to be taken because their feed has been silent for three ticks.
  mutating func refreshStaleOwners(now: Timestamp) {
    guard now - duties.staleCheckedAt >= Self.staleCheckMilliseconds else { return }
    duties.staleCheckedAt = now
    duties.staleOwners = staleOwners(now: now)
  }

  private func staleOwners(now: Timestamp) -> Set<NodeID> {
    let oldest = now - genesis.limits.staleMilliseconds
    return Set(
      gossip.feeds.sorted.filter { $0.feed.head.time < oldest || isDoubted($0.author) }.map(\.author))
  }

  /// How often the feeds are looked through for silent owners.
  static let staleCheckMilliseconds: Int64 = 1000

  /// Whether an owner's orders are stale at `now`.
  func isStale(_ owner: NodeID, now: Timestamp) -> Bool {
    isDoubted(owner) || owner != own && gossip.feeds.head(of: owner).time < now - genesis.limits.staleMilliseconds
  }

  /// Whether a checkpoint of an author said what its entries before it do not. Its orders are not taken.
  func isDoubted(_ author: NodeID) -> Bool {
    exchange.doubted.contains(author) || gossip.feeds.feed(of: author)?.hasOverstatedRate == true
  }

  func matchContext(for id: OrderID, at time: Timestamp) -> MatchContext {
    var excluded = duties.proposedTo
    for (pair, _) in duties.failures where pair.own == id { excluded.insert(pair.counter) }
    return context(at: time, staleOwners: duties.staleOwners, excluding: excluded)
  }

  private func context(at time: Timestamp, staleOwners: Set<NodeID>, excluding tried: Set<OrderID>) -> MatchContext {
    let avoided = duties.silent.avoided
    return MatchContext(
      earliestStart: genesis.slot(startingFrom: time + genesis.limits.proposalMilliseconds),
      earliestPurchaseStart: genesis.slot(startingFrom: time + 2 * genesis.limits.proposalMilliseconds),
      maximumLegs: codec.maximumLegs, staleOwners: avoided.isEmpty ? staleOwners : staleOwners.union(avoided),
      triedOrders: tried,
      records: exchange.records, predecessors: exchange.predecessors)
  }

  /// What a post-only order would take at once at `time`, were it in the book: the counter-order and its price.
  ///
  /// An order that this node cannot take just now, because it waits for an answer about it, counts too.
  mutating func taken(by order: Order, at time: Timestamp) -> (order: OrderID, price: Price)? {
    refreshStaleOwners(now: time)
    var expired: Set<OrderID> = []
    while let match = exchange.match(
      asIf: order, context: context(at: time, staleOwners: duties.staleOwners, excluding: expired))
    {
      if isOpen(match.maker, at: time) { return (match.maker, match.price) }
      expired.insert(match.maker)
    }
    return nil
  }

  /// What a bid of this node would get if it were placed now, which it is not.
  ///
  /// - Complexity: that of ``OrderBook/quote(_:context:)`` and O(feeds).
  public func quote(_ bid: Bid, now: Timestamp) -> Quote {
    let head = gossip.feeds.head(of: own)
    let time = max(now, head.time)
    let place = Place(author: own, time: time, sequence: head.sequence + 1, index: 0)
    let order = Order(id: place.orderID(network: genesis.networkID), priority: place.priority, body: .bid(bid))
    let stale = staleOwners(now: now)
    var excluded = duties.proposedTo
    while true {
      let quote = exchange.book.quote(order, context: context(at: time, staleOwners: stale, excluding: excluded))
      // The book keeps an order until some feed's time has passed its expiry.
      let expired = (quote.cheapest + quote.soonest).map(\.maker).filter { !isOpen($0, at: time) }
      if expired.isEmpty { return quote }
      excluded.formUnion(expired)
    }
  }

  /// Whether an order in the book has not expired by `time`.
  func isOpen(_ id: OrderID, at time: Timestamp) -> Bool {
    exchange.book.order(id).map { $0.body.expiry > time } ?? false
  }

  /// The terms that follow from a match, or nil when they would not fit (which the genesis's limits rule out).
  mutating func terms(for match: Match, at time: Timestamp) -> Terms? {
    guard let offer = exchange.book.order(match.offer), let bid = exchange.book.order(match.bid),
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
      nonce: Terms.Nonce(high: nonces.next(), low: nonces.next()))
  }
}
