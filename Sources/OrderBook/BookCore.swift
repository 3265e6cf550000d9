import Market
import NodeCrypto

/// The book's memory: every order's record, the ladders and the rest, as one value that is never copied by accident.
///
/// A struct that is passed `inout` needs no dynamic exclusivity checks, which cost a class with the same fields a factor
/// of two and more. ``OrderBook`` wraps it for the rest of the program.
struct BookCore: ~Copyable, Sendable {
  let classVRAMMiB: [UInt32]
  var time = Timestamp.zero

  /// By slot.
  var records = Slab<OrderRecord>(shift: 12)
  var extras = Slab<OrderExtra>(shift: 10)
  var vacantExtras: [Int32] = []
  var details: [OrderDetails] = []
  var vacantDetails: [Int32] = []
  var calendars = StepCalendars()
  /// The orders that the book has, by id; their slots are those of `records`.
  var orders: IdentifierTable<OrderTag>
  /// The owners of the orders in `records`.
  var owners: IdentifierTable<NodeTag>
  /// By the owner's slot: its orders.
  var ownerCounts = Slab<OwnerCount>(shift: 10)
  /// The owner whose orders are listed, each side in priority order.
  let own: NodeID?
  var ownOffers: [Int32] = []
  var ownBids: [Int32] = []
  var wheel = ExpiryWheel()
  /// Orders whose expiry does not fit the wheel.
  var exotic: [Int32] = []

  var leaves = Slab<Leaf>(shift: 6)
  var vacantLeaf: Int32 = -1
  var shelves = Slab<Shelf>(shift: 4)
  var vacantShelf: Int32 = -1
  var rows = RunPool(filler: Buckets.none)
  /// By class and side: see ``ladderIndex(of:isBid:)``. The shelves of each, the best first.
  var ladders: [[Int32]] = []
  var restingOffers = 0
  var restingBids = 0

  var digestState = DigestState()

  /// How many orders of an owner there are.
  struct OwnerCount: BitwiseCopyable, Sendable {
    /// In `records`, those that left the book included as long as they are in the digest's hash.
    var held: Int32 = 0
    /// In the book.
    var present: Int32 = 0
  }

  /// An empty book at the Unix epoch.
  init(classVRAMMiB: [UInt32], own: NodeID?, seed: UInt64) {
    self.classVRAMMiB = classVRAMMiB
    self.own = own
    var generator = SplitMix64(seed: seed)
    orders = IdentifierTable(key: (generator.next(), generator.next(), generator.next(), generator.next()))
    owners = IdentifierTable(key: (generator.next(), generator.next(), generator.next(), generator.next()))
  }

  /// A book with the same content in memory of its own. O(n).
  init(copying other: borrowing BookCore) {
    classVRAMMiB = other.classVRAMMiB
    time = other.time
    records = Slab(copying: other.records)
    extras = Slab(copying: other.extras)
    vacantExtras = other.vacantExtras
    details = other.details
    vacantDetails = other.vacantDetails
    calendars = StepCalendars(copying: other.calendars)
    orders = IdentifierTable(copying: other.orders)
    owners = IdentifierTable(copying: other.owners)
    ownerCounts = Slab(copying: other.ownerCounts)
    own = other.own
    ownOffers = other.ownOffers
    ownBids = other.ownBids
    wheel = ExpiryWheel(copying: other.wheel)
    exotic = other.exotic
    leaves = Slab(copying: other.leaves)
    vacantLeaf = other.vacantLeaf
    shelves = Slab(copying: other.shelves)
    vacantShelf = other.vacantShelf
    rows = RunPool(copying: other.rows)
    ladders = other.ladders
    restingOffers = other.restingOffers
    restingBids = other.restingBids
    digestState = other.digestState
  }

  /// The bytes allocated, but for the details that few orders have.
  var allocatedBytes: Int {
    records.allocatedBytes + extras.allocatedBytes + calendars.allocatedBytes + orders.allocatedBytes
      + owners.allocatedBytes + ownerCounts.allocatedBytes + wheel.allocatedBytes + leaves.allocatedBytes
      + shelves.allocatedBytes + rows.allocatedBytes
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
