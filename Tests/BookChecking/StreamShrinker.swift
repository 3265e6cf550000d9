import Market
import NodeCrypto
import OrderBook

/// Cuts a failing stream to one of which no part can be left out (delta debugging: Zeller, Hildebrandt, "Simplifying and
/// Isolating Failure-Inducing Input", 2002), then makes what is left simpler.
package enum StreamShrinker {
  /// - Parameters:
  ///   - stream: a stream that fails.
  ///   - fails: whether a stream fails; it gets many candidates.
  /// - Returns: a stream that fails, and of which every part obtained by leaving out one step does not.
  package static func shrink(_ stream: OperationStream, fails: (OperationStream) -> Bool) -> OperationStream {
    var best = stream
    var before = -1
    while before != best.operations.count {
      before = best.operations.count
      best = cut(best, fails)
      best = simplify(best, fails)
    }
    return best
  }

  /// Leaves out ever smaller pieces for as long as that still fails.
  private static func cut(_ stream: OperationStream, _ fails: (OperationStream) -> Bool) -> OperationStream {
    var best = stream
    var size = max(1, best.operations.count / 2)
    while true {
      var start = 0
      var isCut = false
      while start < best.operations.count {
        var candidate = best
        candidate.operations.removeSubrange(start..<min(start + size, best.operations.count))
        if fails(candidate) {
          (best, isCut) = (candidate, true)
        } else {
          start += size
        }
      }
      if size == 1, !isCut { return best }
      size = max(1, min(size / 2, best.operations.count))
    }
  }

  private static func simplify(_ stream: OperationStream, _ fails: (OperationStream) -> Bool) -> OperationStream {
    var best = stream
    for index in best.operations.indices {
      var isSimpler = true
      while isSimpler {
        isSimpler = false
        for simpler in best.operations[index].simplifications {
          var candidate = best
          candidate.operations[index] = simpler
          guard fails(candidate) else { continue }
          (best, isSimpler) = (candidate, true)
          break
        }
      }
    }
    if !best.classVRAMMiB.isEmpty {
      var candidate = best
      candidate.classVRAMMiB = []
      if fails(candidate) { best = candidate }
    }
    return best
  }
}

extension Operation {
  /// Steps that do less: each is simpler by one thing, so that simplifying comes to an end.
  var simplifications: [Operation] {
    switch self {
    case .insert(let order): order.simplifications.map { .insert($0) }
    case .amend(let order): order.simplifications.map { .amend($0) }
    case .sweep(let id, let context): [.fill(id, context)] + context.simplifications.map { .sweep(id, $0) }
    case .fill(let id, let context): [.match(id, context)] + context.simplifications.map { .fill(id, $0) }
    case .match(let id, let context): context.simplifications.map { .match(id, $0) }
    case .explain(let id, let context): context.simplifications.map { .explain(id, $0) }
    case .probe(let order, let context):
      order.simplifications.map { .probe($0, context) } + context.simplifications.map { .probe(order, $0) }
    case .quote(let order, let context):
      [.probe(order, context)] + order.simplifications.map { .quote($0, context) }
        + context.simplifications.map { .quote(order, $0) }
    case .take(let id, let gpus, let slots): Self.halves(gpus, slots).map { .take(id, gpus: $0, $1) }
    case .putBack(let id, let gpus, let slots): Self.halves(gpus, slots).map { .putBack(id, gpus: $0, $1) }
    default: []
    }
  }

  private static func halves(_ gpus: Int32, _ slots: SlotRange) -> [(Int32, SlotRange)] {
    var halves: [(Int32, SlotRange)] = []
    if gpus > 1 { halves += [(1, slots), (gpus / 2, slots), (gpus - 1, slots)] }
    return halves + slots.shorter.map { (gpus, $0) }
  }
}

extension MatchContext {
  fileprivate var simplifications: [MatchContext] {
    var simpler: [MatchContext] = []
    func without(_ isUsed: Bool, _ change: (inout MatchContext) -> Void) {
      var context = self
      change(&context)
      if isUsed { simpler.append(context) }
    }
    without(!staleOwners.isEmpty) { $0.staleOwners = [] }
    without(!triedOrders.isEmpty) { $0.triedOrders = [] }
    without(!records.isEmpty) { $0.records = [:] }
    without(earliestStart.index != 0) { $0.earliestStart = Slot(0) }
    without(earliestPurchaseStart != earliestStart) { $0.earliestPurchaseStart = $0.earliestStart }
    return simpler
  }
}

extension SlotRange {
  /// Half of the range and, of a short one, all but a slot.
  fileprivate var shorter: [SlotRange] {
    var shorter: [SlotRange] = []
    if count > 1 { shorter.append(SlotRange(start: start, end: start + count / 2)) }
    if count > 2, count < 64 {
      shorter += [SlotRange(start: start, end: end - 1), SlotRange(start: start + 1, end: end)]
    }
    return shorter
  }
}

extension Order {
  fileprivate var simplifications: [Order] {
    body.simplifications.map { Order(id: id, priority: priority, body: $0) }
  }
}

extension OrderBody {
  fileprivate var simplifications: [OrderBody] {
    switch self {
    case .offer(let offer): offer.simplifications.map { .offer($0) }
    case .bid(let bid): bid.simplifications.map { .bid($0) }
    }
  }
}

extension Offer {
  fileprivate var simplifications: [Offer] {
    var simpler: [Offer] = []
    func add(_ applies: Bool, _ change: (inout Offer) -> Void) {
      guard applies else { return }
      var offer = self
      change(&offer)
      simpler.append(offer)
    }
    add(!attributes.isEmpty) { $0.attributes = Attributes() }
    add(isPostOnly) { $0.isPostOnly = false }
    add(timeInForce.isImmediate) { $0.timeInForce = .goodTillCancelled }
    add(minimumSlots > 1) { $0.minimumSlots = 1 }
    add(minimumGPUs > 1) { $0.minimumGPUs = 1 }
    add(gpus > 1) { $0.gpus /= 2 }
    add(gpus > 1) { $0.gpus -= 1 }
    for shorter in window.shorter { add(true) { $0.window = shorter } }
    return simpler
  }
}

extension Bid {
  fileprivate var simplifications: [Bid] {
    var simpler: [Bid] = []
    func add(_ applies: Bool, _ change: (inout Bid) -> Void) {
      guard applies else { return }
      var bid = self
      change(&bid)
      simpler.append(bid)
    }
    add(!requirements.isEmpty) { $0.requirements = Requirements() }
    add(isPostOnly) { $0.isPostOnly = false }
    add(timeInForce.isImmediate) { $0.timeInForce = .goodTillCancelled }
    add(gpuClasses.count > 1) { $0.gpuClasses = GPUClassList($0.gpuClasses.dropLast()) }
    add(durationSlots > 1) { $0.durationSlots = 1 }
    add((2..<64).contains(durationSlots)) { $0.durationSlots -= 1 }
    add(minimumGPUs > 1) { $0.minimumGPUs = 1 }
    add(gpus > 1) { $0.gpus /= 2 }
    add(gpus > 1) { $0.gpus -= 1 }
    for shorter in window.shorter { add(true) { $0.window = shorter } }
    return simpler
  }
}
