import Gossip
import NodeCrypto
import Testing

@testable import NodeCore

@Suite("operations that were read before their entry's turn")
struct CheckedOperationsTests {
  private func entry(_ number: Int) -> EntryID { Blake2b.hash([UInt8(number)]) }

  @Test("they are taken out once, in any order")
  func once() {
    var checked = CheckedOperations()
    checked.keep([], of: entry(1))
    checked.keep([.cancel(Blake2b.hash([]))], of: entry(2))
    #expect(checked.take(of: entry(2))?.count == 1)
    #expect(checked.take(of: entry(2)) == nil)
    #expect(checked.take(of: entry(1))?.isEmpty == true)
  }

  @Test("of entries that are never delivered the latest are kept, and no more")
  func bounded() {
    var checked = CheckedOperations()
    let most = CheckedOperations.maximumEntries
    for number in 0..<most + 10 { checked.keep([], of: entry(number)) }
    #expect((0..<most + 10).map { checked.take(of: entry($0)) != nil } == (0..<most + 10).map { $0 >= 10 })
  }
}
