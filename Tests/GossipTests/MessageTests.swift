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
    #expect(driver.core.connection(to: node(2)) == nil, sourceLocation: sourceLocation)
  }

  @Test("bytes that are no message, and a message of no known kind, end the connection")
  mutating func garbage() {
    driver.core.received([0xFF, 0x01], on: 5, now: driver.now, into: &driver.effects)
    expectPunished("do not decode")
    driver.core.received([0xA2, 0x06, 0x00], on: 6, now: driver.now, into: &driver.effects)
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
      (20, { $0.agent = String(repeating: "a", count: 65) }), (21, { $0.protocol = 3 }),
      (22, { $0.listenPort = 65_536 }), (23, { ($0.listenPort, $0.advertise) = (1, "no host") }),
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
    fetch.ranges = .init(repeating: range, count: AntiEntropy.maximumRanges + 1)
    driver.receive(.fetch(fetch), on: 6)
    #expect(driver.take().disconnects.map(\.cause) == [.misbehaved("a fetch of 257 ranges; allowed: 256")])

    var head = WireHead()
    head.author = .init(node(50).bytes)
    head.entry = .init(node(50).bytes)
    head.sequence = 1
    var heads = WireHeads()
    heads.heads = .init(repeating: head, count: GossipParameters.standard.headsPerChunk + 1)
    driver.receive(.heads(heads), on: 7)
    #expect(driver.take().disconnects.map(\.cause) == [.misbehaved("801 heads; allowed: 800")])
  }

  @Test("an address, a head or a range that is not one ends the connection")
  mutating func malformedItems() {
    var addresses = WireShuffleRequest()
    addresses.addresses = [WirePeerAddress()]
    driver.receive(.shuffleRequest(addresses), on: 5)
    expectPunished("an address that is not one")
    var heads = WireHeads()
    heads.heads = [WireHead()]
    driver.receive(.heads(heads), on: 6)
    #expect(driver.take().disconnects.map(\.connection) == [6])
    var fetch = WireFetch()
    fetch.ranges = [WireFeedRange()]
    driver.receive(.fetch(fetch), on: 7)
    #expect(driver.take().disconnects.map(\.connection) == [7])
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
    driver.core.publish(entry, urgentFor: [node(7), node(99)], into: &driver.effects)
    let sends = driver.take().compactMap { effect -> (UInt64, SendPriority)? in
      if case .send(let connection, _, let priority) = effect { (connection, priority) } else { nil }
    }
    #expect(sends.map(\.0) == [7, 5, 6])
    #expect(sends.map(\.1) == [.urgent, .entry, .entry])
  }

  @Test("a gap makes one fetch of what is missing, however many entries come after it")
  mutating func gap() throws {
    let entries = chain(author, [Int64](repeating: 1_000_000, count: 5))
    for entry in entries.dropFirst(2) { driver.push([entry], on: 5) }
    let fetches = driver.take().fetches
    #expect(fetches.count == 1)
    #expect(fetches.first?.connection == 5)
    #expect(fetches.first?.fetch.ranges.map { [$0.from, $0.through] } == [[1, 3]])
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
    #expect(driver.core.connection(to: node(3)) == 6)
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

  @Test("heads are answered by those feeds of which more is held, and what the peer has more of is fetched")
  mutating func heads() throws {
    let mine = chain(author, [1_000_000, 1_000_000])
    for entry in mine {
      driver.push([entry], on: 7)
      driver.verified(entry)
    }
    _ = driver.take()
    let theirs = chain(identity(8), [1_000_000])
    var heads = WireHeads()
    for (entry, sequence) in [(mine[0], 1), (theirs[0], 1)] as [(SignedEntry, UInt64)] {
      var head = WireHead()
      head.author = .init(entry.author.bytes)
      head.sequence = sequence
      head.entry = .init(entry.id.bytes)
      heads.heads.append(head)
    }
    heads.last = true
    driver.receive(.heads(heads), on: 7)
    // Peer 7 has pushed both of mine itself.
    driver.receive(.heads(heads), on: 5)
    let effects = driver.take()
    let answers = effects.sent.compactMap { sent -> (UInt64, WireHeads)? in
      if case .heads(let heads)? = sent.message.message { (sent.connection, heads) } else { nil }
    }
    #expect(answers.map(\.0) == [7, 5])
    #expect(answers.map(\.1.reply) == [true, true])
    #expect(answers[0].1.heads.isEmpty)
    #expect(answers[1].1.heads.map(\.sequence) == [2])
    #expect(effects.fetches.map(\.connection) == [7])
  }

  @Test("another entry at a place that is held here is fetched, and the two are a proof")
  mutating func suspicion() throws {
    let held = chain(author, [1_000_000])[0]
    driver.push([held], on: 6)
    driver.verified(held)
    let rival = chain(author, [1_000_000], payload: [1])[0]
    _ = driver.take()
    var head = WireHead()
    head.author = .init(author.nodeID.bytes)
    head.sequence = 1
    head.entry = .init(rival.id.bytes)
    var heads = WireHeads()
    heads.heads = [head]
    driver.receive(.heads(heads), on: 5)
    driver.receive(.heads(heads), on: 5)
    heads.last = true
    driver.receive(.heads(heads), on: 5)
    let fetches = driver.take().fetches
    #expect(fetches.count == 1, "in each list of heads a suspicion is followed up once")
    var answer = WireFetchAnswer()
    answer.id = try #require(fetches.first).fetch.id
    answer.entries = [rival.wire]
    answer.done = true
    driver.receive(.fetchAnswer(answer), on: 5)
    driver.verified(rival)
    let found = driver.take().contains { if case .findRival(let entry) = $0 { entry.id == rival.id } else { false } }
    #expect(found)
    driver.core.rivalFound(held, of: rival, now: driver.now, into: &driver.effects)
    let proofs = driver.take().sent.filter { $0.message.message?.name == "proof" }
    #expect(proofs.map(\.connection) == [5, 6, 7])
    #expect(driver.core.equivocationProofs.count == 1)
  }
}
