import Market
import NodeCrypto
import Testing
import Wire

@testable import Gossip

@Suite("messages")
struct MessageTests {
  var driver = Driver(own: node(1))
  let author = identity(9)

  init() {
    driver.greet(5, node(2), .outbound)
    driver.greet(6, node(3), .outbound)
    driver.greet(7, node(4), .inbound)
    _ = driver.take()
  }

  /// Expects that peer 5 is out, for what it sent.
  private mutating func expectPunished(_ words: String, sourceLocation: SourceLocation = #_sourceLocation) {
    let causes = driver.take().disconnects
    #expect(causes.map(\.connection) == [5], sourceLocation: sourceLocation)
    #expect(
      causes.first?.cause.description.contains(words) == true, "\(causes.map(\.cause))", sourceLocation: sourceLocation)
    #expect(driver.core.connectionByNode[node(2)] == nil, sourceLocation: sourceLocation)
  }

  @Test("bytes that are no message, and a message of no known kind, end the connection")
  mutating func garbage() {
    driver.core.received(PeerMessage([0xFF, 0x01]), on: 5, now: driver.now, into: &driver.effects)
    expectPunished("do not decode")
    driver.core.received(PeerMessage([0xA2, 0x06, 0x00]), on: 6, now: driver.now, into: &driver.effects)
    #expect(driver.take().disconnects.map(\.connection) == [6])
  }

  @Test("a message before the hello ends the connection")
  mutating func beforeHello() {
    driver.connect(8, node(8))
    _ = driver.take()
    driver.receive(.ping(WirePing()), on: 8)
    #expect(driver.take().disconnects.map(\.cause) == [.misbehaved("a message before the hello")])
  }

  @Test("a second hello, a long agent and another protocol end the connection")
  mutating func hellos() {
    driver.receive(.hello(Driver.hello), on: 5)
    expectPunished("a second or oversized hello")
    for (connection, change) in [
      (20, { $0.agent = String(repeating: "a", count: 65) }), (21, { $0.protocol = GossipCore.protocolVersion + 1 }),
      (22, { $0.listenPort = 65_536 }), (24, { $0.yourSequence = 1 }),
      (23, { ($0.listenPort, $0.advertise) = (1, "no host") }),
    ] as [(UInt64, (inout WireHello) -> Void)] {
      driver.connect(connection, node(connection))
      _ = driver.take()
      var hello = Driver.hello
      change(&hello)
      driver.receive(.hello(hello), on: connection)
      #expect(driver.take().disconnects.map(\.connection) == [connection])
    }
  }

  @Test("a list that is longer than allowed ends the connection")
  mutating func oversizeLists() {
    var address = WirePeerAddress()
    address.node = .init(node(50).bytes)
    address.host = "192.0.2.1"
    address.port = 1
    var addresses = WireShuffleRequest()
    addresses.addresses = .init(repeating: address, count: GossipParameters.standard.walks.maximumAddresses + 1)
    driver.receive(.shuffleRequest(addresses), on: 5)
    expectPunished("33 addresses; allowed: 32")

    var range = WireFeedRange()
    range.author = .init(node(50).bytes)
    range.from = 1
    range.through = 1
    var fetch = WireFetch()
    fetch.ranges = .init(repeating: range, count: GossipParameters.Fetching.maximumNamedRanges + 1)
    driver.receive(.fetch(fetch), on: 6)
    #expect(
      driver.take().disconnects.map(\.cause) == [
        .misbehaved("a fetch of 257 ranges; allowed: 256 by full names, 2048 by first bits")
      ])

    var tree = WireTree()
    tree.announcements = .init(repeating: 1, count: BroadcastParameters().idsPerMessage)
    tree.grafts = [1]
    driver.receive(.tree(tree), on: 7)
    #expect(driver.take().disconnects.map(\.cause) == [.misbehaved("4001 names of entries; allowed: 4000")])
  }

  @Test("an address, a comparison or a range that is not one ends the connection")
  mutating func malformedItems() {
    var addresses = WireShuffleRequest()
    addresses.addresses = [WirePeerAddress()]
    driver.receive(.shuffleRequest(addresses), on: 5)
    expectPunished("an address that is not one")
    var compare = WireCompare()
    compare.parts = .init([0x00, 0x01])
    driver.receive(.compare(compare), on: 6)
    #expect(driver.take().disconnects.map(\.connection) == [6])
    var fetch = WireFetch()
    fetch.ranges = [WireFeedRange()]
    driver.receive(.fetch(fetch), on: 7)
    #expect(driver.take().disconnects.map(\.cause) == [.misbehaved("a range's author of 0 bytes; allowed: 32")])
  }

  @Test("an entry is verified once, delivered, and pushed to everybody but those who have it")
  mutating func pushing() {
    let entry = chain(author, [1_000_000])[0]
    driver.push([entry], on: 5)
    driver.push([entry], on: 6)
    #expect(driver.effects.verifications == [entry.id])
    driver.verified(entry)
    let effects = driver.take()
    #expect(effects.delivered == [entry.id])
    #expect(effects.pushes == [7])
    driver.push([entry], on: 7)
    #expect(driver.take().verifications.isEmpty, "what is held is not verified again")
  }

  @Test("an own entry goes to everybody, to the counterparty first")
  mutating func publishing() {
    let own = identity(1)
    driver = Driver(own: own.nodeID)
    for connection in 5...7 as ClosedRange<UInt64> { driver.greet(connection, node(connection)) }
    _ = driver.take()
    let entry = chain(own, [1_000_000])[0]
    driver.core.appendOwn(entry)
    driver.core.publish(entry, urgentFor: [node(7), node(99)], now: driver.now, into: &driver.effects)
    let sends = driver.take().compactMap { effect -> (UInt64, SendPriority)? in
      if case .send(let connection, _, let priority) = effect { (connection, priority) } else { nil }
    }
    #expect(sends.map(\.0) == [7, 5, 6])
    #expect(sends.map(\.1) == [.urgent, .entry, .entry])
  }

  @Test("a gap makes one fetch of what is missing, after a while, however many entries come after it")
  mutating func gap() throws {
    let entries = chain(author, [Int64](repeating: 1_000_000, count: 5))
    for entry in entries.dropFirst(2) { driver.push([entry], on: 5) }
    #expect(driver.take().fetches.isEmpty, "they may have overtaken it")
    driver.now = driver.now + GossipParameters.standard.overtakingMilliseconds
    driver.core.timer(now: driver.now, into: &driver.effects)
    let fetches = driver.take().fetches
    #expect(fetches.count == 1)
    #expect(fetches.first?.connection == 5)
    #expect(fetches.first?.fetch.ranges.map { [$0.from, $0.through] } == [[1, 2]])
    for entry in entries.dropFirst(2) { driver.verified(entry) }
    #expect(driver.take().delivered.isEmpty)
    var answer = WireFetchAnswer()
    answer.id = try #require(fetches.first).fetch.id
    answer.entries = entries.prefix(2).map(\.wire)
    answer.done = true
    driver.receive(.fetchAnswer(answer), on: 5)
    driver.verified(entries[1])
    driver.verified(entries[0])
    let effects = driver.take()
    #expect(effects.delivered == entries.map(\.id))
    #expect(effects.fetches.isEmpty)
  }

  @Test("an invalid entry costs its first sender the connection, not those who passed it on before they could know")
  mutating func invalid() {
    let entry = chain(author, [1_000_000])[0]
    driver.push([entry], on: 5)
    driver.push([entry], on: 6)
    driver.verified(entry, refusal: "a bad signature")
    expectPunished("a bad signature")
    #expect(driver.core.connectionByNode[node(3)] == 6)
  }

  @Test("an entry that proves bad only when its turn comes costs its sender the connection all the same")
  mutating func invalidLater() {
    let entries = chain(author, [1_000_000, 999_999])
    driver.push([entries[1]], on: 5)
    driver.verified(entries[1])
    driver.push([entries[0]], on: 6)
    _ = driver.take()
    driver.verified(entries[0])
    expectPunished("before the previous entry's")
  }

  @Test("an entry that is too early is delivered when its time comes, and asks to be woken then")
  mutating func early() {
    let entry = chain(author, [1_001_500])[0]
    driver.push([entry], on: 5)
    driver.verified(entry)
    #expect(driver.take().delivered.isEmpty)
    driver.core.timer(now: at(1_000_000), into: &driver.effects)
    _ = driver.take()
    #expect(driver.core.nextWake == at(1_000_500))
    driver.core.timer(now: at(1_000_500), into: &driver.effects)
    #expect(driver.take().delivered == [entry.id])
  }

  @Test("what was forgotten and not restored is fetched again from those who are known to have it")
  mutating func reset() {
    let entries = chain(author, [1_000_000, 1_000_000, 1_000_000])
    for entry in entries {
      driver.push([entry], on: 5)
      driver.verified(entry)
    }
    driver.core.resetFeeds()
    #expect(driver.core.restore(entries[0]) == .next)
    _ = driver.take()
    driver.core.timer(now: driver.now, into: &driver.effects)
    #expect(driver.take().fetches.map { $0.fetch.ranges.map { [$0.from, $0.through] } } == [[[2, 3]]])
  }

  @Test("a comparison tells the peer what it lacks, and what the peer has more of is fetched")
  mutating func comparison() throws {
    let mine = chain(author, [1_000_000, 1_000_000])
    for entry in mine {
      driver.push([entry], on: 7)
      driver.verified(entry)
    }
    _ = driver.take()
    let theirs = chain(identity(8), [1_000_000])
    let held = [mine[0], theirs[0]].map { (author: $0.author, head: $0.head) }.sorted { $0.author < $1.author }
    let peer = Comparison(salt: 77, heads: held) { _, _ in nil }
    compare(peer.opening, salt: 77, on: 5)
    let effects = driver.take()
    let answer = try #require(effects.comparisons.first)
    #expect(answer.connection == 5 && answer.message.reply && answer.message.salt == 77)
    let outcome = peer.answer(try ComparisonReader.parts(Array(answer.message.parts)))
    #expect(outcome.claims.contains { $0.author == author.nodeID && $0.sequence == 2 })
    // The peer's other feed is known by its tag only so far.
    #expect(effects.fetches.isEmpty)
    compare(outcome.answer, salt: 77, on: 5)
    #expect(driver.take().fetches.map(\.connection) == [5])
    compare(peer.opening, salt: 78, on: 5)
    #expect(driver.take().comparisons.isEmpty, "one comparison a peer in a while")
  }

  private mutating func compare(_ parts: [ComparisonPart], salt: UInt64, reply: Bool = false, on connection: UInt64) {
    for bytes in Comparison.messages(parts, maximumBytes: 48_000) {
      var message = WireCompare()
      message.salt = salt
      message.parts = .init(bytes)
      message.reply = reply
      driver.receive(.compare(message), on: connection)
    }
  }

  @Test("a node begins one comparison after the other, each when the last has come to its end")
  mutating func comparisonsInTurn() throws {
    driver = Driver(own: node(1))
    for connection in 5...6 as ClosedRange<UInt64> { driver.greet(connection, node(connection), .outbound) }
    let first = try #require(driver.take().comparisons.first)
    #expect(first.connection == 5)
    compare([], salt: first.message.salt, reply: true, on: 5)
    var end = WireCompare()
    end.salt = first.message.salt
    end.reply = true
    driver.receive(.compare(end), on: 5)
    #expect(driver.take().comparisons.map(\.connection) == [6])
    driver.greet(7, node(7), .outbound)
    #expect(driver.take().comparisons.isEmpty)
    driver.core.timer(now: driver.now + GossipParameters.standard.comparisonMilliseconds, into: &driver.effects)
    #expect(driver.take().comparisons.map(\.connection) == [7], "a peer that does not answer is not waited for")
  }

  @Test("what a peer holds of the own feed is known with its hello, before anything is written")
  mutating func ownHead() {
    let own = identity(1)
    driver = Driver(own: own.nodeID)
    driver.connect(5, node(2))
    var hello = Driver.hello
    hello.yourSequence = 3
    hello.yourEntry = .init(node(77).bytes)
    driver.receive(.hello(hello), on: 5)
    #expect(driver.core.ownFeedAwaitedUntil != nil && !driver.core.hasRecoveredOwnFeed(now: driver.now))
    #expect(driver.take().fetches.flatMap(\.fetch.ranges).map(\.through) == [3])
  }

  @Test("a peer that claims more of the own feed and does not show it holds a restarted node up for one answer's time")
  mutating func silentClaimant() {
    driver = Driver(own: identity(1).nodeID)
    driver.greet(5, node(2))
    for connection in [6, 7] as [UInt64] {
      driver.connect(connection, node(connection))
      var hello = Driver.hello
      hello.yourSequence = SignedEntry.maximumSequence
      hello.yourEntry = .init(node(77).bytes)
      driver.receive(.hello(hello), on: connection)
      driver.link(connection, .inbound)
    }
    #expect(!driver.core.hasRecoveredOwnFeed(now: driver.now))
    #expect(Set(driver.take().fetches.map(\.connection)) == [6, 7], "all are asked at the same time")
    driver.now = driver.now + GossipParameters.Fetching.answerMilliseconds
    for connection in [5, 6, 7] as [UInt64] { driver.receive(.pong(WirePong()), on: connection) }
    driver.core.timer(now: driver.now, into: &driver.effects)
    #expect(driver.take().disconnects.isEmpty)
    #expect(driver.core.hasRecoveredOwnFeed(now: driver.now))
  }

  @Test(
    "however often peers come back with a claim on the own feed, a restarted node writes after so long without any of it"
  )
  mutating func endlessClaims() throws {
    driver = Driver(own: identity(1).nodeID)
    driver.greet(5, node(2))
    let start = driver.now
    let patience = driver.core.parameters.ownFeedPatienceMilliseconds
    var connection = 6 as UInt64
    while driver.now - start < patience {
      driver.connect(connection, node(connection))
      var hello = Driver.hello
      hello.yourSequence = 9
      hello.yourEntry = .init(node(77).bytes)
      driver.receive(.hello(hello), on: connection)
      #expect(!driver.core.hasRecoveredOwnFeed(now: driver.now))
      #expect(driver.core.ownFeedAwaitedUntil == start + patience)
      driver.now = driver.now + 5000
      driver.receive(.pong(WirePong()), on: 5)
      driver.core.disconnected(connection, now: driver.now, into: &driver.effects)
      connection += 1
    }
    driver.connect(connection, node(connection))
    var hello = Driver.hello
    hello.yourSequence = 9
    hello.yourEntry = .init(node(77).bytes)
    driver.receive(.hello(hello), on: connection)
    #expect(driver.core.hasRecoveredOwnFeed(now: driver.now))
  }

  @Test("a node has heard of its own feed when every peer has told, though all links that it has are direct")
  mutating func directLinks() {
    driver = Driver(own: node(1))
    driver.connect(5, node(2))
    driver.receive(.hello(Driver.hello), on: 5)
    #expect(!driver.core.hasRecoveredOwnFeed(now: driver.now), "a connection without a link may be about to end")
    var neighbour = WireNeighbour()
    neighbour.kind = .direct
    driver.receive(.neighbour(neighbour), on: 5)
    #expect(driver.core.neighbours.isEmpty && driver.core.hasRecoveredOwnFeed(now: driver.now))
    driver.connect(6, node(3))
    #expect(!driver.core.hasRecoveredOwnFeed(now: driver.now), "one more has not told yet")
    driver.receive(.hello(Driver.hello), on: 6)
    #expect(driver.core.hasRecoveredOwnFeed(now: driver.now))
  }

  @Test("another entry at a place that is held here is fetched, and the two are a proof")
  mutating func suspicion() throws {
    let held = chain(author, [1_000_000])[0]
    driver.push([held], on: 6)
    driver.verified(held)
    let rival = chain(author, [1_000_000], payload: [1])[0]
    _ = driver.take()
    let parts = [ComparisonPart.heads(.all, [.head(author.nodeID, sequence: 1, rival.id)])]
    compare(parts, salt: 77, on: 5)
    compare(parts, salt: 77, on: 5)
    let fetches = driver.take().fetches
    #expect(fetches.count == 1, "a suspicion is followed up once")
    var answer = WireFetchAnswer()
    answer.id = try #require(fetches.first).fetch.id
    answer.entries = [rival.wire]
    answer.done = true
    driver.receive(.fetchAnswer(answer), on: 5)
    driver.verified(rival)
    let cases = driver.take().compactMap { if case .collect(let found) = $0 { found } else { nil } }
    let proof = try #require(cases.first?.proof(with: [held]))
    #expect(cases.count == 1 && proof.entries.map(\.id).contains(rival.id))
    driver.core.proofFound(proof, now: driver.now, into: &driver.effects)
    let proofs = driver.take().sent.filter { $0.message.message?.name == "proof" }
    #expect(proofs.map(\.connection) == [5, 6, 7])
    #expect(driver.core.fraudProofs.count == 1)
  }
}

extension [GossipEffect] {
  var comparisons: [(connection: UInt64, message: WireCompare)] {
    sent.compactMap { if case .compare(let message)? = $0.message.message { ($0.connection, message) } else { nil } }
  }
}
