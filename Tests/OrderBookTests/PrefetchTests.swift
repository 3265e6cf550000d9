import Market
import NodeCrypto
import OrderBook
import Testing

@Suite("Asking for memory ahead")
struct PrefetchTests {
  @Test("changes nothing, whatever is asked for")
  func nothing() {
    var book = OrderBook()
    var asked = OrderBook()
    var bodies: [OrderBody] = []
    var times: [Timestamp] = []
    let first = [orderID(1)]
    asked.prefetch(first.span, inserting: bodies.span, at: times.span)
    // Through several sizes of the table, with cancels, an order of several classes, one of none and one far outside.
    for number in 1...3000 as ClosedRange<UInt64> {
      let order: Order =
        switch number % 5 {
        case 0: .bid(number, time: Int64(number), gpuClasses: [classA, classC], price: Int64(number % 40))
        case 1: .bid(number, time: Int64(number), gpuClasses: [], price: Int64(number % 40))
        case 2: .offer(number, time: Int64(number), window: slots(1 << 40, 1 << 40 + 5), price: 100)
        default: .offer(number, time: Int64(number), price: 100 + Int64(number % 40))
        }
      bodies.append(order.body)
      times.append(order.priority.time)
      if number % 7 == 0 {
        let ids = (0..<UInt64(2 * OrderBook.changesToPrefetch)).map { orderID(number &- 20 &+ $0) }
        let last = Array(bodies.suffix(2 * OrderBook.changesToPrefetch))
        let lastTimes = Array(times.suffix(2 * OrderBook.changesToPrefetch))
        asked.prefetch(ids.span, inserting: last.span, at: lastTimes.span)
      }
      if number % 3 == 0 { #expect(book.cancel(orderID(number / 2)) == asked.cancel(orderID(number / 2))) }
      book.insert(order)
      asked.insert(order)
    }
    #expect(book.count == asked.count)
    #expect(book.digest() == asked.digest())
    #expect(book.numbers(.offer) == asked.numbers(.offer))
  }
}
