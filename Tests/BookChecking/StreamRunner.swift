import Market
import NodeCrypto
import OrderBook

/// Where a book and the reference disagree.
package struct Disagreement: Error, CustomStringConvertible {
  /// The number of steps run, the one that failed included.
  package var steps = 0
  package let description: String
}

/// How much is compared after a step. What a step answers is always compared, and so is the order that it names.
package struct CheckLevel: Sendable {
  /// Digests are compared after every so many steps that change the book.
  var digestEvery: Int
  /// Everything that can be asked is compared after every so many steps.
  var everythingEvery: Int
  /// Whether the order that a step names is explained after it.
  var explains = true

  /// The digest after each change, everything now and then.
  package static let usual = CheckLevel(digestEvery: 1, everythingEvery: 500)
  /// For builds without optimization.
  package static let light = CheckLevel(digestEvery: 8, everythingEvery: 500)
  /// For books of thousands of orders.
  package static let sparse = CheckLevel(digestEvery: 500, everythingEvery: 5000, explains: false)
  /// Everything after each step: the first step that goes wrong is the one that fails.
  package static let thorough = CheckLevel(digestEvery: 1, everythingEvery: 1)
}

/// What a stream did: a check that never sees something happen says nothing about it.
package struct StreamCounts: Sendable {
  package var steps = 0
  package var changes = 0
  package var fills = 0
  package var amends = 0
  package var expiries = 0
  package var quotedPieces = 0
  package var depthLevels = 0
  /// By condition: counter-orders that explanations counted under it.
  package var conditions: [MatchCondition: Int] = [:]

  package init() {}

  package mutating func add(_ other: StreamCounts) {
    steps += other.steps
    changes += other.changes
    fills += other.fills
    amends += other.amends
    expiries += other.expiries
    quotedPieces += other.quotedPieces
    depthLevels += other.depthLevels
    conditions.merge(other.conditions, uniquingKeysWith: +)
  }
}

/// Runs a stream on a book and on the reference and compares what they answer.
package struct StreamRunner<Book: CheckedBook> {
  var book: Book
  var reference: ReferenceBook
  /// Fills not yet put back, the latest at the end.
  var fills: [Match] = []
  private var copies: [(book: Book, reference: ReferenceBook)] = []
  let level: CheckLevel
  package internal(set) var counts = StreamCounts()

  package init(classVRAMMiB: [UInt32], seed: UInt64, level: CheckLevel) {
    book = .empty(classVRAMMiB: classVRAMMiB, seed: seed)
    reference = ReferenceBook(classVRAMMiB: classVRAMMiB)
    self.level = level
  }

  /// Runs a whole stream and compares everything at the end.
  package static func run(_ stream: OperationStream, level: CheckLevel) throws(Disagreement) -> StreamCounts {
    var runner = Self(classVRAMMiB: stream.classVRAMMiB, seed: stream.seed, level: level)
    for operation in stream.operations { try runner.run(operation) }
    try runner.finish()
    return runner.counts
  }

  /// Runs one step.
  package mutating func run(_ operation: Operation) throws(Disagreement) {
    counts.steps += 1
    do {
      try apply(operation)
      try expect("count", book.count, reference.entries.count)
      if operation.isChange {
        counts.changes += 1
        if counts.changes % level.digestEvery == 0 {
          try expect("digest", book.digest(), reference.digest())
        } else if counts.changes % 3 == 0 {
          _ = book.advanceDigest(by: counts.changes % 5)
        }
      }
      if let id = operation.order {
        try compareState(id)
        if level.explains { try explain(id, operation.context ?? MatchContext(earliestStart: Slot(0))) }
      }
      if counts.steps % level.everythingEvery == 0 { try compareEverything() }
    } catch {
      throw Disagreement(steps: counts.steps, description: error.description)
    }
  }

  /// Compares everything.
  package mutating func finish() throws(Disagreement) {
    do { try compareEverything() } catch { throw Disagreement(steps: counts.steps, description: error.description) }
  }

  private mutating func apply(_ operation: Operation) throws(Disagreement) {
    switch operation {
    case .insert(let order): try expect("insertion", book.insert(order), reference.insert(order))
    case .amend(let order):
      try expect("amendment", book.amend(order), reference.amend(order))
      counts.amends += 1
    case .cancel(let id): try expect("cancel", book.cancel(id), reference.cancel(id))
    case .removeAll(let owner):
      try expect("removed", book.removeAll(ownedBy: owner), reference.removeAll(ownedBy: owner))
    case .take(let id, let gpus, let slots): try take(id, gpus, slots)
    case .putBack(let id, let gpus, let slots): try putBack(id, gpus, slots)
    case .advance(let time):
      let expired = book.advance(to: time)
      try expect("expired", expired, reference.advance(to: time.milliseconds))
      try expect("time", book.time.milliseconds, reference.time)
      counts.expiries += expired.count
    case .match(let id, let context):
      let match = book.match(id, context: context)
      try expect("match", match, reference.match(id, context))
      var context = context
      context.maximumLegs = 1 + counts.steps % 4
      try expect("purchase", book.purchase(id, context: context), reference.purchase(id, context))
    case .probe(let order, let context):
      try expect("match of a probe", book.match(order, context: context), reference.match(order, context))
    case .quote(let bid, let context): try quote(bid, context)
    case .fill(let id, let context): _ = try fill(id, context)
    case .sweep(let id, let context):
      var left = 30
      while left > 0, try fill(id, context) { left -= 1 }
    case .undo(let id): try undo(id)
    case .explain(let id, let context): try explain(id, context)
    case .crossing(let id, let owner): try crossing(id, owner)
    case .ladder(let gpuClass, let side, let limit, let slot): try ladder(gpuClass, side, limit, slot)
    case .depth(let gpuClass, let from, let hours, let slotsPerHour, let levels):
      try depth(gpuClass, from, hours, slotsPerHour, levels)
    case .owned(let owner): try owned(owner)
    case .keepCopy:
      if copies.count == 3 { copies.removeFirst() }
      copies.append((book, reference))
    case .checkCopies: try checkCopies()
    }
  }

  // MARK: - Taking

  private mutating func take(_ id: OrderID, _ gpus: Int32, _ slots: SlotRange) throws(Disagreement) {
    try expect("take", book.take(id, gpus: gpus, slots: slots), reference.take(id, gpus: gpus, slots: slots))
  }

  private mutating func putBack(_ id: OrderID, _ gpus: Int32, _ slots: SlotRange) throws(Disagreement) {
    try expect("put back", book.putBack(id, gpus: gpus, slots: slots), reference.putBack(id, gpus: gpus, slots: slots))
  }

  /// Takes a match of both orders, as a node does when it proposes; false when there is none.
  private mutating func fill(_ id: OrderID, _ context: MatchContext) throws(Disagreement) -> Bool {
    let match = book.match(id, context: context)
    try expect("match", match, reference.match(id, context))
    guard let match else { return false }
    try checkRules(match, context)
    let before = book.state(of: match.offer)?.calendar?.minimumFree(in: match.slots)
    try take(match.offer, match.gpus, match.slots)
    try take(match.bid, match.gpus, match.slots)
    let after = book.state(of: match.offer)?.calendar?.minimumFree(in: match.slots)
    try require("as many GPUs free as were sold", (before ?? 0) >= match.gpus)
    try require("what was sold to be gone", (after ?? 0) >= (before ?? 0) - match.gpus)
    try compareState(match.maker)
    if fills.count == 200 { fills.removeFirst(100) }
    fills.append(match)
    counts.fills += 1
    return true
  }

  private mutating func undo(_ id: OrderID) throws(Disagreement) {
    guard let index = fills.lastIndex(where: { $0.offer == id || $0.bid == id }) else { return }
    let match = fills.remove(at: index)
    try putBack(match.offer, match.gpus, match.slots)
    try putBack(match.bid, match.gpus, match.slots)
    try compareState(match.offer)
    try compareState(match.bid)
  }

  private func checkCopies() throws(Disagreement) {
    for var copy in copies {
      try expect("time of a copy", copy.book.time.milliseconds, copy.reference.time)
      try expect("count of a copy", copy.book.count, copy.reference.entries.count)
      try expect("digest of a copy from scratch", copy.book.digestFromScratch(), copy.reference.digest())
      try expect("digest of a copy", copy.book.digest(), copy.reference.digest())
      var runner = Self(classVRAMMiB: reference.classVRAMMiB, seed: 0, level: level)
      (runner.book, runner.reference) = (copy.book, copy.reference)
      for entry in copy.reference.entries.suffix(3) {
        try runner.compareState(entry.id)
        try runner.explain(entry.id, MatchContext(earliestStart: Slot(0)))
      }
    }
  }

  // MARK: - Comparing

  @inline(__always)
  func expect<Value: Equatable>(
    _ what: @autoclosure () -> String, _ actual: Value, _ expected: Value
  ) throws(Disagreement) {
    if actual == expected { return }
    throw Disagreement(description: "\(what()): the book says \(actual), the reference \(expected)")
  }

  @inline(__always)
  func require(_ what: @autoclosure () -> String, _ holds: Bool) throws(Disagreement) {
    if holds { return }
    throw Disagreement(description: "expected \(what())")
  }
}
