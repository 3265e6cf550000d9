import Gossip
import Market
import NodeCore
import NodeCrypto
import Simulator
import Testing

/// A single core, without a network around it.
@Suite("restoring")
struct RestoringTests {
  let genesis: Genesis
  var core: NodeCore
  var effects: [NodeEffect] = []

  init() throws {
    genesis = try TestMarket.genesis(openOrders: 3)
    core = NodeCore(
      NodeConfiguration(
        genesis: genesis, identity: identity(1), agent: "", listenPort: 0, advertisedHost: nil, bootstrap: [], seed: 1),
      now: epoch)
    core.finishRestore(now: epoch, into: &effects)
  }

  private mutating func place(_ body: OrderBody, at time: Timestamp) -> [SignedEntry] {
    effects = []
    core.handle(.command(1, .place(body)), now: time, into: &effects)
    return persisted
  }

  private var persisted: [SignedEntry] {
    effects.compactMap { if case .persist(let entry, _) = $0 { entry } else { nil } }
  }

  private var refusals: [CommandRefusal] {
    effects.compactMap { if case .reply(_, .failure(let refusal)) = $0 { refusal } else { nil } }
  }

  @Test("an entry that is on its way to the disk while everything is restored keeps its place in the feed")
  mutating func rebuildWithAnEntryUnderWay() throws {
    let first = try #require(place(genesis.offer(8, at: 2.00), at: epoch).first)
    core.beginRestore()
    core.finishRestore(now: epoch, into: &effects)
    #expect(core.book.count == 1)
    core.handle(.durable(sequence: 1), now: epoch, into: &effects)
    let second = try #require(place(genesis.offer(8, at: 2.10), at: epoch).first)
    #expect(second.sequence == 2 && second.previous == first.id)
  }

  @Test("a node whose store has lost entries that others have seen writes nothing until it has them again")
  mutating func lostEntries() throws {
    var entries: [SignedEntry] = []
    for sequence in 1...2 as ClosedRange<UInt64> {
      entries += place(genesis.offer(8, at: 2.00), at: epoch)
      core.handle(.durable(sequence: sequence), now: epoch, into: &effects)
    }
    try #require(entries.count == 2 && core.state == .running)
    core.beginRestore()
    #expect(core.restore(entries[0]) == nil)
    core.finishRestore(now: epoch, into: &effects)
    #expect(core.state == .recovering)
    // Long after a node that has nobody to ask trusts its store.
    #expect(place(genesis.offer(1, at: 9.00), at: epoch + 120_000).isEmpty && core.state == .recovering)

    core.beginRestore()
    for entry in entries { #expect(core.restore(entry) == nil) }
    core.finishRestore(now: epoch + 120_000, into: &effects)
    effects = []
    core.handle(.timer, now: epoch + 240_000, into: &effects)
    #expect(core.state == .running && persisted.map(\.sequence) == [3])
  }

  @Test("one own entry is under way at a time; what comes up meanwhile goes into the next one together")
  mutating func groupCommit() throws {
    #expect(place(genesis.offer(8, at: 2.00), at: epoch).count == 1)
    #expect(place(genesis.offer(8, at: 2.10), at: epoch).isEmpty)
    #expect(place(genesis.offer(8, at: 2.20), at: epoch + 1).isEmpty)
    effects = []
    core.handle(.durable(sequence: 1), now: epoch + 2, into: &effects)
    let next = try #require(persisted.first)
    let operations = try OperationCodec(genesis: genesis).operations(of: next)
    #expect(operations.count == 2 && next.time == epoch + 2)
  }

  @Test("an order too many is refused, until one of the open ones is cancelled or has expired")
  mutating func orderLimit() throws {
    for round in 0..<3 {
      let entry = place(genesis.offer(8, at: 2.00, expiry: 60 + Int64(round)), at: epoch)
      #expect(entry.count == 1)
      core.handle(.durable(sequence: UInt64(round + 1)), now: epoch, into: &effects)
    }
    let tick = try #require(place(genesis.offer(8, at: 2.00), at: epoch + 59_999).first)
    #expect(refusals == [.tooManyOrders(maximum: 3)])
    #expect(tick.payload.isEmpty)
    core.handle(.durable(sequence: tick.sequence), now: epoch + 59_999, into: &effects)
    #expect(place(genesis.offer(8, at: 2.00), at: epoch + 60_000).count == 1)
  }

  @Test("an order that breaks a rule is refused with the value and what is allowed")
  mutating func badOrder() throws {
    #expect(place(genesis.offer(0, at: 2.00), at: epoch).isEmpty)
    #expect(refusals.map(\.description) == ["gpus is 0; allowed: 1 to 64"])
    #expect(place(genesis.offer(1, at: 2.00, from: -100, until: -50, expiry: 100), at: epoch).isEmpty)
    #expect(refusals.first?.description.contains("after the present") == true)
  }

  @Test("a stored feed with a gap or another network's entries is damaged from there on")
  mutating func damage() throws {
    var feed = HandwrittenFeed(identity: identity(2), genesis: genesis)
    for _ in 0..<3 { feed.append([], at: epoch) }
    core.beginRestore()
    #expect(core.restore(feed.entries[0]) == nil)
    #expect(core.restore(feed.entries[0]) == nil, "again changes nothing")
    #expect(core.restore(feed.entries[2])?.description.contains("from 2 on are missing") == true)
    var other = HandwrittenFeed(identity: identity(3), genesis: try TestMarket.genesis(name: "other"))
    other.append([], at: epoch)
    #expect(core.restore(other.entries[0]) != nil)
    core.finishRestore(now: epoch, into: &effects)
    #expect(core.feeds.entryCount == 1)
  }
}
