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

  package init(author: NodeID, time: Timestamp, sequence: UInt64, index: UInt32) {
    self.author = author
    self.time = time
    self.sequence = sequence
    self.index = index
  }

  /// The priority of an order that is placed here.
  var priority: OrderPriority { OrderPriority(time: time, owner: author, sequence: sequence, index: index) }

  /// The name of an order that is placed here: BLAKE2b-256 of `"p2pnode/order/v1" 0x00 ‖ network id ‖ author ‖ sequence
  /// (8 bytes, big-endian) ‖ index (4 bytes, big-endian)`. It is known before the entry is signed.
  public func orderID(network: NetworkID) -> OrderID {
    // Once for every order that anybody places: on the stack.
    let prefix: StaticString = "p2pnode/order/v1\0"
    let length = prefix.utf8CodeUnitCount + 2 * NodeID.byteCount + 12
    return withUnsafeTemporaryAllocation(byteCount: length, alignment: 1) { bytes in
      var end = 0
      func append(_ piece: UnsafeRawBufferPointer) {
        bytes[end..<end + piece.count].copyBytes(from: piece)
        end += piece.count
      }
      append(UnsafeRawBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount))
      network.withBytes(append)
      author.withBytes(append)
      withUnsafeBytes(of: sequence.bigEndian, append)
      withUnsafeBytes(of: index.bigEndian, append)
      return Blake2b.hash(UnsafeRawBufferPointer(bytes))
    }
  }
}

/// What an operation changed.
enum Change: Sendable {
  /// An order is in the book.
  case placed(Order)
  /// An order in the book has other terms, or is back in it with other terms.
  case amended(Order)
  /// An order is not in the book after its placing or an amend: its author has as much open as the genesis allows or is
  /// frozen, or it has expired.
  case notPlaced(OrderID)
  /// An order of the author's is not in the book any more.
  case cancelled(OrderID)
  /// A trade became known or changed its state.
  case trade(TradeID)
  /// Part of an order came free again.
  case freed(OrderID)
  /// Less is left of a bid than the fewest GPUs that it takes in one trade: it takes those.
  case narrowed(OrderID)
  /// A node's public record.
  case record(NodeID)
  /// A key has taken over from another.
  case handedOver(to: NodeID)
  /// A checkpoint of an author's feed is complete.
  case checkpoint(NodeID)
  /// An author took more of its order than there is: a fraud.
  case overfilled(OrderID)
  /// A checkpoint, complete with this entry, says less of an order is taken than the accepts in entries at these
  /// sequences do: a fraud.
  case understated(first: UInt64, accepts: [UInt64])
}

/// The book and the trades: what the feeds add up to.
///
/// A pure function of the set of entries. Operations of one feed are applied in its order; those of different feeds
/// commute, so the order in which feeds arrive does not matter: an order and what is taken of it follow from its owner's
/// feed (``AuthorState``), a record is a sum over feeds, a trade's state a union of facts (``TradeLedger``), and time a
/// maximum.
struct Exchange: Sendable {
  let genesis: Genesis
  /// Keys the book's table of ids.
  let seed: UInt64
  var book: OrderBook
  var ledger: TradeLedger
  /// The bids in the book that demand something of a provider's record: what they may trade with changes with records.
  private(set) var recordBids: Set<OrderID> = []
  /// The public record of each node that has one, with those of the keys before it. For look-up only.
  var records: [NodeID: PublicRecord] = [:]
  /// The same of single keys. For look-up only.
  var ownRecords: [NodeID: PublicRecord] = [:]
  /// Which keys took over from others.
  var predecessors = Predecessors()
  /// The keys that closed feeds name, and the times of their last entries. For look-up only.
  var successors: [NodeID: (key: NodeID, time: Timestamp)] = [:]
  /// The times of the handovers that count, by the new key. For look-up only.
  var handoverTimes: [NodeID: Timestamp] = [:]
  var authors: [NodeID: AuthorCell] = [:]
  /// Authors whose feeds are frozen by a proof of fraud; for look-up only.
  var frozen: Set<NodeID> = []
  /// Authors of whom a checkpoint did not say what the entries before it did.
  var doubted: Set<NodeID> = []
  /// What has changed, while somebody looks.
  var log: ChangeLog?
  /// Whether this is made of part of one feed: what depends on entries before it is taken for granted.
  var isExcerpt = false

  /// An empty book and no trades. The orders of `own` are found at once; `seed` keys the book's table.
  init(genesis: Genesis, own: NodeID, seed: UInt64, ledger: TradeLedger = TradeLedger()) {
    self.genesis = genesis
    self.ledger = ledger
    self.seed = seed
    book = OrderBook(
      classVRAMMiB: genesis.gpuClasses.map { UInt32(clamping: $0.vramMiB) }, own: own,
      slotsPerHour: 3_600_000 / genesis.slotMilliseconds, seed: seed)
  }

  /// Brings near what operations are about to change in the book. Changes nothing.
  func prefetch(_ operations: ArraySlice<Operation>, at time: Timestamp) {
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
      case .purchase(let legs): ids.append(legs[0].terms.bid)
      case .accept(let signed, _): ids += [signed.terms.takerOrder, signed.terms.makerOrder]
      case .reject, .receipt, .release, .confirm, .withdraw, .settle, .free, .checkpoint, .rotate: break
      }
    }
    // A single order is brought near by its own change.
    guard ids.count + bodies.count > 1 else { return }
    let times = [Timestamp](repeating: time, count: bodies.count)
    book.prefetch(ids.span, inserting: bodies.span, at: times.span)
  }

  /// Applies one operation; appends what it changed to `changes`.
  mutating func apply(_ operation: Operation, at place: Place, into changes: inout [Change]) {
    enter(place.author, at: place.time, sequence: place.sequence, into: &changes)
    switch operation {
    case .place(let body): self.place(body, at: place, into: &changes)
    case .cancel(let id): cancel(id, at: place, into: &changes)
    case .amend(let id, let body): amend(id, to: body, at: place, into: &changes)
    case .propose(let signed): propose(signed, at: place, into: &changes)
    case .accept(let signed, let decision): accept(signed, decision, at: place, into: &changes)
    case .reject(let id, let reason, _): reject(id, reason, at: place, into: &changes)
    case .receipt(let decision): copy(decision, at: place, into: &changes)
    case .release(let id, let isClosure): release(id, isClosure: isClosure, at: place, into: &changes)
    case .purchase(let legs): purchase(legs, at: place, into: &changes)
    case .confirm(let confirmation, let acceptances): confirm(confirmation, acceptances, at: place, into: &changes)
    case .withdraw(let id, let silent): withdraw(id, silent: silent, at: place, into: &changes)
    case .settle(let id, let confirmation): settle(id, confirmation, at: place, into: &changes)
    case .free(let id, let reference): free(id, by: reference, at: place, into: &changes)
    case .checkpoint(let part): restate(part, at: place, into: &changes)
    case .rotate(let signed): rotate(to: signed.successor, at: place, into: &changes)
    }
  }

  /// What the time of an entry does, whatever is in it: orders expire, and an open purchase comes to nothing when the
  /// entry is past its last moment. Doing it again for the same entry changes nothing.
  mutating func enter(_ author: NodeID, at time: Timestamp, sequence: UInt64, into changes: inout [Change]) {
    if authors[author, default: AuthorCell()].state.expire(at: time) { void(author, at: sequence, into: &changes) }
    if sequence == 1, authors[author]?.state.counts.since == nil {
      authors[author]?.state.counts.since = time
      count(author, into: &changes)
    }
  }

  /// The trade that an order may propose next.
  mutating func match(_ taker: OrderID, context: MatchContext) -> Match? { book.match(taker, context: context) }

  /// Moves the book's time forward; orders that have expired by then are not in the book any more.
  mutating func advance(to time: Timestamp) -> [OrderID] {
    let expired = book.advance(to: time)
    if log != nil { for id in expired { log?.note(order: id) } }
    recordBids.subtract(expired)
    return expired
  }

  /// The digest of the book.
  mutating func digest() -> Digest { book.digest() }

  /// Notes that there is a proof of fraud against an author: its orders, those that are still to come from before the
  /// fraud too, are not in the book, and what it says counts in no record.
  mutating func freeze(_ author: NodeID, into changes: inout [Change]) {
    // Settled trades may be disputed from here on, too.
    log?.lose()
    recordBids.subtract(book.removeAll(ownedBy: author))
    if let state = authors[author]?.state {
      for (node, complaint) in state.complaints.sorted(by: { $0.key < $1.key }) {
        count(nil, insteadOf: complaint, of: node, by: author, into: &changes)
      }
    }
    frozen.insert(author)
    count(author, into: &changes)
  }

  // MARK: Orders

  private mutating func place(_ body: OrderBody, at place: Place, into changes: inout [Change]) {
    let id = place.orderID(network: genesis.networkID)
    // A new order has nothing taken of it, and nothing is noted of it yet.
    let order = Order(id: id, priority: place.priority, body: body)
    let limits = isExcerpt ? nil : genesis.limits
    guard authors[place.author]?.state.place(order, limits: limits) == true, !frozen.contains(place.author),
      book.insert(order) == .inserted
    else {
      changes.append(.notPlaced(id))
      return
    }
    if body.demandsRecord { recordBids.insert(id) }
    log?.note(order: id)
    changes.append(.placed(order))
  }

  mutating func cancel(_ id: OrderID, at place: Place, into changes: inout [Change]) {
    guard authors[place.author]?.state.orders.cancel(id) == true else { return }
    leave(id)
    changes.append(.cancelled(id))
  }

  /// Whether an amend counts depends on its author's feed alone. The book may have lost the order, because another feed's
  /// time has passed its expiry; then an amend to a later expiry, which is no reduction, brings it back with the amend's
  /// place as its priority, just as on a node that saw the two feeds in the other order.
  private mutating func amend(_ id: OrderID, to body: OrderBody, at place: Place, into changes: inout [Change]) {
    guard let live = authors[place.author]?.state.orders.live[id],
      (try? OrderRules.checkAmend(to: body, side: live.side, timeInForce: live.timeInForce)) != nil,
      authors[place.author]?.state.room(for: body, replacing: id, limits: genesis.limits) == .enough
    else { return }
    authors[place.author]?.state.orders.amend(id, to: body)
    let isInBook: Bool
    let order = amended(id, to: body, at: place)
    if book.order(id) == nil {
      isInBook = insert(order)
    } else {
      isInBook = book.amend(order) == .amended
      noteRecordDemand(of: order, isInBook: isInBook)
      log?.note(order: id)
    }
    changes.append(isInBook ? .amended(order) : .notPlaced(id))
  }

  /// The order that an amend at `place` makes of the order `id`: a reduction of one in the book keeps its priority.
  func amended(_ id: OrderID, to body: OrderBody, at place: Place) -> Order {
    var priority = place.priority
    if let held = book.order(id), body.isReduction(of: held.body) { priority = held.priority }
    return Order(id: id, priority: priority, body: body)
  }

  /// Puts a live order into the book with all that its owner's feed takes of it; false when it does not belong there.
  mutating func insert(_ order: Order) -> Bool {
    guard !frozen.contains(order.owner), book.insert(order) == .inserted else { return false }
    authors[order.owner]?.state.orders.live[order.id]?.taken.forEachRun(isBid: order.side == .bid) { gpus, slots in
      let slots = slots ?? order.body.window
      Taken.forEachPiece(of: gpus) { piece in
        if piece > 0 {
          book.take(order.id, gpus: piece, slots: slots)
        } else {
          book.putBack(order.id, gpus: -piece, slots: slots)
        }
      }
    }
    noteRecordDemand(of: order, isInBook: true)
    log?.note(order: order.id)
    return true
  }

  /// Takes an order out of the book.
  mutating func leave(_ id: OrderID) {
    book.cancel(id)
    recordBids.remove(id)
    log?.note(order: id)
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

  /// Whether `id` is an order of `author` that is neither cancelled nor expired.
  func isLive(_ id: OrderID, of author: NodeID) -> Bool { authors[author]?.state.orders.live.contains(id) == true }
}

extension OrderBody {
  /// Whether it is a bid that demands something of the provider's public record.
  var demandsRecord: Bool {
    guard case .bid(let bid) = self, !bid.requirements.isEmpty else { return false }
    return bid.requirements.demands.demandsRecord
  }

  /// Whether a node with this record meets what the order demands of a record.
  func accepts(_ record: PublicRecord) -> Bool {
    guard case .bid(let bid) = self else { return true }
    return bid.requirements.demands.accepts(record)
  }
}
