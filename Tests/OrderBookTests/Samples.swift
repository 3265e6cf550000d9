import Market
import NodeCrypto
import OrderBook

/// The node with the given number.
func node(_ number: UInt64) -> NodeID {
  NodeID(word0: number, word1: 0, word2: 0, word3: 0)
}

/// The order with the given number.
func orderID(_ number: UInt64) -> OrderID {
  OrderID(word0: 0, word1: 0, word2: 0, word3: number)
}

/// The slots from `start` up to `end`.
func slots(_ start: Int64, _ end: Int64) -> SlotRange {
  SlotRange(start: Slot(start), end: Slot(end))
}

/// The moment `milliseconds` after the epoch.
func at(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

let classA = GPUClassIndex(0)
let classB = GPUClassIndex(1)
let classC = GPUClassIndex(2)

/// A context in which everything may start at slot 0 and nothing is ruled out.
let anything = MatchContext(earliestStart: Slot(0))

/// Requirements of which one thing is set.
func demanding(_ change: (inout Requirements.Demands) -> Void) -> Requirements {
  var demands = Requirements.Demands()
  change(&demands)
  return Requirements(demands)
}

extension Order {
  /// The order `number`, placed at `time` by `owner`, by default an owner of its own.
  static func make(_ number: UInt64, owner: UInt64? = nil, time: Int64, _ body: OrderBody) -> Order {
    let priority = OrderPriority(time: at(time), owner: node(owner ?? 1000 + number), sequence: number, index: 0)
    return Order(id: orderID(number), priority: priority, body: body)
  }

  /// An offer of 8 GPUs in slots 0 to 9 at 2.000000 unless told otherwise.
  static func offer(
    _ number: UInt64, owner: UInt64? = nil, time: Int64, gpuClass: GPUClassIndex = classA, gpus: Int32 = 8,
    window: SlotRange = slots(0, 10), price: Int64 = 2_000_000, minimumGPUs: Int32 = 1, minimumSlots: Int64 = 1,
    attributes: Attributes = Attributes(), expiry: Int64 = 1_000_000, force: TimeInForce = .goodTillCancelled,
    isPostOnly: Bool = false
  ) -> Order {
    make(
      number, owner: owner, time: time,
      .offer(
        Offer(
          gpuClass: gpuClass, gpus: gpus, window: window, price: Price(micros: price), minimumGPUs: minimumGPUs,
          minimumSlots: minimumSlots, attributes: attributes, expiry: at(expiry), timeInForce: force,
          isPostOnly: isPostOnly)))
  }

  /// A bid for 2 GPUs during 4 slots in slots 0 to 9 at 2.000000, in one piece, unless told otherwise.
  static func bid(
    _ number: UInt64, owner: UInt64? = nil, time: Int64, gpuClasses: [GPUClassIndex] = [classA], gpus: Int32 = 2,
    duration: Int64 = 4, window: SlotRange = slots(0, 10), price: Int64 = 2_000_000, minimumGPUs: Int32? = nil,
    requirements: Requirements = Requirements(), expiry: Int64 = 1_000_000, force: TimeInForce = .goodTillCancelled,
    isPostOnly: Bool = false
  ) -> Order {
    make(
      number, owner: owner, time: time,
      .bid(
        Bid(
          gpuClasses: GPUClassList(gpuClasses), gpus: gpus, durationSlots: duration, window: window,
          price: Price(micros: price), minimumGPUs: minimumGPUs ?? gpus, requirements: requirements, expiry: at(expiry),
          timeInForce: force, isPostOnly: isPostOnly)))
  }
}

extension OrderBook {
  /// A book with the given orders.
  init(classVRAMMiB: [UInt32] = [], _ first: Order, _ others: Order...) {
    self.init(classVRAMMiB: classVRAMMiB)
    for order in [first] + others { insert(order) }
  }

  /// Matches the order `taker` and takes the match of both orders.
  @discardableResult
  mutating func fill(_ taker: UInt64, context: MatchContext = anything) -> Match? {
    guard let match = match(orderID(taker), context: context) else { return nil }
    take(match)
    return match
  }

  /// The match of the order `taker`.
  func matching(_ taker: UInt64, _ context: MatchContext = anything) -> Match? {
    var book = self
    return book.match(orderID(taker), context: context)
  }

  /// Takes a match of both orders.
  mutating func take(_ match: Match) {
    take(match.offer, gpus: match.gpus, slots: match.slots)
    take(match.bid, gpus: match.gpus, slots: match.slots)
  }

  /// The numbers of the open orders of a ladder, the best first.
  func numbers(_ side: Side, _ gpuClass: GPUClassIndex = classA) -> [UInt64] {
    ladder(gpuClass: gpuClass, side: side).map(\.id.word3)
  }
}
