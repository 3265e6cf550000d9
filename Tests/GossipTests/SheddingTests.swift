import Market
import NodeCrypto
import Testing
import Wire

@testable import Gossip

@Suite("what a peer did not get, and what was not looked at")
struct SheddingTests {
  var driver = Driver(own: node(1))

  init() {
    driver.greet(5, node(2), .outbound)
    driver.greet(6, node(3), .outbound)
    // The comparisons that begin with a connection are over.
    for _ in 0..<3 { pass(GossipParameters.standard.comparisonMilliseconds) }
    _ = driver.take()
  }

  /// Lets time pass in which the peers say something.
  private mutating func pass(_ milliseconds: Int64) {
    driver.now = driver.now + milliseconds
    for connection in driver.core.peers.keys.sorted() { driver.receive(.ping(WirePing()), on: connection) }
    driver.core.timer(now: driver.now, into: &driver.effects)
  }

  private mutating func takeComparisons() -> [UInt64] {
    driver.take().sent.compactMap { if case .compare? = $0.message.message { $0.connection } else { nil } }
  }

  @Test("a peer for which something was shed is told by a comparison, as often as it answers one")
  mutating func comparison() {
    let span = 2 * GossipParameters.standard.comparisonMilliseconds
    driver.core.drained(6, now: driver.now, into: &driver.effects)
    #expect(takeComparisons() == [6])
    let first = driver.now
    driver.now = first + 1000
    driver.core.drained(6, now: driver.now, into: &driver.effects)
    #expect(takeComparisons().isEmpty)
    pass(4000)
    pass(span / 2 - 1)
    #expect(takeComparisons().isEmpty)
    #expect(driver.core.nextWake <= first + span)
    pass(first + span - driver.now)
    #expect(takeComparisons() == [6])
    driver.core.drained(99, now: driver.now, into: &driver.effects)
    #expect(driver.take().isEmpty)
  }

  @Test("what may be shed on its way is what a comparison finds, and nothing else")
  mutating func priorities() {
    let entry = chain(identity(9), [1000])[0]
    driver.push([entry], on: 5)
    driver.verified(entry)
    pass(1000)
    var tree = WireTree()
    tree.grafts = [Broadcast.name(of: entry.id)]
    driver.receive(.tree(tree), on: 6)
    let fork = chain(identity(9), [1000], payload: [1])[0]
    if let proof = FraudProof(fork, entry) { driver.core.proofFound(proof, now: driver.now, into: &driver.effects) }
    driver.greet(7, node(4))
    var shed: Set<String> = []
    var kept: Set<String> = []
    for case .send(_, let bytes, let priority) in driver.take() {
      guard let name = (try? WirePeerMessage.decode(bytes))?.message?.name else { continue }
      switch priority {
      case .entry, .announcement: shed.insert(name)
      case .urgent, .answer, .bulk: kept.insert(name)
      }
    }
    #expect(shed.isSubset(of: ["push", "tree"]) && shed.contains("push"), "\(shed)")
    #expect(kept.isSuperset(of: ["hello", "proof", "push"]), "\(kept)")
  }

  @Test("an entry that was not checked because of its sender is fetched from another one that sent it")
  mutating func unchecked() {
    let bad = chain(identity(8), [1000])[0]
    let good = chain(identity(9), [1000])[0]
    driver.push([bad, good], on: 5)
    driver.push([good], on: 6)
    #expect(driver.take().verifications == [bad.id, good.id])
    driver.verified(bad, refusal: "forged")
    driver.core.unchecked(good, now: driver.now, into: &driver.effects)
    let effects = driver.take()
    #expect(effects.disconnects.map(\.connection) == [5])
    #expect(effects.fetches.map(\.connection) == [6])
    let range = effects.fetches.first?.fetch.ranges.first
    #expect(range.map { [UInt8]($0.author) } == identity(9).nodeID.bytes && range?.from == 1 && range?.through == 1)
    driver.push([good], on: 6)
    #expect(driver.take().verifications == [good.id])
  }
}
