import Market

/// What a search reads of up to sixteen neighbouring offers of a leaf, side by side.
///
/// The offers of a leaf lie anywhere in memory. Looked at one after the other, each would be waited for, and so would its
/// calendar behind it; read in three rounds, record by record, then calendar by calendar, then step by step, the
/// processor waits for many at once.
struct LeafScan: ~Copyable {
  /// How many offers it reads.
  static var width: Int32 { 16 }

  private(set) var offers: InlineArray<16, Offer>

  /// What is read of one offer; of a place without one, no GPUs.
  struct Offer: BitwiseCopyable {
    var slot: Int32 = -1
    var gpus: Int32 = 0
    var start: UInt32 = 0
    var end: UInt32 = 0
    /// First where its extra is, then where its calendar is.
    var first: Int32 = -1
    var stepCount: Int32 = 0
  }

  /// The offers from `position` on.
  @inline(__always)
  init(_ leaf: Int32, from position: Int32, of core: BookCore) {
    let count = min(Self.width, core.leaves[leaf].count - position)
    offers = InlineArray { index in
      guard index < count else { return Offer() }
      let slot = core.leaves.slot(leaf, position + Int32(truncatingIfNeeded: index))
      return Offer(
        slot: slot, gpus: core.records[slot].gpus, start: core.records[slot].start, end: core.records[slot].end,
        first: core.records[slot].extra)
    }
    for index in 0..<Int(count) where offers[index].first >= 0 {
      let calendar = core.extras[offers[index].first].calendar
      offers[index].first = calendar.first
      offers[index].stepCount = calendar.count
    }
    for index in 0..<Int(count) where offers[index].stepCount > 0 {
      // No calendar begins there: the count stays what it was, and reading the step is what matters.
      offers[index].stepCount &+= core.calendars.firstStart(at: offers[index].first) == .max ? 1 : 0
    }
  }
}

extension BookCore {
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
    var position: Int32 = 0
    while position < leaves[leaf].count {
      let scan = LeafScan(leaf, from: position, of: self)
      for index in 0..<Int(LeafScan.width) {
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
      position += LeafScan.width
    }
  }
}
