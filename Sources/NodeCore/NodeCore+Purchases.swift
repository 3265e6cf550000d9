import Gossip
import Market
import NodeCrypto
import OrderBook
import Settlement

/// Purchases over several providers, as this node takes part in them.
extension NodeCore {
  /// What the taker of an open purchase does about it.
  enum PurchaseStep {
    /// Some makers have not answered yet.
    case wait
    /// All have accepted.
    case confirm
    /// Some maker declined or did not answer (these legs), or the node is stopping.
    case withdraw(silent: [Int])
  }

  /// What is to be done about the own open purchase, as far as the feeds say; nil when there is none.
  var purchaseStep: PurchaseStep? {
    guard let purchase = exchange.authors[own]?.state.purchase else { return nil }
    var silent: [Int] = []
    var isDoomed = state == .stopping
    var isAccepted = true
    for (index, id) in purchase.trades.enumerated() {
      let state = exchange.ledger[id]?.state
      if state == .held { continue }
      isAccepted = false
      if state != .proposed {
        isDoomed = true
      } else if hasClosed(purchase.legs[index].terms) {
        isDoomed = true
        // Over a gap nobody knows what the maker answered.
        if isHeldWithoutGap(purchase.legs[index].terms) { silent.append(index) }
      }
    }
    if isDoomed { return .withdraw(silent: silent) }
    return isAccepted ? .confirm : .wait
  }

  /// The first moment of an own entry that brings the open purchase to nothing, whatever is in it.
  var purchaseEnd: Timestamp? { (exchange.authors[own]?.state.purchase?.confirmBy).map { $0 + 1 } }

  // MARK: Reviewing

  /// Works out what the present state of a leg calls for.
  mutating func reviewLeg(_ leg: Trade) {
    if let named = leg.freedBy, leg.voidedAt ?? .max > named.sequence, leg.terms.maker != own {
      duties.frees.insert(leg.id, leg.terms)
    }
    if leg.terms.taker == own, leg.isProposed { reviewLegAsTaker(leg) }
    guard leg.terms.maker == own, ownOrders[leg.terms.makerOrder] != nil else { return }
    if leg.state == .proposed {
      duties.decide.append(leg.id, of: leg.terms.taker)
      duties.opened(leg.id, taker: leg.terms.taker, deadline: leg.terms.deadline)
      return
    }
    duties.decide.remove(leg.id)
    guard exchange.authors[own]?.state.holds[leg.id] != nil else {
      duties.conclude.remove(leg.id)
      duties.closed(leg.id)
      return
    }
    // Its taker waits for this node's feed, and this node for its taker's, until the lease begins.
    duties.opened(leg.id, taker: leg.terms.taker, deadline: leg.terms.start)
    if isDecided(leg) { duties.conclude.append(leg.id) }
  }

  private mutating func reviewLegAsTaker(_ leg: Trade) {
    reviewImmediate(leg.terms.takerOrder)
    switch leg.state {
    case .proposed, .held, .rejected:
      duties.awaitAnswer(
        leg.id, maker: leg.terms.maker, makerOrder: leg.terms.makerOrder, expiry: .maximum,
        answerDue: answerDue(leg.terms))
      if leg.state != .proposed { noteAnswer(leg) }
      return
    case .settled: noteAnswer(leg)
    case .released:
      if leg.voidedAt != nil, !leg.isAccepted, leg.rejection == nil, let confirmBy = leg.terms.leg?.confirmBy {
        duties.failed(
          own: leg.terms.takerOrder, counter: leg.terms.makerOrder,
          until: confirmBy + genesis.limits.retryMilliseconds)
      }
    }
    answered(leg)
  }

  /// Looks at what this node holds for purchases of `taker`, whose feed has grown.
  mutating func reviewHolds(of taker: NodeID) {
    for id in exchange.authors[own]?.state.holdsByTaker[taker]?.sorted() ?? [] {
      if let leg = exchange.ledger[id], isDecided(leg) { duties.conclude.append(id) }
    }
  }

  /// Whether the purchase of a leg that this node holds is decided, as its taker's feed says.
  private func isDecided(_ leg: Trade) -> Bool {
    leg.state == .settled || leg.voidedAt != nil || isOverdue(leg)
  }

  /// Whether the taker's feed, gapless, goes on past the last moment of a confirm without one: then there is none. Of a
  /// feed that was taken up at a checkpoint all parts have to be there: it restates the confirm if there is one.
  private func isOverdue(_ leg: Trade) -> Bool {
    guard leg.confirmation == nil, let confirmBy = leg.terms.leg?.confirmBy,
      let feed = gossip.feeds.feed(of: leg.terms.taker), feed.unfinishedCheckpoint == nil
    else { return false }
    return feed.head.time > confirmBy || feed.isClosed
  }

  /// The entry of the taker's by which a purchase came to nothing: that entry, or if it is not held a later one.
  private func decisiveEntry(of leg: Trade) -> EntryReference {
    let head = gossip.feeds.head(of: leg.terms.taker)
    if let sequence = leg.voidedAt, let entry = gossip.feeds.feed(of: leg.terms.taker)?.id(at: sequence) {
      return EntryReference(sequence: sequence, entry: entry)
    }
    return EntryReference(sequence: head.sequence, entry: head.entry)
  }

  /// Looks whether makers that freed legs had reason to. One that names an entry of the taker's by which the purchase had
  /// not come to nothing has lied, which its entry and the taker's feed prove: no orders of its are taken any more.
  ///
  /// Only when all entries that the feeds hold are applied: a feed's head can be ahead of what is known of it.
  mutating func checkFrees(now: Timestamp) {
    for id in duties.frees.takeDue(now: now) {
      guard let leg = exchange.ledger[id], let named = leg.freedBy else {
        duties.frees.remove(id)
        continue
      }
      guard let feed = gossip.feeds.feed(of: leg.terms.taker), feed.head.sequence >= named.sequence else { continue }
      duties.frees.remove(id)
      // Another entry at that place is a fork of one of the two, which this does not tell apart. Of what was never
      // proposed, or stands in entries that are not held, nothing can be told either.
      guard leg.isProposed, feed.id(at: named.sequence) == named.entry else { continue }
      if leg.voidedAt ?? .max > named.sequence { exchange.doubted.insert(leg.terms.maker) }
    }
  }

  // MARK: Writing

  /// Confirms or withdraws the own open purchase when it is time.
  mutating func decidePurchase(_ builder: inout EntryBuilder) {
    guard let purchase = exchange.authors[own]?.state.purchase else { return }
    switch purchaseStep {
    case .wait?, nil: return
    case .withdraw(let silent)?:
      guard builder.hasRoom else { return }
      for id in purchase.trades {
        guard let leg = exchange.ledger[id], !leg.isAccepted else { continue }
        duties.failed(
          own: leg.terms.takerOrder, counter: leg.terms.makerOrder,
          until: builder.time + genesis.limits.retryMilliseconds)
      }
      for index in silent { noteSilence(of: purchase.legs[index].terms.maker, at: builder.time) }
      write(.withdraw(purchase.id, silent: silent), &builder)
    case .confirm?:
      guard builder.hasRoom(for: purchase.legs.count * OperationCodec.legBytes) else { return }
      confirm(purchase, &builder)
    }
    for leg in purchase.legs { builder.address(leg.terms.maker) }
    endedPurchase()
  }

  /// The own purchase is not open any more, whatever became of its legs: other bids may have their turn.
  mutating func endedPurchase() {
    if exchange.authors[own]?.state.purchase == nil { duties.endWait() }
  }

  private mutating func confirm(_ purchase: AuthorState.Purchase, _ builder: inout EntryBuilder) {
    var accepted: [SignedAcceptance] = []
    var legs: [Confirmation.Leg] = []
    for (index, id) in purchase.trades.enumerated() {
      guard let held = exchange.ledger[id]?.acceptance else { return }
      accepted.append(
        SignedAcceptance(
          acceptance: held.acceptance, bytes: held.bytes, signature: held.signature,
          maker: purchase.legs[index].terms.maker))
      legs.append(
        Confirmation.Leg(terms: purchase.legs[index].terms.legDigest, acceptance: Blake2b.hash(held.bytes)))
    }
    let confirmation = Confirmation(
      purchase: purchase.id, time: builder.time, sequence: builder.sequence, previous: builder.previous, legs: legs)
    let bytes = confirmation.encoded()
    let signature = identity.sign(bytes, domain: .confirmation, network: genesis.networkID)
    write(
      .confirm(
        SignedConfirmation(
          confirmation: confirmation, signed: Receipt.SignedConfirmation(bytes: bytes, signature: signature), taker: own
        ),
        accepted),
      &builder)
  }

  /// Settles or frees what is held for purchases that are decided.
  mutating func concludeHolds(_ builder: inout EntryBuilder) {
    while builder.hasRoom(for: EntryBuilder.largestSettleBytes), let id = duties.conclude.popFirst() {
      guard exchange.authors[own]?.state.holds[id] != nil, let leg = exchange.ledger[id], isDecided(leg) else {
        continue
      }
      if leg.state == .settled, let held = leg.confirmation {
        write(
          .settle(
            id,
            SignedConfirmation(confirmation: held.confirmation, signed: held.signed, taker: leg.terms.taker)),
          &builder)
      } else {
        write(.free(id, by: decisiveEntry(of: leg)), &builder)
      }
      builder.address(leg.terms.taker)
    }
  }

  /// What became of the attempt to match a split bid with several offers at once.
  enum PurchaseAttempt {
    /// There are not several offers for it: a single trade may do.
    case notSeveral
    /// It is proposed, or has to wait for another purchase.
    case done
    /// The entry is full.
    case noRoom
  }

  /// Proposes a purchase for a split bid when several offers have a part of what it wants.
  mutating func proposePurchase(_ id: OrderID, _ builder: inout EntryBuilder) -> PurchaseAttempt {
    guard let body = ownOrders[id]?.order.body, body.isSplit, !body.isPostOnly, isOpen(id, at: builder.time) else {
      return .notSeveral
    }
    var matches: [Match] = []
    while true {
      matches = exchange.book.purchase(id, context: matchContext(for: id, at: builder.time))
      let expired = matches.map(\.maker).filter { !isOpen($0, at: builder.time) }
      if expired.isEmpty { break }
      for maker in expired {
        duties.failed(own: id, counter: maker, until: builder.time + genesis.limits.retryMilliseconds)
      }
    }
    guard matches.count >= Confirmation.legCounts.lowerBound else { return .notSeveral }
    guard exchange.authors[own]?.state.purchase == nil else {
      duties.wait(id)
      return .done
    }
    guard builder.hasRoom(for: matches.count * OperationCodec.legBytes) else { return .noRoom }
    let legs = legs(of: matches, at: builder.time)
    guard legs.count == matches.count else { return .notSeveral }
    write(.purchase(legs), &builder)
    for leg in legs { builder.address(leg.terms.maker) }
    if body.timeInForce.isImmediate {
      duties.matched(id)
      reviewImmediate(id)
    } else {
      duties.wait(id)
    }
    return .done
  }

  /// The signed terms of a purchase of these matches.
  private mutating func legs(of matches: [Match], at time: Timestamp) -> [SignedTerms] {
    let confirmBy = time + 2 * genesis.limits.proposalMilliseconds
    var legs: [Terms] = []
    for match in matches {
      guard var terms = terms(for: match, at: time) else { return [] }
      // The purchase's name is made of what the legs say besides it.
      terms.leg = Terms.Leg(purchase: Blake2b.hash([]), confirmBy: confirmBy)
      legs.append(terms)
    }
    let purchase = Confirmation.purchase(of: legs.map(\.legDigest), network: genesis.networkID)
    return legs.map { terms in
      var terms = terms
      terms.leg?.purchase = purchase
      let bytes = terms.encoded()
      let signature = identity.sign(bytes, domain: .terms, network: genesis.networkID)
      return SignedTerms(terms: terms, bytes: bytes, signature: signature)
    }
  }
}
