import Market
import MarketFiles
import NodeCrypto

/// Seeded offers and bids for GPU time: one class, a hundred price levels, a week of slots of a quarter of an hour.
///
/// An offer sells 1 to 8 GPUs for 1 to 48 hours inside the week. A bid wants 1 to 8 GPUs for 1 to 12 hours inside a
/// day of the week, at any price, from one offer or from several. Lengths and places are drawn in slots, not in hours.
struct RectangleMarket {
  /// Milliseconds in a slot.
  static let slotMilliseconds: Int64 = 900_000
  /// Slots in an hour.
  static let hour: Int64 = 4
  /// Slots in a day.
  static let day: Int64 = 24 * hour
  /// Slots in the week.
  static let week: Int64 = 7 * day
  /// Price levels of the offers.
  static let levelCount: Int64 = 100
  /// The most GPUs in an order.
  static let mostGPUs: Int64 = 8
  /// The first slot of the week.
  static let firstSlot = Slot(2_000_000)
  /// The only class.
  static let gpuClass = GPUClassIndex(0)

  /// The generator of all draws.
  var generator: SplitMix64
  /// The first slot of the week that orders are drawn for.
  var start = Self.firstSlot
  /// The time of the next order. Each order has a millisecond of its own.
  var time = Self.time(of: Self.firstSlot)
  private let owners: [NodeID]
  private var sequence: UInt64 = 0

  /// A market whose draws depend on `seed` alone.
  init(seed: UInt64) {
    generator = SplitMix64(seed: seed)
    var owners: [NodeID] = []
    for _ in 0..<64 { owners.append(.random(using: &generator)) }
    self.owners = owners
  }

  /// A random offer that expires when its window ends.
  mutating func offer() -> Order {
    let window = window(generator.uniform(in: Self.hour...48 * Self.hour), in: Self.week)
    return order(
      .offer(
        Offer(
          gpuClass: Self.gpuClass, gpus: gpus(), window: window,
          price: Self.price(level: generator.uniform(in: 0...Self.levelCount - 1)), expiry: Self.time(of: window.end))))
  }

  /// A random bid that expires when its window ends.
  ///
  /// - Parameters:
  ///   - isSplit: whether several offers may fill it together.
  ///   - level: the level of its limit; below 0 it crosses no offer.
  mutating func bid(isSplit: Bool = false, level: Int64 = levelCount - 1) -> Order {
    let window = window(Self.day, in: Self.week)
    let gpus = gpus()
    return order(
      .bid(
        Bid(
          gpuClasses: GPUClassList(Self.gpuClass), gpus: gpus,
          durationSlots: generator.uniform(in: Self.hour...12 * Self.hour), window: window,
          price: Self.price(level: level), minimumGPUs: isSplit ? 1 : gpus,
          expiry: Self.time(of: window.end))))
  }

  /// An order with the next place in time.
  mutating func order(_ body: OrderBody) -> Order {
    Order(id: .random(using: &generator), priority: nextPriority(), body: body)
  }

  /// The next place in time, of a random owner.
  mutating func nextPriority() -> OrderPriority {
    sequence += 1
    time = time + 1
    let owner = owners[Int(generator.uniform(in: 0...Int64(owners.count - 1)))]
    return OrderPriority(time: time, owner: owner, sequence: sequence, index: 0)
  }

  private mutating func gpus() -> Int32 { Int32(generator.uniform(in: 1...Self.mostGPUs)) }

  /// A window of `slots` slots at a random place in the `span` slots from the start.
  private mutating func window(_ slots: Int64, in span: Int64) -> SlotRange {
    let first = start + generator.uniform(in: 0...span - slots)
    return SlotRange(start: first, end: first + slots)
  }

  /// When `slot` begins.
  static func time(of slot: Slot) -> Timestamp { Timestamp(milliseconds: slot.index * slotMilliseconds) }

  /// The price of a level, from 0 for the cheapest.
  static func price(level: Int64) -> Price { Price(micros: 1_000_000 + 10_000 * level) }

  /// The level of a price.
  static func level(of price: Price) -> Int { Int((price.micros - 1_000_000) / 10_000) }
}
