import Market
import NodeCrypto

/// An order in the book and what is taken of it, as they were when they were asked for.
///
/// What is taken is a sum that only its owner's feed changes. It is kept exactly, also where a dishonest owner takes
/// more than there is, so that the same takes and put-backs in any order give equal states on every node.
public struct OrderState: Hashable, Sendable {
  /// The order as its owner's feed states it.
  public let order: Order
  /// The calendar of an offer; nil for a bid.
  public let calendar: CapacityCalendar?
  /// The GPUs taken of a bid, exactly; 0 for an offer.
  public let taken: Int64
  /// Whether something is left to trade: of a bid at least one GPU, of an offer at least one smallest piece, that is
  /// `minimumGPUs` GPUs free in `minimumSlots` consecutive slots of its window. An order that is not open is on no
  /// ladder, but a put-back makes it open again.
  public let isOpen: Bool

  /// The order's name.
  public var id: OrderID { order.id }
  /// Its place in time and its owner.
  public var priority: OrderPriority { order.priority }
  /// The node that placed the order.
  public var owner: NodeID { order.owner }
  /// Which side of the market the order is on.
  public var side: Side { order.side }
  /// The limit per GPU-hour.
  public var price: Price { order.body.price }

  /// Of a bid the GPUs not yet taken, of an offer the GPUs free in the slot that has most of them; from 0 to the
  /// order's GPUs.
  public var remainingGPUs: Int32 {
    if let calendar { return calendar.greatestFree }
    return order.body.gpus.left(whenUsed: taken)
  }
}
