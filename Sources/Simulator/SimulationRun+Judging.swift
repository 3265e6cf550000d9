import Gossip
import Market
import NodeCore
import NodeCrypto
import OrderBook
import Settlement

/// What must hold now and then, and in the end.
extension SimulationRun {
  private var honest: [VirtualNode] { network.nodes.filter { $0.isHonest && !$0.hasLeft } }
  private var running: [VirtualNode] { honest.filter { $0.isListening } }

  /// Looks at all nodes in the middle of a run.
  func inspect() {
    var digests: [UInt64: (node: Int, digest: Digest)] = [:]
    for node in running {
      guard let heads = node.fingerprint, let digest = node.process?.core.bookDigest() else { continue }
      if let other = digests[heads], other.digest != digest {
        inspector.report(.digestsDiffer, "nodes \(other.node) and \(node.index)")
      }
      digests[heads] = (node.index, digest)
      if node.busyWakes > 3 { inspector.report(.busy, "node \(node.index), \(node.busyWakes) times") }
      for gauge in node.process?.ask({ $0.gauges }) ?? [] where gauge.isExceeded {
        inspector.report(.bound, "\(gauge.name) of node \(node.index): \(gauge.value), allowed \(gauge.limit)")
      }
    }
    if network.pendingEvents > 200_000 { inspector.report(.bound, "\(network.pendingEvents) events are due") }
  }

  /// Whether nothing is under way between honest nodes, all commands are answered, and no orders are left that could trade.
  var isQuiet: Bool { isSettled && running.allSatisfy { !owesAnswers($0) && crossing(at: $0).isEmpty } }

  private func owesAnswers(_ node: VirtualNode) -> Bool { !node.unanswered.isEmpty && mayWrite(node) }

  /// Whether a node's clock lets it write: one whose clock is behind its own feed waits with all that it has to say.
  private func mayWrite(_ node: VirtualNode) -> Bool {
    guard let head = node.process?.core.feeds.head(of: node.nodeID) else { return false }
    return head.time - network.genesis.limits.skewMilliseconds <= node.time
  }

  /// Whether all feeds are everywhere among honest nodes, and no trade is in doubt.
  private var isSettled: Bool {
    let nodes = running
    guard nodes.count == honest.count, let first = nodes.first?.fingerprint else { return honest.isEmpty }
    let present = Set(nodes.flatMap(\.names))
    return nodes.allSatisfy {
      $0.store.isIdle && ![.recovering, .rotated].contains($0.process?.core.state) && $0.fingerprint == first
        && (!plan.hostile.isEmpty || $0.process?.core.undecidedCount == 0 || !network.nodes.allSatisfy { !$0.hasLeft })
    } && inspector.market.undecided(at: network.time, among: present).isEmpty
  }

  /// Judges a network that has not come to rest.
  func judgeUnrest() {
    for node in running where owesAnswers(node) {
      inspector.report(.unanswered, "node \(node.index), commands \(node.unanswered.sorted())")
    }
    guard inspector.violations.isEmpty else { return }
    guard isSettled else {
      let undecided = inspector.market.undecided(at: network.time, among: Set(running.flatMap(\.names)))
      inspector.report(.notConverged, "undecided: \(undecided.map { $0.short(6) }); \(network.disquiet)")
      return
    }
    for node in running {
      for order in crossing(at: node) {
        inspector.report(.crossedBook, "\(order.side) \(order.id.short(6)) of node \(node.index)")
      }
    }
  }

  /// Judges the end, when nothing is under way.
  func judgeEnd() {
    let nodes = running
    guard let first = nodes.first else { return }
    let market = remainingMarket
    var digests: Set<Digest> = []
    for node in nodes {
      guard let digest = node.process?.core.bookDigest() else { continue }
      digests.insert(digest)
      if digest != node.process?.core.book.digestFromScratch() {
        inspector.report(.bookDrifted, "node \(node.index): its digest is not that of its orders")
      }
      judgeProofs(node)
      judgeTrades(node, first, market)
      judgePurchases(node)
    }
    if digests.count > 1 { inspector.report(.digestsDiffer, "\(digests.count) digests at the end") }
    judgeReplay(nodes[Int(plan.seed % UInt64(nodes.count))])
    judgeOrders(first, market)
  }

  /// What the published entries add up to, without those that left with their authors and reached nobody who stayed.
  private var remainingMarket: MarketModel {
    let left = Set(network.nodes.filter { $0.isHonest && $0.hasLeft }.flatMap(\.names))
    guard !left.isEmpty else { return inspector.market }
    var known: [NodeID: UInt64] = [:]
    for node in running {
      for author in left {
        known[author] = max(known[author] ?? 0, node.process?.core.feeds.head(of: author).sequence ?? 0)
      }
    }
    return inspector.market { !left.contains($0.author) || $0.sequence <= known[$0.author] ?? 0 }
  }

  /// What is taken of each order in the book is what the published entries took of it.
  private func judgeOrders(_ node: VirtualNode, _ market: MarketModel) {
    guard plan.hostile.isEmpty, let book = node.process?.core.book else { return }
    for (id, order) in market.sortedOrders {
      guard let state = book.state(of: id) else { continue }
      let isAsTaken: Bool
      if let calendar = state.calendar {
        isAsTaken = calendar.runs.allSatisfy { run in
          (run.slots.start.index..<run.slots.end.index).allSatisfy { order.taken[$0, default: 0] == run.used }
        }
      } else {
        isAsTaken = Int64(state.remainingGPUs) == max(0, Int64(order.body.gpus) - order.taken[0, default: 0])
      }
      if !isAsTaken { inspector.report(.bookDrifted, "\(order.body.side) \(id.short(6)) is not as its trades say") }
    }
  }

  private func judgeProofs(_ node: VirtualNode) {
    let proofs = node.process?.core.fraudProofs ?? []
    for proof in proofs where network.nodes.contains(where: { $0.names.contains(proof.author) && $0.isHonest }) {
      inspector.report(.honestAccused, "a proof against the honest \(proof.author.short(6))")
    }
    for swindler in swindlers {
      guard let shownBy = swindler.shownBy, !proofs.contains(where: { $0.author == swindler.nodeID }) else { continue }
      if shownBy.allSatisfy({ (node.process?.core.feeds.head(of: $0.author).sequence ?? 0) >= $0.sequence }) {
        inspector.report(.unprovenFraud, "\(swindler.kind.name) of \(swindler.nodeID.short(6)), at node \(node.index)")
      }
    }
    for fork in knownForks
    where !proofs.contains(where: { $0.author == fork.author && $0.sequence <= fork.sequence }) {
      inspector.report(.unprovenFraud, "\(fork.author.short(6)) at \(fork.sequence), at node \(node.index)")
    }
  }

  private func judgeTrades(_ node: VirtualNode, _ first: VirtualNode, _ market: MarketModel) {
    guard let ledger = node.process?.core.ledger, let other = first.process?.core.ledger else { return }
    // Who has pruned a feed may have forgotten trades that are over and are not its own.
    let hasPruned = running.contains { ($0.process?.core.feeds.prunedCount ?? 0) > 0 }
    if !hasPruned, ledger.text != other.text {
      inspector.report(.digestsDiffer, "trades of nodes \(first.index) and \(node.index)")
    }
    if node.process?.core.records != first.process?.core.records {
      inspector.report(.digestsDiffer, "records of nodes \(first.index) and \(node.index)")
    }
    for author in node.process?.core.doubtedAuthors ?? []
    where network.nodes.contains(where: { $0.names.contains(author) && $0.isHonest }) {
      inspector.report(.honestAccused, "node \(node.index) calls a checkpoint of \(author.short(6)) false")
    }
    for trade in market.settled.sorted() where ledger[trade]?.state != .settled {
      guard !hasPruned || node.names.contains(where: { market.isParty($0, of: trade) }) else { continue }
      let state = ledger[trade].map { "\($0.state)" } ?? "unknown"
      inspector.report(.receiptLost, "trade \(trade.short(6)) is \(state) at node \(node.index)")
    }
    for trade in ledger.sorted where trade.state == .settled {
      do { _ = try trade.receipt?.verify(network: network.genesis.networkID) } catch {
        inspector.report(.badReceipt, "trade \(trade.id.short(6)): \(error)")
      }
    }
    for trade in ledger.sorted where trade.state == .rejected && trade.isProposed {
      guard running.contains(where: { $0.names.contains(trade.terms.taker) }) else { continue }
      inspector.report(.reservedForever, "trade \(trade.id.short(6)) was rejected and is not released")
    }
    if !hasPruned {
      for purchase in inspector.market.torn(isSettled: { ledger[$0]?.state == .settled }) {
        inspector.report(.brokenPurchase, "\(purchase.short(6)) has settled in part at node \(node.index)")
      }
    }
  }

  /// Own open orders that a counter-order in the book crosses: those that rest, since an immediate one is matched once.
  func crossing(at node: VirtualNode) -> [Order] {
    guard plan.hostile.isEmpty, mayWrite(node), var core = node.process?.core else { return [] }
    return core.ownOrders(now: node.time).filter { own in
      own.state == .open && !own.order.body.timeInForce.isImmediate
        && core.explain(own.order.id, now: node.time)?.count(.matching) ?? 0 > 0
    }.map(\.order)
  }

  /// Another core reads what is on a node's disk, in another order than that in which it came.
  private func judgeReplay(_ node: VirtualNode) {
    var reader = NodeCore(
      NodeConfiguration(
        genesis: network.genesis, identity: VirtualNetwork.identity(1), agent: "", listenPort: 0, advertisedHost: nil,
        bootstrap: [], seed: plan.seed), now: node.time)
    for proof in node.store.sortedProofs { reader.restore(proof) }
    reader.beginRestore()
    for entry in node.store.sortedEntries.reversedByAuthor {
      if let fault = reader.restore(entry) {
        inspector.report(.badEntryTaken, "on the disk of node \(node.index): \(fault)")
      }
    }
    if reader.bookDigest() != node.process?.core.bookDigest() {
      inspector.report(.bookDrifted, "node \(node.index) has another book than its disk")
    }
  }
}

extension VirtualNode {
  /// A number for what the node holds of all feeds.
  var fingerprint: UInt64? {
    guard let core else { return nil }
    var trace = Trace()
    for (author, feed) in core.feeds.sorted where feed.head.sequence > 0 {
      trace.mix(author.word0)
      trace.mix(feed.head.entry.word0)
    }
    for proof in core.fraudProofs {
      trace.mix(proof.author.word0)
      trace.mix(proof.sequence)
    }
    return trace.value
  }
}

extension [SignedEntry] {
  /// The same feeds in the opposite order, each in its own.
  fileprivate var reversedByAuthor: [SignedEntry] {
    var feeds: [ArraySlice<SignedEntry>] = []
    var start = startIndex
    for place in indices where place + 1 == endIndex || self[place + 1].author != self[place].author {
      feeds.append(self[start...place])
      start = place + 1
    }
    return feeds.reversed().flatMap { $0 }
  }
}

extension OrderBody {
  func amended(_ amendment: Amendment) -> OrderBody {
    var body = self
    switch (amendment, body) {
    case (.price(let micros), .offer(var offer)):
      offer.price = Price(micros: micros)
      body = .offer(offer)
    case (.price(let micros), .bid(var bid)):
      bid.price = Price(micros: micros)
      body = .bid(bid)
    case (.gpus(let more), .offer(var offer)):
      offer.gpus = max(1, offer.gpus + more)
      offer.minimumGPUs = min(offer.minimumGPUs, offer.gpus)
      body = .offer(offer)
    case (.gpus(let more), .bid(var bid)):
      bid.gpus = max(1, bid.gpus + more)
      bid.minimumGPUs = min(bid.minimumGPUs, bid.gpus)
      if bid.minimumGPUs == bid.gpus { bid.isWhole = false }
      body = .bid(bid)
    case (.expiry(let milliseconds), .offer(var offer)):
      offer.expiry = min(VirtualNetwork.epoch + milliseconds, offer.expiry)
      body = .offer(offer)
    case (.expiry(let milliseconds), .bid(var bid)):
      bid.expiry = min(VirtualNetwork.epoch + milliseconds, bid.expiry)
      body = .bid(bid)
    }
    return body
  }

  /// The order in a few words.
  var text: String {
    let price = Decimal.format(micros: price.micros)
    switch self {
    case .offer(let offer): return "an offer of \(offer.gpus) GPUs at \(price)"
    case .bid(let bid):
      let pieces = bid.isWhole ? ", all or none of them in pieces," : isSplit ? " in pieces" : ""
      return "a bid for \(bid.gpus) GPUs\(pieces) at \(price)"
    }
  }
}
