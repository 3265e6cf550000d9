import Market
import NodeCrypto

/// A trade that two orders in the book allow: what the taker's owner may propose.
public struct Match: Hashable, Sendable {
  /// The order to sell.
  public let offer: OrderID
  /// The order to buy.
  public let bid: OrderID
  /// The side of the later of the two orders, whose owner proposes.
  public let takerSide: Side
  /// GPUs that change hands, in each slot.
  public let gpus: Int32
  /// The slots of delivery: as many as the bid wants.
  public let slots: SlotRange
  /// The maker's limit per GPU-hour.
  public let price: Price
  /// The offer's class.
  public let gpuClass: GPUClassIndex

  /// A match with the given terms.
  public init(
    offer: OrderID, bid: OrderID, takerSide: Side, gpus: Int32, slots: SlotRange, price: Price, gpuClass: GPUClassIndex
  ) {
    self.offer = offer
    self.bid = bid
    self.takerSide = takerSide
    self.gpus = gpus
    self.slots = slots
    self.price = price
    self.gpuClass = gpuClass
  }

  /// The earlier of the two orders, which rests in the book.
  public var maker: OrderID { takerSide == .offer ? bid : offer }
  /// The later of the two orders, which takes from the maker.
  public var taker: OrderID { takerSide == .offer ? offer : bid }
}

/// What matching depends on besides the book.
public struct MatchContext: Hashable, Sendable {
  /// The first slot in which a delivery may start.
  public var earliestStart: Slot
  /// The same for a purchase over several offers, which takes longer to be decided.
  public var earliestPurchaseStart: Slot
  /// The most offers that a purchase may be of.
  public var maximumLegs: Int
  /// Owners whose feeds are too old for their orders to be taken.
  public var staleOwners: Set<NodeID>
  /// Counter-orders that the taker tried lately without success.
  public var triedOrders: Set<OrderID>
  /// The public records of providers, for bids that demand one; an owner that is left out has an empty one.
  public var records: [NodeID: PublicRecord]
  /// Which keys took over from others: what a bid's lists say of a key they say of its successors.
  public var predecessors: Predecessors

  /// A context; what is left out rules out nothing.
  public init(
    earliestStart: Slot, earliestPurchaseStart: Slot? = nil, maximumLegs: Int = .max,
    staleOwners: Set<NodeID> = [], triedOrders: Set<OrderID> = [],
    records: [NodeID: PublicRecord] = [:], predecessors: Predecessors = Predecessors()
  ) {
    self.earliestStart = earliestStart
    self.earliestPurchaseStart = earliestPurchaseStart ?? earliestStart
    self.maximumLegs = maximumLegs
    self.staleOwners = staleOwners
    self.triedOrders = triedOrders
    self.records = records
    self.predecessors = predecessors
  }
}

/// What a bid would cost, without placing it.
public struct Quote: Hashable, Sendable {
  /// What the bid would take now, the best price first: one match for a bid in one piece, one or more for a split one.
  public let cheapest: [Match]
  /// What it would take if it took the earliest start first, then the best price: the dearer the more waiting saves.
  public let soonest: [Match]

  /// A quote of two plans.
  public init(cheapest: [Match], soonest: [Match]) {
    self.cheapest = cheapest
    self.soonest = soonest
  }

  /// The GPUs that a plan has together.
  public static func gpus(of plan: [Match]) -> Int64 { plan.reduce(0) { $0 + Int64($1.gpus) } }
}
