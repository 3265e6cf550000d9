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

  func prefetch(_ ids: Span<OrderID>, inserting bodies: Span<OrderBody>, at time: Timestamp) {
    if records.count < Self.fewOrders { return }
    let milliseconds = UInt64(max(0, time.milliseconds))
    var first = 0
    while first < bodies.count {
      prefetch(bodies, first..<min(bodies.count, first + Self.together), at: milliseconds)
      first += Self.together
    }
    first = 0
    while first < ids.count {
      prefetch(ids, first..<min(ids.count, first + Self.together))
      first += Self.together
    }
  }

  /// Where an order belongs, as far as its body says.
  private struct Destination: BitwiseCopyable {
    var rank: Int64 = 0
    var ladder: Int32 = 0
    /// Where the leaf is noted in which an order with this rank was put last; then that leaf, or the one to look into.
    var leaf: Int32 = -1
  }

  @inline(never)
  private func prefetch(_ bodies: Span<OrderBody>, _ range: Range<Int>, at time: UInt64) {
    var found = InlineArray<32, Destination>(repeating: Destination())
    for index in range {
      let destination = destination(of: bodies[index])
      found[index &- range.lowerBound] = destination
      lastLeaves.prefetch(destination.leaf)
    }
    for index in 0..<range.count {
      found[index].leaf = lastLeaves[found[index].leaf]
      if found[index].leaf >= 0 { leaves.prefetch(found[index].leaf) }
    }
    // Nearly always the orders are the latest, and what they touch is on its way.
    for index in 0..<range.count {
      let leaf = found[index].leaf
      if leaf >= 0, time > leaves[leaf].latest { found[index].leaf = -1 } else { look(for: &found[index], at: time) }
    }
    for index in 0..<range.count where found[index].leaf >= 0 { prefetchRecords(of: found[index].leaf) }
  }

  /// Finds the leaf in which an order belongs that is not the latest of its price, and asks for it.
  @inline(never)
  private func look(for destination: inout Destination, at time: UInt64) {
    let rank = destination.rank
    destination.leaf = leaf(in: Int(destination.ladder)) { leaf in
      let first = leaves.first(leaf)
      return first.rank != rank ? first.rank < rank : first.time < time
    }
    if destination.leaf >= 0 { leaves.prefetch(destination.leaf) }
  }

  /// Asks for the records with which an order of a leaf is compared first.
  @inline(__always)
  private func prefetchRecords(of leaf: Int32) {
    for position in stride(from: 0 as Int32, to: leaves[leaf].count, by: 4) {
      records.prefetch(leaves.slot(leaf, position))
    }
  }

  @inline(__always)
  private func destination(of body: borrowing OrderBody) -> Destination {
    var destination = Destination()
    switch body {
    case .offer(let offer):
      destination.ladder = Int32(Self.ladderIndex(of: offer.gpuClass, isBid: false))
      destination.rank = OrderRecord.rank(of: offer.price.micros, isBid: false)
    case .bid(let bid):
      destination.ladder = Int32(Self.ladderIndex(of: bid.gpuClasses.first ?? GPUClassIndex(0), isBid: true))
      destination.rank = OrderRecord.rank(of: bid.price.micros, isBid: true)
    }
    destination.leaf = lastLeafIndex(Int(destination.ladder), destination.rank)
    return destination
  }

  @inline(never)
  private func prefetch(_ ids: Span<OrderID>, _ range: Range<Int>) {
    var slots = InlineArray<32, Int32>(repeating: -1)
    for index in range { orders.prefetchEntry(of: ids[index]) }
    for index in range {
      let slot = orders.prefetch(ids[index])
      slots[index - range.lowerBound] = slot
      records.prefetch(slot)
      wheel.prefetch(slot)
    }
    for index in 0..<range.count where slots[index] >= 0 {
      let leaf = records[slots[index]].leaf
      if leaf >= 0 { leaves.prefetch(leaf) }
      wheel.prefetchNeighbours(of: slots[index])
    }
  }

  /// The same for orders that are to be taken out, whose records have just been read.
  @inline(never)
  func prefetch(_ slots: Span<Int32>) {
    for index in slots.indices {
      orders.prefetchEntry(of: orders[slots[index]])
      let leaf = records[slots[index]].leaf
      if leaf >= 0 { leaves.prefetch(leaf) }
      let extra = records[slots[index]].extra
      if extra >= 0 { extras.prefetch(extra) }
    }
  }
}
