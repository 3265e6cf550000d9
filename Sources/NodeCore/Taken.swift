import Market

/// What is taken of one order, exactly: of an offer a sum of rectangles, of a bid a number.
///
/// A calendar is kept as the slots at which the number of used GPUs changes, ascending, none by 0. With `k` of them every
/// operation is O(k).
struct Taken: Equatable, Sendable {
  private struct Step: Equatable, Sendable {
    let slot: Int64
    var change: Int64
  }

  private var gpus: Int64 = 0
  private var steps: [Step] = []

  /// Whether nothing is taken.
  var isNothing: Bool { gpus == 0 && steps.isEmpty }

  /// Takes GPUs of a bid, or puts them back where negative.
  mutating func add(_ gpus: Int64) { self.gpus &+= gpus }

  /// Takes GPUs of an offer in some slots, or puts them back where negative.
  mutating func add(_ gpus: Int64, _ slots: SlotRange) {
    shift(at: slots.start.index, by: gpus)
    shift(at: slots.end.index, by: 0 &- gpus)
  }

  private mutating func shift(at slot: Int64, by change: Int64) {
    let index = firstStep(from: slot)
    guard index < steps.count, steps[index].slot == slot else {
      steps.insert(Step(slot: slot, change: change), at: index)
      return
    }
    steps[index].change &+= change
    if steps[index].change == 0 { steps.remove(at: index) }
  }

  /// The index of the first step at `slot` or later, by binary search.
  private func firstStep(from slot: Int64) -> Int {
    var (low, high) = (0, steps.count)
    while low < high {
      let middle = (low + high) / 2
      if steps[middle].slot >= slot { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// Each run of slots with what is taken in it, ascending; of a bid all that is taken, with nil.
  func forEachRun(isBid: Bool, _ body: (_ gpus: Int64, _ slots: SlotRange?) -> Void) {
    if isBid {
      if gpus != 0 { body(gpus, nil) }
      return
    }
    var used: Int64 = 0
    for (step, next) in zip(steps, steps.dropFirst()) {
      used &+= step.change
      if used != 0 { body(used, SlotRange(start: Slot(step.slot), end: Slot(next.slot))) }
    }
  }

  /// The most that is taken of an offer in any of these slots; with nil what is taken of a bid.
  func maximum(in slots: SlotRange?) -> Int64 {
    guard let slots else { return gpus }
    var (used, most): (Int64, Int64) = (0, 0)
    for step in steps {
      if step.slot >= slots.end.index { break }
      // What was used up to this step reaches into the slots.
      if step.slot > slots.start.index { most = max(most, used) }
      used &+= step.change
    }
    return max(most, used)
  }

  /// The same as takings of the order at `place`. More put back than taken, which only a dishonest checkpoint leads to,
  /// has no expression and is left out.
  func takings(of place: OrderPlace, isBid: Bool) -> [CheckpointItems.Taking] {
    var out: [CheckpointItems.Taking] = []
    forEachRun(isBid: isBid) { gpus, slots in
      guard gpus > 0 else { return }
      Self.forEachPiece(of: gpus) { out.append(CheckpointItems.Taking(place: place, gpus: $0, slots: slots)) }
    }
    return out
  }

  /// Splits a number into pieces of the size that GPUs are counted in.
  static func forEachPiece(of gpus: Int64, _ body: (Int32) -> Void) {
    var rest = gpus
    while rest != 0 {
      let piece = Int32(clamping: max(rest, -Int64(Int32.max)))
      body(piece)
      rest -= Int64(piece)
    }
  }
}
