import Market
import NodeCrypto
import OrderBook
import Settlement

/// Purchases over several providers: all legs or none.
///
/// | operation | in whose feed | effect on its owner's order |
/// |---|---|---|
/// | purchase | taker | takes all legs from the bid |
/// | accept of a leg | maker | takes the leg from the offer: a hold |
/// | confirm | taker | none: what is taken stays so |
/// | withdraw, or any entry past the last moment | taker | puts all legs back |
/// | settle | maker | none: the hold is over, what is taken stays so |
/// | free | maker | puts the leg back: the hold is over |
///
/// As with single trades, what is taken of an order follows from its owner's feed alone.
extension Exchange {
  /// Without effect while another purchase of the author's is open: it could have makers hold more than it can ever buy.
  mutating func purchase(_ legs: [SignedTerms], at place: Place, into changes: inout [Change]) {
    guard authors[place.author]?.state.purchase == nil,
      legs.allSatisfy({ authors[place.author]?.state.isNew(Blake2b.hash($0.bytes)) == true })
    else { return }
    var isTaken = true
    for leg in legs { isTaken = take(leg.terms, from: leg.terms.bid, of: place.author, into: &changes) }
    guard let purchase = AuthorState.Purchase(legs: legs, isTaken: isTaken) else { return }
    authors[place.author]?.state.purchase = purchase
    authors[place.author]?.state.counts.proposals += legs.count
    count(place.author, into: &changes)
    note(purchase, into: &changes)
  }

  /// Notes a purchase of which the terms have become known.
  private mutating func note(_ purchase: AuthorState.Purchase, into changes: inout [Change]) {
    ledger.note(purchase.id, legs: purchase.trades)
    for leg in purchase.legs {
      note(ledger.propose(leg), into: &changes)
    }
  }

  /// Counts only when it is for the open purchase, and every leg was accepted in time by its maker.
  mutating func confirm(
    _ confirmation: SignedConfirmation, _ acceptances: [SignedAcceptance], at place: Place, into changes: inout [Change]
  ) {
    guard let purchase = authors[place.author]?.state.purchase, purchase.id == confirmation.confirmation.purchase,
      purchase.legs.count == acceptances.count,
      zip(purchase.legs, acceptances).allSatisfy({
        OperationCodec.isConfirmed($0, by: confirmation.confirmation, $1)
      })
    else { return }
    _ = authors[place.author]?.state.endPurchase()
    for leg in purchase.legs { authors[place.author]?.state.settle(leg.terms, by: place.author) }
    count(place.author, into: &changes)
    authors[place.author]?.state.confirm(
      confirmation, of: purchase.legs, keptMilliseconds: genesis.limits.skewMilliseconds)
    noteConfirmed(purchase.legs, confirmation, acceptances, from: .taker, into: &changes)
  }

  /// Notes a confirmed purchase: with the confirm all that the makers signed is known too.
  private mutating func noteConfirmed(
    _ legs: [SignedTerms], _ confirmation: SignedConfirmation, _ acceptances: [SignedAcceptance],
    from source: TradeLedger.ConfirmationSource, into changes: inout [Change]
  ) {
    for (leg, accepted) in zip(legs, acceptances) {
      note(ledger.accept(leg, accepted), into: &changes)
      note(
        ledger.confirm(
          accepted.acceptance.trade, confirmation.confirmation, confirmation.signed, accepted: accepted.held,
          from: source),
        into: &changes)
    }
  }

  mutating func withdraw(_ id: PurchaseID, silent: [Int], at place: Place, into changes: inout [Change]) {
    guard let purchase = authors[place.author]?.state.purchase, purchase.id == id else { return }
    for leg in silent where leg < purchase.legs.count {
      complain(of: purchase.legs[leg].terms.maker, expiries: 1, by: place.author, into: &changes)
    }
    void(place.author, at: place.sequence, into: &changes)
  }

  /// The open purchase of an author comes to nothing with its entry at `sequence`.
  mutating func void(_ author: NodeID, at sequence: UInt64, into changes: inout [Change]) {
    guard let purchase = authors[author]?.state.endPurchase() else { return }
    authors[author]?.state.counts.releases += purchase.legs.count
    count(author, into: &changes)
    if purchase.isTaken {
      var isBack = false
      for leg in purchase.legs { isBack = adjust(purchase.bid, of: author, by: -1, leg.terms) }
      if isBack { changes.append(.freed(purchase.bid)) }
    }
    for trade in purchase.trades { note(ledger.void(trade, at: sequence), into: &changes) }
  }

  mutating func settle(
    _ id: TradeID, _ confirmation: SignedConfirmation, at place: Place, into changes: inout [Change]
  ) {
    guard let hold = authors[place.author]?.state.holds[id], hold.signed.terms.taker == confirmation.taker,
      confirmation.confirmation.confirms(hold.signed.terms, acceptanceBytes: hold.decision.bytes)
    else { return }
    _ = authors[place.author]?.state.endHold(id)
    authors[place.author]?.state.settle(hold.signed.terms, by: place.author)
    count(place.author, into: &changes)
    note(
      ledger.confirm(
        id, confirmation.confirmation, confirmation.signed, accepted: hold.decision.held, from: .maker),
      into: &changes)
  }

  mutating func free(_ id: TradeID, by reference: EntryReference, at place: Place, into changes: inout [Change]) {
    guard let hold = authors[place.author]?.state.endHold(id) else { return }
    let terms = hold.signed.terms
    complain(of: terms.taker, lapses: 1, by: place.author, into: &changes)
    if hold.isTaken, adjust(terms.makerOrder, of: place.author, by: -1, terms) {
      changes.append(.freed(terms.makerOrder))
    }
    note(ledger.free(id, by: (reference.sequence, reference.entry)), into: &changes)
  }

  // MARK: Holding

  /// The share of an offer, one in so many GPUs, that its owner holds for purchases besides a first one.
  static let holdShare: Int32 = 2

  /// How many GPUs of an own offer may be held for one more purchase: all for the first, half of them for several,
  /// whatever their slots. A
  /// buyer that never confirms keeps a hold until its feed goes on; so it does not keep the whole of every offer.
  func holdRoom(of order: OrderID, ownedBy owner: NodeID) -> Int32 {
    guard let gpus = book.order(order)?.body.gpus else { return 0 }
    guard let held = authors[owner]?.state.heldGPUs[order] else { return gpus }
    return Int32(clamping: max(0, Int64(gpus / Self.holdShare) - held))
  }

  // MARK: Restating

  /// Takes what a checkpoint says of purchases. Those that were open before and are not stated have come to nothing; so
  /// have confirmed ones, for all that those know who read the feed from there on.
  mutating func restatePurchases(
    _ items: CheckpointItems, of author: NodeID, before old: AuthorState, at sequence: UInt64,
    into changes: inout [Change]
  ) {
    for stated in items.purchases {
      guard let purchase = AuthorState.Purchase(legs: stated.legs, isTaken: false) else { continue }
      note(purchase, into: &changes)
      if let confirmed = stated.confirmed {
        noteConfirmed(
          stated.legs, confirmed.confirmation, confirmed.acceptances, from: .checkpoint, into: &changes)
      }
    }
    for (signed, decision) in items.holds {
      note(ledger.accept(signed, decision), into: &changes)
    }
    let stated = Set(items.purchases.compactMap(\.id))
    let before = old.confirmed.keys.sorted() + [old.purchase?.id].compactMap { $0 }
    for id in before where !stated.contains(id) {
      for trade in ledger.legs(of: id) { note(ledger.void(trade, at: sequence), into: &changes) }
    }
  }
}
