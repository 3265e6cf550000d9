import Market
import NodeCrypto
import OrderBook

/// Draws a stream of operations from a seed. It keeps in mind which orders should be in the book, so that most steps
/// find the order that they name, and now and then names one that is gone.
package struct StreamGenerator {
  package let shape: StreamShape
  package let classVRAMMiB: [UInt32]
  package let bookSeed: UInt64
  var draw: Draw
  var base: Int64
  var clock: Int64 = 100_000
  /// Counts places in time: no two are equal.
  private var placed: UInt64 = 0
  private var steps = 0
  private var live: [Order] = []
  private var gone: [OrderID] = []
  private let totalWeight: Int

  package init(profile: StreamShape.Profile, seed: UInt64) {
    draw = Draw(seed: seed)
    shape = StreamShape(profile, &draw)
    base = shape.base
    totalWeight = shape.weights.reduce(0, +)
    classVRAMMiB = draw.pick([[], [40_960], [40_960, 0, 81_920]])
    bookSeed = draw.word()
  }

  /// A whole stream.
  package mutating func stream(_ count: Int) -> OperationStream {
    OperationStream(classVRAMMiB: classVRAMMiB, seed: bookSeed, operations: (0..<count).map { _ in next() })
  }

  /// The next step.
  package mutating func next() -> Operation {
    steps += 1
    clock += 10
    if shape.stepsPerSlot > 0, steps % shape.stepsPerSlot == 0 { base += 1 }
    if live.count > 2 * shape.liveOrders { return cancel() }
    switch step() {
    case .insert: return .insert(place())
    case .insertAgain: return .insert(live.isEmpty ? place() : draw.pick(live))
    case .amend: return amend()
    case .cancel: return cancel()
    case .removeAll: return draw.once(in: 3) ? removeAll() : .owned(owner())
    case .take: return .take(id(), gpus: takenGPUs(), range())
    case .putBack: return .putBack(id(), gpus: takenGPUs(), range())
    case .advance: return advance()
    case .match: return .match(taker(), context())
    case .probe: return .probe(order(), context())
    case .quote: return .quote(bid(), context())
    case .fill: return .fill(taker(), context())
    case .sweep: return .sweep(taker(), context())
    case .undo: return .undo(id())
    case .explain: return .explain(id(), context())
    case .crossing: return .crossing(id(), owner())
    case .ladder:
      return .ladder(
        gpuClass(), side(), limit: draw.pick([0, 1, 3, .max]), at: Slot(base + Int64(draw.below(shape.span))))
    case .depth:
      return .depth(
        gpuClass(), from: Slot(base - 2 + Int64(draw.below(shape.span))), hours: draw.below(8),
        slotsPerHour: draw.pick([1, 2, 4, 60]), levels: draw.pick([0, 1, 2, 100]))
    case .owned: return .owned(owner())
    case .keepCopy: return .keepCopy
    case .checkCopies: return .checkCopies
    }
  }

  private mutating func step() -> StreamShape.Step {
    var left = draw.below(totalWeight)
    for (index, weight) in shape.weights.enumerated() {
      left -= weight
      if left < 0 { return StreamShape.Step.allCases[index] }
    }
    return .insert
  }

  // MARK: - Steps

  private mutating func place() -> Order {
    let order = order()
    live.append(order)
    return order
  }

  private mutating func cancel() -> Operation {
    guard !live.isEmpty, !draw.once(in: 10) else { return .cancel(id()) }
    let order = live.remove(at: draw.below(live.count))
    remember(order.id)
    return .cancel(order.id)
  }

  private mutating func removeAll() -> Operation {
    let owner = owner()
    for order in live where order.owner == owner { remember(order.id) }
    live.removeAll { $0.owner == owner }
    return .removeAll(owner)
  }

  private mutating func advance() -> Operation {
    // Now and then nothing is heard for long: minutes, hours, months.
    if draw.once(in: shape.profile == .crowd ? 4000 : 60) { clock += draw.pick([3000, 300_000, 30_000_000, 1 << 33]) }
    let time = Timestamp(milliseconds: clock - 20 + Int64(draw.below(60)))
    for order in live where order.body.expiry <= time { remember(order.id) }
    live.removeAll { $0.body.expiry <= time }
    return .advance(time)
  }

  /// An amend: mostly of one thing, sometimes to another order altogether.
  private mutating func amend() -> Operation {
    guard !live.isEmpty, !draw.once(in: 20) else { return .amend(order()) }
    let index = draw.below(live.count)
    let old = live[index]
    if draw.once(in: 40) {
      return .amend(Order(id: old.id, priority: priority(old.owner), body: order().body))
    }
    let body = amended(old.body)
    let keepsPriority = body.isReduction(of: old.body) != draw.once(in: 20)
    let order = Order(id: old.id, priority: keepsPriority ? old.priority : priority(old.owner), body: body)
    live[index] = order
    return .amend(order)
  }

  private mutating func remember(_ id: OrderID) {
    if gone.count < 32 { gone.append(id) } else { gone[draw.below(32)] = id }
  }

  // MARK: - What steps are about

  /// Nearly always an order that should be in the book.
  private mutating func id() -> OrderID {
    if live.isEmpty || draw.once(in: 25) { return gone.isEmpty ? newID() : draw.pick(gone) }
    return live[draw.below(live.count)].id
  }

  /// Mostly one of the latest orders: those before it are what it can take.
  private mutating func taker() -> OrderID {
    live.isEmpty || draw.once(in: 3) ? id() : live[live.count - 1 - draw.below(min(live.count, 6))].id
  }

  mutating func newID() -> OrderID {
    switch shape.ids {
    case .counted: OrderID(word0: 0, word1: 0, word2: 0, word3: placed)
    case .leading: OrderID(word0: placed &* 0x9E37_79B9_7F4A_7C15, word1: 0, word2: 0, word3: 7)
    case .scattered: OrderID(word0: draw.word(), word1: draw.word(), word2: draw.word(), word3: draw.word())
    }
  }

  /// A place in time that may be before others: entries of different feeds do not arrive in the order of time.
  mutating func priority(_ owner: NodeID) -> OrderPriority {
    placed += 1
    var time = clock - 10 * Int64(draw.below(6))
    time -= time % 30
    if draw.once(in: shape.oddsOfEdges) { time = draw.pick([.min, .max, 0, -1, 1 << 48 - 1, 1 << 48]) }
    var (sequence, index) = (placed / 3, UInt32(placed % 3))
    if draw.once(in: shape.oddsOfEdges) {
      sequence = draw.pick([1 << 52 - 1 - placed, 1 << 52 + placed, .max - placed])
    }
    if index == 2, draw.once(in: shape.oddsOfEdges) { index = draw.pick([4095, 4096, .max]) }
    return OrderPriority(
      time: Timestamp(milliseconds: time), owner: owner, sequence: sequence, index: index)
  }

  mutating func owner() -> NodeID {
    let number = UInt64(1 + draw.below(shape.owners))
    return NodeID(word0: number % 3, word1: 0, word2: 0, word3: number)
  }

  mutating func gpuClass() -> GPUClassIndex {
    if draw.once(in: 4 * shape.oddsOfEdges) { return GPUClassIndex(draw.pick([255, 256, 65_535])) }
    return GPUClassIndex(UInt16(draw.below(shape.classes)))
  }

  private mutating func side() -> Side { draw.pick([.offer, .bid]) }

  private mutating func takenGPUs() -> Int32 {
    if draw.once(in: shape.oddsOfEdges) { return draw.pick([0, -1, .max, .min, 1]) }
    return Int32(1 + draw.below(shape.mostGPUs + 4))
  }

  /// Slots in which something is taken: mostly those of a window, sometimes beyond.
  mutating func range() -> SlotRange {
    if draw.once(in: shape.oddsOfEdges) { return edgeRange() }
    let start = base - 2 + Int64(draw.below(shape.span + 3))
    return SlotRange(start: Slot(start), end: Slot(start + Int64(draw.below(shape.longestWindow + 2))))
  }

  /// Some range of which one end may be far away. The slots are few enough to be counted.
  mutating func edgeRange() -> SlotRange {
    let far: Int64 = 1 << 61
    let ends: [Int64] = [
      -far, -1, 0, base, base + 1, base + 5, 1 << 31 - 1, 1 << 31, 1 << 32 - 2, 1 << 32 - 1, 1 << 32, far,
    ]
    let (one, other) = (draw.pick(ends), draw.pick(ends))
    return SlotRange(start: Slot(min(one, other)), end: Slot(max(one, other)))
  }

  private mutating func context() -> MatchContext {
    var context = MatchContext(earliestStart: Slot(base - 3))
    guard draw.once(in: 3) else { return context }
    context.earliestStart = Slot(base + Int64(draw.below(shape.span)))
    if draw.once(in: shape.oddsOfEdges) { context.earliestStart = Slot(draw.pick([.min, .max, 0])) }
    context.earliestPurchaseStart = context.earliestStart
    if draw.once(in: 2), context.earliestStart.index < .max - 3 {
      context.earliestPurchaseStart = context.earliestStart + Int64(draw.below(3))
    }
    if draw.once(in: 2) { context.staleOwners = [owner(), owner()] }
    if draw.once(in: 2), !live.isEmpty {
      context.triedOrders = Set((0..<draw.below(8)).map { _ in live[draw.below(live.count)].id })
    }
    if draw.once(in: 2) {
      for _ in 0..<draw.below(4) {
        context.records[owner()] = PublicRecord(settled: draw.below(6), expiries: draw.below(4))
      }
    }
    if draw.once(in: 3) {
      for _ in 0..<draw.below(3) { context.predecessors[owner()] = owner() }
    }
    return context
  }
}
