import Market
import Testing
import Wire

@testable import Gossip

@Suite("messages as they are read")
struct PeerMessageTests {
  @Test("a message in pieces means what the message means")
  func pieces() throws {
    var driver = Driver(own: node(1))
    driver.greet(5, node(2), .outbound)
    _ = driver.take()
    let entries = chain(identity(9), [Int64](repeating: 1_000_000, count: 5))
    var push = WirePush()
    push.entries = entries.map(\.wire)
    var bad = WireSignedEntry()
    bad.entry = .init([1])
    push.entries.append(bad)
    let pieces = PeerMessage(GossipCore.encode(.push(push))).pieces(of: 2)
    #expect(pieces.count == 3)
    for piece in pieces { driver.core.received(piece, on: 5, now: driver.now, into: &driver.effects) }
    #expect(driver.effects.verifications == entries.map(\.id))
    #expect(driver.take().disconnects.map(\.connection) == [5], "what is no entry comes last")

    var answer = WireFetchAnswer()
    answer.id = 7
    answer.bases = [WireFeedBase()]
    answer.done = true
    answer.entries = push.entries
    let parts = PeerMessage(GossipCore.encode(.fetchAnswer(answer))).pieces(of: 4).map(\.content)
    #expect(parts.count == 2)
    guard case .answer(let first, let some) = parts[0], case .answer(let last, let rest) = parts[1] else {
      throw Missing()
    }
    #expect((some.entries + rest.entries).map(\.id) == entries.map(\.id))
    #expect(some.fault == nil && rest.fault != nil)
    #expect([first.id, last.id] == [7, 7] && [first.done, last.done] == [false, true])
    #expect([first.bases.count, last.bases.count] == [1, 0])
    #expect(PeerMessage(GossipCore.encode(.ping(WirePing()))).pieces(of: 1).count == 1)
  }
}

/// Something that a test needs is not there.
private struct Missing: Error {}
