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

  /// The priority of an order that is placed here.
  var priority: OrderPriority { OrderPriority(time: time, owner: author, sequence: sequence, index: index) }

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
  /// An order in the book has other terms, or is back in it with other terms.
  case amended(Order)
  /// An order is not in the book after its placing or an amend: its author has as many as the genesis allows or is
  /// forked, or it has expired.
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
  /// Keys the book's table of ids.
  let seed: UInt64
  private(set) var book: OrderBook
  private(set) var ledger = TradeLedger()
  /// The bids in the book that demand something of a provider's record: what they may trade with changes with records.
  private(set) var recordBids: Set<OrderID> = []
  private var authors: [NodeID: AuthorOrders] = [:]
  /// Authors whose feeds are forked; for look-up only.
  private var forked: Set<NodeID> = []

  /// An empty book and no trades. The orders of `own` are found at once; `seed` keys the book's table.
  init(genesis: Genesis, own: NodeID, seed: UInt64) {
    self.genesis = genesis
    self.seed = seed
    book = OrderBook(
      classVRAMMiB: genesis.gpuClasses.map { UInt32(clamping: $0.vramMiB) }, own: own,
      slotsPerHour: 3_600_000 / genesis.slotMilliseconds, seed: seed)
  }

  /// Brings near what operations are about to change in the book. Changes nothing.
  func prefetch(_ operations: ArraySlice<Operation>) {
    var ids: [OrderID] = []
    var bodies: [OrderBody] = []
    for operation in operations {
      switch operation {
      case .place(let body): bodies.append(body)
      case .cancel(let id): ids.append(id)
      case .amend(let id, let body):
        ids.append(id)
        bodies.append(body)
      case .propose(let signed): ids.append(signed.terms.takerOrder)
      case .accept(let signed, _): ids += [signed.terms.takerOrder, signed.terms.makerOrder]
      case .reject, .receipt, .release: break
      }
    }
    // A single order is brought near by its own change.
    if ids.count + bodies.count > 1 { book.prefetch(ids.span, inserting: bodies.span) }
  }

  /// Applies one operation; appends what it changed to `changes`.
  mutating func apply(_ operation: Operation, at place: Place, into changes: inout [Change]) {
    switch operation {
    case .place(let body): self.place(body, at: place, into: &changes)
    case .cancel(let id): cancel(id, at: place, into: &changes)
    case .amend(let id, let body): amend(id, to: body, at: place, into: &changes)
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

  /// The trade that an order may propose next.
  mutating func match(_ taker: OrderID, context: MatchContext) -> Match? { book.match(taker, context: context) }

  /// Moves the book's time forward; orders that have expired by then are not in the book any more.
  mutating func advance(to time: Timestamp) -> [OrderID] {
    let expired = book.advance(to: time)
    recordBids.subtract(expired)
    return expired
  }

  /// The digest of the book.
  mutating func digest() -> Digest { book.digest() }

  /// Notes that the feed of an author is forked: its orders, those that are still to come from before the fork too, are
  /// not in the book.
  mutating func freeze(_ author: NodeID) {
    forked.insert(author)
    recordBids.subtract(book.removeAll(ownedBy: author))
  }

  // MARK: Orders

  private mutating func place(_ body: OrderBody, at place: Place, into changes: inout [Change]) {
    let id = place.orderID(network: genesis.networkID)
    authors[place.author, default: AuthorOrders()].expire(at: place.time)
    guard authors[place.author, default: AuthorOrders()].live.count < genesis.limits.openOrdersPerAuthor else {
      changes.append(.notPlaced(id))
      return
    }
    authors[place.author]?.add(id, body)
    let order = Order(id: id, priority: place.priority, body: body)
    changes.append(insert(order) ? .placed(order) : .notPlaced(id))
  }

  private mutating func cancel(_ id: OrderID, at place: Place, into changes: inout [Change]) {
    authors[place.author]?.expire(at: place.time)
    guard authors[place.author]?.cancel(id) == true else { return }
    book.cancel(id)
    recordBids.remove(id)
    changes.append(.cancelled(id))
  }

  /// Whether an amend counts depends on its author's feed alone. The book may have lost the order, because another feed's
  /// time has passed its expiry; then an amend to a later expiry, which is no reduction, brings it back with the amend's
  /// place as its priority, just as on a node that saw the two feeds in the other order.
  private mutating func amend(_ id: OrderID, to body: OrderBody, at place: Place, into changes: inout [Change]) {
    authors[place.author]?.expire(at: place.time)
    guard let live = authors[place.author]?.live[id],
      (try? OrderRules.checkAmend(to: body, side: live.side, timeInForce: live.timeInForce)) != nil
    else { return }
    authors[place.author]?.amend(id, expiry: body.expiry)
    let isInBook: Bool
    let order = amended(id, to: body, at: place)
    if book.order(id) == nil {
      isInBook = insert(order)
    } else {
      isInBook = book.amend(order) == .amended
      noteRecordDemand(of: order, isInBook: isInBook)
    }
    changes.append(isInBook ? .amended(order) : .notPlaced(id))
  }

  /// The order that an amend at `place` makes of the order `id`: a reduction of one in the book keeps its priority.
  func amended(_ id: OrderID, to body: OrderBody, at place: Place) -> Order {
    var priority = place.priority
    if let held = book.order(id), body.isReduction(of: held.body) { priority = held.priority }
    return Order(id: id, priority: priority, body: body)
  }

  /// Puts an order into the book with all that the known trades take of it; false when it does not belong there.
  private mutating func insert(_ order: Order) -> Bool {
    guard !forked.contains(order.owner), book.insert(order) == .inserted else { return false }
    // Trades that arrived before the order, over the other party's feed, or before an amend that brings it back.
    for trade in ledger.trades(of: order.id) {
      guard let trade = ledger[trade] else { continue }
      let terms = trade.terms
      if terms.takerOrder == order.id, trade.holdsTaker { adjust(order.id, owner: terms.taker, by: 1, terms) }
      if terms.makerOrder == order.id, trade.fillsMaker { adjust(order.id, owner: terms.maker, by: 1, terms) }
    }
    noteRecordDemand(of: order, isInBook: true)
    return true
  }

  private mutating func noteRecordDemand(of order: Order, isInBook: Bool) {
    if isInBook, order.body.demandsRecord {
      recordBids.insert(order.id)
    } else {
      recordBids.remove(order.id)
    }
  }

  /// What an own order would take as the first thing if it had the terms and priority of `order`, with what is taken of
  /// it. The book is as before afterwards.
  mutating func match(asIf order: Order, context: MatchContext) -> Match? {
    guard let held = book.order(order.id), book.time < order.body.expiry else {
      return book.match(order, context: context)
    }
    book.amend(order)
    defer { book.amend(held) }
    return book.match(order.id, context: context)
  }

  // MARK: Trades

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
    guard let order = book.order(id), order.owner == owner, (order.side == .offer) == (id == terms.offer),
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
  func isLive(_ id: OrderID, of author: NodeID) -> Bool { authors[author]?.live[id] != nil }
}

extension OrderBody {
  /// Whether it is a bid that demands something of the provider's public record.
  var demandsRecord: Bool {
    guard case .bid(let bid) = self, !bid.requirements.isEmpty else { return false }
    return bid.requirements.demands.demandsRecord
  }

  /// Whether a node with this record meets what the order demands of a record.
  func accepts(_ record: ProviderRecord) -> Bool {
    guard case .bid(let bid) = self else { return true }
    return bid.requirements.demands.accepts(record)
  }
}
