import Market
import NodeAPI
import NodeCore
import NodeCrypto

/// What `status` reports beside the core.
struct StatusSource: Sendable {
  let networkName: String
  let listen: String?
  let startedAt: Timestamp
  let operations: NodeOperations

  func document(_ runtime: NodeRuntime) async -> StatusDocument {
    let figures = await operations.statusFigures()
    let rates = operations.rates
    let trouble = operations.configurationTrouble.text
    return await runtime.read { core, now in
      let own = core.own
      var document = StatusDocument(
        node: own.hex, network: core.genesis.networkID.hex, networkName: networkName, version: Version.current,
        state: core.state.rawValue, trouble: Self.trouble(of: core, configuration: trouble),
        listen: listen, timeMs: now.milliseconds,
        uptimeMs: now - startedAt, bookDigest: core.bookDigest().hex, bookTimeMs: core.feeds.latestTime.milliseconds,
        orders: core.book.openCount(.offer) + core.book.openCount(.bid), feeds: core.feeds.count,
        entries: core.feeds.entryCount, prunedEntries: core.feeds.prunedCount,
        ownSequence: core.feeds.head(of: own).sequence, peers: core.peers.count,
        trades: core.ledger.settledCount, ownTrades: core.ownKeys.reduce(0) { $0 + core.ledger.settledCount(of: $1) },
        undecided: core.undecidedCount,
        frozenFeeds: core.feeds.frozenCount)
      let predecessors = core.ownKeys.dropFirst().map(\.hex)
      document.predecessors = predecessors.isEmpty ? nil : predecessors
      document.queues = figures.queues
      document.rates = rates
      document.disk = figures.disk
      document.residentBytes = figures.residentBytes
      return document
    }
  }

  /// What is wrong now, the worst first; nil when nothing is.
  private static func trouble(of core: NodeCore, configuration: String?) -> String? {
    let troubles = [core.storeTrouble, NodeClock.trouble, configuration].compactMap { $0 }
    return troubles.isEmpty ? nil : troubles.joined(separator: "; ")
  }
}
