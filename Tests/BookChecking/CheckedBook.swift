import Market
import NodeCrypto
import OrderBook

/// What the checks need of an order book: the product's, or one that was spoilt to test the checks.
package protocol CheckedBook: Sendable {
  static func empty(classVRAMMiB: [UInt32], seed: UInt64) -> Self
  var time: Timestamp { get }
  var count: Int { get }
  mutating func insert(_ order: Order) -> OrderBook.Insertion
  mutating func cancel(_ id: OrderID) -> Bool
  mutating func removeAll(ownedBy owner: NodeID) -> [OrderID]
  mutating func amend(_ order: Order) -> OrderBook.Amendment
  mutating func take(_ id: OrderID, gpus: Int32, slots: SlotRange) -> Bool
  mutating func putBack(_ id: OrderID, gpus: Int32, slots: SlotRange) -> Bool
  mutating func advance(to time: Timestamp) -> [OrderID]
  func openCount(_ side: Side) -> Int
  func order(_ id: OrderID) -> Order?
  func state(of id: OrderID) -> OrderState?
  func orders(ownedBy owner: NodeID) -> [OrderState]
  func hasOrders(ownedBy owner: NodeID) -> Bool
  func ladder(gpuClass: GPUClassIndex, side: Side, limit: Int) -> [OrderState]
  func restingOrders(gpuClass: GPUClassIndex, side: Side, expiringAfter time: Timestamp, limit: Int) -> [OrderID]
  func total(gpuClass: GPUClassIndex, side: Side, expiringAfter time: Timestamp, from slot: Slot) -> LadderTotal
  func levels(gpuClass: GPUClassIndex, side: Side, at slot: Slot, limit: Int) -> [PriceLevel]
  mutating func match(_ taker: OrderID, context: MatchContext) -> Match?
  func match(_ taker: Order, context: MatchContext) -> Match?
  mutating func purchase(_ bid: OrderID, context: MatchContext) -> [Match]
  func quote(_ bid: Order, context: MatchContext) -> Quote
  func depth(gpuClass: GPUClassIndex, from: Slot, hours: Int, slotsPerHour: Int64, levels: Int) -> [DepthHour]
  func explain(_ id: OrderID, context: MatchContext) -> MatchExplanation?
  func counterOrders(crossing id: OrderID, ownedBy owner: NodeID) -> [OrderID]
  mutating func digest() -> Digest
  mutating func advanceDigest(by orders: Int) -> Bool
  func digestFromScratch() -> Digest
}

extension OrderBook: CheckedBook {
  package static func empty(classVRAMMiB: [UInt32], seed: UInt64) -> OrderBook {
    // The nodes of streams have numbers; for one in four books the first of them is the own node.
    let own = NodeID(word0: 1, word1: 0, word2: 0, word3: 1)
    return OrderBook(classVRAMMiB: classVRAMMiB, own: seed % 4 == 0 ? nil : own, seed: seed)
  }
}
