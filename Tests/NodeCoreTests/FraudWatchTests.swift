import Gossip
import NodeCrypto
import Testing

@testable import NodeCore

@Suite("statements that a feed must have")
struct FraudWatchTests {
  private func author(_ number: UInt64) -> NodeID { NodeID(word0: number, word1: 0, word2: 0, word3: 0) }

  private let statement = FraudWatch.Awaited(
    kind: .phantomAccept,
    statement: .init(
      bytes: [1],
      signature: identity(1).sign([1], domain: .acceptance, network: NetworkID(word0: 0, word1: 0, word2: 0, word3: 0)))
  )

  @Test("of authors of whom nothing is held the first is forgotten when there are too many, others never")
  func strangers() {
    var watch = FraudWatch()
    let most = UInt64(FraudWatch.maximumStrangers)
    watch.await(statement, of: author(0), at: 3, isStranger: false)
    watch.await(statement, of: author(1), at: 3, isStranger: true)
    watch.await(statement, of: author(2), at: 3, isStranger: true)
    // Its feed has come since.
    #expect(watch.take(author(1), at: 1).isEmpty)
    for number in 3...2 * most { watch.await(statement, of: author(number), at: 3, isStranger: true) }
    #expect(watch.strangerCount == Int(most))
    #expect(watch.take(author(0), at: 3).count == 1 && watch.take(author(1), at: 3).count == 1)
    #expect(watch.take(author(2), at: 3).isEmpty && watch.take(author(2 * most), at: 3).count == 1)
  }
}
