import Market

/// When a delivery could start, for each of some GPUs and some lengths, in any of the offers of a leaf or a shelf.
///
/// Row (g, r) is a set of 256 buckets of four slots, taken modulo 256. It has every bucket in which one of the offers has
/// a slot from which ``gpuStep(_:)`` of g GPUs are free for ``lengthStep(_:)`` of r slots. It may have more: what is carved out is
/// taken out of a row only when a search went there in vain (``OrderBook`` and `docs/ORDERBOOK.md`). A search for so many
/// GPUs and slots looks at the row of the greatest steps that are no greater.
///
/// The rows lie in a pool as `gpuRows x lengthRows`; offers that are small need few.
struct StartSummary: BitwiseCopyable, Sendable {
  /// Where the rows lie, or -1 while there are none.
  var first: Int32 = -1
  var gpuRows: UInt8 = 0
  var lengthRows: UInt8 = 0

  /// The GPUs of a row: 1, 2, 3, 4, 5, 6, 7, 8, 16, 64, 256.
  @inline(__always)
  static func gpuStep(_ gpuRow: UInt8) -> Int32 {
    if gpuRow < 8 { return Int32(gpuRow) + 1 }
    return gpuRow == 8 ? 16 : gpuRow == 9 ? 64 : 256
  }

  /// The length of a row in slots: 1, 4, 8, 12, 16, 24, 32, 48, 96.
  @inline(__always)
  static func lengthStep(_ lengthRow: UInt8) -> Int32 {
    switch lengthRow {
    case 0: 1
    case 1: 4
    case 2: 8
    case 3: 12
    case 4: 16
    case 5: 24
    case 6: 32
    case 7: 48
    default: 96
    }
  }

  /// The row of the greatest GPU step that is at most `gpus`, at least 1.
  @inline(__always)
  static func gpuRow(_ gpus: Int32) -> UInt8 {
    if gpus <= 8 { return UInt8(truncatingIfNeeded: gpus - 1) }
    return gpus < 16 ? 7 : gpus < 64 ? 8 : gpus < 256 ? 9 : 10
  }

  /// The row of the greatest length step that is at most `length`, at least 1.
  @inline(__always)
  static func lengthRow(_ length: Int32) -> UInt8 {
    if length < 4 { return 0 }
    var row: UInt8 = 1
    while row < 8, lengthStep(row + 1) <= length { row += 1 }
    return row
  }

  /// The place of a row in the pool; -1 when there is none, and so nothing to find.
  @inline(__always)
  func row(_ gpuRow: UInt8, _ lengthRow: UInt8) -> Int32 {
    guard gpuRow < gpuRows, lengthRow < lengthRows else { return -1 }
    return first + Int32(gpuRow) * Int32(lengthRows) + Int32(lengthRow)
  }

  /// The exponent of the rows' run in the pool.
  var exponent: Int { RunPool<Buckets>.exponent(for: Int(gpuRows) * Int(lengthRows)) }
}

/// A set of 256 buckets of four slots each, modulo 256.
struct Buckets: BitwiseCopyable, Sendable {
  private var words: SIMD4<UInt64>

  /// No bucket.
  static let none = Buckets(words: .zero)

  private init(words: SIMD4<UInt64>) { self.words = words }

  /// The buckets of the slots `first` to `last`, which is no earlier.
  @inline(__always)
  init(first: Int64, last: Int64) {
    let low = first >> 2
    let count = (last >> 2) - low + 1
    guard count < 256 else {
      words = SIMD4(repeating: .max)
      return
    }
    // Word by word, with the bits counted from the first bucket's place on, round the end.
    let from = low & 255
    words = Self.bits(from, min(256, from + count))
    if from + count > 256 { words |= Self.bits(0, from + count - 256) }
  }

  /// Adds the bucket of `slot`.
  ///
  /// - Returns: whether it was new.
  @inline(__always)
  mutating func insert(slot: UInt32) -> Bool {
    let bucket = slot >> 2
    let word = Int(bucket >> 6 & 3)
    let bit: UInt64 = 1 << UInt64(bucket & 63)
    if words[word] & bit != 0 { return false }
    words[word] |= bit
    return true
  }

  /// Whether the two sets have a bucket in common.
  @inline(__always)
  func meets(_ other: Buckets) -> Bool { any(words & other.words) }

  /// Adds the buckets of `other`.
  @inline(__always)
  mutating func add(_ other: Buckets) { words |= other.words }

  /// The bits from `low` up to `high`, both from 0 to 256.
  @inline(__always)
  private static func bits(_ low: Int64, _ high: Int64) -> SIMD4<UInt64> {
    var words = SIMD4<UInt64>.zero
    for word in 0..<4 {
      let start = max(0, min(64, low - Int64(64 * word)))
      let end = max(0, min(64, high - Int64(64 * word)))
      // Smart shifts: by 64 gives 0.
      words[word] = (UInt64.max << UInt64(start)) & ~(UInt64.max << UInt64(end))
    }
    return words
  }

  @inline(__always)
  private func any(_ words: SIMD4<UInt64>) -> Bool {
    (words[0] | words[1] | words[2] | words[3]) != 0
  }
}
