import Market
import NodeCrypto

/// The replicated order book of one network: every order that is neither cancelled nor expired, what is taken of each,
/// and the ladders in price-time priority.
///
/// A value, and a pure function of the calls made on it: it knows no feeds, peers or clock. Time comes in with
/// ``advance(to:)``. The calls about different orders commute, and so do the takes and put-backs of one order. Nodes
/// that saw the same feeds in different interleavings therefore hold the same book, and the same ``digest()``.
///
/// The book does not judge its input: that an order's numbers lie within the network's limits is for whoever decodes
/// it. An order that makes no sense (no GPUs, an empty window) traps nothing and matches nothing.
///
/// An order's id names its priority: two orders with different ids have different priorities.
///
/// With `n` orders, a change costs O(log n) and the steps of the one calendar that it changes.
public struct OrderBook: Sendable {
  /// The book's time: an order that expires at or before it is not in the book.
  public private(set) var time = Timestamp.zero

  var table = OrderTable()
  var changes = DigestChanges()
  /// The open orders, by class and side: at `ladderIndex(of:_:)`.
  private(set) var ladders: [OrderIndex] = []
  /// Each owner's orders, by side. For look-up only: its order differs from process to process.
  private(set) var owned: [OwnedSide: OrderIndex] = [:]
  private var expiries = OrderIndex()
  private var openOffers = 0
  private var openBids = 0

  struct OwnedSide: Hashable, Sendable {
    let owner: NodeID
    let side: Side
  }

  /// An empty book at the Unix epoch.
  let classVRAMMiB: [UInt32]
  public init(classVRAMMiB: [UInt32] = [], seed: UInt64 = 0) { self.classVRAMMiB = classVRAMMiB }

  public enum Amendment: Hashable, Sendable { case amended, unknown, otherSide, expired }

  @discardableResult
  public mutating func amend(_ order: Order) -> Amendment {
    guard let position = table.position(of: order.id) else { return .unknown }
    guard let state = table[position].amended(order) else { return .otherSide }
    remove(at: position)
    guard time < order.body.expiry else { return .expired }
    enter(state)
    return .amended
  }

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
  public mutating func insert(_ order: Order) -> Insertion {
    guard table.position(of: order.id) == nil else { return .duplicate }
    guard time < order.body.expiry else { return .expired }
    enter(OrderState(order))
    return .inserted
  }

  private mutating func enter(_ state: OrderState) {
    let position = table.insert(state)
    expiries.insert(.expiry(state, at: position), table.priorities)
    owned[OwnedSide(owner: state.owner, side: state.side), default: OrderIndex()]
      .insert(.owned(state, at: position), table.priorities)
    if state.rests { enterLadders(state, position) }
    changes.mark(position)
  }

  /// Takes out an order for good.
  ///
  /// - Returns: whether it was in the book.
  @discardableResult
  public mutating func cancel(_ id: OrderID) -> Bool {
    guard let position = table.position(of: id) else { return false }
    remove(at: position)
    return true
  }

  /// Takes out all orders of `owner`: its feed is frozen, or restated by a checkpoint.
  ///
  /// - Returns: the orders taken out, the earliest first.
  @discardableResult
  public mutating func removeAll(ownedBy owner: NodeID) -> [OrderID] {
    let removed = orders(ownedBy: owner).map(\.id)
    for id in removed { cancel(id) }
    return removed
  }

  /// Takes `gpus` GPUs of an order, as a reservation or a fill does: of an offer out of its calendar in `slots`, of a
  /// bid out of its GPUs, whatever the slots. More than there is can be taken: see ``OrderState``.
  ///
  /// - Returns: false, without effect, when the order is not in the book or `gpus` is below 1.
  @discardableResult
  public mutating func take(_ id: OrderID, gpus: Int32, slots: SlotRange) -> Bool {
    change(id, gpus) { table, position in table.take(gpus: gpus, slots: slots, at: position) }
  }

  /// Undoes a ``take(_:gpus:slots:)`` of the same GPUs and slots.
  ///
  /// - Returns: false, without effect, when the order is not in the book or `gpus` is below 1.
  @discardableResult
  public mutating func putBack(_ id: OrderID, gpus: Int32, slots: SlotRange) -> Bool {
    change(id, gpus) { table, position in table.putBack(gpus: gpus, slots: slots, at: position) }
  }

  /// Moves the book's time forward to `time` and takes out the orders that have expired by then. An earlier time than
  /// the book's does nothing. O(expired log n).
  ///
  /// - Returns: the expired orders, by expiry, then priority.
  @discardableResult
  public mutating func advance(to time: Timestamp) -> [OrderID] {
    guard self.time < time else { return [] }
    self.time = time
    var expired: [OrderID] = []
    while let first = expiries.first, first.rank <= time.milliseconds {
      expired.append(table[first.position].id)
      remove(at: first.position)
    }
    return expired
  }

  /// The number of open orders on `side`.
  public func openCount(_ side: Side) -> Int {
    side == .offer ? openOffers : openBids
  }

  /// The place of a ladder in `ladders`, which grows to the highest class that had an order.
  static func ladderIndex(of gpuClass: GPUClassIndex, _ side: Side) -> Int {
    2 * Int(gpuClass.position) + Int(side.rawValue)
  }

  private mutating func change(
    _ id: OrderID, _ gpus: Int32, by body: (inout OrderTable, OrderTable.Position) -> Void
  ) -> Bool {
    guard gpus >= 1, let position = table.position(of: id) else { return false }
    let wasOpen = table[position].rests
    body(&table, position)
    let state = table[position]
    if wasOpen, !state.rests { leaveLadders(state, position) }
    if !wasOpen, state.rests { enterLadders(state, position) }
    changes.mark(position)
    return true
  }

  private mutating func remove(at position: OrderTable.Position) {
    let state = table[position]
    if state.rests { leaveLadders(state, position) }
    expiries.remove(.expiry(state, at: position), table.priorities)
    let key = OwnedSide(owner: state.owner, side: state.side)
    owned[key]?.remove(.owned(state, at: position), table.priorities)
    if owned[key]?.isEmpty == true { owned[key] = nil }
    changes.depart(position)
    table.remove(at: position)
  }

  private mutating func enterLadders(_ state: OrderState, _ position: OrderTable.Position) {
    count(state.side, 1)
    for gpuClass in state.gpuClasses {
      let index = Self.ladderIndex(of: gpuClass, state.side)
      while ladders.count <= index { ladders.append(OrderIndex()) }
      ladders[index].insert(.ladder(state, at: position), table.priorities)
    }
  }

  private mutating func leaveLadders(_ state: OrderState, _ position: OrderTable.Position) {
    count(state.side, -1)
    for gpuClass in state.gpuClasses {
      ladders[Self.ladderIndex(of: gpuClass, state.side)].remove(.ladder(state, at: position), table.priorities)
    }
  }

  private mutating func count(_ side: Side, _ difference: Int) {
    switch side {
    case .offer: openOffers += difference
    case .bid: openBids += difference
    }
  }
}
