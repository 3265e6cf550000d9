import Gossip
import Market
import NodeCrypto
import OrderBook
import Settlement
import Simulator
import Testing

@testable import NodeCore

/// What a purchase is follows from its taker's feed, and what is held for it from each maker's own: feeds written by hand,
/// told to cores in any order.
@Suite("states of a purchase")
struct PurchaseStateTests {
  let genesis: Genesis
  let deals: DealBuilder
  var taker: HandwrittenFeed
  var makers: [HandwrittenFeed]
  let legs: [SignedTerms]
  var accepted: [SignedAcceptance] = []

  init() throws {
    genesis = try TestMarket.genesis(checkpointEntries: 2)
    deals = DealBuilder(genesis: genesis)
    taker = HandwrittenFeed(identity: identity(1), genesis: genesis)
    makers = (2...3).map { [genesis] in HandwrittenFeed(identity: identity($0), genesis: genesis) }
    legs = deals.purchase(
      makers.map { LegDraft(offer: $0.orderID(sequence: 1), provider: $0.identity, gpus: 4) },
      bid: taker.orderID(sequence: 1), buyer: taker.identity, deadline: epoch + 6000, confirmBy: epoch + 12_000)
    for index in makers.indices { makers[index].append([.place(genesis.offer(6, at: 2.00))], at: epoch) }
    taker.append([.place(genesis.bid(8, at: 2.40, minimumGPUs: 1)), .purchase(legs)], at: epoch)
  }

  var trades: [TradeID] { legs.map { Blake2b.hash($0.bytes) } }
  var purchase: PurchaseID { legs[0].terms.leg?.purchase ?? Blake2b.hash([]) }

  mutating func accept(_ index: Int, at time: Int64 = 1000) throws {
    let operation = deals.accept(legs[index], in: makers[index], at: epoch + time)
    makers[index].append([operation], at: epoch + time)
    accepted.append(try #require(operation.acceptance))
  }

  func confirm(at time: Int64) -> Operation {
    .confirm(deals.confirmation(of: legs, accepted: accepted, in: taker, at: epoch + time), accepted)
  }

  func core(_ feeds: [HandwrittenFeed], from: Int = 0) -> NodeCore {
    var core = NodeCore(
      NodeConfiguration(
        genesis: genesis, identity: identity(9), agent: "", listenPort: 0, advertisedHost: nil, bootstrap: [], seed: 1),
      now: epoch)
    for feed in feeds {
      for entry in feed.entries { #expect(core.restore(entry) == nil, "entry \(entry.sequence)") }
    }
    var effects: [NodeEffect] = []
    core.finishRestore(now: epoch + 20_000, into: &effects)
    return core
  }

  var orders: [[HandwrittenFeed]] {
    let feeds = [taker] + makers
    return [
      [feeds[0], feeds[1], feeds[2]], [feeds[2], feeds[1], feeds[0]], [feeds[1], feeds[0], feeds[2]],
      [feeds[2], feeds[0], feeds[1]],
    ]
  }

  /// The legs' states, the GPUs used of each offer, and those taken of the bid; the same in whatever order feeds come.
  func expect(
    _ states: [TradeState], used: [Int64], taken: Int32, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    var digests: Set<Digest> = []
    for feeds in orders {
      var core = core(feeds)
      #expect(trades.map { core.ledger[$0]?.state } == states, sourceLocation: sourceLocation)
      let calendars = makers.map { maker -> Int64 in
        core.book.state(of: maker.orderID(sequence: 1))?.calendar?.runs.map { Int64($0.used) }.max() ?? 0
      }
      #expect(calendars == used, sourceLocation: sourceLocation)
      let bid = try #require(core.book.state(of: taker.orderID(sequence: 1)), sourceLocation: sourceLocation)
      #expect(bid.remainingGPUs == 8 - taken, sourceLocation: sourceLocation)
      for trade in core.ledger.sorted where trade.state == .settled {
        _ = try #require(trade.receipt, sourceLocation: sourceLocation).verify(network: genesis.networkID)
      }
      digests.insert(core.bookDigest())
    }
    #expect(digests.count == 1, sourceLocation: sourceLocation)
  }

  // MARK: The table

  @Test("nothing decisive and some accepts: open, and what is accepted is held")
  mutating func open() throws {
    try expect([.proposed, .proposed], used: [0, 0], taken: 8)
    try accept(0)
    try expect([.held, .proposed], used: [4, 0], taken: 8)
  }

  @Test("nothing decisive and all accepts: held, and none is settled")
  mutating func held() throws {
    try accept(0)
    try accept(1)
    try expect([.held, .held], used: [4, 4], taken: 8)
  }

  @Test("nothing decisive and a reject: doomed, and what is accepted stays held")
  mutating func doomed() throws {
    try accept(0)
    makers[1].append([.reject(trades[1], .noCapacity, gpusLeft: 1)], at: epoch + 1000)
    try expect([.held, .rejected], used: [4, 0], taken: 8)
  }

  @Test("a confirm in time is final, and the makers settle in their own feeds")
  mutating func final() throws {
    try accept(0)
    try accept(1)
    let confirm = confirm(at: 12_000)
    taker.append([confirm], at: epoch + 12_000)
    try expect([.settled, .settled], used: [4, 4], taken: 8)
    guard case .confirm(let confirmation, _) = confirm else { return }
    makers[0].append([.settle(trades[0], confirmation)], at: epoch + 13_000)
    try expect([.settled, .settled], used: [4, 4], taken: 8)
    let core = core([taker] + makers)
    #expect(core.ledger[trades[0]]?.isCopied == true && core.ledger[trades[1]]?.isCopied == false)
    #expect(core.record(of: taker.identity.nodeID).settled == 2)
    let records = makers.map { core.record(of: $0.identity.nodeID).own }
    #expect(records.map(\.settled) == [1, 0] && records.map(\.accepts) == [1, 1])
  }

  @Test("a release first is void: a confirm after it, in the same entry too, changes nothing")
  mutating func releasedFirst() throws {
    try accept(0)
    try accept(1)
    taker.append([.withdraw(purchase, silent: [])], at: epoch + 2000)
    try expect([.released, .released], used: [4, 4], taken: 0)
    taker.append([confirm(at: 3000)], at: epoch + 3000)
    try expect([.released, .released], used: [4, 4], taken: 0)
  }

  @Test("a confirm first is final: a release after it changes nothing")
  mutating func confirmedFirst() throws {
    try accept(0)
    try accept(1)
    taker.append([confirm(at: 3000), .withdraw(purchase, silent: [0, 1])], at: epoch + 3000)
    try expect([.settled, .settled], used: [4, 4], taken: 8)
    #expect(core([taker] + makers).record(of: makers[0].identity.nodeID).failed == 0, "nobody is blamed")
  }

  @Test("any entry past the last moment is void, a tick too, and a confirm in it comes too late")
  mutating func overdue() throws {
    try accept(0)
    try accept(1)
    var ticks = self
    ticks.taker.append([], at: epoch + 12_001)
    try ticks.expect([.released, .released], used: [4, 4], taken: 0)
    taker.append([confirm(at: 12_001)], at: epoch + 12_001)
    try expect([.released, .released], used: [4, 4], taken: 0)
  }

  @Test("a maker that frees puts its leg back, and is believed when the taker's feed says so")
  mutating func freed() throws {
    try accept(0)
    try accept(1)
    let entry = taker.append([.withdraw(purchase, silent: [])], at: epoch + 2000)
    makers[0].append(
      [.free(trades[0], by: EntryReference(sequence: entry.sequence, entry: entry.id))], at: epoch + 3000)
    try expect([.released, .released], used: [0, 4], taken: 0)
    var core = core([taker] + makers)
    core.checkFrees(now: epoch + 20_000)
    #expect(core.doubtedAuthors.isEmpty)
  }

  @Test("two entries with one sequence: what is after the fork is void, and what a maker has copied stays")
  mutating func forked() throws {
    try accept(0)
    try accept(1)
    let before = taker.entries.count
    let confirm = confirm(at: 3000)
    let first = taker.append([confirm], at: epoch + 3000)
    guard case .confirm(let confirmation, _) = confirm else { return }
    makers[0].append([.settle(trades[0], confirmation)], at: epoch + 3500)
    var other = taker.cut(to: before)
    let second = other.append([.withdraw(purchase, silent: [])], at: epoch + 3000)
    let proof = try #require(FraudProof(first, second))
    var core = NodeCore(
      NodeConfiguration(
        genesis: genesis, identity: identity(9), agent: "", listenPort: 0, advertisedHost: nil, bootstrap: [], seed: 1),
      now: epoch)
    core.restore(proof)
    for feed in [taker] + makers { for entry in feed.entries { #expect(core.restore(entry) == nil) } }
    #expect(core.ledger[trades[0]]?.state == .settled)
    #expect(core.ledger[trades[1]]?.state == .held)
    #expect(core.book.state(of: makers[1].orderID(sequence: 1))?.remainingGPUs == 6, "other slots")
  }

  // MARK: Checkpoints

  /// The same as ``expect(_:used:taken:)``, and for who starts with the last checkpoints of the taker and the first maker.
  func expectJoined(
    _ states: [TradeState], used: [Int64], taken: Int32, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    try expect(states, used: used, taken: taken, sourceLocation: sourceLocation)
    var full = core([taker] + makers)
    #expect(full.doubtedAuthors.isEmpty, sourceLocation: sourceLocation)
    for feeds in orders {
      var late = NodeCore(
        NodeConfiguration(
          genesis: genesis, identity: identity(9), agent: "", listenPort: 0, advertisedHost: nil, bootstrap: [], seed: 1
        ),
        now: epoch)
      let codec = OperationCodec(genesis: genesis)
      for feed in feeds {
        let start = feed.entries.lastIndex { OperationCodec.isCheckpoint((try? codec.operations(of: $0)) ?? []) } ?? 0
        for entry in feed.entries[start...] { #expect(late.restore(entry) == nil, sourceLocation: sourceLocation) }
      }
      #expect(trades.map { late.ledger[$0]?.state } == states, sourceLocation: sourceLocation)
      #expect(late.bookDigest() == full.bookDigest(), sourceLocation: sourceLocation)
      #expect(late.records == full.records, sourceLocation: sourceLocation)
    }
  }

  /// What a checkpoint of a feed says when it is true.
  func truth(_ core: NodeCore, _ feed: HandwrittenFeed) throws -> CheckpointPart {
    let state = try #require(core.exchange.authors[feed.identity.nodeID]?.state)
    var items = CheckpointItems()
    for (id, live) in state.orders.live.byPlace {
      let order = try #require(core.book.order(id))
      items.orders.append(
        CheckpointItems.LiveOrder(
          place: live.place, time: order.priority.time,
          priority: OrderPlace(sequence: order.priority.sequence, index: order.priority.index), body: order.body))
      items.takings += live.taken.takings(of: live.place, isBid: live.side == .bid)
    }
    if let open = state.purchase { items.purchases = [CheckpointItems.Purchase(legs: open.legs, confirmed: nil)] }
    items.holds = state.holds.keys.sorted().compactMap { id in state.holds[id].map { ($0.signed, $0.decision) } }
    return CheckpointPart(
      first: feed.head.sequence + 1,
      totals: CheckpointTotals(rateLeft: 5_000_000, counts: state.counts), items: items,
      isLast: true)
  }

  /// What the taker itself writes when it starts with these feeds at a moment, up to its checkpoint.
  func ownEntries(after feeds: [HandwrittenFeed], from time: Timestamp) -> [SignedEntry] {
    var own = NodeCore(
      NodeConfiguration(
        genesis: genesis, identity: taker.identity, agent: "", listenPort: 0, advertisedHost: nil, bootstrap: [],
        seed: 1),
      now: time - NodeCore.recoveryMilliseconds)
    for feed in feeds { for entry in feed.entries { #expect(own.restore(entry) == nil) } }
    var effects: [NodeEffect] = []
    // With nobody to ask it trusts its own store after a while.
    own.finishRestore(now: time - NodeCore.recoveryMilliseconds, into: &effects)
    let codec = OperationCodec(genesis: genesis)
    var written: [SignedEntry] = []
    for step in 0..<4 {
      effects = []
      own.handle(.timer, now: time + Int64(step), into: &effects)
      guard let entry = effects.firstOwnEntry(of: own.own) else { continue }
      written.append(entry)
      if OperationCodec.isCheckpoint((try? codec.operations(of: entry)) ?? []) { break }
      own.handle(.durable(sequence: entry.sequence), now: time + Int64(step), into: &effects)
    }
    return written
  }
}

extension [NodeEffect] {
  fileprivate func firstOwnEntry(of author: NodeID) -> SignedEntry? {
    for case .persist(let entry, _) in self where entry.author == author { return entry }
    return nil
  }
}
