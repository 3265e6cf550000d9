/// An order's place in a bucket of the wheel.
struct ExpiryLink: BitwiseCopyable, Sendable {
  /// The order before this one, or `~bucket` for the first.
  var previous: Int32
  /// The order behind this one, or -1.
  var next: Int32
}

/// Which orders expire when: a hierarchical timing wheel (Varghese and Lauck: "Hashed and Hierarchical Timing Wheels",
/// 1987, scheme 7), with eight wheels of 64 buckets for times of 48 bits in milliseconds.
///
/// An order stands in the wheel of the highest six-bit group in which its expiry differs from the wheel's time, and moves
/// down as time comes near. Insertion and removal are O(1); moving the time forward costs O(1) for each order that
/// expires, and at most eight moves for each order in its life.
struct ExpiryWheel: ~Copyable, Sendable {
  private static var wheelCount: Int { 8 }

  /// By the order's slot.
  private var links = Slab<ExpiryLink>()
  private var heads = InlineArray<512, Int32>(repeating: -1)
  /// By wheel: a bit for each bucket that is not empty.
  private var occupied = InlineArray<8, UInt64>(repeating: 0)
  /// Everything up to here has expired.
  private var time: UInt64 = 0

  init() {}

  /// A wheel with the same content in memory of its own.
  init(copying other: borrowing ExpiryWheel) {
    links = Slab(copying: other.links)
    heads = other.heads
    occupied = other.occupied
    time = other.time
  }

  /// The bytes allocated.
  var usedBytes: Int { links.usedBytes }

  /// Makes room for the order of one slot more.
  @inline(__always)
  mutating func addSlot() { _ = links.append(ExpiryLink(previous: -1, next: -1)) }

  /// Puts in the order in `slot`, for which there is room and which expires at `expiry`, after the wheel's time.
  @inline(__always)
  mutating func insert(_ slot: Int32, expiry: UInt64) {
    let difference = (expiry ^ time) | 63
    let wheel = (63 - difference.leadingZeroBitCount) / 6
    let position = Int(truncatingIfNeeded: expiry >> UInt64(6 * wheel)) & 63
    let bucket = wheel << 6 | position
    let head = heads[bucket]
    links[slot] = ExpiryLink(previous: ~Int32(truncatingIfNeeded: bucket), next: head)
    if head >= 0 { links[head].previous = slot }
    heads[bucket] = slot
    occupied[wheel] |= 1 << UInt64(position)
  }

  /// Asks the processor to bring the link of the order in `slot` near.
  @inline(__always)
  func prefetch(_ slot: Int32) { links.prefetch(slot) }

  /// Asks the processor to bring near the links of those before and behind the order in `slot`.
  @inline(__always)
  func prefetchNeighbours(of slot: Int32) {
    guard slot < links.count else { return }
    links.prefetch(links[slot].previous)
    links.prefetch(links[slot].next)
  }

  /// Takes out the order in `slot`, which is in.
  @inline(__always)
  mutating func remove(_ slot: Int32) {
    let link = links[slot]
    if link.next >= 0 { links[link.next].previous = link.previous }
    if link.previous >= 0 {
      links[link.previous].next = link.next
    } else {
      let bucket = Int(~link.previous)
      heads[bucket] = link.next
      if link.next < 0 { occupied[bucket >> 6] &= ~(1 << UInt64(bucket & 63)) }
    }
  }

  /// Moves the time forward to `time` and takes out the orders that have expired by then, in no particular order.
  ///
  /// - Parameter records: by slot, the orders, whose expiries are read.
  mutating func advance(to time: UInt64, records: borrowing Slab<OrderRecord>, expired: inout [Int32]) {
    while let bucket = firstBucket(upTo: time) {
      var slot = heads[bucket]
      heads[bucket] = -1
      occupied[bucket >> 6] &= ~(1 << UInt64(bucket & 63))
      self.time = max(self.time, start(of: bucket))
      while slot >= 0 {
        let next = links[slot].next
        let due = records[slot].expiry
        if due <= time { expired.append(slot) } else { insert(slot, expiry: due) }
        slot = next
      }
    }
    self.time = max(self.time, time)
  }

  /// The first bucket that is not empty, if it starts at or before `time`. What stands in a lower wheel expires before
  /// what stands in a higher one.
  private func firstBucket(upTo time: UInt64) -> Int? {
    for wheel in 0..<Self.wheelCount where occupied[wheel] != 0 {
      // Buckets before the present one are empty: what stood in them has expired or moved down.
      let bucket = wheel << 6 | occupied[wheel].trailingZeroBitCount
      return start(of: bucket) <= time ? bucket : nil
    }
    return nil
  }

  private func start(of bucket: Int) -> UInt64 {
    let shift = UInt64(6 * (bucket >> 6))
    return (self.time >> (shift + 6)) << (shift + 6) | UInt64(bucket & 63) << shift
  }
}
