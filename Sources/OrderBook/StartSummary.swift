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

  /// The length of a row in slots: 1, 2, 4, 6, 8, then by fours up to 48, and 96.
  @inline(__always)
  static func lengthStep(_ lengthRow: UInt8) -> Int32 {
    if lengthRow >= 5 { return lengthRow == 15 ? 96 : 4 * (Int32(lengthRow) - 2) }
    return lengthRow == 0 ? 1 : 2 * Int32(lengthRow)
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
    if length >= 12 { return length >= 96 ? 15 : UInt8(truncatingIfNeeded: min(length, 48) / 4 + 2) }
    return length == 1 ? 0 : UInt8(truncatingIfNeeded: min(length, 8) / 2)
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

  /// Adds the buckets of the slots `first` to `last`, which is no earlier.
  @inline(__always)
  mutating func add(first: Int64, last: Int64) {
    let low = UInt64(bitPattern: first >> 2)
    let high = UInt64(bitPattern: last >> 2)
    if low >> 6 == high >> 6 {
      // Nearly always: all in one word.
      words[Int(truncatingIfNeeded: low >> 6 & 3)] |= (UInt64.max &<< low) & (UInt64.max &>> (63 &- high))
    } else {
      add(Buckets(first: first, last: last))
    }
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

  /// Takes out what is not in `other`.
  @inline(__always)
  mutating func keep(only other: Buckets) { words &= other.words }

  /// Adds the buckets of `other`.
  @inline(__always)
  mutating func add(_ other: Buckets) { words |= other.words }

  /// The bits from `low` up to `high`, both from 0 to 256.
  @inline(__always)
  private static func bits(_ low: Int64, _ high: Int64) -> SIMD4<UInt64> {
    SIMD4(
      bits(below: high) & ~bits(below: low), bits(below: high - 64) & ~bits(below: low - 64),
      bits(below: high - 128) & ~bits(below: low - 128), bits(below: high - 192) & ~bits(below: low - 192))
  }

  /// The lowest `count` bits of a word: none below 0, all from 64 on.
  @inline(__always)
  private static func bits(below count: Int64) -> UInt64 {
    let some = 1 &<< UInt64(bitPattern: count) &- 1
    return count <= 0 ? 0 : count >= 64 ? .max : some
  }

  @inline(__always)
  private func any(_ words: SIMD4<UInt64>) -> Bool {
    (words[0] | words[1] | words[2] | words[3]) != 0
  }
}
