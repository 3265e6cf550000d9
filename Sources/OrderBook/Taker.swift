import Market
import NodeCrypto

/// The order that looks for a counter-order, in the book or only thought of, as a search needs it.
struct Taker {
  /// When a bid came, and all that it wants.
  struct Alone: BitwiseCopyable {
    var time: UInt64
    var gpus: Int32
  }

  /// Its slot, or -1 when it is not in the book.
  var slot: Int32 = -1
  var isBid: Bool
  var owner: NodeID
  /// Its place in time: counter-orders must come before it.
  var time: UInt64
  var place: UInt64
  /// The highest rank at which a counter-order's price still crosses.
  var limit: Int64
  /// The window from the earliest start on, in slots.
  var start: Int64
  var end: Int64
  /// A bid's GPUs not yet taken; an offer's GPUs.
  var gpus: Int32
  /// Of a bid: the smallest piece, no greater than what is left; all that is left if the bid is all-or-none. Of an offer:
  /// the fewest GPUs in one trade.
  var minimumGPUs: Int32
  /// Whether it is a bid that is all-or-none over several offers.
  var isWhole = false
  /// Of an all-or-none bid that takes pieces of earlier and later offers: itself as it came. Later offers that can fill
  /// it alone are left to their owners.
  var alone: Alone?
  /// The slots that a bid wants, or the fewest that an offer sells.
  var slots: Int32
  /// An offer's calendar.
  var calendar = StepRun()
  var classes: GPUClassList
  var attributes = Attributes()
  var requirements = Requirements()
}

/// A counter-order with which a trade is possible, and the earliest piece of it.
struct Candidate: BitwiseCopyable {
  var slot: Int32
  var rank: Int64
  var start: Int64
  var gpus: Int32
}

/// Leaves and shelves whose hints promised what they did not have. So many are remembered in one search, the rest in the
/// next ones.
struct VainHints: ~Copyable {
  private var places = InlineArray<48, Int32>(repeating: 0)
  private(set) var count = 0

  mutating func addLeaf(_ leaf: Int32) { add(leaf) }
  mutating func addShelf(_ shelf: Int32) { add(~shelf) }

  /// A leaf, or the complement of a shelf.
  subscript(index: Int) -> Int32 { places[index] }

  private mutating func add(_ place: Int32) {
    guard count < 48 else { return }
    places[count] = place
    count += 1
  }
}

extension BookCore {
  /// The order in `slot` as a taker; nil when it is not open.
  func taker(_ slot: Int32, earliestStart: Slot) -> Taker? {
    let record = records[slot]
    guard record.flags.contains(.open) else { return nil }
    let index = detailsIndex(record)
    let gpus = record.isBid ? remaining(record) : record.gpus
    return Taker(
      slot: slot, isBid: record.isBid, owner: owners[record.owner], time: record.time, place: record.place,
      limit: Self.limit(record.price, isBid: record.isBid),
      start: max(Int64(record.start), earliestStart.index), end: Int64(record.end), gpus: gpus,
      minimumGPUs: record.smallestPiece(remaining: gpus), isWhole: record.flags.contains(.whole), slots: record.slots,
      calendar: record.extra < 0 || record.isBid ? StepRun() : extras[record.extra].calendar,
      classes: classes(record), attributes: index < 0 ? Attributes() : details[index].attributes,
      requirements: index < 0 ? Requirements() : details[index].requirements)
  }

  /// An order that is not in the book as a taker of which nothing is taken; nil when it could never be open.
  func taker(_ order: Order, earliestStart: Slot) -> Taker? {
    let record = OrderRecord.of(order, owner: -1)
    guard !record.flags.contains(.exotic), record.gpus >= 1, record.isBid || record.gpus >= record.minimumGPUs,
      record.isBid || (record.minimumGPUs >= 1 && record.slots >= 1 && record.length >= record.slots)
    else { return nil }
    var taker = Taker(
      isBid: record.isBid, owner: order.owner, time: record.time, place: record.place,
      limit: Self.limit(record.price, isBid: record.isBid), start: max(Int64(record.start), earliestStart.index),
      end: Int64(record.end), gpus: record.gpus,
      minimumGPUs: record.smallestPiece(remaining: record.gpus), isWhole: record.flags.contains(.whole),
      slots: record.slots, classes: order.body.gpuClasses)
    switch order.body {
    case .offer(let offer): taker.attributes = offer.attributes
    case .bid(let bid): taker.requirements = bid.requirements
    }
    return taker
  }

  /// The rank, among counter-orders, of an order's own price.
  private static func limit(_ price: Int64, isBid: Bool) -> Int64 { OrderRecord.rank(of: price, isBid: !isBid) }

  /// Whether the order in `slot` came before `taker`.
  @inline(__always)
  func came(_ slot: Int32, before taker: borrowing Taker) -> Bool {
    let time = records[slot].time
    if time != taker.time { return time < taker.time }
    let owner = owners[records[slot].owner]
    if owner != taker.owner { return owner < taker.owner }
    return records[slot].place < taker.place
  }
}
