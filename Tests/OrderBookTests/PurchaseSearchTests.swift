import Market
import NodeCrypto
import OrderBook
import Testing

@Suite("searches of purchases")
struct PurchaseSearchTests {
  private func whole(_ gpus: Int32, time: Int64) -> Order {
    let order = Order.bid(1, time: time, gpus: gpus, minimumGPUs: 1)
    guard case .bid(var bid) = order.body else { return order }
    bid.isWhole = true
    return Order(id: order.id, priority: order.priority, body: .bid(bid))
  }

  /// Were the search begun anew for each such offer, this would take hours.
  @Test("later offers that could fill an all-or-none bid alone are passed over in one search", .timeLimit(.minutes(2)))
  func manyLaterOffers() {
    var book = OrderBook(
      whole(6, time: 20), .offer(2, time: 10, gpus: 3), .offer(3, time: 11, gpus: 2), .offer(4, time: 30, gpus: 3))
    for number in 0..<30_000 as Range<UInt64> {
      book.insert(.offer(10 + number, time: 40, gpus: 8, price: 1_900_000))
    }
    let matches = book.purchase(orderID(1), context: anything)
    #expect(matches.map(\.maker) == [2, 3, 4].map(orderID))
    #expect(matches.map(\.gpus) == [3, 2, 1])
  }
}
