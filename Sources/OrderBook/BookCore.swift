import Market
import NodeCrypto

/// The book's memory: every order's record, the ladders and the rest. ``OrderBook`` makes a value of it.
///
/// A class, because the compiler copies a large struct to pass it to a method that only reads it. Its properties are not
/// checked for exclusive access at run time, which would cost a factor of two and more: an ``OrderBook`` calls a
/// changing method only on a core that it alone refers to, and no method hands out access to a property.
final class BookCore: @unchecked Sendable {
  let classVRAMMiB: [UInt32]
  let scale: TimeScale
  @exclusivity(unchecked) var time = Timestamp.zero

  /// By slot.
  @exclusivity(unchecked) var records = Slab<OrderRecord>()
  @exclusivity(unchecked) var extras = Slab<OrderExtra>()
  /// The first of the vacant extras, each of which has the next one in the place of its details; or -1.
  @exclusivity(unchecked) var vacantExtra: Int32 = -1
  @exclusivity(unchecked) var details: [OrderDetails] = []
  @exclusivity(unchecked) var vacantDetails: [Int32] = []
  @exclusivity(unchecked) var calendars = StepCalendars()
  /// The orders that the book has, by id; their slots are those of `records`.
  @exclusivity(unchecked) var orders: IdentifierTable<OrderTag>
  /// The owners of the orders in `records`.
  @exclusivity(unchecked) var owners: IdentifierTable<NodeTag>
  /// By the last bits of an owner's first word: the slot that the last such owner of whom an order came had then, or -1.
  /// May be vacant or another owner's by now.
  @exclusivity(unchecked) var recentOwners = Slab<Int32>()
  /// By the owner's slot: its orders.
  @exclusivity(unchecked) var ownerCounts = Slab<OwnerCount>()
  /// The owner whose orders are listed, each side in priority order.
  let own: NodeID?
  @exclusivity(unchecked) var ownOffers: [Int32] = []
  @exclusivity(unchecked) var ownBids: [Int32] = []
  @exclusivity(unchecked) var wheel = ExpiryWheel()
  /// Exotic orders, which are in no wheel and on no ladder.
  @exclusivity(unchecked) var exotic: [Int32] = []

  @exclusivity(unchecked) var leaves = Leaves()
  @exclusivity(unchecked) var vacantLeaf: Int32 = -1
  @exclusivity(unchecked) var columns = LeafColumns()
  /// By a hash of ladder and rank: the leaf in which an order with that rank was put last. May be wrong. Their number is
  /// a power of two and grows with that of the leaves up to ``mostLastLeaves``.
  @exclusivity(unchecked) var lastLeaves = Slab<Int32>()
  @exclusivity(unchecked) var shelves = Shelves()
  @exclusivity(unchecked) var vacantShelf: Int32 = -1
  @exclusivity(unchecked) var rows = RunPool(filler: UInt64(0))
  /// The row that is being worked out.
  @exclusivity(unchecked) var newRow = SummaryRow()
  /// By class and side: see ``ladderIndex(of:isBid:)``. The shelves of each, the best first.
  @exclusivity(unchecked) var ladders: [[Int32]] = []
  @exclusivity(unchecked) var restingOffers = 0
  @exclusivity(unchecked) var restingBids = 0

  @exclusivity(unchecked) var digestState = DigestState()

  /// A power of two.
  static var recentOwnerCount: Int32 { 1 << 10 }
  /// Markets have fewer prices in use at a time.
  static var mostLastLeaves: Int32 { 1 << 15 }

  /// How many orders of an owner there are.
  struct OwnerCount: BitwiseCopyable, Sendable {
    /// In `records`, those that left the book included as long as they are in the digest's hash.
    var held: Int32 = 0
    /// In the book.
    var present: Int32 = 0
  }

  /// An empty book at the Unix epoch.
  init(classVRAMMiB: [UInt32], own: NodeID?, slotsPerHour: Int64, seed: UInt64) {
    self.classVRAMMiB = classVRAMMiB
    scale = TimeScale(slotsPerHour: slotsPerHour)
    self.own = own
    var generator = SplitMix64(seed: seed)
    orders = IdentifierTable(key: (generator.next(), generator.next(), generator.next(), generator.next()))
    owners = IdentifierTable(key: (generator.next(), generator.next(), generator.next(), generator.next()))
    _ = lastLeaves.appendRun(64, repeating: -1)
    _ = recentOwners.appendRun(Self.recentOwnerCount, repeating: -1)
  }

  /// A book with the same content in memory of its own. O(n).
  init(copying other: BookCore) {
    classVRAMMiB = other.classVRAMMiB
    scale = other.scale
    time = other.time
    records = Slab(copying: other.records)
    extras = Slab(copying: other.extras)
    vacantExtra = other.vacantExtra
    details = other.details
    vacantDetails = other.vacantDetails
    calendars = StepCalendars(copying: other.calendars)
    orders = IdentifierTable(copying: other.orders)
    owners = IdentifierTable(copying: other.owners)
    recentOwners = Slab(copying: other.recentOwners)
    ownerCounts = Slab(copying: other.ownerCounts)
    own = other.own
    ownOffers = other.ownOffers
    ownBids = other.ownBids
    wheel = ExpiryWheel(copying: other.wheel)
    exotic = other.exotic
    leaves = Leaves(copying: other.leaves)
    vacantLeaf = other.vacantLeaf
    columns = LeafColumns(copying: other.columns)
    lastLeaves = Slab(copying: other.lastLeaves)
    shelves = Shelves(copying: other.shelves)
    vacantShelf = other.vacantShelf
    rows = RunPool(copying: other.rows)
    ladders = other.ladders
    restingOffers = other.restingOffers
    restingBids = other.restingBids
    digestState = other.digestState
  }

  /// The bytes in use for orders, but for the details that few have and lists of slots.
  var usedBytes: Int {
    records.usedBytes + extras.usedBytes + calendars.usedBytes + orders.usedBytes
      + owners.usedBytes + ownerCounts.usedBytes + wheel.usedBytes + leaves.usedBytes
      + columns.usedBytes + shelves.usedBytes + rows.usedBytes
  }

  /// The place of a ladder in `ladders`, which grows to the highest class that had an order.
  static func ladderIndex(of gpuClass: GPUClassIndex, isBid: Bool) -> Int {
    2 * Int(gpuClass.position) + (isBid ? 1 : 0)
  }

  /// Whether the order in `left` comes before the one in `right`. Neither is exotic.
  @inline(__always)
  func precedes(_ left: Int32, _ right: Int32) -> Bool {
    let one = records[left]
    let other = records[right]
    if one.time != other.time { return one.time < other.time }
    if one.owner != other.owner { return owners[one.owner] < owners[other.owner] }
    return one.place < other.place
  }
}
