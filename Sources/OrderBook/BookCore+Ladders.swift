import Market

/// The ladders: the resting orders of each class and side in price-time priority.
///
/// A ladder is a sorted sequence in two levels of pieces, shelves of leaves, as the two lowest levels of a B+ tree: an
/// order is found, put in and taken out in O(log n), and leaves and shelves carry the hints by which a search skips them.
extension BookCore {
  /// Puts the order in `slot` on the ladder of each of its classes.
  @inline(__always)
  mutating func enterLadders(_ slot: Int32) {
    if records[slot].isBid { restingBids += 1 } else { restingOffers += 1 }
    let isBid = records[slot].isBid
    enter(Self.ladderIndex(of: records[slot].gpuClass, isBid: isBid), slot)
    guard records[slot].flags.contains(.severalClasses) else { return }
    for ladder in otherLadders(slot) { enter(ladder, slot) }
  }

  /// Takes the order in `slot` off its ladders.
  @inline(__always)
  mutating func leaveLadders(_ slot: Int32) {
    if records[slot].isBid { restingBids -= 1 } else { restingOffers -= 1 }
    leave(records[slot].leaf, slot)
    records[slot].leaf = -1
    guard records[slot].flags.contains(.severalClasses) else { return }
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
  private mutating func note(_ slot: Int32, isIn leaf: Int32, of ladder: Int) {
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

  private mutating func enter(_ ladder: Int, _ slot: Int32) {
    while ladders.count <= ladder { ladders.append([]) }
    let rank = records[slot].rank
    var leaf = self.leaf(for: slot, rank, in: ladder)
    if leaf < 0 { leaf = makeFirstLeaf(of: ladder) }
    if !leaves[leaf].canHold(rank) {
      leaf = makeLeaf(besides: leaf, behind: rank > leaves[leaf].rank(0))
    } else if leaves[leaf].count == Leaf.capacity {
      leaf = split(leaf, for: slot, rank)
    }
    let position = position(of: slot, rank, in: leaf)
    leaves[leaf].insert(slot, rank: rank, at: position)
    note(slot, isIn: leaf, of: ladder)
    widenHints(slot, leaf)
  }

  private mutating func leave(_ leaf: Int32, _ slot: Int32) {
    leaves[leaf].remove(at: leaves[leaf].position(of: slot))
    if leaves[leaf].count == 0 {
      removeLeaf(leaf)
    } else if leaves[leaf].count <= Leaf.capacity / 4 {
      mergeWithNext(leaf)
    }
  }

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
      if begins(shelves[ladders[ladder][middle]][0], before: slot, rank) { low = middle } else { high = middle }
    }
    let shelf = ladders[ladder][low]
    var first: Int32 = 0
    var end = shelves[shelf].count
    while end - first > 1 {
      let middle = (first + end) / 2
      if begins(shelves[shelf][middle], before: slot, rank) { first = middle } else { end = middle }
    }
    return shelves[shelf][first]
  }

  /// Whether the first order of `leaf` comes before the one in `slot`.
  @inline(__always)
  private func begins(_ leaf: Int32, before slot: Int32, _ rank: Int64) -> Bool {
    let first = leaves[leaf].rank(0)
    if first != rank { return first < rank }
    return precedes(leaves[leaf][0], slot)
  }

  /// Where in `leaf` the order in `slot` belongs. Orders mostly come in the order of their times, so those of its price
  /// are looked at from the last one on.
  @inline(__always)
  private func position(of slot: Int32, _ rank: Int64, in leaf: Int32) -> Int32 {
    var position = leaves[leaf].positionBehind(rank)
    while position > 0, leaves[leaf].rank(position - 1) == rank, precedes(slot, leaves[leaf][position - 1]) {
      position -= 1
    }
    return position
  }

  // MARK: Leaves

  private mutating func newLeaf() -> Int32 {
    let leaf = vacantLeaf
    guard leaf >= 0 else { return leaves.append(Leaf()) }
    vacantLeaf = leaves[leaf].shelf
    leaves[leaf] = Leaf()
    return leaf
  }

  private mutating func makeFirstLeaf(of ladder: Int) -> Int32 {
    let leaf = newLeaf()
    let shelf = newShelf()
    shelves[shelf].ladder = Int32(ladder)
    shelves[shelf].insert(leaf, at: 0)
    leaves[leaf].shelf = shelf
    ladders[ladder].append(shelf)
    return leaf
  }

  /// An empty leaf next to `leaf`.
  private mutating func makeLeaf(besides leaf: Int32, behind: Bool) -> Int32 {
    var shelf = leaves[leaf].shelf
    if shelves[shelf].count == Shelf.capacity {
      splitShelf(shelf)
      shelf = leaves[leaf].shelf
    }
    let new = newLeaf()
    leaves[new].shelf = shelf
    shelves[shelf].insert(new, at: shelves[shelf].position(of: leaf) + (behind ? 1 : 0))
    return new
  }

  /// Makes room in a full leaf for the order in `slot`, and gives the half in which it belongs. A leaf to whose end an
  /// order comes stays full: orders that come in order leave full leaves behind.
  private mutating func split(_ leaf: Int32, for slot: Int32, _ rank: Int64) -> Int32 {
    let position = position(of: slot, rank, in: leaf)
    let new = makeLeaf(besides: leaf, behind: true)
    guard position < Leaf.capacity else { return new }
    let half = Int32(Leaf.capacity / 2)
    move(from: half, of: leaf, to: new)
    copyHints(of: leaf, to: new)
    return position <= half ? leaf : new
  }

  /// Moves the orders of `leaf` from `position` on to the end of `target`.
  private mutating func move(from position: Int32, of leaf: Int32, to target: Int32) {
    let ladder = Int(shelves[leaves[leaf].shelf].ladder)
    for index in position..<leaves[leaf].count {
      let slot = leaves[leaf][index]
      leaves[target].insert(slot, rank: leaves[leaf].rank(index), at: leaves[target].count)
      note(slot, isIn: target, of: ladder)
    }
    while leaves[leaf].count > position { leaves[leaf].remove(at: leaves[leaf].count - 1) }
  }

  private mutating func removeLeaf(_ leaf: Int32) {
    let shelf = leaves[leaf].shelf
    shelves[shelf].remove(at: shelves[shelf].position(of: leaf))
    release(leaves[leaf].hints.rows)
    leaves[leaf].shelf = vacantLeaf
    vacantLeaf = leaf
    if shelves[shelf].count == 0 {
      removeShelf(shelf)
    } else if shelves[shelf].count <= Shelf.capacity / 4 {
      mergeShelfWithNext(shelf)
    }
  }

  /// Joins a leaf that has few orders with the one behind it on its shelf, if the two stay half empty.
  private mutating func mergeWithNext(_ leaf: Int32) {
    let shelf = leaves[leaf].shelf
    let position = shelves[shelf].position(of: leaf) + 1
    guard position < shelves[shelf].count else { return }
    let next = shelves[shelf][position]
    guard leaves[leaf].count + leaves[next].count <= Leaf.capacity / 2,
      leaves[leaf].canHold(leaves[next].rank(leaves[next].count - 1))
    else { return }
    joinHints(of: next, to: leaf)
    move(from: 0, of: next, to: leaf)
    removeLeaf(next)
  }

  // MARK: Shelves

  private mutating func newShelf() -> Int32 {
    let shelf = vacantShelf
    guard shelf >= 0 else { return shelves.append(Shelf()) }
    vacantShelf = shelves[shelf].ladder
    shelves[shelf] = Shelf()
    return shelf
  }

  private mutating func splitShelf(_ shelf: Int32) {
    let ladder = Int(shelves[shelf].ladder)
    guard let index = ladders[ladder].firstIndex(of: shelf) else {
      preconditionFailure("a shelf that is not on its ladder")
    }
    let new = newShelf()
    shelves[new].ladder = Int32(ladder)
    ladders[ladder].insert(new, at: index + 1)
    let half = Int32(Shelf.capacity / 2)
    while shelves[shelf].count > half {
      let leaf = shelves[shelf][half]
      shelves[shelf].remove(at: half)
      shelves[new].insert(leaf, at: shelves[new].count)
      leaves[leaf].shelf = new
    }
    copyShelfHints(of: shelf, to: new)
  }

  /// Joins a shelf that has few leaves with the one behind it, if the two stay half empty.
  private mutating func mergeShelfWithNext(_ shelf: Int32) {
    let ladder = Int(shelves[shelf].ladder)
    guard let index = ladders[ladder].firstIndex(of: shelf), index + 1 < ladders[ladder].count else { return }
    let next = ladders[ladder][index + 1]
    guard shelves[shelf].count + shelves[next].count <= Shelf.capacity / 2 else { return }
    joinShelfHints(of: next, to: shelf)
    for position in 0..<shelves[next].count {
      let leaf = shelves[next][position]
      shelves[shelf].insert(leaf, at: shelves[shelf].count)
      leaves[leaf].shelf = shelf
    }
    removeShelf(next)
  }

  private mutating func removeShelf(_ shelf: Int32) {
    let ladder = Int(shelves[shelf].ladder)
    ladders[ladder].removeAll { $0 == shelf }
    release(shelves[shelf].hints.rows)
    shelves[shelf].ladder = vacantShelf
    vacantShelf = shelf
  }
}
