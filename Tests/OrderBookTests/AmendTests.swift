import Market
import NodeCrypto
import OrderBook
import Testing

@Suite("Amending an order")
struct AmendTests {
  @Test("the new terms and the new place in time count at once")
  func termsAndPriority() {
    var book = OrderBook(.offer(1, time: 10), .offer(2, time: 20), .bid(3, time: 30))
    #expect(book.numbers(.offer) == [1, 2])
    #expect(book.amend(.offer(1, time: 25)) == .amended)
    #expect(book.numbers(.offer) == [2, 1])
    #expect(book.amend(.offer(1, time: 25, price: 1_500_000)) == .amended)
    #expect(book.matching(3)?.price == Price(micros: 1_500_000))
    #expect(book.order(orderID(1)) == .offer(1, time: 25, price: 1_500_000))
    #expect(book.count == 2 + 1)
  }

  @Test("an amend that keeps the place in time keeps the order's place on the ladder")
  func keptPriority() {
    var book = OrderBook(.offer(1, time: 10), .offer(2, time: 20))
    book.amend(.offer(1, time: 10, gpus: 4))
    #expect(book.numbers(.offer) == [1, 2])
  }

  @Test("an order that is amended past its taker's time is later than it")
  func laterThanTheTaker() {
    var book = OrderBook(.offer(1, time: 10), .bid(3, time: 30))
    #expect(book.matching(3)?.takerSide == .bid)
    book.amend(.offer(1, time: 40))
    #expect(book.matching(3) == nil)
    #expect(book.matching(1)?.takerSide == .offer)
  }

  @Test("what is taken stays taken: of an offer slot by slot, also where the window was not")
  func takenOfOffers() {
    var book = OrderBook(.offer(1, time: 10, gpus: 8, window: slots(0, 10)))
    book.take(orderID(1), gpus: 5, slots: slots(4, 14))
    book.amend(.offer(1, time: 10, gpus: 6, window: slots(8, 20)))
    let calendar = book.state(of: orderID(1))?.calendar
    #expect([7, 8, 13, 14, 19, 20].map { calendar?.free(at: Slot($0)) } == [0, 1, 1, 6, 6, 0])
    book.amend(.offer(1, time: 10, gpus: 3, window: slots(0, 14)))
    #expect([3, 4].map { book.state(of: orderID(1))?.calendar?.free(at: Slot($0)) } == [3, 0])
    book.putBack(orderID(1), gpus: 5, slots: slots(4, 14))
    #expect(book.state(of: orderID(1))?.calendar == CapacityCalendar(gpus: 3, window: slots(0, 14)))
  }

  @Test("what is taken of a bid stays taken, and the rest can become nothing and something again")
  func takenOfBids() {
    var book = OrderBook(.bid(1, time: 10, gpus: 8, minimumGPUs: 1))
    book.take(orderID(1), gpus: 5, slots: slots(0, 4))
    book.amend(.bid(1, time: 10, gpus: 5, minimumGPUs: 1))
    #expect(book.state(of: orderID(1))?.isOpen == false && book.numbers(.bid).isEmpty && book.openCount(.bid) == 0)
    book.amend(.bid(1, time: 11, gpus: 7, minimumGPUs: 1))
    #expect(book.state(of: orderID(1))?.remainingGPUs == 2 && book.state(of: orderID(1))?.taken == 5)
    #expect(book.numbers(.bid) == [1])
  }

  @Test("an amend moves the order to the ladders of its new classes")
  func classes() {
    var book = OrderBook(.bid(1, time: 10, gpuClasses: [classA, classB]), .offer(2, time: 11))
    book.amend(.bid(1, time: 12, gpuClasses: [classB, classC]))
    #expect([classA, classB, classC].map { book.numbers(.bid, $0) } == [[], [1], [1]])
    book.amend(.offer(2, time: 13, gpuClass: classC))
    #expect([classA, classC].map { book.numbers(.offer, $0) } == [[], [2]])
  }

  @Test("the new expiry counts")
  func expiry() {
    var book = OrderBook(.bid(1, time: 10, expiry: 500), .bid(2, time: 11, expiry: 500))
    book.amend(.bid(1, time: 10, expiry: 300))
    book.amend(.bid(2, time: 12, expiry: 900))
    #expect(book.advance(to: at(500)) == [orderID(1)])
    #expect(book.advance(to: at(900)) == [orderID(2)])
  }

  @Test("an amend to an expiry that is past takes the order out")
  func expired() {
    var book = OrderBook(.bid(1, owner: 5, time: 10))
    book.advance(to: at(200))
    #expect(book.amend(.bid(1, owner: 5, time: 10, expiry: 200)) == .expired)
    #expect(book.count == 0 && book.numbers(.bid).isEmpty && !book.hasOrders(ownedBy: node(5)))
    #expect(book.digest() == OrderBook().digestFromScratch())
  }

  @Test("an order that is not in the book is not amended, and none changes sides")
  func refused() {
    var book = OrderBook(.bid(1, time: 10))
    let before = book.digest()
    #expect(book.amend(.bid(2, time: 10)) == .unknown)
    #expect(book.amend(.offer(1, time: 10)) == .otherSide)
    #expect(book.amend(.offer(1, time: 10, expiry: 0)) == .otherSide)
    #expect(book.count == 1 && book.digest() == before && book.order(orderID(1)) == .bid(1, time: 10))
  }
}
