import Market
import NodeCrypto
import OrderBook

/// One step of a random test. A `pick` chooses among what is there when the step runs, modulo its number, so that any
/// prefix of a stream runs too.
enum Operation {
  case insert(Order)
  case insertAgain(pick: Int)
  case cancel(pick: Int)
  case removeAll(owner: NodeID)
  case fill(pick: Int, MatchContext)
  case undoFill(pick: Int)
  case take(pick: Int, gpus: Int32, SlotRange)
  case putBack(pick: Int, gpus: Int32, SlotRange)
  case advance(to: Timestamp)
  case explain(pick: Int, MatchContext)
  case crossing(pick: Int, owner: NodeID)
  case ladder(GPUClassIndex, Side, Slot)
  case digest
}

/// Draws orders and operations that often meet: few owners, prices, classes and slots.
struct OperationGenerator {
  private var random: SplitMix64
  private var placed: UInt64 = 0
  private var clock: Int64 = 1000

  init(seed: UInt64) { random = SplitMix64(seed: seed) }

  mutating func operations(_ count: Int) -> [Operation] {
    (0..<count).map { _ in operation() }
  }

  mutating func operation() -> Operation {
    clock += 10
    switch draw(100) {
    case 0..<28: return .insert(order())
    case 28: return .insertAgain(pick: pick())
    case 29..<33: return .cancel(pick: pick())
    case 33: return draw(4) == 0 ? .removeAll(owner: owner()) : .digest
    case 34..<60: return .fill(pick: pick(), context())
    case 60..<70: return .undoFill(pick: pick())
    case 70..<73: return .take(pick: pick(), gpus: Int32(1 + draw(12)), range())
    case 73..<75: return .putBack(pick: pick(), gpus: Int32(1 + draw(4)), range())
    case 75..<81: return .advance(to: at(clock - 20 + Int64(draw(60))))
    case 81..<88: return .explain(pick: pick(), context())
    case 88..<92: return .crossing(pick: pick(), owner: owner())
    case 92..<98: return .ladder(gpuClass(), draw(2) == 0 ? .offer : .bid, Slot(Int64(draw(14))))
    default: return .digest
    }
  }

  /// An order that may be older than those before it: entries of different feeds do not arrive in the order of time.
  mutating func order() -> Order {
    placed += 1
    let priority = OrderPriority(
      time: at(clock - 10 * Int64(draw(4))), owner: owner(), sequence: placed / 3, index: UInt32(placed % 3))
    let expiry = at(clock + 200 + Int64(draw(1800)))
    let isOffer = draw(2) == 0
    let price = Price(micros: Int64((isOffer ? 94 : 97) + draw(10)))
    let window = range()
    let gpus = Int32(1 + draw(8))
    let minimum = draw(3) > 0 ? 1 : Int32(1 + draw(Int(gpus)))
    let body: OrderBody =
      if isOffer {
        .offer(
          Offer(
            gpuClass: gpuClass(), gpus: gpus, window: window, price: price, minimumGPUs: minimum,
            minimumSlots: draw(3) > 0 ? 1 : 1 + Int64(draw(Int(window.count))),
            attributes: Attributes(
              region: ["EU", "EU-FR", "US-CA", ""][draw(4)], interconnect: ["nvlink", "pcie", ""][draw(3)],
              wattsPerGPU: UInt32(350 * draw(3)), gramsCO2PerKWh: UInt32(50 * draw(3))), expiry: expiry))
      } else {
        .bid(
          Bid(
            gpuClasses: GPUClassList([classA, classB, classC].filter { $0 == classB || draw(2) == 0 }), gpus: gpus,
            durationSlots: 1 + Int64(draw(Int(window.count + 1) / 2)), window: window, price: price,
            minimumGPUs: minimum,
            requirements: draw(3) > 0 ? Requirements() : requirements(), expiry: expiry))
      }
    return Order(id: orderID(placed), priority: priority, body: body)
  }

  private mutating func requirements() -> Requirements {
    Requirements(
      regions: [[], ["EU"], ["EU-FR", "US"], ["US-CA"]][draw(4)], interconnect: ["", "", "nvlink"][draw(3)],
      maximumWattsPerGPU: [0, 0, 350][draw(3)], maximumGramsCO2PerKWh: [0, 0, 50][draw(3)])
  }

  private mutating func context() -> MatchContext {
    guard draw(3) == 0 else { return anything }
    return MatchContext(
      earliestStart: Slot(Int64(draw(8))), staleOwners: draw(2) == 0 ? [] : [owner()],
      triedOrders: Set((0..<draw(4)).map { _ in orderID(placed &- UInt64(draw(40))) }))
  }

  mutating func range() -> SlotRange {
    let start = Int64(draw(8))
    return slots(start, start + 1 + Int64(draw(6)))
  }

  private mutating func owner() -> NodeID { node(UInt64(draw(6))) }
  private mutating func gpuClass() -> GPUClassIndex { GPUClassIndex(UInt16(draw(3))) }
  private mutating func pick() -> Int { draw(1 << 30) }
  mutating func draw(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
}

/// Where the product and the reference disagree.
struct Disagreement: Error {
  let text: String
}

/// Runs a stream on the product and on the reference and compares what they answer.
struct StreamRunner {
  private var book = OrderBook()
  private var naive = NaiveBook()
  private var fills: [Match] = []
  /// What can be seen of a book, by its digest, and the other way round: equal digests exactly for equal books.
  private var seenByDigest: [Digest: [OrderID: [Int]]] = [:]
  private var digestBySeen: [[OrderID: [Int]]: Digest] = [:]
  private let isThorough: Bool

  /// The number of trades made, to show that a stream does something.
  private(set) var fillCount = 0
  /// The number of operations run, the one that failed included.
  private(set) var operationCount = 0

  /// A thorough runner compares everything after each operation, the other after every 128th.
  init(isThorough: Bool) { self.isThorough = isThorough }

  mutating func run(_ operations: [Operation]) throws(Disagreement) {
    for operation in operations {
      operationCount += 1
      try apply(operation)
      try expect("counts", book.count, naive.entries.count)
      if isThorough || operationCount % 128 == 0 { try compareAll() }
    }
    try compareAll()
  }

  private mutating func apply(_ operation: Operation) throws(Disagreement) {
    switch operation {
    case .insert(let order):
      try expect("insertion", book.insert(order), naive.insert(order))
      try compareState(order.id)
    case .insertAgain(let pick):
      guard let order = picked(pick) else { return }
      try expect("insertion", book.insert(order), naive.insert(order))
      try compareState(order.id)
    case .cancel(let pick):
      guard let order = picked(pick) else { return }
      try expect("cancel", book.cancel(order.id), naive.cancel(order.id))
      try expect("cancel again", book.cancel(order.id), false)
    case .removeAll(let owner):
      try expect("removed", book.removeAll(ownedBy: owner), naive.removeAll(ownedBy: owner))
    case .fill(let pick, let context): try fill(pick, context)
    case .undoFill(let pick): try undoFill(pick)
    case .take(let pick, let gpus, let slots): try take(picked(pick)?.id, Int(gpus), slots)
    case .putBack(let pick, let gpus, let slots): try take(picked(pick)?.id, -Int(gpus), slots)
    case .advance(let time):
      try expect("expired", book.advance(to: time), naive.advance(to: time.milliseconds))
      try expect("time", book.time.milliseconds, naive.time)
    case .explain(let pick, let context): try explain(pick, context)
    case .crossing(let pick, let owner):
      guard let order = picked(pick) else { return }
      try expect(
        "crossing", book.counterOrders(crossing: order.id, ownedBy: owner),
        naive.counterOrders(crossing: order.id, ownedBy: owner))
    case .ladder(let gpuClass, let side, let slot): try compareLadder(gpuClass, side, slot)
    case .digest: try compareDigest()
    }
  }

  private func picked(_ pick: Int) -> Order? {
    naive.entries.isEmpty ? nil : naive.entries[pick % naive.entries.count].order
  }

  private mutating func fill(_ pick: Int, _ context: MatchContext) throws(Disagreement) {
    guard let taker = picked(pick) else { return }
    let match = book.match(taker.id, context: context)
    try expect("match", match, naive.match(taker.id, context))
    guard let match else { return }
    try take(match.offer, Int(match.gpus), match.slots)
    try take(match.bid, Int(match.gpus), match.slots)
    fills.append(match)
    fillCount += 1
  }

  private mutating func undoFill(_ pick: Int) throws(Disagreement) {
    guard !fills.isEmpty else { return }
    let match = fills.remove(at: pick % fills.count)
    try take(match.offer, -Int(match.gpus), match.slots)
    try take(match.bid, -Int(match.gpus), match.slots)
  }

  private mutating func take(_ id: OrderID?, _ gpus: Int, _ slots: SlotRange) throws(Disagreement) {
    guard let id else { return }
    let isKnown =
      gpus > 0
      ? book.take(id, gpus: Int32(gpus), slots: slots) : book.putBack(id, gpus: Int32(-gpus), slots: slots)
    try expect("take", isKnown, naive.take(id, gpus: gpus, slots: slots))
    try compareState(id)
  }

  private func explain(_ pick: Int, _ context: MatchContext) throws(Disagreement) {
    guard let order = picked(pick) else { return }
    let explanation = book.explain(order.id, context: context)
    guard let expected = naive.explain(order.id, context) else { return try expect("explanation", explanation, nil) }
    for condition in MatchCondition.allCases {
      try expect("\(condition)", explanation?.count(condition), expected[condition, default: 0])
    }
    try expect("counter-orders", explanation?.counterOrders, expected.values.reduce(0, +))
    try expect("best counter price", explanation?.bestCounterPrice, naive.bestCounterPrice(order.id))
    try expect(
      "explanation and match", (explanation?.count(.matching) ?? 0) > 0, book.match(order.id, context: context) != nil)
  }

  private func compareState(_ id: OrderID) throws(Disagreement) {
    let entry = naive.entry(id)
    let state = book.state(of: id)
    try expect("order", state?.order, entry?.order)
    guard let entry, let state else { return }
    try expect("open", state.isOpen, entry.isOpen)
    try expect("remainder", Self.visible(state), entry.visible)
    try expect("remaining GPUs", Int(state.remainingGPUs), entry.visible.max())
  }

  private func compareLadder(_ gpuClass: GPUClassIndex, _ side: Side, _ slot: Slot) throws(Disagreement) {
    let expected = naive.ladder(gpuClass, side)
    let limit = Int(slot.index)
    try expect("ladder", book.ladder(gpuClass: gpuClass, side: side).map(\.id), expected.map(\.order.id))
    try expect(
      "first of the ladder", book.ladder(gpuClass: gpuClass, side: side, limit: limit).map(\.id),
      expected.prefix(limit).map(\.order.id))
    var levels: [[Int64]] = []
    for entry in expected {
      if levels.last?[0] != entry.price { levels.append([entry.price, 0, 0]) }
      levels[levels.count - 1][1] += Int64(side == .bid ? entry.remaining : entry.free(slot.index))
      levels[levels.count - 1][2] += 1
    }
    let actual = book.levels(gpuClass: gpuClass, side: side, at: slot, limit: limit)
    try expect("levels", actual.map { [$0.price.micros, $0.gpus, Int64($0.orders)] }, Array(levels.prefix(limit)))
  }

  private mutating func compareDigest() throws(Disagreement) {
    let digest = book.digest()
    var seen: [OrderID: [Int]] = [:]
    for entry in naive.entries where entry.isOpen { seen[entry.order.id] = entry.visible }
    if let before = seenByDigest.updateValue(seen, forKey: digest) { try expect("book of a digest", before, seen) }
    if let before = digestBySeen.updateValue(digest, forKey: seen) { try expect("digest of a book", before, digest) }
  }

  private mutating func compareAll() throws(Disagreement) {
    for entry in naive.entries { try compareState(entry.order.id) }
    for owner in UInt64(0)..<6 {
      try expect("owned", book.orders(ownedBy: node(owner)).map(\.id), naive.owned(by: node(owner)).map(\.order.id))
    }
    for gpuClass in [classA, classB, classC] {
      try compareLadder(gpuClass, .offer, Slot(3))
      try compareLadder(gpuClass, .bid, Slot(3))
    }
    for side in [Side.offer, .bid] {
      try expect("open", book.openCount(side), naive.entries.count { $0.isOpen && $0.side == side })
    }
    try compareDigest()
    try expect("digest from scratch", book.digest(), book.digestFromScratch())
  }

  static func visible(_ state: OrderState) -> [Int] {
    guard let calendar = state.calendar else { return [Int(state.remainingGPUs)] }
    return (calendar.window.start.index..<calendar.window.end.index).map { Int(calendar.free(at: Slot($0))) }
  }

  private func expect<Value: Equatable>(_ what: String, _ actual: Value, _ expected: Value) throws(Disagreement) {
    guard actual == expected else {
      throw Disagreement(text: "\(what): the book says \(actual), the reference \(expected)")
    }
  }
}
