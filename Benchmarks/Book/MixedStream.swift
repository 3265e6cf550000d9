import Market
import MarketFiles
import NodeCrypto

/// A seeded stream in which bids, new offers, cancels, amends and the passing of a day are interleaved.
///
/// Of a hundred operations 50 are bids, 30 adds, 10 cancels and 10 amends of random offers. The day passes slot by
/// slot, and at each slot what has expired leaves. Half of the amends take a GPU away (or a slot, where there is one
/// GPU), which keeps the priority; the others move the price, which does not.
struct MixedStream {
  /// One operation.
  enum Operation {
    case bid(Order)
    case add(Order)
    case cancel(OrderID)
    case amend(Order)
    /// The time moves to the beginning of the slot. The orders are the offers that expire by then.
    case advance(Slot, expired: [OrderID])
  }

  /// Offers in the book before the first operation.
  private(set) var offers: [Order] = []
  /// The operations.
  private(set) var operations: [Operation] = []

  private var market: RectangleMarket
  private var live = RestingIDs()
  private var terms: [OrderID: Order] = [:]
  private var expiring: [Slot: [OrderID]] = [:]

  /// A stream of `count` operations, the advances not counted, over about `offerCount` offers.
  init(offers offerCount: Int, operations count: Int, seed: UInt64) {
    market = RectangleMarket(seed: seed)
    for _ in 0..<offerCount { offers.append(newOffer()) }
    let first = market.start
    for index in 0..<count {
      let slot = first + Int64(index) * RectangleMarket.day / Int64(count)
      if slot != market.start { advance(to: slot) }
      switch market.generator.uniform(in: 0...99) {
      case 0..<50: operations.append(.bid(market.bid()))
      case 50..<80: operations.append(.add(newOffer()))
      case 80..<90:
        let id = live.removeAny(using: &market.generator)
        terms[id] = nil
        operations.append(.cancel(id))
      default: amendAny()
      }
    }
  }

  /// An offer that expires at a random slot before its window ends.
  private mutating func newOffer() -> Order {
    let order = market.offer()
    guard case .offer(var offer) = order.body else { preconditionFailure("the market drew no offer") }
    let expiry = Slot(market.generator.uniform(in: market.start.index + 1...offer.window.end.index))
    offer.expiry = RectangleMarket.time(of: expiry)
    expiring[expiry, default: []].append(order.id)
    live.insert(order.id)
    let timed = Order(id: order.id, priority: order.priority, body: .offer(offer))
    terms[order.id] = timed
    return timed
  }

  private mutating func amendAny() {
    let id = live.any(using: &market.generator)
    guard let old = terms[id], case .offer(var offer) = old.body else {
      preconditionFailure("a live order is no offer")
    }
    var priority = old.priority
    if market.generator.next() & 1 == 0 {
      if offer.gpus > 1 {
        offer.gpus -= 1
      } else if offer.window.count > 1 {
        offer.window = SlotRange(start: offer.window.start, end: offer.window.end - 1)
      }
    } else {
      offer.price = RectangleMarket.price(
        level: market.generator.uniform(in: 0...RectangleMarket.levelCount - 1))
      let own = market.nextPriority()
      priority = OrderPriority(time: own.time, owner: priority.owner, sequence: own.sequence, index: 0)
    }
    let amended = Order(id: id, priority: priority, body: .offer(offer))
    terms[id] = amended
    operations.append(.amend(amended))
  }

  private mutating func advance(to slot: Slot) {
    var expired: [OrderID] = []
    while market.start < slot {
      market.start = market.start + 1
      for id in expiring.removeValue(forKey: market.start) ?? [] where terms.removeValue(forKey: id) != nil {
        live.remove(id)
        expired.append(id)
      }
    }
    market.time = max(market.time, RectangleMarket.time(of: slot))
    operations.append(.advance(slot, expired: expired))
  }
}
