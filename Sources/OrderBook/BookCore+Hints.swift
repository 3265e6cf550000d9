import Market

/// What a search may hope to find: kept no smaller than the truth by every change, and brought back to it where a search
/// went in vain.
extension BookCore {
  /// Adds what the order in `slot` offers or needs to the hints of its leaves and their shelves.
  func widenHints(_ slot: Int32) {
    widenHints(of: records[slot].leaf, by: records[slot])
    guard records[slot].flags.contains(.severalClasses) else { return }
    for leaf in details[detailsIndex(records[slot])].leaves where leaf >= 0 {
      widenHints(of: leaf, by: records[slot])
    }
  }

  @inline(__always)
  func widenHints(of leaf: Int32, by record: OrderRecord) {
    // A shelf's hints are never less than its leaves'.
    if record.isBid {
      let least = max(1, min(record.minimumGPUs, remaining(record)))
      if leaves[leaf].hints.widen(by: record, leastGPUs: least) {
        _ = shelves[leaves[leaf].shelf].hints.widen(by: record, leastGPUs: least)
      }
    } else {
      leaves[leaf].hints.widen(by: record)
      let shelf = leaves[leaf].shelf
      shelves[shelf].hints.widen(by: record)
      // Those of the shelf have mostly been used a moment ago.
      prefetchRows(leaves[leaf].hints.rows, record)
      shelves[shelf].hints.rows = widened(shelves[shelf].hints.rows, by: record)
      // A leaf of short offers does without rows of its own: its shelf has some, and they take as much memory as a
      // quarter of the leaf.
      if leaves[leaf].hints.rows.first >= 0 {
        leaves[leaf].hints.rows = widened(leaves[leaf].hints.rows, by: record, isWorkedOut: true)
      } else if isLong(record) {
        makeRows(of: leaf)
      }
    }
  }

  /// Whether an offer is longer than a bucket.
  @inline(__always)
  private func isLong(_ offer: OrderRecord) -> Bool { Int64(offer.length) > 1 &<< scale.bucketShift }

  /// Gives a leaf rows.
  private func makeRows(of leaf: Int32) {
    for position in 0..<leaves[leaf].count {
      leaves[leaf].hints.rows = widened(leaves[leaf].hints.rows, by: records[leaves.slot(leaf, position)])
    }
  }

  /// Adds all that an offer had when it was whole. It may have less: rows are upper bounds.
  ///
  /// A row is nowhere below one of more GPUs: what raises that raises this, and what lowers this lowers that. So the rows
  /// are raised from the one of the most GPUs down, and where one has nothing to raise the rest has not either.
  ///
  /// - Parameter isWorkedOut: whether the call before this one was of the same offer.
  @inline(__always)
  private func widened(_ old: StartSummary, by offer: OrderRecord, isWorkedOut: Bool = false) -> StartSummary {
    let gpuRows = StartSummary.gpuRow(offer.gpus) + 1
    let summary = gpuRows > old.gpuRows || old.first < 0 ? enlarge(old, gpuRows: gpuRows) : old
    let bucket = scale.bucket(Int64(offer.start))
    if bucket == scale.bucket(Int64(offer.end) - 1) {
      let bytes = scale.length(Int64(offer.length)) &<< UInt64(bitPattern: (bucket & 7) &* 8)
      var place = summary.row(gpuRows &- 1) &+ Int32(truncatingIfNeeded: bucket &>> 3 & 31)
      while place >= summary.first {
        let raised = Bytes.greater(rows[place], bytes)
        if rows[place] == raised { break }
        rows[place] = raised
        place &-= StartSummary.rowWords
      }
    } else {
      if !isWorkedOut {
        newRow.clear()
        newRow.add(start: Int64(offer.start), end: Int64(offer.end), scale)
      }
      widenLong(summary, gpuRows: gpuRows, by: offer)
    }
    return summary
  }

  /// Asks the processor to bring near what an offer may raise in rows. A row is four cache lines, of which most offers
  /// touch one or two.
  @inline(__always)
  private func prefetchRows(_ summary: StartSummary, _ offer: OrderRecord) {
    guard summary.first >= 0 else { return }
    let word = Int32(truncatingIfNeeded: scale.bucket(Int64(offer.start)) &>> 3 & 31)
    for gpuRow in 0..<min(summary.gpuRows, StartSummary.gpuRow(offer.gpus) + 1) {
      rows.prefetch(summary.row(gpuRow) &+ word)
    }
  }

  /// Raises rows to the new row.
  private func widenLong(_ summary: StartSummary, gpuRows: Int32, by offer: OrderRecord) {
    let low = scale.bucket(Int64(offer.start)) &>> 3
    let high = min(scale.bucket(Int64(offer.end) - 1) &>> 3, low + 31)
    var gpuRow = gpuRows &- 1
    while gpuRow >= 0 {
      let first = summary.row(gpuRow)
      var changed: UInt64 = 0
      for word in low...high {
        let place = first &+ Int32(truncatingIfNeeded: word & 31)
        let old = rows[place]
        let raised = Bytes.greater(old, newRow.words[Int32(truncatingIfNeeded: word & 31)])
        changed |= old ^ raised
        rows[place] = raised
      }
      if changed == 0 { break }
      gpuRow &-= 1
    }
  }

  @inline(never)
  private func enlarge(_ old: StartSummary, gpuRows: Int32) -> StartSummary {
    var new = StartSummary()
    new.gpuRows = max(old.gpuRows, gpuRows)
    new.first = rows.allocate(exponent: new.exponent)
    copyRows(of: old, to: new)
    release(old)
    return new
  }

  /// Adds the rows of `old` to those of `new`, which has as many.
  private func copyRows(of old: StartSummary, to new: StartSummary) {
    guard old.first >= 0 else { return }
    for gpuRow in 0..<old.gpuRows { rows.raise(new.row(gpuRow), to: old.row(gpuRow)) }
  }

  /// Gives back the rows of a leaf or a shelf.
  func release(_ summary: StartSummary) {
    if summary.first >= 0 { rows.release(summary.first, exponent: summary.exponent) }
  }

  func copyHints(of leaf: Int32, to new: Int32) {
    leaves[new].hints = copy(of: leaves[leaf].hints)
  }

  func copyShelfHints(of shelf: Int32, to new: Int32) {
    shelves[new].hints = copy(of: shelves[shelf].hints)
  }

  private func copy(of hints: Hints) -> Hints {
    var copy = hints
    if hints.rows.first >= 0 {
      copy.rows.first = rows.allocate(exponent: hints.rows.exponent)
      copyRows(of: hints.rows, to: copy.rows)
    }
    return copy
  }

  /// Adds the hints of `leaf` to those of the leaf `target`, before its orders move there.
  func joinHints(of leaf: Int32, to target: Int32) {
    if leaves[leaf].hints.rows.first < 0, leaves[target].hints.rows.first >= 0 { makeRows(of: leaf) }
    if leaves[target].hints.rows.first < 0, leaves[leaf].hints.rows.first >= 0 { makeRows(of: target) }
    leaves[target].hints = joined(leaves[target].hints, leaves[leaf].hints)
  }

  /// Adds the hints of `shelf` to those of the shelf `target`.
  func joinShelfHints(of shelf: Int32, to target: Int32) {
    shelves[target].hints = joined(shelves[target].hints, shelves[shelf].hints)
  }

  private func joined(_ hints: Hints, _ added: Hints) -> Hints {
    var joined = hints
    joined.widen(by: added)
    guard added.rows.first >= 0 else { return joined }
    if added.rows.gpuRows > hints.rows.gpuRows || hints.rows.first < 0 {
      joined.rows = enlarge(hints.rows, gpuRows: added.rows.gpuRows)
    }
    copyRows(of: added.rows, to: joined.rows)
    return joined
  }

  // MARK: Asking

  /// Whether an offer of a leaf or a shelf may have what a bid needs.
  @inline(__always)
  func mayServe(_ hints: Hints, _ bid: borrowing Need) -> Bool {
    guard hints.mostGPUs >= bid.gpus, Int64(hints.earliestStart) <= bid.lastStart,
      Int64(hints.latestEnd) >= bid.earliestEnd
    else { return false }
    let row = hints.rows.row(bid.gpuRow)
    if row < 0 { return hints.rows.first < 0 }
    return rows.reach(
      bid.threshold, inRow: row, from: bid.firstBucket &>> 3, to: bid.lastBucket &>> 3,
      firstMask: bid.firstMask, lastMask: bid.lastMask)
  }

  // MARK: Learning

  /// Brings a row of a shelf of offers, and with it those of more GPUs, back to what its leaves' rows have.
  func refreshRow(_ gpuRow: Int32, ofShelf shelf: Int32) {
    newRow.clear()
    for position in 0..<shelves[shelf].count {
      let leaf = shelves.leaf(shelf, position)
      let summary = leaves[leaf].hints.rows
      if summary.first < 0 { add(gpuRow, ofLeaf: leaf) }
      let first = summary.row(gpuRow)
      if first >= 0 { rows.raise(&newRow, to: first) }
    }
    narrow(shelves[shelf].hints.rows, from: gpuRow)
  }

  /// Lowers a row, and those of more GPUs, to at most the new row: where fewer GPUs are not free for so long, more are
  /// not.
  @inline(__always)
  func narrow(_ summary: StartSummary, from gpuRow: Int32) {
    guard gpuRow < summary.gpuRows else { return }
    for gpuRow in gpuRow..<summary.gpuRows { rows.lower(summary.row(gpuRow), to: newRow) }
  }
}

/// What a bid asks of hints.
struct Need {
  /// The smallest piece.
  let gpus: Int32
  let gpuRow: Int32
  let slots: Int32
  /// The last slot in which it may start, and the first at which it may end.
  let lastStart: Int64
  let earliestEnd: Int64
  /// The buckets in which it may start, at most 256.
  let firstBucket: Int64
  let lastBucket: Int64
  /// The bytes of the first and the last of their words that count.
  let firstMask: UInt64
  let lastMask: UInt64
  /// What reaches its length.
  let threshold: UInt64

  /// What `bid` needs; it has at least one slot, and its window has room for it.
  init(_ bid: borrowing Taker, _ scale: TimeScale) {
    gpus = max(1, bid.minimumGPUs)
    gpuRow = StartSummary.gpuRow(gpus)
    slots = bid.slots
    lastStart = bid.end - Int64(bid.slots)
    earliestEnd = bid.start + Int64(bid.slots)
    firstBucket = scale.bucket(bid.start)
    lastBucket = min(scale.bucket(lastStart), firstBucket + 255)
    firstMask = UInt64.max &<< UInt64(bitPattern: (firstBucket & 7) &* 8)
    lastMask = UInt64.max &>> UInt64(bitPattern: 56 &- (lastBucket & 7) &* 8)
    threshold = Bytes.threshold(scale.length(Int64(bid.slots)))
  }
}

extension Hints {
  /// Adds what a bid needs.
  ///
  /// - Returns: whether that was news.
  @inline(__always)
  mutating func widen(by bid: OrderRecord, leastGPUs: Int32) -> Bool {
    if self.leastGPUs <= leastGPUs, leastSlots <= bid.slots, earliestStart <= bid.start, bid.end <= latestEnd {
      return false
    }
    self.leastGPUs = min(self.leastGPUs, leastGPUs)
    leastSlots = min(leastSlots, bid.slots)
    earliestStart = min(earliestStart, bid.start)
    latestEnd = max(latestEnd, bid.end)
    return true
  }

  /// Adds what an offer has.
  @inline(__always)
  mutating func widen(by offer: OrderRecord) {
    mostGPUs = max(mostGPUs, offer.gpus)
    earliestStart = min(earliestStart, offer.start)
    latestEnd = max(latestEnd, offer.end)
  }

  /// Adds what the orders of other hints need and have, but for the rows.
  mutating func widen(by other: Hints) {
    mostGPUs = max(mostGPUs, other.mostGPUs)
    leastGPUs = min(leastGPUs, other.leastGPUs)
    leastSlots = min(leastSlots, other.leastSlots)
    earliestStart = min(earliestStart, other.earliestStart)
    latestEnd = max(latestEnd, other.latestEnd)
  }
}
