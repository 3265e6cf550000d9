import Gossip
import Market
import NodeCore
import NodeCrypto
import Synchronization
import Transport

/// What the runtime and the core look like at one moment, for status and metrics.
struct RuntimeFigures: Sendable {
  var inbox: (events: Int, entries: Int, messages: Int)
  var verificationCount: Int
  var store: (entries: Int, byteCount: Int)
  var parkedCount: Int
  var historyCount: Int
  var commandCount: Int
  var connectionCount: Int
  var sendingBytes: Int
  var traffic: ConnectionTraffic
  var gauges: [Gauge]
  var core: CoreFigures
}

/// What the core says of itself.
struct CoreFigures: Sendable {
  var state: NodeState
  var storeTrouble: String?
  var storedEntries: Int64
  var prunedEntries: Int64
  var feedCount: Int
  var frozenCount: Int
  var ownSequence: UInt64
  var latestTime: Timestamp
  var settledCount: Int
  var undecidedCount: Int
  var openOffers: Int
  var openBids: Int
  var ownOfferedGPUs: Int64
  var peerCount: Int
  var agreeingCount: Int
  var hasNobodyToAsk: Bool

  init(_ core: inout NodeCore) {
    let digest = core.bookDigest()
    state = core.state
    storeTrouble = core.storeTrouble
    prunedEntries = core.feeds.prunedCount
    storedEntries = core.feeds.entryCount - prunedEntries
    feedCount = core.feeds.count
    frozenCount = core.feeds.frozenCount
    ownSequence = core.feeds.head(of: core.own).sequence
    latestTime = core.feeds.latestTime
    settledCount = core.ledger.settledCount
    undecidedCount = core.undecidedCount
    openOffers = core.book.openCount(.offer)
    openBids = core.book.openCount(.bid)
    ownOfferedGPUs = core.ownOfferedGPUs
    peerCount = core.peers.count
    agreeingCount = core.peers.count { $0.summary?.bookDigest == digest }
    hasNobodyToAsk = core.hasNobodyToAsk
  }
}

extension NodeRuntime {
  /// What the runtime and the core look like now.
  func figures() async -> RuntimeFigures {
    await onQueue {
      RuntimeFigures(
        inbox: self.inbox.withLock { $0.counts }, verificationCount: self.pool.waitingCount,
        store: self.writer.waiting, parkedCount: self.parked.count, historyCount: self.server.waitingCount,
        commandCount: self.commands.count, connectionCount: self.connections.count,
        sendingBytes: self.connections.values.reduce(0) { $0 + $1.queuedByteCount },
        traffic: self.connections.values.reduce(self.formerTraffic) { $0 + $1.traffic }, gauges: self.core.gauges,
        core: CoreFigures(&self.core))
    }
  }

  /// Makes offers that are placed from now on go by `policy`.
  func go(by policy: OfferPolicy) async {
    await onQueue { self.core.offerPolicy = policy }
  }

  /// Calls `body` on the writer's queue, after what waits for it now.
  func afterWaiting(_ body: @escaping @Sendable () -> Void) { queue.async(execute: body) }
}
