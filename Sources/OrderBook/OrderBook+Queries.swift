import Market
import NodeCrypto

extension OrderBook {
  /// The number of orders in the book, open or not.
  public var count: Int { table.count }

  /// The order named `id`, or nil when it is not in the book.
  public func order(_ id: OrderID) -> Order? { state(of: id)?.order }

  /// The order named `id` and what is taken of it, or nil when it is not in the book.
  public func state(of id: OrderID) -> OrderState? {
    table.position(of: id).map { table[$0] }
  }

  /// The orders of `owner` in the book, open or not, the earliest first. O(its orders).
  public func orders(ownedBy owner: NodeID) -> [OrderState] {
    let sides = [Side.offer, .bid].compactMap { owned[OwnedSide(owner: owner, side: $0)] }
    return MergedOrders(sides, table.priorities).map { table[$0.position] }
  }

  /// Whether any order of an owner is known here, open or not. O(1).
  public func hasOrders(ownedBy owner: NodeID) -> Bool {
    owned[OwnedSide(owner: owner, side: .offer)] != nil || owned[OwnedSide(owner: owner, side: .bid)] != nil
  }

  /// The first `limit` open orders of a class and side in price-time priority: the lowest ask or the highest bid first.
  public func ladder(gpuClass: GPUClassIndex, side: Side, limit: Int = .max) -> [OrderState] {
    openOrders(gpuClass, side).prefix(max(0, limit)).map { table[$0.position] }
  }

  /// The first `limit` price levels of a class and side, the best first, with what each offers or wants.
  ///
  /// - Parameter slot: the delivery slot in which an offer's free GPUs are counted; a bid's remaining GPUs always are.
  /// - Complexity: O(orders on those levels x log steps).
  public func levels(gpuClass: GPUClassIndex, side: Side, at slot: Slot, limit: Int = .max) -> [PriceLevel] {
    var levels: [PriceLevel] = []
    for entry in openOrders(gpuClass, side) {
      let price = entry.ladderPrice(side)
      if levels.last?.price != price {
        if levels.count >= limit { break }
        levels.append(PriceLevel(price: price, gpus: 0, orders: 0))
      }
      let state = table[entry.position]
      levels[levels.count - 1].gpus += Int64(state.calendar?.free(at: slot) ?? state.remainingGPUs)
      levels[levels.count - 1].orders += 1
    }
    return levels
  }

  /// The open orders of a class and side in price-time priority.
  func openOrders(_ gpuClass: GPUClassIndex, _ side: Side) -> OrderIndex {
    let index = Self.ladderIndex(of: gpuClass, side)
    return index < ladders.count ? ladders[index] : OrderIndex()
  }
}

/// The open orders of one class, side and price.
public struct PriceLevel: Hashable, Sendable {
  /// The price per GPU-hour.
  public let price: Price
  /// GPUs for sale in the slot asked about, or wanted.
  public internal(set) var gpus: Int64
  /// The number of orders, at least 1.
  public internal(set) var orders: Int
}
