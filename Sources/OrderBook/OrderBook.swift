import Market
import NodeCrypto

/// The replicated order book of one network: every order that is neither cancelled nor expired, what is taken of each,
/// and the ladders of resting orders in price-time priority.
///
/// A value, and a pure function of the calls made on it: it knows no feeds, peers or clock. Time comes in with
/// ``advance(to:)``. The calls about different orders commute, and so do the takes and put-backs of one order. Nodes
/// that saw the same feeds in different interleavings therefore hold the same book, and the same ``digest()``.
///
/// The book does not judge its input: that an order's numbers lie within the network's limits is for whoever decodes
/// it. An order that makes no sense (no GPUs, an empty window) traps nothing and matches nothing. One whose numbers lie
/// far outside any market (slots from 2^32 on, times from 2^48 ms on, sequences from 2^52 on, 4,096 or more operations
/// in an entry) is kept and never open.
///
/// An order's id names the operation that placed it: two orders with different ids have different priorities.
///
/// A copy shares its memory with the original until one of the two changes, which then costs O(n) once.
/// `docs/ORDERBOOK.md` explains the structures. With `n` orders a change costs O(log n) and the steps of the one calendar
/// that it changes.
public struct OrderBook: Sendable {
  private var core: BookCore

  /// An empty book at the Unix epoch.
  ///
  /// - Parameters:
  ///   - classVRAMMiB: by the class's position, the video memory of one GPU; 0 or missing where it is unknown.
  ///   - own: the owner whose orders ``orders(ownedBy:)`` and ``counterOrders(crossing:ownedBy:)`` find at once.
  ///   - slotsPerHour: how many slots an hour has, about. It changes no result: searches are quick when orders last
  ///     from an hour or so to a day or so.
  ///   - seed: keys the table of ids. It changes no result; one that others cannot guess keeps them from choosing ids
  ///     that collide in the table.
  public init(classVRAMMiB: [UInt32] = [], own: NodeID? = nil, slotsPerHour: Int64 = 4, seed: UInt64 = 0) {
    core = BookCore(classVRAMMiB: classVRAMMiB, own: own, slotsPerHour: slotsPerHour, seed: seed)
  }

  /// Gives the book a core that no copy of it shares, before a change.
  @inline(__always)
  private mutating func makeUnique() {
    if !isKnownUniquelyReferenced(&core) { core = BookCore(copying: core) }
  }

  /// The book's time: an order that expires at or before it is not in the book.
  public var time: Timestamp { core.time }

  // MARK: Changes

  /// What became of an order that was to be inserted.
  public enum Insertion: Hashable, Sendable {
    /// It is in the book.
    case inserted
    /// An order with its id is in the book already, and stays as it is.
    case duplicate
    /// It expired at or before the book's time.
    case expired
  }

  /// Puts in an order of which nothing is taken.
  @discardableResult
  public mutating func insert(_ order: borrowing Order) -> Insertion {
    makeUnique()
    return core.insert(order)
  }

  /// What became of an order that was to be amended.
  public enum Amendment: Hashable, Sendable {
    /// It has the new terms and the new priority.
    case amended
    /// No order with its id is in the book.
    case unknown
    /// The order with its id is on the other side of the market, and stays as it is.
    case otherSide
    /// The new terms expired at or before the book's time: the order is not in the book any more.
    case expired
  }

  /// Replaces the terms and the priority of the order named `order.id`; what is taken of it stays taken.
  @discardableResult
  public mutating func amend(_ order: borrowing Order) -> Amendment {
    makeUnique()
    return core.amend(order)
  }

  /// Takes out an order for good.
  ///
  /// - Returns: whether it was in the book.
  @discardableResult
  public mutating func cancel(_ id: OrderID) -> Bool {
    makeUnique()
    return core.remove(id)
  }

  /// Takes out all orders of `owner`: its feed is frozen. O(n).
  ///
  /// - Returns: the orders taken out, the earliest first.
  @discardableResult
  public mutating func removeAll(ownedBy owner: NodeID) -> [OrderID] {
    makeUnique()
    let slots = core.slots(ownedBy: owner)
    let ids = slots.map { core.orders[$0] }
    for slot in slots { core.remove(slot) }
    return ids
  }

  /// Takes `gpus` GPUs of an order, as a reservation or a fill does: of an offer out of its calendar in `slots`, of a
  /// bid out of its GPUs, whatever the slots. More than there is can be taken: see ``OrderState``.
  ///
  /// - Returns: false, without effect, when the order is not in the book or `gpus` is below 1.
  @discardableResult
  public mutating func take(_ id: OrderID, gpus: Int32, slots: SlotRange) -> Bool {
    guard gpus >= 1 else { return false }
    makeUnique()
    return core.take(id, gpus: Int64(gpus), slots: slots)
  }

  /// Undoes a ``take(_:gpus:slots:)`` of the same GPUs and slots.
  ///
  /// - Returns: false, without effect, when the order is not in the book or `gpus` is below 1.
  @discardableResult
  public mutating func putBack(_ id: OrderID, gpus: Int32, slots: SlotRange) -> Bool {
    guard gpus >= 1 else { return false }
    makeUnique()
    return core.take(id, gpus: -Int64(gpus), slots: slots)
  }

  /// Moves the book's time forward to `time` and takes out the orders that have expired by then. An earlier time than
  /// the book's does nothing. O(expired log expired).
  ///
  /// - Returns: the expired orders, by expiry, then priority.
  @discardableResult
  public mutating func advance(to time: Timestamp) -> [OrderID] {
    guard self.time < time else { return [] }
    makeUnique()
    return core.advance(to: time)
  }

  /// How many changes ahead it is worth while to ``prefetch(_:inserting:at:)``.
  public static var changesToPrefetch: Int { 32 }

  /// Asks the processor to bring near what the changes that follow will touch. It changes nothing but how long those
  /// take: in a large book they wait for memory more than for anything else, and here they wait all at once.
  ///
  /// Worth while for up to ``changesToPrefetch`` orders: more would not stay in the cache.
  ///
  /// - Parameters:
  ///   - ids: the orders that are to be changed, and those that are to be inserted where their ids are known.
  ///   - bodies: what the orders that are to be inserted state.
  ///   - times: their times, as many.
  public func prefetch(_ ids: Span<OrderID>, inserting bodies: Span<OrderBody>, at times: Span<Timestamp>) {
    core.prefetch(ids, inserting: bodies, at: times)
  }

  // MARK: Matching

  /// The trade that the order `taker` may propose next; nil when there is none, or the order is not open.
  ///
  /// Of the resting orders on the other side that came earlier, belong to another owner and are not ruled out by
  /// `context`, the best price goes first, then the earliest priority, and the first that can trade is taken: the
  /// prices cross, class, machine and provider are what the bid demands, and in both windows, from the context's
  /// earliest start on, a piece that both accept is free for the bid's whole duration. The start is the earliest at
  /// which the smallest such piece is free, and the piece the most GPUs that are free there and wanted. A bid for more
  /// GPUs than its smallest piece is filled by several matches, each with a start of its own.
  ///
  /// Whether the taker is post-only is the caller's business.
  ///
  /// The call may correct hints that speed up later searches, and changes nothing else.
  public mutating func match(_ taker: OrderID, context: MatchContext) -> Match? {
    makeUnique()
    return core.match(taker, context)
  }

  /// The same for an order that is not in the book, as if nothing of it were taken.
  public func match(_ taker: Order, context: MatchContext) -> Match? { core.match(taker, context) }

  /// The trades that a split bid may propose together: each with another offer, at most as many as the context
  /// allows, the best price first, as ``match(_:context:)`` finds them one after the other, from the context's earliest
  /// start of a purchase on. None for a bid that is all-or-none where they do not make up all that is left of it; such a
  /// bid takes from later offers too, except those that could fill it alone, whose owners propose. What such a bid cannot
  /// have now it may have of the same offers from a later start on, where each gives another piece.
  ///
  /// - Complexity: that of so many matches.
  public mutating func purchase(_ bid: OrderID, context: MatchContext) -> [Match] {
    makeUnique()
    return core.purchase(bid, context, learns: true)
  }

  /// What a bid that is not in the book would take now, and what it would take if it had to start as soon as possible.
  /// Empty plans for an offer.
  ///
  /// - Complexity: O(n) for each piece.
  public func quote(_ bid: Order, context: MatchContext) -> Quote { core.quote(bid, context) }

  /// How many of the orders on the other side `id` can trade with, and why not with the others; nil when the order is
  /// not open. ``match(_:context:)`` finds a trade exactly if some count as ``MatchCondition/matching`` or
  /// ``MatchCondition/postOnly``.
  ///
  /// - Complexity: O(counter-orders of an acceptable class x calendar steps).
  public func explain(_ id: OrderID, context: MatchContext) -> MatchExplanation? {
    core.orders.slot(of: id).flatMap { core.explain($0, context) }
  }

  /// The open orders of `owner` that came after `id` and might take from it: on the other side, of an acceptable class,
  /// at a crossing price. When another node's order arrives or gets something back, these are the own orders to match
  /// again. The earliest first; none when `id` does not rest or belongs to `owner`.
  ///
  /// - Complexity: O(orders of `owner`) for the book's own owner, O(n) for others.
  public func counterOrders(crossing id: OrderID, ownedBy owner: NodeID) -> [OrderID] {
    guard let slot = core.orders.slot(of: id) else { return [] }
    return core.counterOrders(crossing: slot, ownedBy: owner)
  }

  /// Whether less is left of an open bid than the fewest GPUs that it takes in one trade, so that it takes those. O(1).
  public func wantsRemainder(_ id: OrderID) -> Bool {
    guard let slot = core.orders.slot(of: id) else { return false }
    let record = core.records[slot]
    return record.isBid && record.flags.contains(.open) && core.remaining(record) < record.minimumGPUs
  }

  // MARK: Digest

  /// The digest of the book: equal on two nodes exactly if their books have the same orders and of each the same is
  /// taken.
  ///
  /// It is a ``SetHash``: each element is a statement about one order, so that a change removes and adds at most a few.
  /// `docs/PROTOCOL.md` has their bytes.
  ///
  /// - Complexity: for each order that changed since the last call one element, and of its calendar the steps that
  ///   differ; O(n) besides when more than an eighth of all changed.
  public mutating func digest() -> Digest {
    makeUnique()
    return core.digest()
  }

  /// How many orders' elements the next ``digest()`` may have to work out, at most.
  public var digestBacklog: Int { core.digestState.backlog(of: Int(core.records.count)) }

  /// Does part of the work of the next ``digest()``, the elements of at most so many orders: who has many changes behind
  /// it and other things to do takes it in pieces.
  ///
  /// - Returns: whether nothing is left.
  public mutating func advanceDigest(by orders: Int) -> Bool {
    makeUnique()
    return core.advanceDigest(by: orders)
  }

  /// The same digest, computed from all orders and from nothing that was computed before. O(n).
  public func digestFromScratch() -> Digest { core.digestFromScratch() }

  /// Reads the core.
  func read<Result>(_ body: (BookCore) -> Result) -> Result { body(core) }
}
