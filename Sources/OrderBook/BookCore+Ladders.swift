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
    var leaf = firstLeaf(ifBehind: rank, in: ladder)
    if leaf < 0 { leaf = leafFromLast(for: slot, rank, in: ladder) }
    if leaf < 0 { leaf = self.leaf(for: slot, rank, in: ladder) }
    if leaf < 0 {
      leaf = makeFirstLeaf(of: ladder)
    } else if !leaves.canHold(leaf, rank) {
      leaf = makeLeaf(besides: leaf, behind: rank > leaves[leaf].base)
    } else if leaves[leaf].count == Leaf.capacity {
      leaf = split(leaf, for: slot, rank)
    }
    if lastLeaves.count < min(4 * leaves.count, Self.mostLastLeaves) {
      _ = lastLeaves.appendRun(lastLeaves.count, repeating: -1)
    }
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

  /// Takes an empty leaf away, unless its ladder has no other, or joins one that has few orders with a neighbour.
  @inline(never)
  private func thin(_ leaf: Int32) {
    if leaves[leaf].count == 0 {
      if isAlone(leaf) { clear(leaf) } else { removeLeaf(leaf) }
    } else if !mergeWithNext(leaf) {
      let position = shelves.position(of: leaf, on: leaves[leaf].shelf)
      if position > 0 { _ = mergeWithNext(shelves.leaf(leaves[leaf].shelf, position - 1)) }
    }
  }

  /// Whether a ladder has no other leaf.
  private func isAlone(_ leaf: Int32) -> Bool {
    ladders[Int(leaves[leaf].ladder)].count == 1 && shelves[leaves[leaf].shelf].count == 1
  }

  /// Keeps the only leaf of a ladder, of which the last order went: often the next one comes soon.
  private func clear(_ leaf: Int32) {
    let (shelf, ladder) = (leaves[leaf].shelf, leaves[leaf].ladder)
    release(leaves[leaf].hints.rows)
    release(shelves[shelf].hints.rows)
    columns.forget(leaf)
    leaves.renew(leaf)
    leaves[leaf].shelf = shelf
    leaves[leaf].ladder = ladder
    shelves[shelf].hints = Hints()
  }

  // MARK: Leaves

  private func newLeaf() -> Int32 {
    let leaf = vacantLeaf
    guard leaf >= 0 else { return leaves.append() }
    vacantLeaf = leaves[leaf].next
    leaves.renew(leaf)
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
    for index in position..<leaves[leaf].count { note(leaves.slot(leaf, index), isIn: target, of: ladder) }
    if leaves[target].count == 0 {
      leaves.divide(leaf, from: position, to: target)
    } else {
      for index in position..<leaves[leaf].count {
        let slot = leaves.slot(leaf, index)
        leaves.insert(slot, rank: leaves.rank(leaf, index), into: target, at: leaves[target].count)
      }
      while leaves[leaf].count > position { leaves.remove(at: leaves[leaf].count - 1, from: leaf) }
    }
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
