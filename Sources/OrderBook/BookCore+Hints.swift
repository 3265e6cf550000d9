import Market

/// What a search may hope to find: kept no smaller than the truth by every change, and brought back to it where a search
/// went in vain.
extension BookCore {
  /// Adds what the order in `slot` offers or needs to the hints of its leaves and their shelves.
  func widenHints(_ slot: Int32) {
    widenHints(of: records[slot].leaf, by: records[slot])
    // Only bids are on several ladders, and theirs depend on nothing that comes free: see `widenHints(of:by:)`.
    guard records[slot].flags.contains(.severalClasses) else { return }
    for leaf in details[detailsIndex(records[slot])].leaves where leaf >= 0 {
      widenHints(of: leaf, by: records[slot])
    }
  }

  @inline(__always)
  func widenHints(of leaf: Int32, by record: OrderRecord) {
    if record.isBid {
      let least = max(1, min(record.minimumGPUs, remaining(record)))
      // A shelf's hints are never less than its leaves'.
      guard leaves[leaf].hints.widen(record, leastGPUs: least) else { return }
      _ = shelves[leaves[leaf].shelf].hints.widen(record, leastGPUs: least)
    } else {
      let summary = leaves[leaf].hints.rows
      if record.gpus == 1, record.length == 1, summary.first >= 0 {
        // One row, one bucket: as in a market of single slots.
        guard rows[summary.first].insert(slot: record.start) else { return }
      } else {
        leaves[leaf].hints.rows = widened(summary, by: record)
      }
      let shelf = leaves[leaf].shelf
      shelves[shelf].hints.rows = widened(shelves[shelf].hints.rows, by: record)
    }
  }

  /// Adds all that an offer had when it was whole. It may have less: rows are upper bounds.
  private func widened(_ old: StartSummary, by record: OrderRecord) -> StartSummary {
    var summary = old
    let gpuRows = StartSummary.gpuRow(record.gpus) + 1
    let lengthRows = StartSummary.lengthRow(record.length) + 1
    if gpuRows > summary.gpuRows || lengthRows > summary.lengthRows {
      summary = enlarge(summary, gpuRows: gpuRows, lengthRows: lengthRows)
    }
    let start = Int64(record.start)
    let end = Int64(record.end)
    for lengthRow in 0..<lengthRows {
      let buckets = Buckets(first: start, last: end - Int64(StartSummary.lengthStep(lengthRow)))
      var row = summary.row(0, lengthRow)
      for _ in 0..<gpuRows {
        rows[row].add(buckets)
        row += Int32(summary.lengthRows)
      }
    }
    return summary
  }

  @inline(never)
  private func enlarge(_ old: StartSummary, gpuRows: UInt8, lengthRows: UInt8) -> StartSummary {
    var new = StartSummary()
    new.gpuRows = max(old.gpuRows, gpuRows)
    new.lengthRows = max(old.lengthRows, lengthRows)
    new.first = rows.allocate(exponent: new.exponent)
    copyRows(of: old, to: new)
    release(old)
    return new
  }

  private func copyRows(of old: StartSummary, to new: StartSummary) {
    for gpuRow in 0..<old.gpuRows {
      for lengthRow in 0..<old.lengthRows {
        let buckets = rows[old.row(gpuRow, lengthRow)]
        rows[new.row(gpuRow, lengthRow)].add(buckets)
      }
    }
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

  /// Adds the hints of `leaf` to those of the leaf `target`.
  func joinHints(of leaf: Int32, to target: Int32) {
    leaves[target].hints = joined(leaves[target].hints, leaves[leaf].hints)
  }

  /// Adds the hints of `shelf` to those of the shelf `target`.
  func joinShelfHints(of shelf: Int32, to target: Int32) {
    shelves[target].hints = joined(shelves[target].hints, shelves[shelf].hints)
  }

  private func joined(_ hints: Hints, _ added: Hints) -> Hints {
    var joined = hints
    joined.widen(added)
    guard added.rows.first >= 0 else { return joined }
    if added.rows.gpuRows > hints.rows.gpuRows || added.rows.lengthRows > hints.rows.lengthRows {
      joined.rows = enlarge(hints.rows, gpuRows: added.rows.gpuRows, lengthRows: added.rows.lengthRows)
    }
    copyRows(of: added.rows, to: joined.rows)
    return joined
  }

  // MARK: After a search in vain

  /// Brings row (g, r) of a leaf of offers back to what its offers have free.
  func refreshRow(_ gpuRow: UInt8, _ lengthRow: UInt8, ofLeaf leaf: Int32) {
    guard leaves[leaf].hints.rows.row(gpuRow, lengthRow) >= 0 else { return }
    let gpus = StartSummary.gpuStep(gpuRow)
    let length = StartSummary.lengthStep(lengthRow)
    var buckets = Buckets.none
    for position in 0..<leaves[leaf].count {
      let record = records[leaves.slot(leaf, position)]
      guard record.gpus >= gpus, record.length >= length else { continue }
      let start = Int64(record.start)
      let end = Int64(record.end)
      guard record.extra >= 0, extras[record.extra].calendar.count > 0 else {
        buckets.add(first: start, last: end - Int64(length))
        continue
      }
      calendars.forEachRun(
        extras[record.extra].calendar, atMostUsed: Int64(record.gpus - gpus), start: start, end: end
      ) { start, end in
        if end - start >= Int64(length) { buckets.add(first: start, last: end - Int64(length)) }
      }
    }
    narrow(leaves[leaf].hints.rows, from: gpuRow, lengthRow, to: buckets)
  }

  /// Takes out of a row, and of those for more GPUs or a greater length, what is not in `buckets`: where fewer GPUs are
  /// not free for a shorter time, more are not for a longer one. So a search in vain teaches all rows that it can.
  private func narrow(_ summary: StartSummary, from gpuRow: UInt8, _ lengthRow: UInt8, to buckets: Buckets) {
    let width = Int32(summary.lengthRows)
    var first = summary.row(gpuRow, lengthRow)
    for _ in gpuRow..<summary.gpuRows {
      for row in first..<first + width - Int32(lengthRow) { rows[row].keep(only: buckets) }
      first += width
    }
  }

  /// Brings row (g, r) of a shelf of offers back to what its leaves' rows have.
  func refreshRow(_ gpuRow: UInt8, _ lengthRow: UInt8, ofShelf shelf: Int32) {
    guard shelves[shelf].hints.rows.row(gpuRow, lengthRow) >= 0 else { return }
    var buckets = Buckets.none
    for position in 0..<shelves[shelf].count {
      let inLeaf = leaves[shelves.leaf(shelf, position)].hints.rows.row(gpuRow, lengthRow)
      if inLeaf >= 0 { buckets.add(rows[inLeaf]) }
    }
    narrow(shelves[shelf].hints.rows, from: gpuRow, lengthRow, to: buckets)
  }
}

extension Hints {
  /// Adds what a bid needs.
  ///
  /// - Returns: whether that was news.
  @inline(__always)
  mutating func widen(_ bid: OrderRecord, leastGPUs: Int32) -> Bool {
    if self.leastGPUs <= leastGPUs, leastSlots <= bid.slots, earliestStart <= bid.start, bid.end <= latestEnd {
      return false
    }
    self.leastGPUs = min(self.leastGPUs, leastGPUs)
    leastSlots = min(leastSlots, bid.slots)
    earliestStart = min(earliestStart, bid.start)
    latestEnd = max(latestEnd, bid.end)
    return true
  }

  /// Adds what the bids of other hints need.
  mutating func widen(_ other: Hints) {
    leastGPUs = min(leastGPUs, other.leastGPUs)
    leastSlots = min(leastSlots, other.leastSlots)
    earliestStart = min(earliestStart, other.earliestStart)
    latestEnd = max(latestEnd, other.latestEnd)
  }
}
