import Gossip
import Market
import NodeCore
import NodeCrypto
import Settlement

/// What must hold on all nodes that run, when nothing is under way.
extension VirtualNetwork {
  /// The honest nodes that run.
  var running: [VirtualNode] { nodes.filter { $0.isListening && $0.isHonest } }

  /// Whether every node that runs is a neighbour of every other, as it is in a network that fits the active view.
  public var isMeshed: Bool {
    let names = Set(running.map(\.nodeID))
    return running.allSatisfy { node in
      names.subtracting([node.nodeID]).isSubset(
        of: node.process?.core.peers.filter { $0.link != nil }.map(\.node) ?? [])
    }
  }

  /// Whether nothing is under way: every feed is everywhere, everything is on disk, and no trade is in doubt.
  public var isQuiet: Bool {
    guard let first = running.first?.core?.feeds.entryCount else { return true }
    let isIdle = running.allSatisfy { node in
      node.store.isIdle && node.process?.core.undecidedCount == 0 && node.process?.core.state != .recovering
        && node.process?.core.feeds.entryCount == first
    }
    return isIdle && haveEqualFeeds
  }

  /// Whether every node that runs holds the same feeds.
  var haveEqualFeeds: Bool {
    let heads = running.map { $0.heads }
    return heads.allSatisfy { $0 == heads[0] }
  }

  /// What is under way, for people.
  public var disquiet: String {
    nodes.map { node in
      guard let core = node.core else { return "\(node.index): down" }
      let heads = core.feeds.sorted.map { "\($0.author.short(4)):\($0.feed.head.sequence)" }.joined(separator: " ")
      return "\(node.index)=\(node.nodeID.short(4)): \(core.state) undecided \(core.undecidedCount) "
        + "peers \(core.peers.count) feeds \(heads)"
    }.joined(separator: "\n")
  }

  /// What does not hold that should. Nodes that have pruned feeds may differ in trades that are over and not their own.
  public var disagreements: [String] {
    var problems: [String] = []
    if !haveEqualFeeds { problems.append("feeds differ:\n\(disquiet)") }
    var digests: Set<Digest> = []
    for node in running {
      guard var core = node.core else { continue }
      let digest = core.bookDigest()
      digests.insert(digest)
      if digest != core.book.digestFromScratch() { problems.append("the digest of node \(node.index) has drifted") }
      if core.undecidedCount != 0 { problems.append("node \(node.index) has \(core.undecidedCount) undecided") }
      if node.busyWakes != 0 { problems.append("node \(node.index) asked \(node.busyWakes) times for a past moment") }
    }
    if digests.count > 1 { problems.append("\(digests.count) digests") }
    let cores = running.compactMap(\.core)
    if let first = cores.first?.records, cores.contains(where: { $0.records != first }) {
      problems.append("records differ")
    }
    let doubted = cores.flatMap(\.doubtedAuthors)
    if !doubted.isEmpty { problems.append("checkpoints of \(doubted.map { $0.short(4) }) were called false") }
    return problems + tradeDisagreements
  }

  private var tradeDisagreements: [String] {
    let cores = running.compactMap(\.core)
    guard let first = cores.first else { return [] }
    var problems: [String] = []
    let hasPruned = cores.contains { $0.feeds.prunedCount > 0 }
    for core in cores.dropFirst() where !hasPruned && core.ledger.text != first.ledger.text {
      problems.append("trades differ between \(first.own.short(4)) and \(core.own.short(4))")
    }
    for trade in allSettled {
      do { _ = try trade.receipt?.verify(network: genesis.networkID) } catch { problems.append("receipt: \(error)") }
      for core in cores where core.own == trade.terms.provider || core.own == trade.terms.buyer {
        guard core.ledger[trade.id]?.receipt != trade.receipt else { continue }
        problems.append("trade \(trade.id.short()) has another receipt at \(core.own.short(4)), or none")
      }
    }
    return problems + capacityDisagreements(first)
  }

  /// The trades that some node knows as settled, ascending by id.
  private var allSettled: [Trade] {
    var trades: [TradeID: Trade] = [:]
    for node in running {
      for trade in node.process?.core.ledger.sorted ?? [] where trade.state == .settled { trades[trade.id] = trade }
    }
    return trades.keys.sorted().compactMap { trades[$0] }
  }

  /// Orders of which more is sold than there is, or of which the book holds another remainder than the trades leave.
  private func capacityDisagreements(_ core: NodeCore) -> [String] {
    var used: [OrderID: [Slot: Int64]] = [:]
    for trade in allSettled {
      let terms = trade.terms
      for slot in genesis.slot(containing: terms.start).index..<genesis.slot(containing: terms.end).index {
        used[terms.offer, default: [:]][Slot(slot), default: 0] += Int64(terms.gpus)
      }
      used[terms.bid, default: [:]][Slot(0), default: 0] += Int64(terms.gpus)
    }
    var problems: [String] = []
    for own in running.flatMap({ $0.process?.core.ownOrders(now: time) ?? [] }) {
      let order = own.order
      let slots = used[order.id] ?? [:]
      let most = slots.values.max() ?? 0
      if most > Int64(order.body.gpus) {
        problems.append("\(order.side) \(order.id.short()): sold \(most) of \(order.body.gpus) GPUs")
      }
      guard let state = core.book.state(of: order.id) else { continue }
      let isAsTraded: Bool
      if let calendar = state.calendar {
        isAsTraded = calendar.runs.allSatisfy { run in
          (run.slots.start.index..<run.slots.end.index).allSatisfy { slots[Slot($0), default: 0] == run.used }
        }
      } else {
        isAsTraded = Int64(state.remainingGPUs) == Int64(order.body.gpus) - most
      }
      if !isAsTraded { problems.append("\(order.side) \(order.id.short()): the book does not follow the trades") }
    }
    return problems
  }
}

extension TradeLedger {
  /// All that is known of each trade, to compare two nodes.
  var text: [String] {
    sorted.map { trade in
      let receipt = trade.receipt.map { "\($0.acceptanceBytes)\($0.makerSignature.bytes)" } ?? ""
      let leg = trade.terms.leg == nil ? "" : " \(trade.voidedAt ?? 0) \(trade.freedBy?.sequence ?? 0)"
      return "\(trade.id) \(trade.state) \(trade.isProposed) \(trade.isCopied) \(trade.isReleased) \(receipt)\(leg)"
    }
  }
}

extension VirtualNode {
  /// Where the feeds stand that this node holds something of, ascending by author.
  var heads: [Head] { core?.feeds.sorted.map(\.feed.head).filter { $0.sequence > 0 } ?? [] }
}
