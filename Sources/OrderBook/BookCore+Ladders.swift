import Market

/// The ladders: the resting orders of each class and side in price-time priority.
///
/// A ladder is a sorted sequence in two levels of pieces, shelves of leaves, as the two lowest levels of a B+ tree: an
/// order is found, put in and taken out in O(log n), and leaves and shelves carry the hints by which a search skips them.
extension BookCore {
  /// Puts the order in `slot` on the ladder of each of its classes.
  ///
  /// - Parameter record: its record.
  @inline(__always)
  func enterLadders(_ slot: Int32, _ record: OrderRecord) {
    if record.isBid { restingBids &+= 1 } else { restingOffers &+= 1 }
    records[slot].leaf = enter(Self.ladderIndex(of: record.gpuClass, isBid: record.isBid), slot, record)
    if record.flags.contains(.severalClasses) { enterOtherLadders(slot) }
  }

  /// Takes the order in `slot` off its ladders.
  ///
  /// - Parameter record: its record.
  @inline(__always)
  func leaveLadders(_ slot: Int32, _ record: OrderRecord) {
    if record.isBid { restingBids &-= 1 } else { restingOffers &-= 1 }
    leave(record.leaf, slot)
    records[slot].leaf = -1
    if record.flags.contains(.severalClasses) { leaveOtherLadders(slot) }
  }

  @inline(never)
  private func enterOtherLadders(_ slot: Int32) {
    for ladder in otherLadders(slot) {
      let leaf = enter(ladder, slot, records[slot])
      note(slot, isIn: leaf, of: ladder)
    }
  }

  @inline(never)
  private func leaveOtherLadders(_ slot: Int32) {
    let index = detailsIndex(records[slot])
    for position in details[index].leaves.indices where details[index].leaves[position] >= 0 {
      leave(details[index].leaves[position], slot)
      details[index].leaves[position] = -1
    }
  }

  /// The ladders of the classes behind the first of an order that names several, each once.
  private func otherLadders(_ slot: Int32) -> [Int] {
    let record = records[slot]
    let classes = details[detailsIndex(record)].classes
    return classes.indices.dropFirst().filter { classes.firstIndex(of: classes[$0]) == $0 }
      .map { Self.ladderIndex(of: classes[$0], isBid: record.isBid) }
  }

  /// Notes in which leaf of `ladder` the order in `slot` now rests.
  @inline(__always)
  private func note(_ slot: Int32, isIn leaf: Int32, of ladder: Int) {
    if !records[slot].flags.contains(.severalClasses)
      || Self.ladderIndex(of: records[slot].gpuClass, isBid: records[slot].isBid) == ladder
    {
      records[slot].leaf = leaf
      return
    }
    let index = detailsIndex(records[slot])
    let isBid = records[slot].isBid
    let position = details[index].classes.firstIndex { Self.ladderIndex(of: $0, isBid: isBid) == ladder }
    if let position { details[index].leaves[position] = leaf }
  }

  // MARK: One ladder

  @inline(__always)
  private func enter(_ ladder: Int, _ slot: Int32, _ record: OrderRecord) -> Int32 {
    let rank = record.rank
    let leaf = lastLeaves[lastLeafIndex(ladder, rank)]
    guard leaf >= 0 else { return enterAnywhere(slot, rank, in: ladder) }
    let position = leaves.insertLatest(
      slot, rank: rank, time: record.time, into: leaf, of: Int32(truncatingIfNeeded: ladder))
    guard position >= 0 else { return enterAnywhere(slot, rank, in: ladder) }
    columns.insert(leaf, position, record)
    widenHints(of: leaf, by: record)
    return leaf
  }

  /// Puts the order in `slot` on `ladder` wherever it belongs.
  @inline(never)
  private func enterAnywhere(_ slot: Int32, _ rank: Int64, in ladder: Int) -> Int32 {
    let leaf = makeRoom(for: slot, rank, in: ladder)
    let position = position(of: slot, rank, in: leaf)
    leaves.insert(slot, rank: rank, into: leaf, at: position)
    leaves[leaf].latest = max(leaves[leaf].latest, records[slot].time)
    // It is a lower bound, which keeps the orders above it from their short way.
    if rank &- leaves[leaf].base >= Int64(leaves[leaf].ceiling) { leaves.refreshCeiling(of: leaf) }
    if position == 0 {
      leaves.noteFirst(of: leaf, records: records)
      if let before = leafBefore(leaf) { leaves.refreshCeiling(of: before) }
    }
    columns.insert(leaf, position, records[slot])
    widenHints(of: leaf, by: records[slot])
    return leaf
  }

  @inline(__always)
  func lastLeafIndex(_ ladder: Int, _ rank: Int64) -> Int32 {
    let mixed = (UInt64(bitPattern: rank) ^ UInt64(truncatingIfNeeded: ladder)) &* 0x9E37_79B9_7F4A_7C15
    return Int32(truncatingIfNeeded: mixed >> 40) & (lastLeaves.count - 1)
  }

  /// The leaf of `ladder` in which the order in `slot` belongs, with room for it.
  private func makeRoom(for slot: Int32, _ rank: Int64, in ladder: Int) -> Int32 {
    while ladders.count <= ladder { ladders.append([]) }
    var leaf = leafFromLast(for: slot, rank, in: ladder)
    if leaf < 0 { leaf = self.leaf(for: slot, rank, in: ladder) }
    if leaf < 0 {
      leaf = makeFirstLeaf(of: ladder)
    } else if !leaves.canHold(leaf, rank) {
      leaf = makeLeaf(besides: leaf, behind: rank > leaves.first(leaf).rank)
    } else if leaves[leaf].count == Leaf.capacity {
      leaf = split(leaf, for: slot, rank)
    }
    if 4 * Int(leaves.count) > Int(lastLeaves.count) { _ = lastLeaves.appendRun(lastLeaves.count, repeating: -1) }
    lastLeaves[lastLeafIndex(ladder, rank)] = leaf
    return leaf
  }

  /// Takes an order out of its leaf, which may then be joined with a neighbour: that is tried now and then, at eight
  /// orders, four, two and one.
  @inline(__always)
  private func leave(_ leaf: Int32, _ slot: Int32) {
    let position = leaves.position(of: slot, in: leaf)
    leaves.remove(at: position, from: leaf)
    columns.remove(leaf, position)
    let count = leaves[leaf].count
    if position == 0, count > 0 { leaves.noteFirst(of: leaf, records: records) }
    if count <= Leaf.capacity / 4, count & (count &- 1) == 0 { thin(leaf) }
  }

  /// Takes an empty leaf away, or joins one that has few orders with a neighbour.
  @inline(never)
  private func thin(_ leaf: Int32) {
    if leaves[leaf].count == 0 {
      removeLeaf(leaf)
    } else if !mergeWithNext(leaf) {
      let position = shelves.position(of: leaf, on: leaves[leaf].shelf)
      if position > 0 { _ = mergeWithNext(shelves.leaf(leaves[leaf].shelf, position - 1)) }
    }
  }

  /// The leaf in which the order in `slot` belongs, when that is the one in which an order of its rank was put last or one
  /// of the next few, as it is with the orders of one owner read one after the other; or -1.
  @inline(__always)
  private func leafFromLast(for slot: Int32, _ rank: Int64, in ladder: Int) -> Int32 {
    let time = records[slot].time
    let leaf = leafFromLast(rank, time, in: ladder)
    // Of equal times the owners decide, whose names have to be looked up.
    guard leaf >= 0, leaves.first(leaf).time != time || leaves.first(leaf).rank != rank else { return -1 }
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

  /// So many leaves are looked at before it is searched from the top.
  private static var leavesFromLast: Int { 6 }

  /// The last leaf of `ladder` whose first order comes before the one in `slot`, or the first leaf; -1 when there is
  /// none.
  @inline(__always)
  private func leaf(for slot: Int32, _ rank: Int64, in ladder: Int) -> Int32 {
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
    let first = leaves.first(leaf)
    if first.rank != rank { return first.rank < rank }
    let time = records[slot].time
    return first.time != time ? first.time < time : precedes(leaves.slot(leaf, 0), slot)
  }

  /// Where in `leaf` the order in `slot` belongs. Orders mostly come in the order of their times: behind those of their
  /// price.
  ///
  /// Elsewhere the place is guessed from the times of the leaf's first order and its latest, and looked for from there on:
  /// the records around it are asked for together.
  @inline(__always)
  private func position(of slot: Int32, _ rank: Int64, in leaf: Int32) -> Int32 {
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
    let first = leaves.first(leaf)
    let next = leaves[leaf].next
    // A leaf's latest time stays when its later orders go to another leaf: the next leaf's first says more.
    let isDivided = next >= 0 && leaves.first(next).rank == rank
    let end = isDivided ? min(leaves.first(next).time, leaves[leaf].latest) : leaves[leaf].latest
    // Where the leaf begins with another price, its first time says nothing.
    guard first.rank == rank, first.time < time, time < end else { return (low + high) / 2 }
    let share = Double(time - first.time) / Double(end - first.time)
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

  // MARK: Leaves

  private func newLeaf() -> Int32 {
    let leaf = vacantLeaf
    guard leaf >= 0 else { return leaves.append() }
    vacantLeaf = leaves[leaf].next
    leaves[leaf] = Leaf()
    return leaf
  }

  private func makeFirstLeaf(of ladder: Int) -> Int32 {
    let leaf = newLeaf()
    let shelf = newShelf()
    shelves[shelf].ladder = Int32(ladder)
    shelves.insert(leaf, onto: shelf, at: 0)
    leaves[leaf].shelf = shelf
    leaves[leaf].ladder = Int32(ladder)
    ladders[ladder].append(shelf)
    return leaf
  }

  /// An empty leaf next to `leaf`.
  private func makeLeaf(besides leaf: Int32, behind: Bool) -> Int32 {
    var shelf = leaves[leaf].shelf
    if shelves[shelf].count == Shelf.capacity {
      splitShelf(shelf)
      shelf = leaves[leaf].shelf
    }
    let new = newLeaf()
    leaves[new].shelf = shelf
    leaves[new].ladder = leaves[leaf].ladder
    if behind {
      leaves[new].next = leaves[leaf].next
      leaves[leaf].next = new
    } else {
      leaves[new].next = leaf
      if let before = leafBefore(leaf) { leaves[before].next = new }
    }
    shelves.insert(new, onto: shelf, at: shelves.position(of: leaf, on: shelf) + (behind ? 1 : 0))
    return new
  }

  /// Makes room in a full leaf for the order in `slot`, and gives the part in which it belongs.
  ///
  /// Orders of one price mostly come in the order of their times, each behind the last. A leaf is therefore parted there,
  /// so that it fills up instead of staying half full for ever; elsewhere in the middle.
  private func split(_ leaf: Int32, for slot: Int32, _ rank: Int64) -> Int32 {
    let position = position(of: slot, rank, in: leaf)
    let half = Leaf.capacity / 2
    let isBehindItsPrice = position > half && leaves.rank(leaf, position - 1) == rank
    let middle = isBehindItsPrice ? position : half
    let new = makeLeaf(besides: leaf, behind: true)
    guard middle < Leaf.capacity else { return new }
    move(from: middle, of: leaf, to: new)
    copyHints(of: leaf, to: new)
    return position <= middle ? leaf : new
  }

  /// Moves the orders of `leaf` from `position` on to the end of `target`.
  private func move(from position: Int32, of leaf: Int32, to target: Int32) {
    leaves[target].latest = max(leaves[target].latest, leaves[leaf].latest)
    columns.forget(leaf)
    columns.forget(target)
    let ladder = Int(leaves[leaf].ladder)
    for index in position..<leaves[leaf].count {
      let slot = leaves.slot(leaf, index)
      leaves.insert(slot, rank: leaves.rank(leaf, index), into: target, at: leaves[target].count)
      note(slot, isIn: target, of: ladder)
    }
    while leaves[leaf].count > position { leaves.remove(at: leaves[leaf].count - 1, from: leaf) }
    leaves.noteFirst(of: target, records: records)
    leaves.refreshCeiling(of: target)
    leaves.refreshCeiling(of: leaf)
  }

  /// The leaf before `leaf` on its ladder.
  private func leafBefore(_ leaf: Int32) -> Int32? {
    let shelf = leaves[leaf].shelf
    let position = shelves.position(of: leaf, on: shelf)
    if position > 0 { return shelves.leaf(shelf, position - 1) }
    let shelves = ladders[Int(leaves[leaf].ladder)]
    guard let index = shelves.firstIndex(of: shelf), index > 0 else { return nil }
    let before = shelves[index - 1]
    return self.shelves.leaf(before, self.shelves[before].count - 1)
  }

  private func removeLeaf(_ leaf: Int32) {
    let shelf = leaves[leaf].shelf
    if let before = leafBefore(leaf) {
      leaves[before].next = leaves[leaf].next
      leaves.refreshCeiling(of: before)
    }
    shelves.remove(at: shelves.position(of: leaf, on: shelf), from: shelf)
    release(leaves[leaf].hints.rows)
    columns.forget(leaf)
    leaves[leaf].shelf = -1
    leaves[leaf].next = vacantLeaf
    vacantLeaf = leaf
    if shelves[shelf].count == 0 {
      removeShelf(shelf)
    } else if shelves[shelf].count <= Shelf.capacity / 4 {
      mergeShelf(shelf)
    }
  }

  /// Joins a leaf that has few orders with the one behind it on its shelf, if the two stay half empty.
  ///
  /// - Returns: whether it did.
  private func mergeWithNext(_ leaf: Int32) -> Bool {
    let shelf = leaves[leaf].shelf
    let position = shelves.position(of: leaf, on: shelf) + 1
    guard position < shelves[shelf].count else { return false }
    let next = shelves.leaf(shelf, position)
    guard leaves[leaf].count + leaves[next].count <= Leaf.capacity / 2,
      leaves.canHold(leaf, leaves.rank(next, leaves[next].count - 1))
    else { return false }
    joinHints(of: next, to: leaf)
    move(from: 0, of: next, to: leaf)
    removeLeaf(next)
    return true
  }

  // MARK: Shelves

  private func newShelf() -> Int32 {
    let shelf = vacantShelf
    guard shelf >= 0 else { return shelves.append() }
    vacantShelf = shelves[shelf].ladder
    shelves[shelf] = Shelf()
    return shelf
  }

  private func splitShelf(_ shelf: Int32) {
    let ladder = Int(shelves[shelf].ladder)
    guard let index = ladders[ladder].firstIndex(of: shelf) else {
      preconditionFailure("a shelf that is not on its ladder")
    }
    let new = newShelf()
    shelves[new].ladder = Int32(ladder)
    ladders[ladder].insert(new, at: index + 1)
    let half = Shelf.capacity / 2
    while shelves[shelf].count > half {
      let leaf = shelves.leaf(shelf, half)
      shelves.remove(at: half, from: shelf)
      shelves.insert(leaf, onto: new, at: shelves[new].count)
      leaves[leaf].shelf = new
    }
    copyShelfHints(of: shelf, to: new)
  }

  /// Joins a shelf that has few leaves with the one behind it or the one before it, if the two stay half empty.
  private func mergeShelf(_ shelf: Int32) {
    let ladder = Int(shelves[shelf].ladder)
    guard let index = ladders[ladder].firstIndex(of: shelf) else {
      preconditionFailure("a shelf that is not on its ladder")
    }
    for first in [index, index - 1] where first >= 0 && first + 1 < ladders[ladder].count {
      let (target, next) = (ladders[ladder][first], ladders[ladder][first + 1])
      guard shelves[target].count + shelves[next].count <= Shelf.capacity / 2 else { continue }
      joinShelfHints(of: next, to: target)
      for position in 0..<shelves[next].count {
        let leaf = shelves.leaf(next, position)
        shelves.insert(leaf, onto: target, at: shelves[target].count)
        leaves[leaf].shelf = target
      }
      removeShelf(next)
      return
    }
  }

  private func removeShelf(_ shelf: Int32) {
    let ladder = Int(shelves[shelf].ladder)
    ladders[ladder].removeAll { $0 == shelf }
    release(shelves[shelf].hints.rows)
    shelves[shelf].ladder = vacantShelf
    vacantShelf = shelf
  }
}
