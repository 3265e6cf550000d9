import Market
import NodeCrypto
import Testing

@testable import NodeCore

@Suite("live orders")
struct LiveOrdersTests {
  /// Ids of which a third are alike in the word by which they are found.
  private static func id(_ number: UInt64) -> OrderID {
    OrderID(word0: number % 3 == 0 ? 7 : number, word1: 0, word2: number, word3: 1)
  }

  private static func order(_ number: UInt64, using generator: inout SplitMix64) -> LiveOrder {
    LiveOrder(
      expiry: Timestamp(milliseconds: .random(in: 1...50, using: &generator)),
      gpus: .random(in: 1...8, using: &generator),
      side: number % 2 == 0 ? .offer : .bid, timeInForce: .goodTillCancelled,
      place: OrderPlace(sequence: number, index: 0))
  }

  @Test("they are found, amended, taken from and removed as in a dictionary, ids alike in their first word too")
  func model() {
    for seed in 1...40 as ClosedRange<UInt64> {
      var generator = SplitMix64(seed: seed)
      var (orders, model): (LiveOrders, [OrderID: LiveOrder]) = (LiveOrders(), [:])
      for _ in 0..<300 {
        let number = UInt64.random(in: 0..<40, using: &generator)
        let id = Self.id(number)
        switch Int.random(in: 0..<5, using: &generator) {
        case 0, 1:
          guard model[id] == nil else { continue }
          let order = Self.order(number, using: &generator)
          _ = orders.insert(order, as: id)
          model[id] = order
        case 2:
          let (gone, expected) = (orders.remove(id), model.removeValue(forKey: id))
          #expect(gone == expected?.gpus)
        case 3:
          let old = orders.amend(id, gpus: 5, expiry: Timestamp(milliseconds: 60))
          #expect(old?.gpus == model[id]?.gpus && old?.expiry == model[id]?.expiry)
          model[id]?.gpus = 5
          model[id]?.expiry = Timestamp(milliseconds: 60)
        default:
          let (gpus, start) = (Int64.random(in: -2...2, using: &generator), Int64.random(in: 0..<4, using: &generator))
          let slots = SlotRange(start: Slot(start), end: Slot(start + 2))
          orders.take(id, gpus: gpus, slots: slots)
          if model[id]?.side == .offer { model[id]?.taken.add(gpus, slots) } else { model[id]?.taken.add(gpus) }
        }
      }
      #expect(orders.count == model.count && orders.ids.sorted() == model.keys.sorted())
      for number in 0..<40 as Range<UInt64> {
        let (found, expected) = (orders[Self.id(number)], model[Self.id(number)])
        #expect(found?.gpus == expected?.gpus && found?.expiry == expected?.expiry && found?.side == expected?.side)
        #expect(found?.taken == expected?.taken && found?.place == expected?.place)
      }
    }
  }

  @Test("a feed's time ends exactly the orders that have expired, whatever was at their places before")
  func expiry() {
    var generator = SplitMix64(seed: 3)
    var (orders, model): (AuthorOrders, [OrderID: OrderBody]) = (AuthorOrders(), [:])
    for step in 0..<2000 {
      let number = UInt64(step)
      let expiry = Timestamp(milliseconds: Int64(step) + .random(in: 1...30, using: &generator))
      let body = OrderBody.offer(
        Offer(
          gpuClass: GPUClassIndex(0), gpus: 2, window: SlotRange(start: Slot(1), end: Slot(2)), price: Price(micros: 1),
          expiry: expiry))
      orders.add(Self.id(number), body, at: OrderPlace(sequence: number, index: 0))
      model[Self.id(number)] = body
      if step % 3 == 0, let any = model.keys.min() {
        let wasLive = orders.cancel(any)
        #expect(wasLive)
        model[any] = nil
      }
      let now = Timestamp(milliseconds: Int64(step))
      orders.expire(at: now)
      model = model.filter { $0.value.expiry > now }
      #expect(orders.live.ids.sorted() == model.keys.sorted() && orders.gpus == Int64(2 * model.count))
    }
  }
}
