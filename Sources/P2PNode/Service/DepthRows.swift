import Market

/// Which rows a depth has: clock hours, the first one from now on; on a network with short slots, shorter ones for a
/// short span; on one with slots longer than an hour, slots.
struct DepthRows: Sendable {
  static let hourMilliseconds: Int64 = 3_600_000
  /// How far a depth reaches when the request does not say.
  static let defaultHours = 24
  /// A span has about this many rows at least, where the slots are short enough.
  static let fewestRows: Int64 = 6
  /// The lengths that a row may have, in milliseconds, the longest first.
  static let lengths: [Int64] = [3600, 1800, 900, 600, 300, 60, 30, 10].map { $0 * 1000 }

  let gpuClass: GPUClassIndex
  /// GPUs to price.
  let gpus: Int64
  /// Slots of a whole row.
  let slotsPerRow: Int64
  /// The first slot of the first row.
  let start: Slot
  /// Slots of the first row, which is what is left of its hour.
  let firstSlots: Int64
  /// Whole rows behind it.
  let rows: Int

  /// The rows from `now` until `spanMs` milliseconds later, rounded up to a whole row.
  init(gpuClass: GPUClassIndex, spanMs: Int64, gpus: Int64, genesis: Genesis, now: Timestamp) {
    self.gpuClass = gpuClass
    self.gpus = gpus
    let length = Self.lengths.first { $0 * Self.fewestRows <= spanMs } ?? 0
    slotsPerRow = max(1, (length + genesis.slotMilliseconds / 2) / genesis.slotMilliseconds)
    start = genesis.slot(startingFrom: now)
    firstSlots = slotsPerRow - start.index % slotsPerRow
    let end = genesis.slot(startingFrom: now + spanMs)
    let left = max(0, end.index - start.index - firstSlots)
    rows = Int((left + slotsPerRow - 1) / slotsPerRow)
  }
}
