import Market
import NodeCrypto
import Testing

@testable import Gossip

@Suite("broadcast")
struct BroadcastTests {
  var broadcast = Broadcast()
  let author = identity(9)
  let parameters = BroadcastParameters()

  private mutating func connect(_ connections: UInt64...) {
    for connection in connections { broadcast.connected(connection, takesAll: true, now: at(0)) }
  }

  private func entries(_ count: Int) -> [SignedEntry] { chain(author, .init(repeating: 1000, count: count)) }

  /// One that came over `connection`; to whom it is pushed.
  private mutating func relay(_ entry: SignedEntry, from connection: UInt64, at time: Int64 = 1000) -> [UInt64] {
    broadcast.arrived(entry, from: connection, isPush: true, isOwn: false, now: at(1000))
    return broadcast.spread(entry, now: at(time)) { _ in false }
  }

  private func name(_ entry: SignedEntry) -> UInt64 { Broadcast.name(of: entry.id) }

  @Test("what comes from one neighbour goes to all others, what is own to all")
  mutating func flood() {
    connect(1, 2, 3)
    let entries = entries(2)
    #expect(relay(entries[0], from: 2) == [1, 3])
    #expect(broadcast.spread(entries[1], now: at(1000)) { _ in false } == [1, 2, 3])
  }

  @Test("a neighbour that has it, has announced it or is known to hold it is not sent it")
  mutating func holders() {
    connect(1, 2, 3, 4)
    let entry = entries(1)[0]
    broadcast.announced([name(entry)], by: 1, now: at(900))
    broadcast.arrived(entry, from: 2, isPush: true, isOwn: false, now: at(1000))
    broadcast.arrivedAgain(entry.id, from: 3, isOwn: false, now: at(950))
    #expect(broadcast.spread(entry, now: at(1000)) { $0 == 4 } == [])
  }

  @Test("a neighbour that takes only own entries gets no others, and others get what comes from it")
  mutating func direct() {
    connect(1, 2)
    broadcast.connected(3, takesAll: false, now: at(0))
    let entries = entries(3)
    #expect(relay(entries[0], from: 1) == [2])
    #expect(relay(entries[1], from: 3) == [1, 2])
    #expect(broadcast.spread(entries[2], now: at(1000)) { _ in false } == [1, 2, 3])
  }

  @Test("a duplicate is reported with the next announcement to that neighbour, or after a while by itself")
  mutating func duplicates() {
    connect(1, 2, 3)
    let entries = entries(2)
    #expect(relay(entries[0], from: 1) == [2, 3])
    broadcast.arrivedAgain(entries[0].id, from: 2, isOwn: false, now: at(1004))
    #expect(broadcast.nextDue == at(1004 + parameters.reportMilliseconds))
    let messages = broadcast.timer(now: at(1004 + parameters.reportMilliseconds)).messages
    #expect(messages == [TreeMessage(connection: 2, announcements: [], duplicates: [name(entries[0])], grafts: [])])
    #expect(broadcast.nextDue == nil)
    broadcast.arrivedAgain(entries[0].id, from: 3, isOwn: false, now: at(2000))
    broadcast.arrived(entries[1], from: 1, isPush: false, isOwn: false, now: at(1000))
    #expect(broadcast.spread(entries[1], now: at(2000)) { _ in false } == [], "history is only announced")
    #expect(
      broadcast.timer(now: at(2000 + parameters.flushMilliseconds)).messages == [
        TreeMessage(connection: 2, announcements: [name(entries[1])], duplicates: [], grafts: []),
        TreeMessage(connection: 3, announcements: [name(entries[1])], duplicates: [name(entries[0])], grafts: []),
      ])
  }

  @Test("what a neighbour says that it holds before it is announced to it is not announced")
  mutating func crossing() {
    connect(1, 2)
    let entry = entries(1)[0]
    broadcast.arrived(entry, from: 1, isPush: false, isOwn: false, now: at(1000))
    _ = broadcast.spread(entry, now: at(1000)) { _ in false }
    broadcast.carried(2, now: at(1000))
    broadcast.announced([name(entry)], by: 2, now: at(1005))
    #expect(broadcast.timer(now: at(1010)).messages.isEmpty && broadcast.nextDue == nil)
  }

  @Test("a cell whose pushes are nearly all duplicates turns lazy, for this pair of neighbours alone")
  mutating func lazy() {
    connect(1, 2, 3)
    let entries = entries(18)
    for entry in entries.prefix(16) {
      #expect(relay(entry, from: 1) == [2, 3])
      broadcast.reportedDuplicates([name(entry)], by: 2)
    }
    #expect(relay(entries[16], from: 1) == [3], "to 2 it is announced")
    #expect(relay(entries[17], from: 3) == [1, 2], "what comes from another goes its own ways")
    let messages = broadcast.timer(now: at(1010)).messages
    #expect(messages.map(\.connection) == [2] && messages[0].announcements == [name(entries[16])])
  }

  @Test("a cell of which a fifth is no duplicate stays eager")
  mutating func staysEager() {
    connect(1, 2)
    for (index, entry) in entries(60).enumerated() {
      #expect(relay(entry, from: 1) == [2])
      if index % 5 != 0 { broadcast.reportedDuplicates([name(entry)], by: 2) }
    }
  }

  @Test("a lazy cell turns eager when what it announces is asked for, and answers at most so often")
  mutating func eagerAgain() {
    connect(1, 2)
    let entries = entries(20)
    for entry in entries.prefix(16) {
      _ = relay(entry, from: 1)
      broadcast.reportedDuplicates([name(entry)], by: 2)
    }
    #expect(relay(entries[16], from: 1) == [])
    #expect(broadcast.requested([name(entries[16]), 1], by: 2).map(\.sequence) == [17])
    #expect(relay(entries[17], from: 1) == [], "once is chance")
    #expect(broadcast.requested([name(entries[17])], by: 2).count == 1)
    #expect(relay(entries[18], from: 1) == [2])
    for _ in 1..<Int(parameters.servesPerEntry) {
      #expect(broadcast.requested([name(entries[17])], by: 2).count == 1)
    }
    #expect(broadcast.requested([name(entries[17])], by: 2).isEmpty)
  }

  @Test("what is announced and does not come is asked for, of one announcer after the other")
  mutating func graft() {
    connect(1, 2)
    let entry = entries(1)[0]
    broadcast.announced([name(entry)], by: 2, now: at(1000))
    broadcast.announced([name(entry)], by: 1, now: at(1001))
    #expect(broadcast.nextDue == at(1000 + parameters.firstGraftMilliseconds))
    let first = broadcast.timer(now: at(1030)).messages
    #expect(first == [TreeMessage(connection: 2, announcements: [], duplicates: [], grafts: [name(entry)])])
    #expect(broadcast.timer(now: at(1229)).messages.isEmpty)
    #expect(broadcast.timer(now: at(1230)).messages.map(\.connection) == [1])
    _ = relay(entry, from: 1, at: 1300)
    #expect(broadcast.missing.isEmpty)
    broadcast.arrivedAgain(entry.id, from: 2, isOwn: false, now: at(1310))
    #expect(broadcast.timer(now: at(1400)).messages.isEmpty, "what was asked for is no duplicate to report")
    #expect(broadcast.timer(now: at(9000)).broken.isEmpty)
  }

  @Test("an entry that was asked for and never comes is a broken promise, and is forgotten when all have been asked")
  mutating func promise() {
    connect(1)
    broadcast.announced([7], by: 1, now: at(1000))
    _ = broadcast.timer(now: at(1030))
    #expect(broadcast.timer(now: at(1030 + parameters.promiseMilliseconds - 1)).broken.isEmpty)
    #expect(broadcast.timer(now: at(1030 + parameters.promiseMilliseconds)).broken.map(\.connection) == [1])
    #expect(broadcast.missing.isEmpty && broadcast.neighbours[1]?.tracked == 0 && broadcast.nextDue == nil)
  }

  @Test("an announcer that comes late is asked when the earlier ones do not answer")
  mutating func lateAnnouncer() {
    connect(1, 2)
    broadcast.announced([7], by: 1, now: at(1000))
    _ = broadcast.timer(now: at(1030))
    _ = broadcast.timer(now: at(1230))
    broadcast.announced([7], by: 2, now: at(1500))
    #expect(broadcast.timer(now: at(1700)).messages.map(\.connection) == [2])
  }

  @Test("so many announcements of a neighbour are waited for, and so many asked for at once, and no more")
  mutating func bounds() {
    connect(1)
    broadcast.announced((1...6000).map { UInt64($0) }, by: 1, now: at(1000))
    #expect(broadcast.missing.count == parameters.trackedPerPeer)
    let asked = broadcast.timer(now: at(1030)).messages.flatMap(\.grafts).count
    #expect(asked == parameters.graftsInFlight)
    #expect(broadcast.neighbours[1]?.inFlight == asked)
  }

  @Test("a neighbour that is gone leaves nothing behind that the next in its place would inherit")
  mutating func disconnection() {
    connect(1, 2)
    let entries = entries(20)
    for entry in entries.prefix(16) {
      _ = relay(entry, from: 1)
      broadcast.reportedDuplicates([name(entry)], by: 2)
    }
    broadcast.announced([7, 8], by: 2, now: at(1000))
    broadcast.announced([8], by: 1, now: at(1000))
    broadcast.disconnected(2)
    #expect(broadcast.missing.keys.sorted() == [8])
    connect(3)
    #expect(relay(entries[16], from: 1) == [3], "its cells are eager")
    #expect(broadcast.timer(now: at(1030)).messages.map(\.connection) == [1])
  }

  @Test("an entry that is not remembered any more takes up none of the bytes that may be kept")
  mutating func forgottenBytes() {
    var parameters = BroadcastParameters()
    parameters.remembered = 2
    broadcast = Broadcast(parameters: parameters)
    let entries = entries(6)
    for entry in entries { _ = broadcast.spread(entry, now: at(1000)) { _ in false } }
    #expect(broadcast.items.count == 2)
    #expect(broadcast.keptBytes == entries.suffix(2).reduce(0) { $0 + $1.bytes.count })
  }

  @Test("what is remembered and kept at hand is bounded")
  mutating func memory() {
    var parameters = BroadcastParameters()
    parameters.remembered = 4
    parameters.keptBytes = 250
    broadcast = Broadcast(parameters: parameters)
    connect(1, 2)
    let entries = entries(10)
    for entry in entries { _ = relay(entry, from: 1) }
    #expect(broadcast.items.count == 4)
    let kept = broadcast.items.values.compactMap(\.entry)
    #expect(kept.reduce(0) { $0 + $1.bytes.count } <= 250 && kept.contains { $0.sequence == 10 })
    #expect(broadcast.requested([name(entries[6])], by: 2).map(\.entry?.sequence) == [nil])
  }
}
