import Market

/// How many GPUs of an offer are used in each slot of its window: a step function, the sum of the rectangles (GPUs x
/// slots) that were carved out minus those that were put back.
///
/// The sum is kept as it is, also where it passes the offer's GPUs (its owner oversold) or falls below zero (a
/// rectangle came back before it was carved), and only what is *free* is clamped. Additions and removals therefore
/// commute: the same rectangles in any order give equal calendars, on every node. The form is canonical, so that `==`
/// compares the functions. What is used outside the window is kept too, for an amend may move the window; what is read is
/// what is inside.
///
/// With `k` the number of steps, at most two for each rectangle: every operation costs O(k) at most.
public struct CapacityCalendar: Hashable, Sendable {
  /// The GPUs for sale in each slot, those already used included.
  public let gpus: Int32
  /// The slots in which they are for sale.
  public let window: SlotRange

  /// Ascending; neighbours differ; 0 GPUs are used before the first step, and the last step goes back to 0.
  private var steps: [CalendarStep] = []

  /// A calendar with `gpus` GPUs free in each slot of `window`.
  public init(gpus: Int32, window: SlotRange) {
    self.gpus = gpus
    self.window = window
  }

  init(gpus: Int32, window: SlotRange, steps: [CalendarStep]) {
    self.gpus = gpus
    self.window = window
    self.steps = steps
  }

  /// Carves `gpus` GPUs out of the slots of `range`.
  public mutating func add(_ gpus: Int32, _ range: SlotRange) {
    shift(by: Int64(gpus), over: range)
  }

  /// Puts `gpus` GPUs back into the slots of `range`: the inverse of ``add(_:_:)``.
  public mutating func remove(_ gpus: Int32, _ range: SlotRange) {
    shift(by: -Int64(gpus), over: range)
  }

  /// The GPUs free in `slot`, from 0 to ``gpus``; none outside the window. O(log k).
  public func free(at slot: Slot) -> Int32 {
    guard window.start <= slot, slot < window.end else { return 0 }
    return free(whenUsed: used(beforeStep: firstStep(after: slot)))
  }

  /// The GPUs free in every slot of `range`: the most that one rectangle over it can have. None when the range reaches
  /// out of the window, all of them when it is empty.
  public func minimumFree(in range: SlotRange) -> Int32 {
    guard !range.isEmpty else { return max(0, gpus) }
    guard window.contains(range) else { return 0 }
    var next = firstStep(after: range.start)
    var mostUsed = used(beforeStep: next)
    while next < steps.count, steps[next].start < range.end.index {
      mostUsed = max(mostUsed, steps[next].used)
      next += 1
    }
    return free(whenUsed: mostUsed)
  }

  /// The earliest slot `s` such that at least `gpus` GPUs are free in each of the `slots` slots from `s`, all of them
  /// in `range` and in the window; nil when there is none or an argument is below 1.
  public func earliestStart(gpus: Int32, slots: Int64, within range: SlotRange) -> Slot? {
    let range = window.intersection(range)
    guard gpus >= 1, slots >= 1, range.count >= slots else { return nil }
    var start = range.start
    var next = firstStep(after: start)
    while true {
      let isLast = next == steps.count || range.end.index <= steps[next].start
      let end = isLast ? range.end : Slot(steps[next].start)
      if free(whenUsed: used(beforeStep: next)) < gpus {
        start = end
      } else if end.index - start.index >= slots {
        return start
      }
      if isLast { return nil }
      next += 1
    }
  }

  /// The window cut where the number of used GPUs changes, in ascending order; nothing for an empty window.
  public var runs: [CapacityRun] {
    var runs: [CapacityRun] = []
    runs.reserveCapacity(steps.count + 1)
    var start = window.start
    var next = firstStep(after: start)
    while start < window.end {
      let end = next == steps.count ? window.end : min(window.end, Slot(steps[next].start))
      let used = used(beforeStep: next)
      runs.append(CapacityRun(slots: SlotRange(start: start, end: end), used: used, free: free(whenUsed: used)))
      start = end
      next += 1
    }
    return runs
  }

  /// The GPUs free in the slot that has most of them free.
  public var greatestFree: Int32 {
    runs.reduce(0) { max($0, $1.free) }
  }

  private func free(whenUsed used: Int64) -> Int32 { gpus.left(whenUsed: used) }

  private func used(beforeStep index: Int) -> Int64 {
    index == 0 ? 0 : steps[index - 1].used
  }

  /// The index of the first step that starts after `slot`, by binary search.
  private func firstStep(after slot: Slot) -> Int {
    var low = 0
    var high = steps.count
    while low < high {
      let middle = (low + high) / 2
      if steps[middle].start <= slot.index { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private mutating func shift(by difference: Int64, over range: SlotRange) {
    guard difference != 0, !range.isEmpty else { return }
    let first = splitStep(at: range.start)
    let last = splitStep(at: range.end)
    for index in first..<last { steps[index].used &+= difference }
    // Inside the range the differences between neighbours are as before: only at its ends can two have become equal.
    joinStep(last)
    joinStep(first)
  }

  /// The index of the step that starts at `slot`, which is put in when there is none.
  private mutating func splitStep(at slot: Slot) -> Int {
    let next = firstStep(after: slot)
    if next > 0, steps[next - 1].start == slot.index { return next - 1 }
    steps.insert(CalendarStep(start: slot.index, used: used(beforeStep: next)), at: next)
    return next
  }

  /// Takes out a step that changes nothing.
  private mutating func joinStep(_ index: Int) {
    if steps[index].used == used(beforeStep: index) { steps.remove(at: index) }
  }
}

/// Consecutive slots of a calendar in which the same number of GPUs is used.
public struct CapacityRun: Hashable, Sendable {
  /// The slots, at least one.
  public let slots: SlotRange
  /// The GPUs used in each: the exact sum, past the offer's GPUs where its owner oversold.
  public let used: Int64
  /// The GPUs free in each, from 0 to the offer's GPUs.
  public let free: Int32

  /// A run with the given numbers.
  public init(slots: SlotRange, used: Int64, free: Int32) {
    self.slots = slots
    self.used = used
    self.free = free
  }
}

extension Int32 {
  /// Of so many GPUs those that are left when `used` of them are: from none to all, also where more was taken than there
  /// is or more came back than was taken.
  @inline(__always)
  func left(whenUsed used: Int64) -> Int32 {
    let (left, overflow) = Int64(self).subtractingReportingOverflow(used)
    return overflow ? Swift.max(0, self) : Int32(clamping: Swift.max(0, Swift.min(Int64(self), left)))
  }
}

extension SlotRange {
  /// The slots that are in both ranges; an empty range when there are none.
  func intersection(_ other: SlotRange) -> SlotRange {
    let first = max(start, other.start)
    return SlotRange(start: first, end: max(first, min(end, other.end)))
  }
}
