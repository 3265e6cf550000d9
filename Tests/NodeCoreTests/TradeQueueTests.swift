import Market
import NodeCrypto
import Testing

@testable import NodeCore

@Suite("queues of trades")
struct TradeQueueTests {
  private func trade(_ number: UInt64) -> TradeID { TradeID(word0: number, word1: 0, word2: 0, word3: 0) }

  @Test("a trade that was taken out and comes again is at the end, once")
  func again() {
    var queue = TradeQueue()
    for number in [1, 2, 3] as [UInt64] { queue.append(trade(number)) }
    queue.remove(trade(1))
    queue.append(trade(1))
    queue.append(trade(2))
    #expect(queue.waiting == [2, 3, 1].map { trade($0) } && queue.count == 3)
    #expect((0..<4).map { _ in queue.popFirst() } == [trade(2), trade(3), trade(1), nil])
  }

  @Test("takers have turns, however many proposals one of them makes, and each taker's come in their order")
  func turns() {
    var queue = TakerQueue()
    let takers = (1...3).map { NodeID(word0: $0, word1: 0, word2: 0, word3: 0) }
    for number in 10..<1000 as Range<UInt64> { queue.append(trade(number), of: takers[0]) }
    queue.append(trade(1), of: takers[1])
    queue.append(trade(2), of: takers[1])
    queue.append(trade(3), of: takers[2])
    queue.append(trade(1), of: takers[1])
    queue.remove(trade(3))
    queue.remove(trade(10))
    queue.append(trade(3), of: takers[2])
    #expect(queue.count == 992)
    #expect((0..<6).map { _ in queue.popFirst() } == [11, 1, 3, 12, 2, 13].map { trade($0) })
    while queue.popFirst() != nil {}
    #expect(queue.isEmpty)
    queue.append(trade(3), of: takers[2])
    #expect(queue.popFirst() == trade(3) && queue.popFirst() == nil)
  }

  @Test("the queue does what a list does, whatever comes in which order")
  func model() {
    var generator = SplitMix64(seed: 7)
    var queue = TradeQueue()
    var list: [TradeID] = []
    for _ in 0..<20_000 {
      let id = trade(.random(in: 0..<40, using: &generator))
      switch Int.random(in: 0..<5, using: &generator) {
      case 0...1:
        queue.append(id)
        if !list.contains(id) { list.append(id) }
      case 2...3:
        queue.remove(id)
        list.removeAll { $0 == id }
      default: #expect(queue.popFirst() == (list.isEmpty ? nil : list.removeFirst()))
      }
      #expect(queue.count == list.count && queue.isEmpty == list.isEmpty)
    }
    #expect(queue.waiting == list)
  }
}
