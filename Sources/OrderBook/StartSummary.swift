/// How long a delivery could last from when on, for each of some numbers of GPUs, in any of the offers of a leaf or a
/// shelf.
///
/// The row of g GPUs has a byte for each of 256 buckets of time, taken modulo 256: the length of the longest run of
/// slots that begins in the bucket and has g GPUs free throughout, in one of the offers. It may be too great: what is
/// carved out is taken out of a row only when a search went there in vain (`docs/ORDERBOOK.md`). A search for so many
/// GPUs looks at the row of the greatest step that is no greater.
///
/// From one bucket to the next, the last one's being the first, no row falls by more than a bucket has units: a run goes on
/// where it began. The greater and the lesser of two rows, byte by byte, keep that, and ``SummaryRow`` relies on it.
///
/// The rows lie in a pool of words, eight buckets a word.
struct StartSummary: BitwiseCopyable, Sendable {
  /// Where the rows lie, or -1 while there are none.
  var first: Int32 = -1
  private var rowCount: Int8 = 0

  init() {}

  /// How many rows there are, one for each of the first steps: at most 11.
  @inline(__always) var gpuRows: Int32 {
    get { Int32(rowCount) }
    set { rowCount = Int8(truncatingIfNeeded: newValue) }
  }

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
  func length(_ slots: Int64) -> UInt64 { UInt64(truncatingIfNeeded: min(127, units(slots))) }

  /// A run's length in quarters of a bucket, or in slots where a bucket has fewer than four.
  @inline(__always)
  func units(_ slots: Int64) -> Int64 { (slots &- 1) &>> unitShift &+ 1 }

  /// How many of these units a bucket has.
  @inline(__always)
  var unitsInBucket: Int64 { 1 &<< (bucketShift &- unitShift) }
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
    // 127 where the byte of `one` is at least that of `other`, 0 elsewhere.
    let top = ((one | tops) &- other) & tops
    let mask = top &- (top &>> 7)
    return one & mask | other & ~mask
  }

  /// Bytes that fall by `step` from `first` on, at most 127 each. From the first that would be below 0 on they mean
  /// nothing.
  @inline(__always)
  static func falling(from first: Int64, by step: Int64) -> UInt64 {
    if first <= 127 { return UInt64(bitPattern: first &* Int64(bitPattern: ones) &- step &* 0x0706_0504_0302_0100) }
    // So many bytes are 127.
    let full = (first &- 127) / step &+ 1
    if full >= 8 { return ones &* 127 }
    let rest = UInt64(bitPattern: (first &- full &* step) &* Int64(bitPattern: ones) &- step &* 0x0706_0504_0302_0100)
    let shift = UInt64(bitPattern: full &* 8)
    return rest &<< shift | (ones &* 127) & ~(UInt64.max &<< shift)
  }
}

/// One row on its own, to be worked out.
struct SummaryRow: ~Copyable, Sendable {
  var words = Slab<UInt64>()

  /// A row of zeros.
  init() { _ = words.appendRun(StartSummary.rowWords, repeating: 0) }

  /// Makes all bytes 0.
  mutating func clear() { words.clear() }

  /// Adds the run of slots from `start` up to `end`, which is later: a byte for each bucket in which it has a slot.
  @inline(__always)
  mutating func add(start: Int64, end: Int64, _ scale: TimeScale) {
    let first = scale.bucket(start)
    let length = scale.length(end &- start)
    let shift = UInt64(bitPattern: (first & 7) &* 8)
    // No row falls faster than by a bucket's units: one that has so much more here has as much in the buckets behind.
    let known = words[Int32(truncatingIfNeeded: first &>> 3 & 31)] &>> shift & 0xFF
    if known >= length &+ UInt64(bitPattern: scale.unitsInBucket) { return }
    // Of buckets that share a byte the first has the longest run.
    let last = min(scale.bucket(end &- 1), first &+ 255)
    raise(first &>> 3, to: length &<< shift)
    if first == last { return }
    // In the buckets behind the first the run begins where the bucket does.
    let lastWord = last &>> 3
    var word = (first &+ 1) &>> 3
    var mask = UInt64.max &<< UInt64(bitPattern: ((first &+ 1) & 7) &* 8)
    while word <= lastWord {
      if word == lastWord { mask &= UInt64.max &>> UInt64(bitPattern: 56 &- (last & 7) &* 8) }
      let length = scale.units(end &- ((word &<< 3) &<< scale.bucketShift))
      raise(word, to: Bytes.falling(from: length, by: scale.unitsInBucket) & mask)
      mask = .max
      word &+= 1
    }
  }

  @inline(__always)
  private mutating func raise(_ word: Int64, to bytes: UInt64) {
    let place = Int32(truncatingIfNeeded: word & 31)
    words[place] = Bytes.greater(words[place], bytes)
  }
}
