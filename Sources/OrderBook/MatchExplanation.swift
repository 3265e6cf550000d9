import Market

/// Why an order does or does not trade: how many counter-orders fail each condition of matching.
public struct MatchExplanation: Hashable, Sendable {
  /// The open orders on the other side of the market, of all classes.
  public let counterOrders: Int
  /// The best price among the counter-orders that pass the first two conditions: of an acceptable class and of another
  /// owner. Nil when there is none.
  public let bestCounterPrice: Price?

  private let orders: [MatchCondition: Int]

  init(counterOrders: Int, bestCounterPrice: Price?, orders: [MatchCondition: Int]) {
    self.counterOrders = counterOrders
    self.bestCounterPrice = bestCounterPrice
    self.orders = orders
  }

  /// The number of counter-orders for which `condition` is the first that fails; for ``MatchCondition/matching`` the
  /// number for which none does. The numbers of all conditions add up to ``counterOrders``.
  public func count(_ condition: MatchCondition) -> Int { orders[condition, default: 0] }
}

/// The conditions of matching, in the order in which an explanation applies them. The raw values are stable names for
/// programs.
public enum MatchCondition: String, CaseIterable, Hashable, Sendable {
  /// The bid does not accept the offer's class.
  case gpuClass = "gpu_class"
  /// Both orders have the same owner.
  case ownOrder = "own_order"
  /// The ask is above what the bid pays.
  case price
  /// The bid does not accept the offer's region.
  case region
  /// A GPU has less video memory than the bid demands.
  case vram
  /// The GPUs are not joined as the bid demands.
  case interconnect
  /// A GPU draws more than the bid accepts, or the offer does not say.
  case watts
  /// The site's power emits more CO2 than the bid accepts, or the offer does not say.
  case co2
  /// The bid demands attributes that the provider's node has probed, and one of those it demands is declared.
  case probed
  /// The bid does not accept the provider.
  case provider
  /// The provider's public record is not what the bid demands.
  case record
  /// From the earliest start on, the two windows do not share as many slots as the bid wants, or it wants fewer slots
  /// than the offer sells at least.
  case window
  /// In no run of that many slots are as many GPUs free as the smallest piece that both accept.
  case gpus
  /// The counter-order's owner has not been heard of lately.
  case staleOwner = "stale_owner"
  /// The counter-order was tried lately without success.
  case alreadyTried = "already_tried"
  /// The counter-order came later: its owner proposes.
  case later
  /// All that can trade with the bid, which is all-or-none, have less together than it wants.
  case together
  /// The order explained is post-only: it never takes.
  case postOnly = "post_only"
  /// None fails: the two can trade now.
  case matching
}
