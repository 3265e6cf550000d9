import Market
import NodeCrypto
import OrderBook
import Settlement

/// Trades: what each party's feed says of its own order and its own record, and of the trade as such.
///
/// An order is taken from by its owner's feed alone, and a record counts what single feeds say. The state of a trade is
/// joined from both feeds in the ``TradeLedger``.
extension Exchange {
  mutating func propose(_ signed: SignedTerms, at place: Place, into changes: inout [Change]) {
    let id: TradeID = Blake2b.hash(signed.bytes)
    if authors[place.author]?.state.isNew(id) == true {
      let isTaken = take(signed.terms, from: signed.terms.takerOrder, of: place.author, into: &changes)
      authors[place.author]?.state.open(id, AuthorState.Proposal(signed: signed, isTaken: isTaken))
      authors[place.author]?.state.counts.proposals += 1
      count(place.author, into: &changes)
    }
    note(ledger.propose(signed), into: &changes)
  }

  mutating func accept(
    _ signed: SignedTerms, _ decision: SignedAcceptance, at place: Place, into changes: inout [Change]
  ) {
    let until = min(signed.terms.deadline, place.time + answerMemoryMilliseconds)
    if authors[place.author]?.state.finish(decision.acceptance.trade, until: until) == true {
      let isTaken = take(signed.terms, from: signed.terms.makerOrder, of: place.author, into: &changes)
      if signed.terms.leg != nil {
        let hold = AuthorState.Hold(signed: signed, decision: decision, isTaken: isTaken)
        authors[place.author]?.state.hold(decision.acceptance.trade, hold)
      } else {
        authors[place.author]?.state.settle(signed.terms, by: place.author)
      }
      authors[place.author]?.state.counts.accepts += 1
      count(place.author, into: &changes)
    }
    note(ledger.accept(signed, decision, isInMakersFeed: true), into: &changes)
  }

  mutating func reject(
    _ id: TradeID, _ reason: RejectReason, at place: Place, into changes: inout [Change]
  ) {
    let until = place.time + answerMemoryMilliseconds
    if authors[place.author]?.state.finish(id, until: until) == true {
      authors[place.author]?.state.counts.rejects[reason] += 1
      count(place.author, into: &changes)
    }
    note(ledger.reject(id, by: place.author, at: place.sequence, reason: reason), into: &changes)
  }

  mutating func copy(_ decision: SignedAcceptance, at place: Place, into changes: inout [Change]) {
    let trade = decision.acceptance.trade
    if let terms = authors[place.author]?.state.proposals[trade]?.signed.terms, terms.maker == decision.maker,
      decision.acceptance.time <= terms.deadline
    {
      _ = authors[place.author]?.state.close(trade)
      authors[place.author]?.state.settle(terms, by: place.author)
      count(place.author, into: &changes)
    }
    guard ledger[trade]?.terms.maker == decision.maker else { return }
    note(
      ledger.copy(
        decision.acceptance, bytes: decision.bytes, makerSignature: decision.signature, by: place.author),
      into: &changes)
  }

  mutating func release(_ id: TradeID, isClosure: Bool, at place: Place, into changes: inout [Change]) {
    if let proposal = authors[place.author]?.state.close(id) {
      let terms = proposal.signed.terms
      if proposal.isTaken, adjust(terms.takerOrder, of: place.author, by: -1, terms) {
        changes.append(.freed(terms.takerOrder))
      }
      authors[place.author]?.state.counts.releases += 1
      count(place.author, into: &changes)
      if isClosure { complain(of: terms.maker, expiries: 1, by: place.author, into: &changes) }
    }
    note(ledger.release(id, by: place.author), into: &changes)
  }

  /// How long an answer is remembered, so that a second one to the same proposal is nothing: past the deadline of any
  /// proposal that was known when it was given.
  private var answerMemoryMilliseconds: Int64 { 2 * genesis.limits.proposalMilliseconds }

  mutating func note(_ change: TradeChange?, into changes: inout [Change]) {
    guard let change, change.isNews else { return }
    changes.append(.trade(change.trade))
    log?.note(trade: change.trade)
  }

  /// Takes from a live order of `owner`, and tells when that is more than there is, or when a smaller piece fits a bid
  /// from now on; false as ``adjust(_:of:by:_:)``.
  mutating func take(_ terms: Terms, from id: OrderID, of owner: NodeID, into changes: inout [Change]) -> Bool {
    guard adjust(id, of: owner, by: 1, terms), let slots = genesis.slots(of: terms) else { return false }
    if authors[owner]?.state.orders.isOverfilled(id, in: slots) == true { changes.append(.overfilled(id)) }
    if id == terms.bid, book.wantsRemainder(id) { changes.append(.narrowed(id)) }
    return true
  }

  /// Takes from a live order of `owner` or puts back; false, without effect, where the terms name another one's order,
  /// one of the other side, or one that is not live.
  @discardableResult
  mutating func adjust(_ id: OrderID, of owner: NodeID, by sign: Int64, _ terms: Terms) -> Bool {
    guard let live = authors[owner]?.state.orders.live[id], (live.side == .offer) == (id == terms.offer),
      let slots = genesis.slots(of: terms)
    else { return false }
    authors[owner]?.state.orders.take(id, gpus: sign * Int64(terms.gpus), slots: slots)
    if sign > 0 {
      book.take(id, gpus: terms.gpus, slots: slots)
    } else {
      book.putBack(id, gpus: terms.gpus, slots: slots)
    }
    log?.note(order: id)
    return true
  }
}
