import Market
import NodeCore
import NodeCrypto
import Settlement

/// The rules that have to hold in every state.
extension World {
  /// Looks at what the published entries add up to, when there are new ones.
  mutating func judge() {
    guard breach == nil, account.entries != published.reduce(0, { $0 + $1.count }) else { return }
    let before = account
    account = Account(setting: setting, feeds: published)
    for trade in account.trades {
      guard let deal = account.deals[trade] else { continue }
      judge(trade, deal)
      guard let earlier = before.deals[trade] else { continue }
      let (old, new) = (before.state(of: earlier), account.state(of: deal))
      if old != new, old == .settled || old == .released { fail(.reverted, "\(trade.short()) from \(old) to \(new)") }
    }
    for purchase in account.purchases { judge(purchase) }
    for order in account.orders { judge(order.id, gpus: order.gpus) }
  }

  private mutating func judge(_ trade: TradeID, _ deal: Account.Deal) {
    if let time = deal.acceptedAt, time > deal.terms.deadline {
      fail(.late, "\(trade.short()) is accepted \(time - deal.terms.deadline) ms after its deadline")
    }
    guard deal.terms.leg != nil else {
      if deal.isReleased, deal.isAccepted == true { fail(.releasedAccepted, trade.short()) }
      return
    }
    let isConfirmed = account.isConfirmed(deal)
    if deal.isFreed, isConfirmed != false { fail(.freedTooEarly, trade.short()) }
    if deal.isSettledByMaker, isConfirmed != true { fail(.notWhole, "\(trade.short()) is settled without a confirm") }
  }

  private mutating func judge(_ purchase: Account.Purchase) {
    if purchase.isConfirmedLate { fail(.late, "a purchase is confirmed after its last moment") }
    guard purchase.isConfirmed == true else { return }
    for leg in purchase.legs {
      guard let deal = account.deals[leg], deal.isAccepted == true, !deal.isFreed else {
        fail(.notWhole, "leg \(leg.short()) of a confirmed purchase is not accepted, or freed")
        return
      }
    }
  }

  /// All trades of a scenario are in one window, so that what is taken of an order at once is a sum.
  private mutating func judge(_ order: OrderID, gpus: Int32) {
    var taken: Int32 = 0
    for deal in account.trades.compactMap({ account.deals[$0] }) {
      let state = account.state(of: deal)
      if deal.terms.makerOrder == order, state == .settled || state == .held {
        taken += deal.terms.gpus
      } else if deal.terms.takerOrder == order, deal.isProposed, state != .released {
        taken += deal.terms.gpus
      }
    }
    if taken > gpus { fail(.overfilled, "\(taken) of \(gpus) GPUs of \(order.short())") }
  }

  // MARK: What a node says

  /// Looks whether a node says of each trade what the feeds say that it holds, its own with what is not durable yet.
  mutating func checkView(of node: Int) {
    guard breach == nil, let core = nodes[node].core else { return }
    let doubted = core.doubtedAuthors
    if !doubted.isEmpty { fail(.accused, "\(node) doubts \(doubted.compactMap { setting.index(of: $0) })") }
    if core.state == .frozen { fail(.accused, "\(node) is frozen") }
    var feeds = nodes.indices.map { Array(published[$0].prefix(Int(core.feeds.head(of: setting.ids[$0]).sequence))) }
    feeds[node] = nodes[node].ownFeed(node)
    let view = Account(setting: setting, feeds: feeds)
    guard core.ledger.count == view.deals.count else {
      fail(.wrongState, "\(node) knows \(core.ledger.count) trades of \(view.deals.count)")
      return
    }
    for trade in view.trades {
      guard let deal = view.deals[trade] else { continue }
      let (said, expected) = (core.ledger[trade]?.state, view.state(of: deal))
      if said != expected {
        fail(.wrongState, "\(node) says \(said.map { "\($0)" } ?? "nothing") of \(trade.short()), not \(expected)")
      }
    }
  }

  // MARK: After the faults

  /// How long the nodes have for all that is open, after the last moment, in milliseconds.
  static let healingMilliseconds: Int64 = 40_000

  /// Lets the faults stop: everybody is up and hears everything, the disks work, the clocks run on together. Everything
  /// has to come to an end, on every node alike.
  mutating func heal() {
    for node in nodes.indices {
      nodes[node].clock = setting.scenario.moments.count - 1
      if nodes[node].core == nil { start(node, at: time(of: node)) }
    }
    let begin = Scenario.epoch + (setting.scenario.moments.last ?? 0)
    for step in 0...(Self.healingMilliseconds / 4000) {
      let time = begin + step * 4000
      for node in nodes.indices { handle(.timer, at: node, time: time) }
      while exchange(at: time) {}
      judge()
      guard breach == nil else { return }
    }
    for node in nodes.indices { checkView(of: node) }
    checkEnd()
  }

  /// Commits and delivers all that there is; false when there was nothing.
  private mutating func exchange(at time: Timestamp) -> Bool {
    var hasMoved = false
    for node in nodes.indices where !nodes[node].underway.isEmpty {
      commit(node, time: time)
      hasMoved = true
    }
    for node in nodes.indices {
      for author in nodes.indices where author != node {
        for sequence in 1..<(published[author].count + 1)
        where nodes[node].given[author] & (1 << UInt64(sequence)) == 0 {
          deliver(node, author, sequence, time: time)
          hasMoved = true
        }
      }
    }
    return hasMoved && breach == nil
  }

  private mutating func checkEnd() {
    guard breach == nil else { return }
    var digests: Set<Digest> = []
    for node in nodes.indices {
      guard nodes[node].core != nil else { return }
      for author in nodes.indices {
        let held = nodes[node].core?.feeds.head(of: setting.ids[author]).sequence ?? 0
        if held != published[author].count { fail(.disagreement, "\(node) has \(held) entries of \(author)") }
      }
      if let digest = nodes[node].core?.bookDigest() { digests.insert(digest) }
      if let core = nodes[node].core { checkEnd(of: node, core) }
    }
    if digests.count > 1 { fail(.disagreement, "the books differ") }
    for trade in account.trades {
      guard let deal = account.deals[trade] else { continue }
      let state = account.state(of: deal)
      if state != .settled, state != .released { fail(.unresolved, "\(trade.short()) is \(state)") }
      if deal.terms.leg != nil, deal.isAccepted == true, !deal.isFreed, !deal.isSettledByMaker {
        fail(.unresolved, "what is held for \(trade.short()) is neither settled nor freed")
      }
      if deal.terms.leg == nil, deal.isAccepted == true, !deal.isCopied {
        fail(.noReceipt, "the taker's feed has no receipt of \(trade.short())")
      }
    }
  }

  private mutating func checkEnd(of node: Int, _ core: NodeCore) {
    if core.undecidedCount > 0 || core.openPurchase != nil { fail(.unresolved, "\(node) still waits") }
    for trade in core.ledger.sorted where trade.state == .settled {
      guard !setting.verified.contains(trade.id) else { continue }
      guard let receipt = trade.receipt, (try? receipt.verify(network: setting.genesis.networkID)) != nil else {
        fail(.noReceipt, "\(node) has no receipt of \(trade.id.short()), or one that does not verify")
        continue
      }
      setting.verified.insert(trade.id)
    }
  }
}
