import Market
import OrderBook
import Testing

@Suite("Totals at the edges")
struct TotalTests {
  private static let edges: [Int64] = [
    .min, -1, 0, 1, 2, 7, 59, 60, 899, 3599, 3600, 3601, 7200, 1 << 31 - 1, 1 << 31, 1 << 32, 1 << 53, 3 << 60,
    1_000_000_000_000, .max - 1, .max,
  ]

  /// ceil(price x gpus x seconds / 3600), digit by digit as on paper; nil when it does not fit.
  private static func onPaper(_ factors: [Int64]) -> Int64? {
    guard factors.allSatisfy({ $0 >= 0 }) else { return nil }
    var digits: [Int] = [1]
    for factor in factors { digits = product(digits, String(factor).reversed().map { Int(String($0)) ?? 0 }) }
    var (quotient, rest) = ("", 0)
    for digit in digits.reversed() {
      rest = 10 * rest + digit
      quotient += "\(rest / 3600)"
      rest %= 3600
    }
    guard let whole = Int64(quotient), rest == 0 || whole < .max else { return nil }
    return rest == 0 ? whole : whole + 1
  }

  private static func product(_ one: [Int], _ other: [Int]) -> [Int] {
    var digits = [Int](repeating: 0, count: one.count + other.count + 1)
    for (left, digit) in one.enumerated() {
      for (right, factor) in other.enumerated() { digits[left + right] += digit * factor }
    }
    for place in digits.indices.dropLast() {
      digits[place + 1] += digits[place] / 10
      digits[place] %= 10
    }
    return digits
  }

  @Test("totals are rounded up as on paper, and are nil when they do not fit", arguments: edges)
  func edgeProducts(price: Int64) {
    for gpus in Self.edges {
      for seconds in Self.edges {
        #expect(
          Price(micros: price).total(gpus: gpus, seconds: seconds)?.micros == Self.onPaper([price, gpus, seconds]),
          "\(price) x \(gpus) x \(seconds)")
      }
    }
  }

  @Test("the largest total of a network is exact, and one GPU-second more than fits is nil")
  func largest() {
    let price = Price(micros: 1_000_000_000_000)
    #expect(price.total(gpus: 4096, seconds: 2_592_000)?.micros == 2_949_120_000_000_000_000)
    #expect(Price(micros: .max).total(gpus: 1, seconds: 3600)?.micros == .max)
    #expect(Price(micros: .max).total(gpus: 1, seconds: 3601) == nil)
    #expect(Price(micros: .max).total(gpus: 3600, seconds: 1)?.micros == .max)
    #expect(Price(micros: 1).total(gpus: 1, seconds: 1)?.micros == 1)
  }

  @Test("orders at the largest price, count and time trade, and what they trade has a total")
  func largestOrders() throws {
    let window = slots(1, 1 << 31)
    let offer = Order.offer(1, time: 1, gpus: .max, window: window, price: .max)
    let bid = Order.bid(2, time: 2, gpus: .max, duration: 1 << 31 - 1, window: window, price: .max)
    var book = OrderBook(offer, bid)
    let filled = book.fill(2)
    let match = try #require(filled)
    #expect(match.gpus == .max && match.slots == window && match.price == Price(micros: .max))
    #expect(match.price.total(gpus: Int64(match.gpus), seconds: match.slots.count * 900) == nil)
    #expect(book.state(of: orderID(1))?.isOpen == false && book.state(of: orderID(2))?.remainingGPUs == 0)
    #expect(book.digest() == book.digestFromScratch())
  }
}
