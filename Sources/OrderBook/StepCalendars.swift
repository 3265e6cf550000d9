import Market

/// Where a calendar's steps lie in the pool: 2^`exponent` places from `first` on, of which `count` are used.
struct StepRun: BitwiseCopyable, Sendable {
  var first: Int32 = -1
  var count: Int32 = 0
  var exponent: Int32 = -1
}

/// One step of a calendar: from `start` up to the next step's start, `used` GPUs are used.
struct CalendarStep: BitwiseCopyable, Hashable, Sendable {
  var start: Int64
  var used: Int64
}

/// The capacity calendars of all offers of which something was taken.
///
/// A calendar is a step function over all slots: the sum of the rectangles (GPUs x slots) that were carved out less those
/// that were put back. It is kept exactly, also past the offer's GPUs and below zero, and outside its window, so that
/// what is added and subtracted commutes, with amends too. The steps are ascending, neighbours differ, nothing is used
/// before the first, and the last goes back to 0: equal functions have equal steps.
///
/// With `k` steps, at most two for each rectangle, every operation is O(k) at most.
struct StepCalendars: ~Copyable, Sendable {
  private var pool = RunPool(filler: CalendarStep(start: 0, used: 0))

  init() {}

  /// The same calendars in memory of their own.
  init(copying other: borrowing StepCalendars) { pool = RunPool(copying: other.pool) }

  /// The bytes allocated.
  var usedBytes: Int { pool.usedBytes }

  /// Adds `difference` to what is used in the slots from `start` up to `end`.
  @inline(__always)
  mutating func shift(_ run: inout StepRun, by difference: Int64, start: Int64, end: Int64) {
    guard difference != 0, start < end else { return }
    guard run.count == 0 else { return shiftSteps(&run, by: difference, start: start, end: end) }
    // The first carve, of many offers the only one.
    if run.exponent < 0 { enlarge(&run) }
    pool[run.first] = CalendarStep(start: start, used: difference)
    pool[run.first + 1] = CalendarStep(start: end, used: 0)
    run.count = 2
  }

  @inline(never)
  private mutating func shiftSteps(_ run: inout StepRun, by difference: Int64, start: Int64, end: Int64) {
    let first = split(&run, at: start)
    let last = split(&run, at: end)
    for index in first..<last { pool[run.first + index].used &+= difference }
    // Inside the range the differences between neighbours are as before: only at its ends can two have become equal.
    join(&run, last)
    join(&run, first)
  }

  /// Makes a calendar one of which nothing is used. It keeps the least memory that a calendar with steps has, for the next
  /// order: most calendars never have more.
  @inline(__always)
  mutating func clear(_ run: inout StepRun) {
    run.count = 0
    if run.exponent > Self.leastExponent { release(&run) }
  }

  @inline(never)
  private mutating func release(_ run: inout StepRun) {
    pool.release(run.first, exponent: Int(run.exponent))
    run = StepRun()
  }

  private static var leastExponent: Int32 { 2 }

  /// The slot of a calendar's first step, which lies at `first`.
  @inline(__always)
  func firstStart(at first: Int32) -> Int64 { pool[first].start }

  /// The steps, ascending.
  func steps(_ run: StepRun) -> [CalendarStep] {
    (0..<run.count).map { pool[run.first + $0] }
  }

  /// The earliest slot `s` in `start ... end - length` such that at most `most` GPUs are used in each of the `length`
  /// slots from `s`; nil when there is none.
  @inline(__always)
  func earliestStart(_ run: StepRun, atMostUsed most: Int64, length: Int64, start: Int64, end: Int64) -> Int64? {
    var candidate = start
    var next = firstStep(run, after: start)
    var used = next == 0 ? 0 : pool[run.first + next - 1].used
    while true {
      let isLast = next == run.count || pool[run.first + next].start >= end
      let runEnd = isLast ? end : pool[run.first + next].start
      if used > most {
        candidate = runEnd
      } else if runEnd - candidate >= length {
        return candidate
      }
      if isLast { return nil }
      used = pool[run.first + next].used
      next += 1
    }
  }

  /// The most GPUs used in a slot from `start` up to `end`, which is later.
  @inline(__always)
  func mostUsed(_ run: StepRun, start: Int64, end: Int64) -> Int64 {
    used(run, start: start, end: end) { max($0, $1) }
  }

  /// The fewest GPUs used in a slot from `start` up to `end`, which is later.
  func leastUsed(_ run: StepRun, start: Int64, end: Int64) -> Int64 {
    used(run, start: start, end: end) { min($0, $1) }
  }

  /// One of the numbers of GPUs that are used in the slots from `start` up to `end`, which is later: of each two the one
  /// that `choose` gives.
  @inline(__always)
  private func used(
    _ run: StepRun, start: Int64, end: Int64, _ choose: (_ one: Int64, _ other: Int64) -> Int64
  ) -> Int64 {
    var next = firstStep(run, after: start)
    var chosen = next == 0 ? 0 : pool[run.first + next - 1].used
    while next < run.count, pool[run.first + next].start < end {
      chosen = choose(chosen, pool[run.first + next].used)
      next += 1
    }
    return chosen
  }

  /// Calls `body` for each longest run of slots from `start` up to `end` in which at most `most` GPUs are used.
  @inline(__always)
  func forEachRun(
    _ run: StepRun, atMostUsed most: Int64, start: Int64, end: Int64, _ body: (_ start: Int64, _ end: Int64) -> Void
  ) {
    let steps = run.first + run.count
    // What is taken of an order lies in its window, mostly: few steps are passed over.
    var next = run.first
    while next < steps, pool[next].start <= start { next += 1 }
    var used = next == run.first ? 0 : pool[next - 1].used
    var position = start
    // Where the present run of free slots began; `end` while there is none.
    var began = used <= most ? start : end
    while next < steps {
      position = pool[next].start
      if position >= end { break }
      used = pool[next].used
      if used > most {
        if began < end { body(began, position) }
        began = end
      } else if began == end {
        began = position
      }
      next += 1
    }
    if began < end { body(began, end) }
  }

  /// The index of the first step that starts after `slot`, by binary search.
  @inline(__always)
  private func firstStep(_ run: StepRun, after slot: Int64) -> Int32 {
    var low: Int32 = 0
    var high = run.count
    while low < high {
      let middle = (low + high) / 2
      if pool[run.first + middle].start <= slot { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The index of the step that starts at `slot`, which is put in when there is none.
  private mutating func split(_ run: inout StepRun, at slot: Int64) -> Int32 {
    let next = firstStep(run, after: slot)
    if next > 0, pool[run.first + next - 1].start == slot { return next - 1 }
    if run.exponent < 0 || run.count == 1 << run.exponent { enlarge(&run) }
    let used = next == 0 ? 0 : pool[run.first + next - 1].used
    var index = run.count
    while index > next {
      pool[run.first + index] = pool[run.first + index - 1]
      index -= 1
    }
    pool[run.first + next] = CalendarStep(start: slot, used: used)
    run.count += 1
    return next
  }

  /// Takes out a step that changes nothing.
  private mutating func join(_ run: inout StepRun, _ index: Int32) {
    let before = index == 0 ? 0 : pool[run.first + index - 1].used
    guard pool[run.first + index].used == before else { return }
    for later in index + 1..<max(index + 1, run.count) { pool[run.first + later - 1] = pool[run.first + later] }
    run.count -= 1
  }

  @inline(never)
  private mutating func enlarge(_ run: inout StepRun) {
    let exponent = max(Self.leastExponent, run.exponent + 1)
    let first = pool.take(exponent: Int(exponent))
    for index in 0..<run.count { pool[first + index] = pool[run.first + index] }
    if run.exponent >= 0 { pool.release(run.first, exponent: Int(run.exponent)) }
    run.first = first
    run.exponent = exponent
  }
}
