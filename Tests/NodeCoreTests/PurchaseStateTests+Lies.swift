import Gossip
import Market
import NodeCrypto
import Settlement
import Simulator
import Testing

@testable import NodeCore

/// What makers and takers say that is not so.
extension PurchaseStateTests {
  @Test("a second purchase has no effect while the first is open, and has when the first is over")
  mutating func second() throws {
    let again = deals.purchase(
      makers.map { LegDraft(offer: $0.orderID(sequence: 1), provider: $0.identity, gpus: 1) },
      bid: taker.orderID(sequence: 1), buyer: taker.identity, deadline: epoch + 7000, confirmBy: epoch + 13_000)
    let id: TradeID = Blake2b.hash(again[0].bytes)
    var early = self
    early.taker.append([.purchase(again)], at: epoch + 1000)
    #expect(early.core([early.taker] + early.makers).ledger[id] == nil)
    taker.append([.withdraw(purchase, silent: []), .purchase(again)], at: epoch + 1000)
    #expect(core([taker] + makers).ledger[id]?.state == .proposed)
    try expect([.released, .released], used: [0, 0], taken: 2)
  }

  @Test("a confirm with an acceptance of another leg's, or past the deadline, confirms nothing")
  mutating func wrongAcceptance() throws {
    try accept(0)
    try accept(0)
    var twice = self
    twice.taker.append([twice.confirm(at: 3000)], at: epoch + 3000)
    #expect(twice.core([twice.taker] + twice.makers).ledger[trades[0]]?.state == .held)
  }

  @Test("a maker's first answer counts: an accept after its reject holds nothing and is not confirmed into a trade")
  mutating func acceptAfterReject() throws {
    try accept(0)
    makers[1].append([.reject(trades[1], .noHold, gpusLeft: 0)], at: epoch + 500)
    try accept(1)
    try expect([.held, .rejected], used: [4, 0], taken: 8)
    #expect(core([taker] + makers).record(of: makers[1].identity.nodeID).failed == 0, "holding nothing is no failure")
  }

  @Test(
    "a maker that frees while the purchase is open, or after it is confirmed, is found out by whoever has both feeds",
    arguments: [false, true])
  mutating func freesWithoutReason(isConfirmed: Bool) throws {
    try accept(0)
    try accept(1)
    var entry = taker.append([], at: epoch + 2000)
    if isConfirmed { entry = taker.append([confirm(at: 3000)], at: epoch + 3000) }
    makers[0].append(
      [.free(trades[0], by: EntryReference(sequence: entry.sequence, entry: entry.id))], at: epoch + 4000)
    for feeds in orders {
      var core = core(feeds)
      core.checkFrees(now: epoch + 20_000)
      #expect(core.doubtedAuthors == [makers[0].identity.nodeID])
    }
    try expect([isConfirmed ? .settled : .released, isConfirmed ? .settled : .held], used: [0, 4], taken: 8)
  }

  @Test("whoever lacks the taker's feed, or has another branch of it, accuses no maker")
  mutating func unchecked() throws {
    try accept(0)
    let entry = taker.append([], at: epoch + 2000)
    makers[0].append(
      [.free(trades[0], by: EntryReference(sequence: entry.sequence, entry: trades[0].asEntry))], at: epoch + 4000)
    for feeds in [[makers[0]], [makers[0], taker]] {
      var core = core(feeds)
      core.checkFrees(now: epoch + 20_000)
      #expect(core.doubtedAuthors.isEmpty)
    }
  }

  // MARK: Frees to be checked

  @Test("a maker that frees before the withdraw, though it comes, is found out in whatever order all comes")
  mutating func freesTooEarly() throws {
    try accept(0)
    try accept(1)
    let named = taker.append([], at: epoch + 2000)
    taker.append([.withdraw(purchase, silent: [])], at: epoch + 3000)
    makers[0].append(
      [.free(trades[0], by: EntryReference(sequence: named.sequence, entry: named.id))], at: epoch + 4000)
    for feeds in orders { #expect(core(feeds).doubtedAuthors == [makers[0].identity.nodeID]) }
  }

  @Test("that a maker frees a confirmed leg is news")
  mutating func freesConfirmed() throws {
    try accept(0)
    try accept(1)
    let entry = taker.append([confirm(at: 3000)], at: epoch + 3000)
    var core = core([taker] + makers)
    var changes: [Change] = []
    let head = makers[0].head
    core.exchange.apply(
      .free(trades[0], by: EntryReference(sequence: entry.sequence, entry: entry.id)),
      at: Place(author: makers[0].identity.nodeID, time: epoch + 4000, sequence: head.sequence + 1, index: 0),
      into: &changes)
    #expect(changes.contains { if case .trade(let id) = $0 { id == trades[0] } else { false } })
  }

  @Test("frees of what was never proposed are forgotten with the lease, and bounded for each maker")
  mutating func endlessFrees() throws {
    let maker = HandwrittenFeed(identity: identity(4), genesis: genesis)
    var feed = maker
    for number in 0..<(FreeChecks.maximumPerMaker + 20) {
      let legs = deals.purchase(
        [makers[0].identity, maker.identity].map { LegDraft(offer: feed.orderID(sequence: 1), provider: $0, gpus: 1) },
        bid: taker.orderID(sequence: 1), buyer: taker.identity, deadline: epoch + 6000, confirmBy: epoch + 12_000,
        nonce: UInt64(number) + 7)
      let id: TradeID = Blake2b.hash(legs[1].bytes)
      feed.append(
        [
          deals.accept(legs[1], in: feed, at: epoch),
          .free(id, by: EntryReference(sequence: 1000, entry: id.asEntry)),
        ], at: epoch)
    }
    var core = core([feed, taker])
    #expect(core.duties.frees.count == FreeChecks.maximumPerMaker)
    taker.append([], at: epoch + 1000)
    core.checkFrees(now: epoch + 119_999)
    #expect(core.duties.frees.count == FreeChecks.maximumPerMaker && core.doubtedAuthors.isEmpty)
    core.checkFrees(now: epoch + 120_000)
    #expect(core.duties.frees.count == 0)
  }

  @Test("a free is looked at when its taker's feed grows, and not before")
  mutating func freesByTaker() throws {
    try accept(0)
    taker.append([], at: epoch + 2000)
    let named = taker.append([], at: epoch + 3000)
    makers[0].append(
      [.free(trades[0], by: EntryReference(sequence: named.sequence, entry: named.id))], at: epoch + 4000)
    let short = taker.cut(to: taker.entries.count - 1)
    var core = core([makers[0], short])
    core.checkFrees(now: epoch + 20_000)
    #expect(core.duties.frees.count == 1 && core.doubtedAuthors.isEmpty)
    #expect(core.restore(named) == nil)
    #expect(core.duties.frees.takeDue(now: epoch + 20_000).isEmpty)
    core.afterEntry(of: taker.identity.nodeID)
    core.checkFrees(now: epoch + 20_000)
    #expect(core.duties.frees.count == 0 && core.doubtedAuthors == [makers[0].identity.nodeID])
  }

  // MARK: Makers

  @Test("a maker whose feed has a gap is not called silent: nobody knows what it answered")
  mutating func silentOverGap() throws {
    try accept(0)
    makers[1].append([.checkpoint(try truth(core([taker] + makers), makers[1]))], at: epoch + 7000)
    for start in [0, 1] {
      var own = NodeCore(
        NodeConfiguration(
          genesis: genesis, identity: taker.identity, agent: "", listenPort: 0, advertisedHost: nil, bootstrap: [],
          seed: 1),
        now: epoch)
      for entry in taker.entries + makers[0].entries + makers[1].entries[start...] {
        #expect(own.restore(entry) == nil)
      }
      guard case .withdraw(let silent)? = own.purchaseStep else {
        Issue.record("the purchase is not doomed")
        continue
      }
      #expect(silent == (start == 0 ? [1] : []))
    }
  }

  @Test("of an offer that is held for a purchase at most half is held for others, whatever their slots")
  mutating func holdRoom() throws {
    let offer = makers[0].orderID(sequence: 1)
    #expect(core(makers).exchange.holdRoom(of: offer, ownedBy: makers[0].identity.nodeID) == 6)
    try accept(0)
    let holding = core([taker] + makers)
    #expect(holding.exchange.holdRoom(of: offer, ownedBy: makers[0].identity.nodeID) == 0)
    #expect(
      holding.exchange.authors[makers[0].identity.nodeID]?.state.holdsByTaker[taker.identity.nodeID] == [trades[0]])
    makers[0].append([.free(trades[0], by: EntryReference(sequence: 1, entry: trades[0].asEntry))], at: epoch + 2000)
    let free = core(makers)
    #expect(free.exchange.holdRoom(of: offer, ownedBy: makers[0].identity.nodeID) == 6)
    #expect(free.exchange.authors[makers[0].identity.nodeID]?.state.holdsByTaker.isEmpty == true)
  }

  // MARK: A second acceptance

  /// The first maker accepts its leg once more, in a checkpoint, at an earlier place than the one that is confirmed.
  private mutating func acceptAgain() throws {
    try accept(0)
    try accept(1)
    taker.append([confirm(at: 3000)], at: epoch + 3000)
    let acceptance = Acceptance(
      trade: trades[0], time: epoch, sequence: 1, previous: Head.origin(of: genesis.networkID).entry)
    let bytes = acceptance.encoded()
    let again = SignedAcceptance(
      acceptance: acceptance, bytes: bytes,
      signature: makers[0].identity.sign(bytes, domain: .acceptance, network: genesis.networkID),
      maker: makers[0].identity.nodeID)
    var part = try truth(core([taker] + makers), makers[0])
    part.items.accepts = [(legs[0], again)]
    makers[0].append([.checkpoint(part)], at: epoch + 4000)
  }

  @Test("a confirmed leg keeps the acceptance that its confirmation names, whatever its maker signs later")
  mutating func secondAcceptance() throws {
    try acceptAgain()
    try expect([.settled, .settled], used: [4, 4], taken: 8)
    for feeds in orders { #expect(core(feeds).doubtedAuthors == [makers[0].identity.nodeID]) }
  }

  @Test("a second acceptance of a confirmed leg does not end its taker's feed: everybody reads its next checkpoint")
  mutating func secondAcceptanceAtTheTaker() throws {
    try acceptAgain()
    for feeds in orders {
      let entries = ownEntries(after: feeds, from: epoch + 20_000)
      let codec = OperationCodec(genesis: genesis)
      let parts = try entries.flatMap { try codec.operations(of: $0) }.compactMap { operation in
        if case .checkpoint(let part) = operation { part } else { nil }
      }
      let stated = try #require(parts.flatMap(\.items.purchases).first)
      #expect(stated.confirmed?.acceptances.map(\.bytes) == accepted.map(\.bytes))
      var other = core([taker])
      for entry in entries { #expect(other.restore(entry) == nil) }
      #expect(other.doubtedAuthors.isEmpty)
    }
  }
}

extension TradeID {
  /// Some entry's id that no entry has.
  fileprivate var asEntry: EntryID { EntryID(word0: word0, word1: word1, word2: word2, word3: word3) }
}
