import Market
import NodeCrypto

/// Memory asked for before it is needed.
///
/// A change follows a chain: from the table of ids to the order's record, from there to its leaf and to its neighbours in
/// the expiry wheel. Each step waits for the one before it, but the chains of several orders have nothing to do with each
/// other. So the first step is taken for all orders, then the second for all, then the third.
extension BookCore {
  /// So many orders take each step together: more lines at once than the processor can wait for, and no more than the
  /// first cache holds.
  static var together: Int { 32 }
  /// A book with fewer orders is near anyhow, in the processor's second cache: asking would cost more than waiting.
  private static var fewOrders: Int32 { 1 << 14 }

  func prefetch(_ ids: Span<OrderID>, inserting bodies: Span<OrderBody>, at times: Span<Timestamp>) {
    precondition(bodies.count == times.count, "each order has a time")
    if records.count < Self.fewOrders { return }
    var first = 0
    while first < bodies.count {
      prefetch(bodies, times, first..<min(bodies.count, first + Self.together))
      first += Self.together
    }
    first = 0
    while first < ids.count {
      prefetch(ids, first..<min(ids.count, first + Self.together))
      first += Self.together
    }
  }

  @inline(never)
  private func prefetch(_ bodies: Span<OrderBody>, _ times: Span<Timestamp>, _ range: Range<Int>) {
    var ladders = InlineArray<32, Int>(repeating: 0)
    var ranks = InlineArray<32, Int64>(repeating: 0)
    var targets = InlineArray<32, Int32>(repeating: -1)
    for index in range {
      let place = index - range.lowerBound
      (ladders[place], ranks[place]) = Self.ladderAndRank(of: bodies[index])
      lastLeaves.prefetch(lastLeafIndex(ladders[place], ranks[place]))
    }
    for place in 0..<range.count {
      let leaf = lastLeaves[lastLeafIndex(ladders[place], ranks[place])]
      if leaf >= 0 { leaves.prefetch(leaf) }
      targets[place] = leaf
    }
    // An order that is not the latest of its price belongs in the middle of it, perhaps some leaves on.
    for place in 0..<range.count where targets[place] >= 0 {
      leaves.prefetchDistances(of: targets[place])
      let time = Self.time(times[range.lowerBound + place])
      if time > leaves[targets[place]].latest {
        targets[place] = -1
        continue
      }
      let leaf = leafFromLast(ranks[place], time, in: ladders[place])
      if leaf >= 0, leaf != targets[place] {
        leaves.prefetch(leaf)
        leaves.prefetchDistances(of: leaf)
      }
      targets[place] = leaf
    }
    for place in 0..<range.count where targets[place] >= 0 {
      prefetchNeighbours(of: ranks[place], Self.time(times[range.lowerBound + place]), in: targets[place])
    }
  }

  private static func time(_ time: Timestamp) -> UInt64 { UInt64(clamping: time.milliseconds) }

  /// Where an order rests: of one that names several classes, the first ladder.
  @inline(__always)
  private static func ladderAndRank(of body: borrowing OrderBody) -> (ladder: Int, rank: Int64) {
    switch body {
    case .offer(let offer):
      (ladderIndex(of: offer.gpuClass, isBid: false), OrderRecord.rank(of: offer.price.micros, isBid: false))
    case .bid(let bid):
      (
        ladderIndex(of: bid.gpuClasses.first ?? GPUClassIndex(0), isBid: true),
        OrderRecord.rank(of: bid.price.micros, isBid: true)
      )
    }
  }

  @inline(never)
  private func prefetch(_ ids: Span<OrderID>, _ range: Range<Int>) {
    var slots = InlineArray<32, Int32>(repeating: -1)
    var fingerprints = InlineArray<32, UInt32>(repeating: 0)
    for index in range {
      let fingerprint = orders.fingerprint(of: ids[index])
      fingerprints[index - range.lowerBound] = fingerprint
      orders.prefetchEntry(of: fingerprint)
    }
    for place in 0..<range.count {
      let slot = orders.prefetchIdentifier(of: fingerprints[place])
      slots[place] = slot
      records.prefetch(slot)
      wheel.prefetch(slot)
    }
    for index in 0..<range.count where slots[index] >= 0 {
      let leaf = records[slots[index]].leaf
      if leaf >= 0 { leaves.prefetch(leaf) }
      wheel.prefetchNeighbours(of: slots[index])
    }
    prefetchDistances(of: slots.span.extracting(0..<range.count))
  }

  /// The same for orders that are to be taken out, whose records have just been read.
  @inline(never)
  func prefetch(_ slots: Span<Int32>) {
    for index in slots.indices {
      orders.prefetchEntry(of: orders.fingerprint(of: orders[slots[index]]))
      let leaf = records[slots[index]].leaf
      if leaf >= 0 { leaves.prefetch(leaf) }
      let extra = records[slots[index]].extra
      if extra >= 0 { extras.prefetch(extra) }
    }
    prefetchDistances(of: slots)
  }

  /// The last step for orders that may be taken out, whose leaves are near; -1 stands for none.
  @inline(__always)
  private func prefetchDistances(of slots: Span<Int32>) {
    for index in slots.indices where slots[index] >= 0 {
      let leaf = records[slots[index]].leaf
      if leaf >= 0 { leaves.prefetchDistances(of: leaf) }
    }
  }
}
