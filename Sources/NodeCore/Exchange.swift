import HeapModule
import Market
import NodeCrypto
import OrderBook
import Settlement

/// The place of an operation: whose feed, which entry, where in it.
public struct Place: Hashable, Sendable {
  /// The entry's author.
  public let author: NodeID
  /// The entry's time.
  public let time: Timestamp
  /// The entry's sequence.
  public let sequence: UInt64
  /// The operation's position in the entry, from 0.
  public let index: UInt32

  /// The name of an order that is placed here: BLAKE2b-256 of `"p2pnode/order/v1" 0x00 ‖ network id ‖ author ‖ sequence
  /// (8 bytes, big-endian) ‖ index (4 bytes, big-endian)`. It is known before the entry is signed.
  public func orderID(network: NetworkID) -> OrderID {
    var bytes = Array("p2pnode/order/v1".utf8)
    bytes.append(0)
    network.append(to: &bytes)
    author.append(to: &bytes)
    for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: sequence >> shift)) }
    for shift in stride(from: 24, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: index >> shift)) }
    return Blake2b.hash(bytes)
  }
}

/// What an operation changed.
enum Change: Sendable {
  /// An order is in the book.
  case placed(Order)
  /// An order was not taken into the book: its author has as many as the genesis allows or is forked, or it has expired.
  case notPlaced(OrderID)
  /// An order of the author's is not in the book any more.
  case cancelled(OrderID)
  /// A trade became known or changed its state.
  case trade(TradeID)
  /// Part of an order came free again.
  case freed(OrderID)
}

/// The book and the trades: what the feeds add up to.
///
/// A pure function of the set of entries. Operations of one feed are applied in its order; those of different feeds
/// commute, so the order in which feeds arrive does not matter: what fills or frees an order is a sum (``OrderBook``), a
/// trade's state a union of facts (``TradeLedger``), and time a maximum.
struct Exchange: Sendable {
  let genesis: Genesis
  private(set) var book = OrderBook()
  private(set) var ledger = TradeLedger()
  private var authors: [NodeID: AuthorOrders] = [:]
  /// Authors whose feeds are forked; for look-up only.
  private var forked: Set<NodeID> = []

  /// The orders of one author that count against its limit, by the times of its own feed.
  private struct AuthorOrders: Sendable {
    struct Expiry: Comparable, Sendable {
      let time: Timestamp
      let order: OrderID
      static func < (left: Self, right: Self) -> Bool {
        left.time == right.time ? left.order < right.order : left.time < right.time
      }
    }

    var live: Set<OrderID> = []
    var expiries = Heap<Expiry>()

    mutating func expire(at time: Timestamp) {
      while let next = expiries.min, next.time <= time {
        live.remove(next.order)
        expiries.removeMin()
      }
    }
  }

  init(genesis: Genesis) { self.genesis = genesis }

  /// Applies one operation; appends what it changed to `changes`.
  mutating func apply(_ operation: Operation, at place: Place, into changes: inout [Change]) {
    switch operation {
    case .place(let body): self.place(body, at: place, into: &changes)
    case .cancel(let id): cancel(id, at: place, into: &changes)
    case .propose(let signed):
      settle(
        ledger.propose(signed.terms, bytes: signed.bytes, takerSignature: signed.signature), into: &changes)
    case .accept(let signed, let decision):
      settle(
        ledger.accept(
          signed.terms, bytes: signed.bytes, takerSignature: signed.signature, acceptance: decision.acceptance,
          acceptanceBytes: decision.bytes, makerSignature: decision.signature),
        into: &changes)
    case .reject(let id, let reason, _):
      settle(ledger.reject(id, by: place.author, at: place.sequence, reason: reason), into: &changes)
    case .receipt(let decision):
      guard ledger[decision.acceptance.trade]?.terms.maker == decision.maker else { return }
      settle(
        ledger.copy(
          decision.acceptance, bytes: decision.bytes, makerSignature: decision.signature, by: place.author),
        into: &changes)
    case .release(let id): settle(ledger.release(id, by: place.author), into: &changes)
    }
  }

  /// Moves the book's time forward; orders that have expired by then are not in the book any more.
  mutating func advance(to time: Timestamp) -> [OrderID] { book.advance(to: time) }

  /// The digest of the book.
  mutating func digest() -> Digest { book.digest() }

  /// Notes that the feed of an author is forked: its orders, those that are still to come from before the fork too, are
  /// not in the book.
  mutating func freeze(_ author: NodeID) {
    forked.insert(author)
    _ = book.removeAll(ownedBy: author)
  }

  private mutating func place(_ body: OrderBody, at place: Place, into changes: inout [Change]) {
    let id = place.orderID(network: genesis.networkID)
    authors[place.author, default: AuthorOrders()].expire(at: place.time)
    guard authors[place.author, default: AuthorOrders()].live.count < genesis.limits.openOrdersPerAuthor else {
      changes.append(.notPlaced(id))
      return
    }
    authors[place.author]?.live.insert(id)
    authors[place.author]?.expiries.insert(AuthorOrders.Expiry(time: body.expiry, order: id))
    let order = Order(
      id: id,
      priority: OrderPriority(
        time: place.time, owner: place.author, sequence: place.sequence, index: place.index),
      body: body)
    guard !forked.contains(place.author), book.insert(order) == .inserted else {
      changes.append(.notPlaced(id))
      return
    }
    // Trades that arrived before the order, over the other party's feed.
    for trade in ledger.trades(of: id) {
      guard let trade = ledger[trade] else { continue }
      if trade.terms.takerOrder == id, trade.holdsTaker { adjust(id, owner: trade.terms.taker, by: 1, trade.terms) }
      if trade.terms.makerOrder == id, trade.fillsMaker { adjust(id, owner: trade.terms.maker, by: 1, trade.terms) }
    }
    changes.append(.placed(order))
  }

  private mutating func cancel(_ id: OrderID, at place: Place, into changes: inout [Change]) {
    guard authors[place.author]?.live.remove(id) != nil else { return }
    book.cancel(id)
    changes.append(.cancelled(id))
  }

  private mutating func settle(_ change: TradeChange?, into changes: inout [Change]) {
    guard let change, let terms = ledger[change.trade]?.terms else { return }
    if change.taker != 0 {
      adjust(terms.takerOrder, owner: terms.taker, by: change.taker, terms)
      if change.taker < 0 { changes.append(.freed(terms.takerOrder)) }
    }
    if change.maker != 0 {
      adjust(terms.makerOrder, owner: terms.maker, by: change.maker, terms)
      if change.maker < 0 { changes.append(.freed(terms.makerOrder)) }
    }
    if change.isNews { changes.append(.trade(change.trade)) }
  }

  /// Takes from an order or puts back. Terms that name somebody else's order, or an order of the wrong side, take
  /// nothing: only its owner's signature fills an order.
  private mutating func adjust(_ id: OrderID, owner: NodeID, by sign: Int, _ terms: Terms) {
    guard let state = book.state(of: id), state.owner == owner, (state.side == .offer) == (id == terms.offer),
      let start = genesis.slot(at: terms.start), let end = genesis.slot(at: terms.end)
    else { return }
    let slots = SlotRange(start: start, end: end)
    if sign > 0 {
      book.take(id, gpus: terms.gpus, slots: slots)
    } else {
      book.putBack(id, gpus: terms.gpus, slots: slots)
    }
  }

  // MARK: Limits of an author

  /// Whether `author` may have one more order at `time`. Changes nothing: the limit goes by the times of entries, and at
  /// `time` there may never be one.
  func hasRoomForOrder(of author: NodeID, at time: Timestamp) -> Bool {
    let maximum = genesis.limits.openOrdersPerAuthor
    guard var orders = authors[author], orders.live.count >= maximum else { return true }
    orders.expire(at: time)
    return orders.live.count < maximum
  }

  /// Whether `id` is an order of `author` that is neither cancelled nor expired.
  func isLive(_ id: OrderID, of author: NodeID) -> Bool { authors[author]?.live.contains(id) ?? false }
}
