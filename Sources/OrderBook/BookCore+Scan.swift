import Market

/// What a search reads of up to sixteen offers of a leaf, side by side.
///
/// The offers of a leaf lie anywhere in memory. Looked at one after the other, each would be waited for, and so would its
/// calendar behind it; read in three rounds, record by record, then calendar by calendar, then step by step, the
/// processor waits for many at once.
struct LeafScan: ~Copyable {
  /// How many offers it reads at most.
  private static var width: Int { 16 }

  /// The first ``count`` are of the last read, what is behind them of reads before it.
  private(set) var offers = InlineArray<16, Offer>(repeating: Offer())
  /// How many there are.
  private(set) var count = 0

  /// What is read of one offer.
  struct Offer: BitwiseCopyable {
    var slot: Int32 = -1
    var position: Int32 = -1
    var gpus: Int32 = 0
    var start: UInt32 = 0
    var end: UInt32 = 0
    /// First where its extra is, then where its calendar is.
    var first: Int32 = -1
    var stepCount: Int32 = 0
  }

  /// Reads the first offers of `places`, which has a bit for each position, and takes them out of it.
  @inline(__always)
  mutating func read(_ leaf: Int32, _ places: inout UInt32, of core: BookCore) {
    count = min(Self.width, places.nonzeroBitCount)
    for index in 0..<count {
      let position = Int32(truncatingIfNeeded: places.trailingZeroBitCount)
      places &= places &- 1
      let slot = core.leaves.slot(leaf, position)
      offers[index] = Offer(
        slot: slot, position: position, gpus: core.records[slot].gpus, start: core.records[slot].start,
        end: core.records[slot].end, first: core.records[slot].extra)
    }
    for index in 0..<count where offers[index].first >= 0 {
      let calendar = core.extras[offers[index].first].calendar
      offers[index].first = calendar.first
      offers[index].stepCount = calendar.count
    }
    for index in 0..<count where offers[index].stepCount > 0 {
      // No calendar begins there: the count stays what it was, and reading the step is what matters.
      offers[index].stepCount &+= core.calendars.firstStart(at: offers[index].first) == .max ? 1 : 0
    }
  }
}

extension BookCore {
  /// The positions of the offers of a leaf that a bid has to look at, a bit for each.
  @inline(__always)
  func places(of leaf: Int32, for bid: borrowing Need) -> UInt32 {
    columns.has(leaf) ? columns.places(leaf, for: bid) : allPlaces(of: leaf)
  }

  /// The positions of all orders of a leaf, a bit for each.
  @inline(__always)
  private func allPlaces(of leaf: Int32) -> UInt32 {
    UInt32(truncatingIfNeeded: 1 &<< UInt64(truncatingIfNeeded: leaves[leaf].count) &- 1)
  }

  /// Makes the columns of a leaf that has rows known.
  func makeColumns(of leaf: Int32) {
    guard leaves[leaf].hints.rows.first >= 0, !columns.has(leaf) else { return }
    columns.make(leaf)
    for position in 0..<leaves[leaf].count { columns.set(leaf, position, records[leaves.slot(leaf, position)]) }
  }

  /// Brings a row of a leaf of offers, and with it those of more GPUs, back to what its offers have free.
  func refreshRow(_ gpuRow: Int32, ofLeaf leaf: Int32) {
    guard leaves[leaf].hints.rows.row(gpuRow) >= 0 else { return }
    newRow.clear()
    add(gpuRow, ofLeaf: leaf)
    narrow(leaves[leaf].hints.rows, from: gpuRow)
  }

  /// Adds what the offers of a leaf have free to the new row.
  @inline(__always)
  func add(_ gpuRow: Int32, ofLeaf leaf: Int32) {
    let gpus = StartSummary.gpuStep(gpuRow)
    var places = columns.has(leaf) ? columns.places(leaf, gpus: gpus) : allPlaces(of: leaf)
    var scan = LeafScan()
    while places != 0 {
      scan.read(leaf, &places, of: self)
      for index in 0..<scan.count {
        let offer = scan.offers[index]
        if offer.gpus < gpus { continue }
        if offer.stepCount == 0 {
          newRow.add(start: Int64(offer.start), end: Int64(offer.end), scale)
          continue
        }
        calendars.forEachRun(
          StepRun(first: offer.first, count: offer.stepCount), atMostUsed: Int64(offer.gpus - gpus),
          start: Int64(offer.start), end: Int64(offer.end)
        ) { start, end in newRow.add(start: start, end: end, scale) }
      }
    }
  }
}
