import Market
import NodeCrypto

extension OrderBook {
  /// The trade that the order `taker` may propose next; nil when there is none, or the order is not open.
  ///
  /// Of the open orders on the other side that came earlier, belong to another owner and are not ruled out by
  /// `context`, the best price goes first, then the earliest priority, and the first that can trade is taken: the
  /// prices cross, the class and the attributes are what the bid demands, and in both windows, from the context's
  /// earliest start on, a piece that both accept is free for the bid's whole duration. The start is the earliest at
  /// which the smallest such piece is free, and the piece the most GPUs that are free there and wanted. A bid for more
  /// GPUs than its smallest piece is filled by several matches, each with a start of its own.
  ///
  /// - Complexity: O(crossing counter-orders x calendar steps) at worst.
  public func match(_ taker: OrderID, context: MatchContext) -> Match? {
    guard let state = state(of: taker) else { return nil }
    return match(state, context: context)
  }

  public func match(_ taker: Order, context: MatchContext) -> Match? { match(OrderState(taker), context: context) }

  func match(_ state: OrderState, context: MatchContext, isSoonest: Bool = false) -> Match? {
    guard state.isOpen else { return nil }
    var best: Match?
    let limit = OrderIndex.Entry.ladderRank(state.side.opposite, state.price)
    for entry in counterOrders(of: state) {
      guard entry.rank <= limit else { return best }
      let counter = table[entry.position]
      guard counter.owner != state.owner, failedEligibility(of: counter, for: state, context) == nil else { continue }
      let pairing = Pairing(state, counter, earliestStart: context.earliestStart)
      guard pairing.failedTerm(context, self, state.side == .offer ? state.owner : counter.owner) == nil, let piece = pairing.piece else { continue }
      let match = Match(
        offer: state.side == .offer ? state.id : counter.id, bid: state.side == .bid ? state.id : counter.id,
        takerSide: state.side, gpus: piece.gpus, slots: piece.slots, price: counter.price,
        gpuClass: pairing.offer.gpuClass)
      if !isSoonest { return match }
      if let found = best, found.slots.start <= match.slots.start { continue }
      best = match
    }
    return best
  }

  /// How many of the orders on the other side `id` can trade with, and why not with the others; nil when the order is
  /// not open. ``match(_:context:)`` finds a trade exactly if some count as ``MatchCondition/matching``.
  ///
  /// - Complexity: O(counter-orders of an acceptable class x calendar steps).
  public func explain(_ id: OrderID, context: MatchContext) -> MatchExplanation? {
    guard let state = state(of: id), state.isOpen else { return nil }
    var orders: [MatchCondition: Int] = [:]
    var bestCounterPrice: Price?
    var ofAcceptableClass = 0
    for entry in counterOrders(of: state) {
      ofAcceptableClass += 1
      let counter = table[entry.position]
      guard counter.owner != state.owner else {
        orders[.ownOrder, default: 0] += 1
        continue
      }
      bestCounterPrice = bestCounterPrice ?? counter.price
      let pairing = Pairing(state, counter, earliestStart: context.earliestStart)
      let failed =
        pairing.failedTerm(context, self, state.side == .offer ? state.owner : counter.owner) ?? (pairing.piece == nil ? .gpus : failedEligibility(of: counter, for: state, context))
      orders[failed ?? (state.order.body.isPostOnly ? .postOnly : .matching), default: 0] += 1
    }
    let counterOrders = openCount(state.side.opposite)
    orders[.gpuClass] = counterOrders - ofAcceptableClass
    return MatchExplanation(counterOrders: counterOrders, bestCounterPrice: bestCounterPrice, orders: orders)
  }

  /// The open orders of `owner` that came after `id` and might take from it: on the other side, of an acceptable class,
  /// at a crossing price. When another node's order arrives or gets something back, these are the own orders to match
  /// again. The earliest first; none when `id` is not open or belongs to `owner`.
  ///
  /// - Complexity: O(orders of `owner` on that side).
  public func counterOrders(crossing id: OrderID, ownedBy owner: NodeID) -> [OrderID] {
    guard
      let state = state(of: id), state.rests, state.owner != owner,
      let candidates = owned[OwnedSide(owner: owner, side: state.side.opposite)]
    else { return [] }
    var crossing: [OrderID] = []
    for entry in candidates where state.priority < table.priorities[Int(entry.position)] {
      let candidate = table[entry.position]
      let (ask, limit) = state.side == .offer ? (state.price, candidate.price) : (candidate.price, state.price)
      guard candidate.rests, ask <= limit, state.sharesClass(with: candidate) else { continue }
      crossing.append(candidate.id)
    }
    return crossing
  }

  /// The open orders on the other side that share a class with `state`, in price-time priority, each once.
  private func counterOrders(of state: OrderState) -> MergedOrders {
    MergedOrders(Set(state.gpuClasses).sorted().map { openOrders($0, state.side.opposite) }, table.priorities)
  }

  /// The first condition, apart from the two orders' terms, that keeps `counter` from being the maker; nil when none.
  private func failedEligibility(
    of counter: OrderState, for taker: OrderState, _ context: MatchContext
  ) -> MatchCondition? {
    if context.staleOwners.contains(counter.owner) { return .staleOwner }
    if context.triedOrders.contains(counter.id) { return .alreadyTried }
    if taker.priority < counter.priority { return .later }
    return nil
  }
}
