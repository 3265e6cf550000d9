import Market
import NodeCrypto
import OrderBook

extension StreamRunner {
  mutating func compareEverything() throws(Disagreement) {
    let context = MatchContext(earliestStart: Slot(reference.entries.first?.terms.start ?? 0))
    var (owners, classes): (Set<NodeID>, Set<UInt16>) = ([], [0])
    // All orders, or of very many some.
    let entries = reference.entries
    for index in stride(from: 0, to: entries.count, by: 1 + entries.count / 700) {
      let entry = entries[index]
      owners.insert(entry.terms.owner)
      classes.formUnion(entry.terms.classes)
      try compareState(entry.id)
      try explain(entry.id, context)
      let match = book.match(entry.id, context: context)
      try expect("match", match, reference.match(entry.id, context))
      try expect("order", book.order(entry.id), entry.terms.order)
    }
    // Some owner or other: what there is to cross is the same for all.
    for (owner, entry) in zip(owners, reference.entries) {
      try owned(owner)
      try crossing(entry.id, owner)
    }
    for gpuClass in classes.sorted().map(GPUClassIndex.init) {
      for side in [Side.offer, .bid] { try ladder(gpuClass, side, .max, context.earliestStart) }
      try depth(gpuClass, context.earliestStart, 6, 4, 100)
    }
    for entry in reference.entries.suffix(4) where entry.terms.side == .bid { try quote(entry.terms.order, context) }
    for side in [Side.offer, .bid] { try expect("open", book.openCount(side), reference.openCount(side)) }
    let digest = reference.digest()
    try expect("digest", book.digest(), digest)
    try expect("digest from scratch", book.digestFromScratch(), digest)
  }

  func compareState(_ id: OrderID) throws(Disagreement) {
    guard let entry = reference.entry(id) else {
      try require("no state of \(id)", book.state(of: id) == nil)
      return try expect("order", book.order(id), nil)
    }
    guard let state = book.state(of: id) else { throw Disagreement(description: "the book lacks \(id)") }
    try compare(state, entry)
  }

  private func compare(_ state: OrderState, _ entry: ReferenceBook.Entry) throws(Disagreement) {
    let terms = entry.terms
    try expect("order", state.order, terms.order)
    try expect("id", state.id, entry.id)
    try expect("priority", state.priority, terms.order.priority)
    try expect("owner", state.owner, terms.owner)
    try expect("side", state.side, terms.side)
    try expect("price", state.price.micros, terms.price)
    try expect("open", state.isOpen, entry.isOpen)
    try expect("remaining GPUs", Int(state.remainingGPUs), entry.greatest)
    guard terms.side == .offer else {
      try expect("taken", state.taken, entry.taken)
      return try expect("calendar of a bid", state.calendar, nil)
    }
    guard let calendar = state.calendar else {
      throw Disagreement(description: "the offer \(state.id) has no calendar")
    }
    try expect("GPUs of the calendar", Int(calendar.gpus), terms.gpus)
    try expect("window of the calendar", calendar.window, terms.order.body.window)
    let runs = calendar.runs.map { Run(start: $0.slots.start.index, end: $0.slots.end.index, used: $0.used) }
    try expect("runs", runs, entry.runs)
    for run in calendar.runs { try expect("free", Int(run.free), entry.free(at: run.slots.start.index)) }
  }

  mutating func explain(_ id: OrderID, _ context: MatchContext) throws(Disagreement) {
    guard let expected = try compareExplanation(id, context) else { return }
    counts.conditions.merge(expected.counts, uniquingKeysWith: +)
  }

  @discardableResult
  private func compareExplanation(
    _ id: OrderID, _ context: MatchContext
  ) throws(Disagreement) -> ReferenceBook.Explanation? {
    let actual = book.explain(id, context: context)
    guard let expected = reference.explain(id, context) else {
      try require("no explanation of \(id)", actual == nil)
      return nil
    }
    guard let actual else { throw Disagreement(description: "the book does not explain \(id)") }
    for condition in MatchCondition.allCases {
      try expect("\(condition)", actual.count(condition), expected.counts[condition] ?? 0)
    }
    try expect("counter-orders", actual.counterOrders, expected.counterOrders)
    try expect("best counter price", actual.bestCounterPrice?.micros, expected.bestCounterPrice)
    return expected
  }

  func crossing(_ id: OrderID, _ owner: NodeID) throws(Disagreement) {
    try expect(
      "crossing", book.counterOrders(crossing: id, ownedBy: owner),
      reference.counterOrders(crossing: id, ownedBy: owner))
  }

  func owned(_ owner: NodeID) throws(Disagreement) {
    let states = book.orders(ownedBy: owner)
    let entries = reference.owned(by: owner)
    try expect("owned", states.map(\.id), entries.map(\.id))
    try expect("owned at all", book.hasOrders(ownedBy: owner), !entries.isEmpty)
    for (state, entry) in zip(states, entries) { try compare(state, entry) }
  }

  func ladder(_ gpuClass: GPUClassIndex, _ side: Side, _ limit: Int, _ slot: Slot) throws(Disagreement) {
    let ladder = book.ladder(gpuClass: gpuClass, side: side, limit: limit)
    let expected = reference.ladder(gpuClass, side).prefix(limit)
    try expect("ladder", ladder.map(\.id), expected.map(\.id))
    for (state, entry) in zip(ladder, expected) { try compare(state, entry) }
    try sums(gpuClass, side, limit, slot)
    try expect(
      "levels", book.levels(gpuClass: gpuClass, side: side, at: slot, limit: limit).map { Level($0) },
      reference.levels(gpuClass, side, at: slot, limit: limit))
  }

  /// What is asked of a ladder without its orders, against the orders.
  private func sums(_ gpuClass: GPUClassIndex, _ side: Side, _ limit: Int, _ slot: Slot) throws(Disagreement) {
    let ladder = book.ladder(gpuClass: gpuClass, side: side, limit: .max)
    // Some in the middle have expired by then.
    let time = ladder.isEmpty ? .zero : ladder[ladder.count / 2].order.body.expiry
    let left = ladder.filter { $0.order.body.expiry > time }
    try expect(
      "resting orders",
      book.restingOrders(gpuClass: gpuClass, side: side, expiringAfter: time, limit: limit),
      left.prefix(limit).map(\.id))
    let total = book.total(gpuClass: gpuClass, side: side, expiringAfter: time, from: slot)
    try expect("orders in all", total.orders, left.count)
    try expect("the best price", total.best, left.first?.price)
    try expect(
      "GPUs in all", total.gpus,
      left.reduce(0) { sum, state in
        guard let calendar = state.calendar else { return sum + Int64(state.remainingGPUs) }
        return sum + Int64(calendar.runs.filter { $0.slots.end > slot }.map(\.free).max() ?? 0)
      })
  }

  mutating func depth(
    _ gpuClass: GPUClassIndex, _ from: Slot, _ hours: Int, _ slotsPerHour: Int64, _ levels: Int
  ) throws(Disagreement) {
    let depth = book.depth(gpuClass: gpuClass, from: from, hours: hours, slotsPerHour: slotsPerHour, levels: levels)
    let expected = reference.depth(gpuClass, from: from, hours: hours, slotsPerHour: slotsPerHour, levels: levels)
    try expect("hours", depth.map(\.slots), expected.map(\.slots))
    for (hour, expected) in zip(depth, expected) {
      try expect("offers in \(hour.slots)", hour.offers.map { Level($0) }, expected.offers)
      try expect("bids in \(hour.slots)", hour.bids.map { Level($0) }, expected.bids)
      counts.depthLevels += hour.offers.count + hour.bids.count
    }
  }

  mutating func quote(_ bid: Order, _ context: MatchContext) throws(Disagreement) {
    let quote = book.quote(bid, context: context)
    let expected = reference.quote(bid, context)
    try expect("cheapest", quote.cheapest, expected.cheapest)
    try expect("soonest", quote.soonest, expected.soonest)
    counts.quotedPieces += quote.cheapest.count + quote.soonest.count
  }

  /// What a match must be, whatever else is in the book.
  func checkRules(_ match: Match, _ context: MatchContext) throws(Disagreement) {
    guard let sale = book.state(of: match.offer), let purchase = book.state(of: match.bid),
      case .offer(let offer) = sale.order.body, case .bid(let bid) = purchase.order.body
    else { throw Disagreement(description: "a match of orders that are not in the book: \(match)") }
    let (taker, maker) = match.takerSide == .offer ? (sale, purchase) : (purchase, sale)
    try require("no trade with oneself", sale.owner != purchase.owner)
    try require("no trade through a limit", offer.price <= match.price && match.price <= bid.price)
    try require("the maker's price", match.price == maker.price)
    try require("the later order to take", maker.priority < taker.priority)
    try require("a maker that rests", maker.isOpen && !maker.order.body.timeInForce.isImmediate)
    try require("orders that have not expired", book.time < offer.expiry && book.time < bid.expiry)
    try require("the bid's duration", match.slots.count == bid.durationSlots)
    try require("slots of both windows", offer.window.contains(match.slots) && bid.window.contains(match.slots))
    try require("no start too early", context.earliestStart <= match.slots.start)
    try require(
      "no less than the offer sells", match.gpus >= offer.minimumGPUs && match.slots.count >= offer.minimumSlots)
    try require("no less than the bid takes", match.gpus >= min(bid.minimumGPUs, purchase.remainingGPUs))
    try require("no more than the bid wants", match.gpus >= 1 && match.gpus <= purchase.remainingGPUs)
    try require("an accepted class", match.gpuClass == offer.gpuClass && bid.gpuClasses.contains(offer.gpuClass))
  }
}

/// Consecutive slots of a window in which the same number of GPUs is used.
struct Run: Equatable {
  var start: Int64
  var end: Int64
  var used: Int64
}

extension ReferenceBook.Entry {
  /// The window cut where the number of used GPUs changes.
  var runs: [Run] {
    guard terms.start < terms.end else { return [] }
    let inside = Set(rectangles.flatMap { [$0.start, $0.end] }).filter { terms.start < $0 && $0 < terms.end }
    let starts = [terms.start] + inside.filter { used(at: $0) != used(at: $0 - 1) }.sorted()
    return zip(starts, starts.dropFirst() + [terms.end]).map { Run(start: $0, end: $1, used: Int64(used(at: $0))) }
  }
}
