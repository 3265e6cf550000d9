import Testing

@testable import Transport

@Suite("Fair turns of connections")
struct FairQueueTests {
  private var queue = FairQueue<String>()

  private func connection(_ number: UInt64) -> ConnectionID { ConnectionID(rawValue: number) }

  private mutating func take(upTo byteCount: Int = 0) -> [String] {
    var batch: [String] = []
    queue.removeFirst(upTo: byteCount, into: &batch)
    return batch
  }

  private mutating func takeAll() -> [String] {
    var all: [String] = []
    while !queue.isEmpty { all += take() }
    return all
  }

  @Test("what one connection sent is taken in its order")
  mutating func order() {
    for number in 1...500 { queue.append("\(number)", from: connection(1), byteCount: number * 37 % 9000) }
    #expect(takeAll() == (1...500).map(String.init))
  }

  @Test("a small message does not wait behind all that another connection has sent")
  mutating func turns() {
    for _ in 0..<1000 { queue.append("flood", from: connection(1), byteCount: 60_000) }
    queue.append("ping", from: connection(2), byteCount: 4)
    let taken = takeAll()
    #expect(taken.count == 1001)
    #expect(taken.firstIndex(of: "ping").map { $0 <= 1 } == true)
  }

  @Test("many small messages of one connection do not keep another one's out")
  mutating func smallMessages() {
    for _ in 0..<10_000 { queue.append("flood", from: connection(1), byteCount: 4) }
    queue.append("ping", from: connection(2), byteCount: 4)
    let quantum = FairQueue<String>.quantumByteCount / (4 + FairQueue<String>.elementByteCount)
    #expect(takeAll().firstIndex(of: "ping") == quantum)
  }

  @Test("over time connections with messages of other sizes get the same bytes")
  mutating func shares() {
    for _ in 0..<2000 { queue.append("small", from: connection(1), byteCount: 488) }
    for _ in 0..<100 { queue.append("large", from: connection(2), byteCount: 49_488) }
    let taken = take(upTo: 900_000)
    let bytes = ["small": 1000, "large": 50_000].map { name, cost in taken.filter { $0 == name }.count * cost }
    #expect(bytes.allSatisfy { abs($0 - 450_000) < 60_000 }, "\(bytes)")
  }

  @Test("a batch ends at its limit, and has something in it")
  mutating func limit() {
    queue.append("first", from: connection(1), byteCount: 60_000)
    queue.append("second", from: connection(2), byteCount: 60_000)
    #expect(take(upTo: 10) == ["first"])
    #expect(!queue.isEmpty)
    #expect(take(upTo: 10) == ["second"])
    #expect(queue.isEmpty)
    #expect(take(upTo: 10).isEmpty)
  }

  @Test("a connection that has nothing waiting saves up no turns")
  mutating func noSavings() {
    for _ in 0..<100 {
      queue.append("early", from: connection(1), byteCount: 1)
      _ = takeAll()
    }
    for _ in 0..<1000 { queue.append("flood", from: connection(1), byteCount: 4) }
    queue.append("ping", from: connection(2), byteCount: 4)
    let quantum = FairQueue<String>.quantumByteCount / (4 + FairQueue<String>.elementByteCount)
    #expect(takeAll().firstIndex(of: "ping") == quantum)
  }

  @Test("what waits of one connection can be taken out, and the others keep their turns")
  mutating func removal() {
    for number in 1...3 { queue.append("\(number)", from: connection(UInt64(number % 2)), byteCount: 4) }
    #expect(queue.removeAll(from: connection(1)) == ["1", "3"])
    #expect(queue.removeAll(from: connection(1)).isEmpty)
    #expect(takeAll() == ["2"])
    queue.append("4", from: connection(1), byteCount: 4)
    #expect(takeAll() == ["4"])
  }
}
