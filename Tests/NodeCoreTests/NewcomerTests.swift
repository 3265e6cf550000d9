import Gossip
import Market
import NodeCrypto
import OrderBook
import Settlement
import Simulator
import Testing

@testable import NodeCore

/// What an author with few settled trades may have open: by its own feed alone, so the same everywhere.
@Suite("newcomers")
struct NewcomerTests {
  let genesis: Genesis
  let deals: DealBuilder
  var maker: HandwrittenFeed
  var taker: HandwrittenFeed

  init() throws {
    genesis = try TestMarket.genesis(newcomer: (trades: 1, gpus: 10))
    deals = DealBuilder(genesis: genesis)
    maker = HandwrittenFeed(identity: identity(1), genesis: genesis)
    taker = HandwrittenFeed(identity: identity(2), genesis: genesis)
  }

  private func book(_ entries: [SignedEntry]) -> OrderBook {
    var core = NodeCore(
      NodeConfiguration(
        genesis: genesis, identity: identity(9), agent: "", listenPort: 0, advertisedHost: nil, bootstrap: [], seed: 1),
      now: epoch)
    for entry in entries { #expect(core.restore(entry) == nil) }
    return core.book
  }

  private func placed(_ entries: [SignedEntry]) -> [Bool] {
    let book = book(entries)
    return (0..<4).map { book.order(maker.orderID(sequence: 1, index: $0)) != nil }
  }

  @Test("an order past what a newcomer may have open is not placed, and one that fits after it is")
  mutating func placing() {
    maker.append(
      [
        .place(genesis.offer(6, at: 2.00)), .place(genesis.bid(5, at: 1.00)), .place(genesis.bid(4, at: 1.00)),
        .place(genesis.offer(1, at: 2.00)),
      ], at: epoch)
    #expect(placed(maker.entries) == [true, false, true, false])
  }

  @Test("cancelling and expiring makes room, and so does an amend to fewer GPUs; one to too many changes nothing")
  mutating func room() {
    maker.append(
      [.place(genesis.offer(6, at: 2.00, expiry: 30)), .place(genesis.offer(4, at: 2.00))], at: epoch)
    let (first, second) = (maker.orderID(sequence: 1), maker.orderID(sequence: 1, index: 1))
    maker.append([.amend(second, genesis.offer(5, at: 2.10)), .place(genesis.offer(1, at: 3.00))], at: epoch + 1000)
    var book = book(maker.entries)
    #expect(book.order(second)?.body == genesis.offer(4, at: 2.00))
    #expect(book.count == 2)
    maker.append(
      [.amend(first, genesis.offer(5, at: 2.00, expiry: 30)), .place(genesis.offer(1, at: 3.00))], at: epoch + 2000)
    book = self.book(maker.entries)
    #expect(book.count == 3 && book.order(first)?.body.gpus == 5)
    maker.append([.place(genesis.offer(5, at: 2.50))], at: epoch + 30_000)
    book = self.book(maker.entries)
    #expect(book.count == 3 && book.order(first) == nil)
    maker.append([.cancel(second), .place(genesis.offer(4, at: 2.60))], at: epoch + 31_000)
    #expect(self.book(maker.entries).count == 3)
  }

  @Test("settled trades in the author's own feed end the limit, whatever is known of other feeds")
  mutating func settled() {
    maker.append([.place(genesis.offer(10, at: 2.00))], at: epoch)
    let signed = deals.propose(
      offer: maker.orderID(sequence: 1), bid: taker.orderID(sequence: 1), provider: maker.identity,
      buyer: taker.identity, gpus: 1, from: 60, until: 120, deadline: epoch + 6000)
    maker.append(
      [deals.accept(signed, in: maker, at: epoch + 1000), .place(genesis.offer(64, at: 2.00))], at: epoch + 1000)
    #expect(book(maker.entries).order(maker.orderID(sequence: 2, index: 1)) != nil)
  }

  @Test("a node refuses an own order past the limit by name before it is written, and says how much is open")
  func refused() throws {
    let network = VirtualNetwork(genesis: genesis, seed: 1)
    let nodes = network.addNodes(2)
    network.settleIn()
    let order = try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
    func refuse(_ command: OrderCommand) -> CommandRefusal? {
      let id = nodes[0].command(command)
      network.run(for: 1000)
      guard case .failure(let refusal)? = nodes[0].replies[id] else { return nil }
      return refusal
    }
    let written = nodes[0].written.count
    #expect(
      refuse(.place(genesis.offer(3, at: 2.00)))
        == .newcomer(gpus: 3, openGPUs: 8, maximum: 10, settled: 0, trades: 1))
    #expect(
      refuse(.amend(order, genesis.offer(11, at: 2.00)))
        == .newcomer(gpus: 11, openGPUs: 0, maximum: 10, settled: 0, trades: 1))
    #expect(nodes[0].written.count == written)
    let newcomer = try #require(nodes[0].core?.newcomer(now: network.time))
    #expect(newcomer.settled == 0 && newcomer.openGPUs == 8)
    try network.place(genesis.bid(1, at: 2.40), on: nodes[1])
    network.settleDown()
    #expect(nodes[0].core?.newcomer(now: network.time) == nil)
    try network.place(genesis.offer(64, at: 2.00), on: nodes[0])
  }

  @Test("a checkpoint restates of a newcomer no more than it may have open")
  mutating func restated() {
    maker.append([.place(genesis.offer(6, at: 2.00)), .place(genesis.offer(4, at: 2.00))], at: epoch)
    var items = CheckpointItems()
    for index in UInt32(0)...1 {
      let place = OrderPlace(sequence: 1, index: index)
      items.orders.append(
        CheckpointItems.LiveOrder(place: place, time: epoch, priority: place, body: genesis.offer(6, at: 2.00)))
    }
    var counts = FeedCounts()
    counts.since = epoch
    let part = CheckpointPart(
      first: 2, totals: CheckpointTotals(rateLeft: 5_000_000, counts: counts), items: items, isLast: true)
    maker.append([.checkpoint(part)], at: epoch + 1000)
    for entries in [maker.entries, maker.entries.suffix(1)] { #expect(placed(entries) == [true, false, false, false]) }
  }
}
