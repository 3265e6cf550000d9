import Gossip
import Market
import NodeCrypto
import OrderBook
import Settlement

/// Checkpoints: what a complete one says replaces what the author's entries before it added up to.
///
/// That it replaces rather than repeats makes all nodes agree after it, those that hold the entries before it and those
/// that do not, whatever it says. For an honest author's it changes nothing where the entries before are known.
extension Exchange {
  /// Takes a part; the last one makes the checkpoint count. That parts come in order is the feed's concern.
  mutating func restate(_ part: CheckpointPart, at place: Place, into changes: inout [Change]) {
    if let totals = part.totals {
      authors[place.author]?.state.unfinished = AuthorState.Unfinished(
        first: part.first, totals: totals, items: part.items)
    } else {
      authors[place.author]?.state.unfinished?.items.append(part.items)
    }
    guard part.isLast, let whole = authors[place.author]?.state.unfinished else { return }
    let isChecked = authors[place.author]?.state.isJump == false
    if isChecked, !isTrue(whole, of: place.author) {
      doubted.insert(place.author)
      if let accepts = acceptsAgainst(whole, of: place.author) {
        changes.append(.understated(first: whole.first, accepts: accepts))
      }
    }
    replace(place.author, by: whole, at: place.sequence, into: &changes)
    changes.append(.checkpoint(place.author))
  }

  /// Notes that entries of a feed are missing before the checkpoint that comes next.
  mutating func jump(_ author: NodeID) { authors[author, default: AuthorCell()].state.isJump = true }

  /// Whether a checkpoint says what the entries before it do. An author may leave out accepts whose receipts it has seen,
  /// but not state others than it gave.
  private func isTrue(_ whole: AuthorState.Unfinished, of author: NodeID) -> Bool {
    guard let state = authors[author]?.state else { return false }
    let (items, stated) = (whole.items, restated(whole, by: author))
    guard whole.totals.counts == state.counts,
      stated.complaints == state.complaints, items.complaints.count == state.complaints.count,
      stated.proposals.count == state.proposals.count, items.proposals.count == state.proposals.count,
      stated.proposals.keys.allSatisfy({ state.proposals[$0] != nil }),
      stated.purchase?.id == state.purchase?.id, stated.confirmed == state.confirmed,
      items.purchases.count == state.confirmed.count + (state.purchase == nil ? 0 : 1),
      stated.holds.count == state.holds.count,
      items.holds.count == state.holds.count, stated.holds.keys.allSatisfy({ state.holds[$0] != nil }),
      items.orders.count == state.orders.live.count, stated.orders.live.count == state.orders.live.count,
      !(items.accepts + items.holds).contains(where: { contradicts($0.decision) })
    else { return false }
    return items.orders.allSatisfy { item in
      let order = order(item, of: author)
      guard let live = state.orders.live[order.id], let new = stated.orders.live[order.id],
        live.expiry == new.expiry, live.side == new.side, live.timeInForce == new.timeInForce, live.taken == new.taken
      else { return false }
      return book.order(order.id).map { $0 == order } ?? true
    }
  }

  /// Whether a maker gave another answer than the accept that its checkpoint restates.
  private func contradicts(_ decision: SignedAcceptance) -> Bool {
    guard let trade = ledger[decision.acceptance.trade] else { return false }
    return trade.acceptance.map { $0.bytes != decision.bytes } ?? (trade.rejection != nil)
  }

  /// The places of accepts of single trades, ascending, that take more of an order than a checkpoint says is taken of it;
  /// nil when none do. Of the accepts of one order those that share slots, the earliest of them, as many as fit a proof.
  private func acceptsAgainst(_ whole: AuthorState.Unfinished, of author: NodeID) -> [UInt64]? {
    let stated = restated(whole, by: author).orders.live
    for id in stated.ids.sorted() {
      guard let live = stated[id] else { continue }
      let isBid = live.side == .bid
      let accepts = ledger.trades(of: id).compactMap { id -> (sequence: UInt64, terms: Terms, slots: SlotRange)? in
        guard let trade = ledger[id], trade.terms.maker == author, trade.terms.leg == nil, live.isSide(of: trade.terms),
          trade.isAccepted, let sequence = trade.acceptedAt, sequence < whole.first,
          let slots = genesis.slots(of: trade.terms)
        else { return nil }
        return (sequence, trade.terms, slots)
      }
      var excess = live.taken.negated(isBid: isBid)
      for accept in accepts { excess.add(accept.terms, accept.slots, isBid: isBid) }
      let most = accepts.max { excess.maximum(in: isBid ? nil : $0.slots) < excess.maximum(in: isBid ? nil : $1.slots) }
      guard let most, excess.maximum(in: isBid ? nil : most.slots) > 0 else { continue }
      let sharing = accepts.filter { isBid || $0.slots.start < most.slots.end && most.slots.start < $0.slots.end }
      return Array(Set(sharing.map(\.sequence)).sorted().prefix(FraudProof.maximumAccepts))
    }
    return nil
  }

  /// An order of `author` as it is restated.
  func order(_ item: CheckpointItems.LiveOrder, of author: NodeID) -> Order {
    let place = Place(author: author, time: item.time, sequence: item.place.sequence, index: item.place.index)
    let priority = OrderPriority(
      time: item.time, owner: author, sequence: item.priority.sequence, index: item.priority.index)
    return Order(id: place.orderID(network: genesis.networkID), priority: priority, body: item.body)
  }

  /// What a checkpoint makes of its author, whatever was before. Of what is stated twice the first counts.
  private func restated(_ whole: AuthorState.Unfinished, by author: NodeID) -> AuthorState {
    var state = AuthorState()
    state.counts = whole.totals.counts
    var taken: [OrderPlace: [CheckpointItems.Taking]] = [:]
    for taking in whole.items.takings { taken[taking.place, default: []].append(taking) }
    for item in whole.items.orders {
      let id = order(item, of: author).id
      guard !state.orders.live.contains(id), state.room(for: item.body, limits: genesis.limits) == .enough else {
        continue
      }
      var sum = Taken()
      for taking in taken[item.place] ?? [] {
        switch (item.body.side, taking.slots) {
        case (.offer, let slots?): sum.add(Int64(taking.gpus), slots)
        case (.bid, nil): sum.add(Int64(taking.gpus))
        case (.offer, nil), (.bid, _?): break
        }
      }
      state.orders.add(id, item.body, at: item.place, taken: sum)
    }
    for signed in whole.items.proposals {
      let terms = signed.terms
      let isTaken = state.orders.live[terms.takerOrder].map { ($0.side == .offer) == (terms.takerSide == .offer) }
      let id: TradeID = Blake2b.hash(signed.bytes)
      if state.isNew(id) { state.open(id, AuthorState.Proposal(signed: signed, isTaken: isTaken ?? false)) }
    }
    if let legs = whole.items.purchases.first(where: { $0.confirmed == nil })?.legs {
      let isTaken = state.orders.live[legs[0].terms.bid].map { $0.side == .bid }
      state.purchase = AuthorState.Purchase(legs: legs, isTaken: isTaken ?? false)
    }
    for case (let legs, let confirmed?) in whole.items.purchases.map({ ($0.legs, $0.confirmed) }) {
      state.confirm(confirmed.confirmation, of: legs, keptMilliseconds: genesis.limits.skewMilliseconds)
    }
    for (signed, decision) in whole.items.holds {
      let isTaken = state.orders.live[signed.terms.makerOrder].map {
        ($0.side == .offer) == (signed.terms.makerOrder == signed.terms.offer)
      }
      let id = decision.acceptance.trade
      guard state.holds[id] == nil else { continue }
      state.hold(id, AuthorState.Hold(signed: signed, decision: decision, isTaken: isTaken ?? false))
    }
    for stated in whole.items.complaints where state.complaints[stated.node] == nil {
      _ = state.complain(
        of: stated.node, AuthorState.Complaint(expiries: stated.expiries, lapses: stated.lapses))
    }
    return state
  }

  private mutating func replace(
    _ author: NodeID, by whole: AuthorState.Unfinished, at sequence: UInt64, into changes: inout [Change]
  ) {
    let old = authors[author]?.state ?? AuthorState()
    let new = restated(whole, by: author)
    authors[author] = AuthorCell(new)
    for id in old.orders.live.ids.sorted() where !new.orders.live.contains(id) {
      leave(id)
      changes.append(.cancelled(id))
    }
    for item in whole.items.orders {
      let order = order(item, of: author)
      guard let live = new.orders.live[order.id] else { continue }
      let isKnown = old.orders.live[order.id]?.taken == live.taken
      if isKnown, let held = book.order(order.id), held == order { continue }
      leave(order.id)
      changes.append(insert(order) ? .placed(order) : .notPlaced(order.id))
    }
    count(author, into: &changes)
    for node in Set(old.complaints.keys).union(new.complaints.keys).sorted() {
      count(new.complaints[node], insteadOf: old.complaints[node], of: node, by: author, into: &changes)
    }
    for signed in whole.items.proposals {
      note(ledger.propose(signed), into: &changes)
    }
    for (signed, decision) in whole.items.accepts {
      note(ledger.accept(signed, decision), into: &changes)
    }
    restatePurchases(whole.items, of: author, before: old, at: sequence, into: &changes)
    // Proposals that came to an end in entries that are missing here: how, nobody needs to know any more.
    for id in old.proposals.keys.sorted() where new.proposals[id] == nil {
      if ledger.forget(undecided: id) { changes.append(.trade(id)) }
    }
  }
}
