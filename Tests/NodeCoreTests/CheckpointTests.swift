import Gossip
import Market
import NodeCrypto
import OrderBook
import Settlement
import Simulator
import Testing

@testable import NodeCore

/// Checkpoints of feeds written by hand, told to cores one entry at a time.
@Suite("checkpoints")
struct CheckpointTests {
  let genesis: Genesis
  let deals: DealBuilder
  var maker: HandwrittenFeed
  var taker: HandwrittenFeed

  init() throws {
    genesis = try TestMarket.genesis()
    deals = DealBuilder(genesis: genesis)
    maker = HandwrittenFeed(identity: identity(1), genesis: genesis)
    taker = HandwrittenFeed(identity: identity(2), genesis: genesis)
  }

  private func core(_ entries: [SignedEntry]) -> NodeCore {
    var core = NodeCore(
      NodeConfiguration(
        genesis: genesis, identity: identity(9), agent: "", listenPort: 0, advertisedHost: nil, bootstrap: [], seed: 1),
      now: epoch)
    for entry in entries { #expect(core.restore(entry) == nil, "entry \(entry.sequence)") }
    return core
  }

  private func digest(_ entries: [SignedEntry]) -> Digest {
    var core = core(entries)
    return core.bookDigest()
  }

  /// What a checkpoint of an author says when it is true.
  private func truth(_ core: NodeCore, _ author: NodeID) throws -> CheckpointPart {
    let state = try #require(core.exchange.authors[author]?.state)
    var items = CheckpointItems()
    for (id, live) in state.orders.live.byPlace {
      let order = try #require(core.book.order(id))
      items.orders.append(
        CheckpointItems.LiveOrder(
          place: live.place, time: order.priority.time,
          priority: OrderPlace(sequence: order.priority.sequence, index: order.priority.index), body: order.body))
      items.takings += live.taken.takings(of: live.place, isBid: live.side == .bid)
    }
    items.proposals = state.proposals.keys.sorted().compactMap { state.proposals[$0]?.signed }
    items.complaints = state.complaints.sorted { $0.key < $1.key }.map {
      CheckpointItems.Complaint(node: $0.key, expiries: $0.value.expiries, lapses: $0.value.lapses)
    }
    return CheckpointPart(
      first: core.feeds.head(of: author).sequence + 1,
      totals: CheckpointTotals(rateLeft: 5_000_000, counts: state.counts), items: items,
      isLast: true)
  }

  /// An offer of 8 GPUs, of which 3 are sold, and a bid that took them and has another proposal open.
  private mutating func trade() {
    maker.append([.place(genesis.offer(8, at: 2.00))], at: epoch)
    let (offer, bid) = (maker.orderID(sequence: 1), taker.orderID(sequence: 1))
    func proposal(_ gpus: Int32, nonce: UInt64) -> SignedTerms {
      deals.propose(
        offer: offer, bid: bid, provider: maker.identity, buyer: taker.identity, gpus: gpus, from: 60, until: 120,
        deadline: epoch + 6000, nonce: nonce)
    }
    taker.append(
      [.place(genesis.bid(8, at: 2.40)), .propose(proposal(3, nonce: 1)), .propose(proposal(2, nonce: 2))],
      at: epoch + 1000)
    maker.append([deals.accept(proposal(3, nonce: 1), in: maker, at: epoch + 2000)], at: epoch + 2000)
  }

  @Test("a true checkpoint changes nothing for who saw everything, and gives the rest the same book and records")
  mutating func joins() throws {
    trade()
    let full = core(maker.entries + taker.entries)
    let (before, records) = (digest(maker.entries + taker.entries), full.records)
    for feed in [maker, taker] {
      var feed = feed
      let part = try truth(full, feed.identity.nodeID)
      feed.append([.checkpoint(part)], at: epoch + 2500)
      let other = feed.identity.nodeID == maker.identity.nodeID ? taker : maker
      let all = core(feed.entries + other.entries)
      #expect(all.doubtedAuthors.isEmpty)
      let late = core([feed.entries[feed.entries.count - 1]] + other.entries)
      #expect(late.records == records && all.records == records)
      #expect(digest(feed.entries + other.entries) == before)
      #expect(digest([feed.entries[feed.entries.count - 1]] + other.entries) == before)
      #expect(digest(other.entries + feed.entries.suffix(1)) == before)
    }
  }

  @Test("what comes after a checkpoint means the same to who joined with it")
  mutating func goesOn() throws {
    trade()
    let full = core(maker.entries + taker.entries)
    let open = try #require(full.ledger.sorted.first { $0.terms.gpus == 2 })
    taker.append([.checkpoint(try truth(full, taker.identity.nodeID))], at: epoch + 2500)
    let start = taker.entries.count - 1
    taker.append([.release(open.id, isClosure: true)], at: epoch + 9000)
    taker.append([.cancel(taker.orderID(sequence: 1))], at: epoch + 9500)
    for count in 1...3 {
      let all = core(maker.entries + taker.entries.prefix(start + count))
      let late = core(maker.entries + taker.entries.dropFirst(start).prefix(count))
      #expect(all.records == late.records)
      #expect(
        digest(maker.entries + taker.entries.prefix(start + count))
          == digest(maker.entries + taker.entries.dropFirst(start).prefix(count)))
    }
    let record = core(maker.entries + taker.entries).record(of: maker.identity.nodeID)
    #expect(record.settled == 1 && record.expiries == 1)
  }

  @Test("a false checkpoint counts on every node alike, and who can see it takes no orders of its author any more")
  mutating func falseCheckpoint() throws {
    trade()
    let full = core(maker.entries + taker.entries)
    let part = try truth(full, maker.identity.nodeID)
    let lies: [(inout CheckpointPart) -> Void] = [
      { $0.items.takings = [] }, { $0.items.takings[0].gpus = 1 }, { $0.items.orders = [] },
      { $0.items.orders[0].time = epoch - 5000 }, { $0.items.orders.append($0.items.orders[0]) },
      { $0.totals?.counts.settled = 99 }, { $0.totals?.counts.rejects.noHold = 99 },
      { $0.totals?.counts.since = epoch - 1 }, { $0.totals?.counts.proposals = 99 }, { $0.totals?.counts.accepts = 9 },
      { $0.totals?.counts.releases = 99 }, { $0.totals?.counts.sold = .maximum },
      { $0.totals?.counts.bought = .maximum },
      { $0.items.complaints = [CheckpointItems.Complaint(node: identity(5).nodeID, expiries: 1)] },
    ]
    for (index, lie) in lies.enumerated() {
      var stated = part
      lie(&stated)
      var feed = maker
      feed.append([.checkpoint(stated)], at: epoch + 2500)
      let all = core(feed.entries + taker.entries)
      let late = core(feed.entries.suffix(1) + taker.entries)
      #expect(all.doubtedAuthors == [maker.identity.nodeID], "lie \(index)")
      #expect(late.doubtedAuthors.isEmpty)
      #expect(all.isOwnerStale(maker.identity.nodeID, now: epoch + 2500))
      #expect(all.records == late.records, "lie \(index)")
      #expect(digest(feed.entries + taker.entries) == digest(feed.entries.suffix(1) + taker.entries), "lie \(index)")
    }
  }

  @Test("nothing stands between the parts of a checkpoint, and it counts when it is complete")
  mutating func parts() throws {
    trade()
    let full = core(maker.entries)
    var first = try truth(full, maker.identity.nodeID)
    first.isLast = false
    let takings = first.items.takings
    first.items.takings = []
    var second = CheckpointPart(first: first.first, totals: nil, items: CheckpointItems(), isLast: true)
    second.items.takings = takings
    maker.append([.checkpoint(first)], at: epoch + 2500)
    let begun = maker.entries.count
    var core = core(maker.entries.suffix(1))
    #expect(core.book.count == 0)
    var other = maker
    other.append([], at: epoch + 2500)
    #expect(core.restore(other.entries[begun])?.description.contains("inside a checkpoint") == true)
    other = maker.cut(to: begun)
    other.append([.checkpoint(second)], at: epoch + 2501)
    #expect(core.restore(other.entries[begun])?.description.contains("inside a checkpoint") == true)
    maker.append([.checkpoint(second)], at: epoch + 2500)
    #expect(core.restore(maker.entries[begun]) == nil)
    #expect(core.book.count == 1)
    maker.append([.checkpoint(second)], at: epoch + 2500)
    #expect(core.restore(maker.entries[begun + 1])?.description.contains("allowed: a first part") == true)
  }

  @Test("malformed parts are refused by name")
  mutating func malformed() throws {
    trade()
    let full = core(maker.entries + taker.entries)
    let codec = OperationCodec(genesis: genesis)
    let part = try truth(full, taker.identity.nodeID)
    let (deals, maker, taker) = (deals, maker, taker)
    func refusal(_ change: (inout CheckpointPart) -> Void) -> String? {
      var stated = part
      change(&stated)
      var feed = taker
      let entry = feed.append([.checkpoint(stated)], at: epoch + 2500)
      do throws(OperationError) {
        _ = try codec.operations(of: entry)
        return nil
      } catch { return error.description }
    }
    #expect(refusal { _ in } == nil)
    let cases: [(String, (inout CheckpointPart) -> Void)] = [
      ("first is 0", { $0.first = 0 }), ("first is 3", { $0.first = 3 }), ("totals is missing", { $0.totals = nil }),
      ("totals is there", { $0.first = 1 }), ("rate_left is 999", { $0.totals?.rateLeft = 999 }),
      ("rate_left is 5000001", { $0.totals?.rateLeft = 5_000_001 }),
      ("settled is \(1 << 41)", { $0.totals?.counts.settled = 1 << 41 }),
      ("sequence is 2", { $0.items.orders[0].place = OrderPlace(sequence: 2, index: 0) }),
      ("operation 256", { $0.items.orders[0].place = OrderPlace(sequence: 1, index: 256) }),
      ("priority_ms is", { $0.items.orders[0].time = epoch + 2501 }),
      ("expiry", { $0.items.orders[0].body = $0.items.orders[0].body.expiring(2) }),
      ("gpus is 0", { $0.items.takings[0].gpus = 0 }),
      ("expiries, lapses is 0, 0", { $0.items.complaints = [.init(node: identity(5).nodeID)] }),
      (
        "taker is",
        {
          $0.items.proposals = [
            deals.propose(
              offer: maker.orderID(sequence: 1), bid: taker.orderID(sequence: 1), provider: identity(7),
              buyer: identity(8), gpus: 1, from: 60, until: 120, deadline: epoch + 6000)
          ]
        }
      ),
    ]
    for (words, change) in cases {
      let refused = refusal(change)
      #expect(refused?.contains(words) == true, "\(words): \(refused ?? "taken")")
    }
    var feed = taker
    let entry = feed.append([.checkpoint(part), .cancel(taker.orderID(sequence: 1))], at: epoch + 2500)
    #expect(throws: OperationError.self) { try codec.operations(of: entry) }
  }
}
