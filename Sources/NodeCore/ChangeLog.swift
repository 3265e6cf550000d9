import Market
import NodeCrypto

/// Which orders and trades have changed, for whoever shows them to people.
///
/// It is kept only while somebody looks, so that a node without one pays a comparison for each change. Each name is in it
/// once, in the order of the first changes: equal events give equal lists. What became of an order or a trade is looked
/// up when the list is taken, so many changes of one order between two looks are one.
public struct ChangeLog: Hashable, Sendable {
  /// How many orders and how many trades are listed at most; beyond it the list is given up.
  public static let maximum = 4096

  /// Orders that came into the book, changed in it or left it, and own orders of which the state changed.
  public private(set) var orders: [OrderID] = []
  /// Trades that are new or of which the state changed.
  public private(set) var trades: [TradeID] = []
  /// Whether more has changed than is listed: whoever looks has to look at everything.
  public private(set) var isLost = false

  // For look-up only.
  private var seenOrders: Set<OrderID> = []
  private var seenTrades: Set<TradeID> = []

  /// Whether nothing has changed.
  public var isEmpty: Bool { orders.isEmpty && trades.isEmpty && !isLost }

  mutating func note(order id: OrderID) {
    guard !isLost, seenOrders.insert(id).inserted else { return }
    orders.append(id)
    if orders.count > Self.maximum { lose() }
  }

  mutating func note(trade id: TradeID) {
    guard !isLost, seenTrades.insert(id).inserted else { return }
    trades.append(id)
    if trades.count > Self.maximum { lose() }
  }

  /// Gives the list up.
  mutating func lose() {
    self = ChangeLog()
    isLost = true
  }
}

/// Telling what has changed.
extension NodeCore {
  /// Whether changes are noted for ``takeChanges()``. Beginning again while they are changes nothing.
  public var notesChanges: Bool {
    get { exchange.log != nil }
    set { exchange.log = newValue ? exchange.log ?? ChangeLog() : nil }
  }

  /// What has changed since this was last called or the noting began.
  public mutating func takeChanges() -> ChangeLog {
    guard let log = exchange.log, !log.isEmpty else { return ChangeLog() }
    exchange.log = ChangeLog()
    return log
  }
}
