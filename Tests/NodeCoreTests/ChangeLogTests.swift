import Gossip
import Market
import NodeCore
import NodeCrypto
import OrderBook
import Settlement
import Simulator
import Testing

@Suite("the log of changes")
struct ChangeLogTests {
  /// All that a log is to tell of.
  private struct Picture {
    var orders: [OrderID: OrderState] = [:]
    var trades: [TradeID: TradeState] = [:]

    init(_ core: NodeCore) {
      for author in core.feeds.sorted.map(\.author) {
        for state in core.book.orders(ownedBy: author) { orders[state.id] = state }
      }
      for trade in core.ledger.sorted { trades[trade.id] = trade.state }
    }

    func changedOrders(since old: Picture) -> Set<OrderID> {
      Set(orders.keys).union(old.orders.keys).filter { orders[$0] != old.orders[$0] }
    }

    func changedTrades(since old: Picture) -> Set<TradeID> { Set(trades.keys).filter { trades[$0] != old.trades[$0] } }
  }

  /// A market's entries, feed by feed, and a core that knows none of them.
  private func market(seed: UInt64) throws -> (core: NodeCore, entries: [SignedEntry]) {
    var cut = PlanCut()
    cut.hostile = []
    var plan = cut.applied(to: Plan(.swarm, seed: seed))
    plan.checkpointEntries = GenesisLimits.defaultCheckpointEntries
    let swarm = SimulationRun(plan)
    #expect(swarm.run().violations.isEmpty)
    let core = NodeCore(
      NodeConfiguration(
        genesis: swarm.network.genesis, identity: identity(9999), agent: "", listenPort: 0, advertisedHost: nil,
        bootstrap: [], seed: 0),
      now: swarm.network.time)
    let source = try #require(swarm.network.nodes.first)
    return (core, source.store.sortedEntries.sorted { ($0.time, $0.author) < ($1.time, $1.author) })
  }

  @Test("each order and trade that an entry changes is in the log, and each once")
  func complete() throws {
    let count = try (2001...2012).reduce(0) { try $0 + changes(seed: UInt64($1)) }
    #expect(count > 300, "too little has changed to speak of")
  }

  /// Checks the log of one market's entries, and counts what is in it.
  private func changes(seed: UInt64) throws -> Int {
    var (core, entries) = try market(seed: seed)
    core.notesChanges = true
    var (changes, before) = (0, Picture(core))
    for entry in entries {
      #expect(core.restore(entry) == nil)
      let (log, after) = (core.takeChanges(), Picture(core))
      #expect(!log.isLost)
      #expect(after.changedOrders(since: before).isSubset(of: log.orders), "entry \(entry.sequence) of \(entry.author)")
      #expect(after.changedTrades(since: before).isSubset(of: log.trades), "entry \(entry.sequence) of \(entry.author)")
      #expect(Set(log.orders).count == log.orders.count && Set(log.trades).count == log.trades.count)
      changes += log.orders.count + log.trades.count
      before = after
    }
    #expect(core.takeChanges().isEmpty)
    return changes
  }

  @Test("equal events give equal logs, and a core that nobody looks at notes nothing")
  func deterministic() throws {
    let (core, entries) = try market(seed: 2004)
    let logs = (0..<2).map { _ in
      var core = core
      core.notesChanges = true
      for entry in entries { _ = core.restore(entry) }
      return core.takeChanges()
    }
    #expect(logs[0] == logs[1] && !logs[0].orders.isEmpty)
    var unseen = core
    for entry in entries { _ = unseen.restore(entry) }
    #expect(unseen.takeChanges().isEmpty)
  }

  @Test("after everything was restored, or more has changed than is listed, the log says that it has lost count")
  func lost() throws {
    var (core, entries) = try market(seed: 2005)
    core.notesChanges = true
    core.beginRestore()
    for entry in entries { _ = core.restore(entry) }
    let log = core.takeChanges()
    #expect(log.isLost && log.orders.isEmpty && !log.isEmpty)
    #expect(core.takeChanges().isEmpty && core.notesChanges)
  }

  @Test("an order of the own feed is noted, and named before the entry that places it is handed to the disk")
  func named() throws {
    let genesis = try TestMarket.genesis()
    var core = NodeCore(
      NodeConfiguration(
        genesis: genesis, identity: identity(1), agent: "", listenPort: 0, advertisedHost: nil, bootstrap: [], seed: 1),
      now: epoch)
    var effects: [NodeEffect] = []
    core.finishRestore(now: epoch, into: &effects)
    core.notesChanges = true
    core.handle(.command(1, .place(genesis.offer(8, at: 2.00))), now: epoch, into: &effects)
    let placed = effects.compactMap { if case .places(1, let order) = $0 { order } else { nil } }
    #expect(core.takeChanges().orders == placed && placed.count == 1)
    let named = effects.firstIndex { if case .places = $0 { true } else { false } }
    let kept = effects.firstIndex { if case .persist = $0 { true } else { false } }
    #expect(try #require(named) < #require(kept), "the name comes before the entry that it belongs to")
  }
}
