/// How long a delivery could last from when on, for each of some numbers of GPUs, in any of the offers of a leaf or a
/// shelf.
///
/// The row of g GPUs has a byte for each of 256 buckets of time, taken modulo 256: the length of the longest run of
/// slots that begins in the bucket and has g GPUs free throughout, in one of the offers. It may be too great: what is
/// carved out is taken out of a row only when a search went there in vain (`docs/ORDERBOOK.md`). A search for so many
/// GPUs looks at the row of the greatest step that is no greater.
///
/// The rows lie in a pool of words, eight buckets a word.
struct StartSummary: BitwiseCopyable, Sendable {
  /// Where the rows lie, or -1 while there are none.
  var first: Int32 = -1
  var gpuRows: Int32 = 0

  /// The words of a row.
  static var rowWords: Int32 { 32 }

  /// The GPUs of a row: 1, 2, 3, 4, 5, 6, 7, 8, 16, 64, 256.
  @inline(__always)
  static func gpuStep(_ gpuRow: Int32) -> Int32 {
    if gpuRow < 8 { return gpuRow + 1 }
    return gpuRow == 8 ? 16 : gpuRow == 9 ? 64 : 256
  }

  /// The row of the greatest step that is at most `gpus`; of the first for less than 1.
  @inline(__always)
  static func gpuRow(_ gpus: Int32) -> Int32 {
    if gpus <= 8 { return max(gpus, 1) - 1 }
    return gpus < 16 ? 7 : gpus < 64 ? 8 : gpus < 256 ? 9 : 10
  }

  /// The place of a row in the pool; -1 when there is none.
  @inline(__always)
  func row(_ gpuRow: Int32) -> Int32 {
    first >= 0 && gpuRow < gpuRows ? first + gpuRow * Self.rowWords : -1
  }

  /// The exponent of the rows' run in the pool.
  var exponent: Int { RunPool<UInt64>.exponent(for: Int(gpuRows * Self.rowWords)) }
}

/// How slots become buckets and lengths of runs become bytes.
///
/// A bucket has 2^`bucketShift` slots, about an hour. A length is counted in quarters of a bucket, rounded up, and at
/// most 127: a run that is long enough for a bid is never counted as less than the bid is.
struct TimeScale: BitwiseCopyable, Sendable {
  let bucketShift: Int64
  private let unitShift: Int64

  /// A scale for `slotsPerHour` slots in an hour.
  init(slotsPerHour: Int64) {
    let slots = max(1, min(slotsPerHour, 1 << 20))
    bucketShift = Int64(63 - slots.leadingZeroBitCount)
    unitShift = max(0, bucketShift - 2)
  }

  @inline(__always)
  func bucket(_ slot: Int64) -> Int64 { slot &>> bucketShift }

  /// A run's length as a byte, from 1 for one slot.
  @inline(__always)
  func length(_ slots: Int64) -> UInt64 {
    UInt64(truncatingIfNeeded: min(127, (slots &- 1) &>> unitShift &+ 1))
  }
}

/// Eight bytes, each below 128, in one word: compared and combined without looking at one after the other.
enum Bytes {
  private static var ones: UInt64 { 0x0101_0101_0101_0101 }
  private static var tops: UInt64 { 0x8080_8080_8080_8080 }

  /// What added to a word sets the top bit of each byte that is at least `value`, from 1 to 127.
  @inline(__always)
  static func threshold(_ value: UInt64) -> UInt64 { (128 &- value) &* ones }

  /// Whether a byte reaches a threshold.
  @inline(__always)
  static func reach(_ threshold: UInt64, _ word: UInt64) -> Bool { (word &+ threshold) & tops != 0 }

  /// The greater byte of each pair.
  @inline(__always)
  static func greater(_ one: UInt64, _ other: UInt64) -> UInt64 {
    let mask = atLeast(one, other)
    return one & mask | other & ~mask
  }

  /// The smaller byte of each pair.
  @inline(__always)
  static func smaller(_ one: UInt64, _ other: UInt64) -> UInt64 {
    let mask = atLeast(one, other)
    return other & mask | one & ~mask
  }

  /// 127 where the byte of `one` is at least that of `other`, 0 elsewhere.
  @inline(__always)
  private static func atLeast(_ one: UInt64, _ other: UInt64) -> UInt64 {
    let top = ((one | tops) &- other) & tops
    return top &- (top &>> 7)
  }

  /// Bytes that fall by four from `first` on; each stays above 0.
  @inline(__always)
  static func falling(from first: UInt64) -> UInt64 { first &* ones &- 0x1C18_1410_0C08_0400 }
}

/// One row on its own.
struct SummaryRow {
  private(set) var words = InlineArray<32, UInt64>(repeating: 0)

  /// Adds the bytes of a word.
  @inline(__always)
  mutating func raise(_ word: Int, to bytes: UInt64) { words[word] = Bytes.greater(words[word], bytes) }

  /// Adds the run of slots from `start` up to `end`, which is later: a byte for each bucket in which it has a slot.
  @inline(__always)
  mutating func add(start: Int64, end: Int64, _ scale: TimeScale) {
    var bucket = scale.bucket(start)
    // Of buckets that share a byte the first has the longest run.
    let last = min(scale.bucket(end &- 1), bucket &+ 255)
    var begin = start
    while bucket <= last {
      let length = scale.length(end &- begin)
      let word = Int(bucket &>> 3 & 31)
      let offset = UInt64(bitPattern: bucket & 7) &* 8
      // A whole word at once, where the length falls by a bucket's four quarters from one byte to the next.
      if offset == 0, bucket &+ 7 <= last, length > 28, length < 127 || scale.length(end &- begin &- 1) < 127,
        scale.bucketShift >= 2, begin == bucket &<< scale.bucketShift
      {
        words[word] = Bytes.greater(words[word], Bytes.falling(from: length))
        bucket &+= 8
      } else {
        words[word] = Bytes.greater(words[word], length &<< offset)
        bucket &+= 1
      }
      begin = bucket &<< scale.bucketShift
    }
  }
}
