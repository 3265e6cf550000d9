import Market
import NodeAPI
import NodeCore
import NodeCrypto
import OrderBook
import Settlement

/// Makes documents of what has changed in the core. It is used on the writer's queue.
struct EventCollector: Sendable {
  /// What has happened, before it is put into words.
  enum News: Sendable {
    case book(BookEventDocument)
    case trade(TradeDocument)
    case order(OrderDocument)
    case peers(Int)
    /// More than can be told.
    case lost
  }

  /// What is compared to see whether the peers have changed.
  private struct PeerState: Equatable {
    let node: String
    let agrees: Bool?
  }

  /// The classes in which each order on a ladder is shown: when it has left, nobody else knows. For look-up only.
  private var shown: [OrderID: [GPUClassIndex]] = [:]
  /// Trades that were last told as proposed, with their deadlines: past those they are held, and no entry says so.
  private var proposed: [TradeID: Timestamp] = [:]
  private var peers: [PeerState] = []

  /// Begins with what is there now.
  ///
  /// - Complexity: O(orders + trades).
  mutating func begin(_ core: inout NodeCore, now: Timestamp) {
    core.notesChanges = true
    _ = core.takeChanges()
    self = EventCollector()
    for index in core.genesis.gpuClasses.indices {
      let gpuClass = GPUClassIndex(UInt16(index))
      for side in [Side.offer, .bid] {
        for id in core.book.restingOrders(gpuClass: gpuClass, side: side) { shown[id, default: []].append(gpuClass) }
      }
    }
    for trade in core.ledger.sorted where trade.state == .proposed && now <= trade.terms.deadline {
      proposed[trade.id] = trade.terms.deadline
    }
    peers = peerStates(&core, now: now)
  }

  /// What the core has noted since this was last asked.
  mutating func changes(_ core: inout NodeCore, now: Timestamp) -> [News] {
    let log = core.takeChanges()
    guard !log.isEmpty else { return [] }
    guard !log.isLost else {
      begin(&core, now: now)
      return [.lost]
    }
    let builder = DocumentBuilder(core: core, now: now)
    var news: [News] = []
    for id in log.orders { tell(id, builder, into: &news) }
    var own = log.orders
    var seen = Set(own)
    for id in log.trades {
      guard let trade = core.ledger[id] else { continue }
      tell(trade, builder, into: &news)
      for order in [trade.terms.offer, trade.terms.bid] where seen.insert(order).inserted { own.append(order) }
    }
    for id in own {
      if let order = core.ownOrderState(id, now: now) {
        news.append(.order(builder.order(order.order, state: order.state)))
      }
    }
    return news
  }

  /// What only time has changed, and the peers.
  mutating func tick(_ core: inout NodeCore, now: Timestamp) -> [News] {
    var news: [News] = []
    let overdue = proposed.filter { $0.value < now }.keys.sorted()
    if !overdue.isEmpty {
      let builder = DocumentBuilder(core: core, now: now)
      for id in overdue {
        proposed[id] = nil
        if let trade = core.ledger[id] { tell(trade, builder, into: &news) }
      }
    }
    let states = peerStates(&core, now: now)
    if states != peers {
      peers = states
      news.append(.peers(states.count))
    }
    return news
  }

  private func peerStates(_ core: inout NodeCore, now: Timestamp) -> [PeerState] {
    let digest = core.bookDigest()
    return DocumentBuilder(core: core, now: now).peers(bookDigest: digest).map {
      PeerState(node: $0.node, agrees: $0.agrees)
    }
  }

  private mutating func tell(_ trade: Trade, _ builder: DocumentBuilder, into news: inout [News]) {
    let document = builder.trade(trade)
    proposed[trade.id] =
      document.state == "proposed" && builder.now <= trade.terms.deadline ? trade.terms.deadline : nil
    news.append(.trade(document))
  }

  private mutating func tell(_ id: OrderID, _ builder: DocumentBuilder, into news: inout [News]) {
    let genesis = builder.genesis
    let before = shown[id] ?? []
    var now: [GPUClassIndex] = []
    if let state = builder.core.book.state(of: id), state.isOpen, !state.order.body.timeInForce.isImmediate,
      state.order.body.expiry > builder.now
    {
      now = Array(state.order.body.gpuClasses)
      let document = builder.order(state.order, state: nil)
      for gpuClass in now {
        news.append(.book(BookEventDocument(gpuClass: genesis.gpuClass(at: gpuClass).id, order: document)))
      }
    }
    for gpuClass in before where !now.contains(gpuClass) {
      news.append(.book(BookEventDocument(gpuClass: genesis.gpuClass(at: gpuClass).id, gone: id.hex)))
    }
    shown[id] = now.isEmpty ? nil : now
  }
}
