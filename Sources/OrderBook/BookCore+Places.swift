import Market

/// Where on a ladder an order belongs: in which leaf, and where in it.
extension BookCore {
  /// The leaf in which the order in `slot` belongs, when that is the one in which an order of its rank was put last or one
  /// of the next few, as it is with the orders of one owner read one after the other; or -1.
  @inline(__always)
  func leafFromLast(for slot: Int32, _ rank: Int64, in ladder: Int) -> Int32 {
    let time = records[slot].time
    let leaf = leafFromLast(rank, time, in: ladder)
    // Of equal times the owners decide, whose names have to be looked up.
    guard leaf >= 0, leaves.firstTime(leaf) != time || leaves[leaf].base != rank else { return -1 }
    return leaf
  }

  /// The same for an order that is still to come; for one whose time another has it may be the leaf before.
  @inline(__always)
  func leafFromLast(_ rank: Int64, _ time: UInt64, in ladder: Int) -> Int32 {
    var leaf = lastLeaves[lastLeafIndex(ladder, rank)]
    // A leaf that is vacant has no shelf.
    guard leaf >= 0, leaves[leaf].ladder == Int32(truncatingIfNeeded: ladder), leaves[leaf].shelf >= 0,
      leaves.begins(leaf, before: rank, time)
    else { return -1 }
    for _ in 0..<Self.leavesFromLast {
      let next = leaves[leaf].next
      guard next >= 0, leaves.begins(next, before: rank, time) else { return leaf }
      leaf = next
    }
    return -1
  }

  /// The first leaf of `ladder`, when `rank` is better than all that are there, as prices often are that have just been
  /// taken; or -1.
  @inline(__always)
  func firstLeaf(ifBehind rank: Int64, in ladder: Int) -> Int32 {
    guard let shelf = ladders[ladder].first else { return -1 }
    let leaf = shelves.leaf(shelf, 0)
    return rank < leaves[leaf].base ? leaf : -1
  }

  /// So many leaves are looked at before it is searched from the top.
  private static var leavesFromLast: Int { 6 }

  /// The last leaf of `ladder` whose first order comes before the one in `slot`, or the first leaf; -1 when there is
  /// none.
  @inline(__always)
  func leaf(for slot: Int32, _ rank: Int64, in ladder: Int) -> Int32 {
    let count = ladders[ladder].count
    guard count > 0 else { return -1 }
    var low = 0
    var high = count
    while high - low > 1 {
      let middle = (low + high) / 2
      if begins(shelves.leaf(ladders[ladder][middle], 0), before: slot, rank) { low = middle } else { high = middle }
    }
    let shelf = ladders[ladder][low]
    var first: Int32 = 0
    var end = shelves[shelf].count
    while end - first > 1 {
      let middle = (first + end) / 2
      if begins(shelves.leaf(shelf, middle), before: slot, rank) { first = middle } else { end = middle }
    }
    return shelves.leaf(shelf, first)
  }

  /// Whether the first order of `leaf` comes before the one in `slot`.
  @inline(__always)
  private func begins(_ leaf: Int32, before slot: Int32, _ rank: Int64) -> Bool {
    let first = leaves[leaf].base
    if first != rank { return first < rank }
    let (firstTime, time) = (leaves.firstTime(leaf), records[slot].time)
    return firstTime != time ? firstTime < time : precedes(leaves.slot(leaf, 0), slot)
  }

  /// Where in `leaf` the order in `slot` belongs. Orders mostly come in the order of their times: behind those of their
  /// price.
  ///
  /// Elsewhere the place is guessed from times and looked for from there on: the records around it are asked for together.
  @inline(__always)
  func position(of slot: Int32, _ rank: Int64, in leaf: Int32) -> Int32 {
    var high = leaves.positionBehind(rank, in: leaf)
    let time = records[slot].time
    if time > leaves[leaf].latest { return high }
    var low = rank == .min ? 0 : leaves.positionBehind(rank - 1, in: leaf)
    if low == high { return low }
    let guess = guess(of: rank, time, in: leaf, low, high)
    prefetchRecords(of: leaf, around: guess, low, high)
    var step: Int32 = 1
    if precedes(slot, leaves.slot(leaf, guess)) {
      high = guess
      while high > low, precedes(slot, leaves.slot(leaf, max(low, high - step))) {
        high = max(low, high - step)
        step *= 2
      }
      low = max(low, high - step)
    } else {
      low = guess + 1
      while low < high, !precedes(slot, leaves.slot(leaf, min(high - 1, low + step - 1))) {
        low = min(high, low + step)
        step *= 2
      }
      high = min(high, low + step - 1)
    }
    while low < high {
      let middle = (low + high) / 2
      if precedes(slot, leaves.slot(leaf, middle)) { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// About where in `leaf`, from `low` up to `high`, an order of that rank and time belongs.
  @inline(__always)
  private func guess(of rank: Int64, _ time: UInt64, in leaf: Int32, _ low: Int32, _ high: Int32) -> Int32 {
    let first = leaves.firstTime(leaf)
    let next = leaves[leaf].next
    // A leaf's latest time stays when its later orders go to another leaf: the next leaf's first says more.
    let isDivided = next >= 0 && leaves[next].base == rank
    let end = isDivided ? min(leaves.firstTime(next), leaves[leaf].latest) : leaves[leaf].latest
    // Where the leaf begins with another price, its first time says nothing.
    guard leaves[leaf].base == rank, first < time, time < end else { return (low + high) / 2 }
    let share = Double(time - first) / Double(end - first)
    return min(high - 1, low + Int32(share * Double(high - low)))
  }

  @inline(__always)
  private func prefetchRecords(of leaf: Int32, around guess: Int32, _ low: Int32, _ high: Int32) {
    for position in max(low, guess - 3)..<min(high, guess + 4) { records.prefetch(leaves.slot(leaf, position)) }
  }

  /// Asks the processor to bring near the orders of `leaf` between which one with that rank and time belongs.
  @inline(__always)
  func prefetchNeighbours(of rank: Int64, _ time: UInt64, in leaf: Int32) {
    if time > leaves[leaf].latest { return }
    let high = leaves.positionBehind(rank, in: leaf)
    let low = rank == .min ? 0 : leaves.positionBehind(rank - 1, in: leaf)
    if low < high { prefetchRecords(of: leaf, around: guess(of: rank, time, in: leaf, low, high), low, high) }
  }
}
