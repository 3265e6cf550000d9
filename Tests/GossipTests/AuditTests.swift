import Market
import NodeCrypto
import Testing

@testable import Gossip

@Suite("audits")
struct AuditTests {
  var broadcast = Broadcast()
  let parameters = BroadcastParameters()
  var entries = chain(identity(9), .init(repeating: 1000, count: 400))[...]

  init() { for connection in 1...2 as ClosedRange<UInt64> { connect(connection) } }

  private mutating func connect(_ connection: UInt64, takesAll: Bool = true) {
    broadcast.connected(connection, takesAll: takesAll, now: at(0))
  }

  /// Neighbour 1 brings the next entry, which is not neighbour 2's to be had: it is announced by 2 when `isAnnounced`.
  @discardableResult
  private mutating func relay(at time: Int64 = 1000, isAnnounced: Bool = false) -> SignedEntry {
    let entry = entries.removeFirst()
    broadcast.arrived(entry, from: 1, isPush: true, isOwn: false, now: at(time))
    if isAnnounced { announce(entry, by: 2, at: time) }
    _ = broadcast.spread(entry, now: at(time)) { _ in false }
    return entry
  }

  private mutating func announce(_ entry: SignedEntry, by connection: UInt64, at time: Int64 = 1000) {
    broadcast.announced([Broadcast.name(of: entry.id)], by: connection, now: at(time))
  }

  /// What the neighbours are asked for at a moment, and what they have not kept.
  private mutating func timer(_ time: Int64) -> (asked: [UInt64], failed: [UInt64]) {
    let (messages, broken) = broadcast.timer(now: at(time))
    return (
      messages.filter { !$0.grafts.isEmpty }.map(\.connection),
      broken.filter { $0.penalty == .failedAudit }.map(\.connection)
    )
  }

  @Test("the first entry that a new neighbour announces is asked for, though it is here")
  mutating func first() {
    let entry = relay(isAnnounced: true)
    #expect(timer(1000 + parameters.reportMilliseconds).asked == [2])
    broadcast.delivered(entry.id, by: 2, now: at(1400))
    #expect(broadcast.neighbours[2]?.audit == nil)
    relay(at: 1500, isAnnounced: true)
    #expect(timer(1500 + parameters.reportMilliseconds).asked.isEmpty, "it carries")
    #expect(timer(9000).failed.isEmpty)
  }

  @Test("one that brings entries of others is not asked, one that brings none is asked again after so many")
  mutating func carrying() {
    let first = relay(isAnnounced: true)
    broadcast.delivered(first.id, by: 2, now: at(1000))
    for _ in 1..<parameters.auditEntries { relay(isAnnounced: true) }
    _ = timer(1250)
    relay(at: 2000, isAnnounced: true)
    #expect(timer(2250).asked == [2])
    connect(3)
    let pushed = relay(at: 3000)
    broadcast.arrivedAgain(pushed.id, from: 3, isOwn: false, now: at(3000))
    let next = relay(at: 3000)
    announce(next, by: 3, at: 3000)
    #expect(timer(3250).asked.isEmpty)
  }

  @Test("neither its own entries nor those it was sent show that a neighbour carries")
  mutating func echoes() {
    let before = broadcast.neighbours[2]?.broughtAt
    let entry = relay()
    broadcast.arrivedAgain(entry.id, from: 2, isOwn: false, now: at(1000))
    let own = entries.removeFirst()
    broadcast.arrived(own, from: 2, isPush: true, isOwn: true, now: at(1000))
    #expect(broadcast.neighbours[2]?.broughtAt == before)
  }

  @Test("an audit without an answer in time is a failed one, and the next announcement is audited again")
  mutating func failing() {
    relay(isAnnounced: true)
    let due = 1000 + parameters.reportMilliseconds + parameters.promiseMilliseconds
    _ = timer(1000 + parameters.reportMilliseconds)
    relay(at: 2000, isAnnounced: true)
    #expect(timer(due - 1).failed.isEmpty, "one at a time")
    #expect(timer(due).failed == [2])
    relay(at: due, isAnnounced: true)
    #expect(timer(due + parameters.reportMilliseconds).asked == [2])
  }

  @Test("a neighbour that is gone is blamed for nothing")
  mutating func gone() {
    relay(isAnnounced: true)
    _ = timer(1250)
    broadcast.disconnected(2)
    connect(3)
    #expect(timer(60_000).failed.isEmpty)
  }

  @Test("who says nothing of many entries and for long is silent, a counterparty outside the overlay never is")
  mutating func silence() {
    connect(3, takesAll: false)
    for _ in 0..<parameters.silentEntries { relay(at: parameters.silentMilliseconds) }
    #expect(broadcast.silentNeighbours(now: at(parameters.silentMilliseconds - 1)) == [])
    #expect(broadcast.silentNeighbours(now: at(parameters.silentMilliseconds)) == [2])
    relay(at: parameters.silentMilliseconds, isAnnounced: true)
    #expect(broadcast.silentNeighbours(now: at(2 * parameters.silentMilliseconds)) == [])
  }
}
