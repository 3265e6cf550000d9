import Gossip
import Market
import NodeCrypto
import OrderBook
import Settlement
import Simulator
import Testing
import Wire

@testable import NodeCore

/// What a peer can write that no honest node writes.
@Suite("hostile entries")
struct HostileTests {
  let genesis: Genesis
  let network: VirtualNetwork
  let nodes: [VirtualNode]
  let hostile: Puppet
  let link: UInt64
  var feed: HandwrittenFeed

  init() throws {
    genesis = try TestMarket.genesis()
    network = VirtualNetwork(genesis: genesis, seed: 11)
    nodes = network.addNodes(3)
    network.settleIn()
    hostile = network.addPuppet(identity: identity(1))
    link = hostile.connect(to: nodes[0])
    network.run(for: 500)
    feed = HandwrittenFeed(identity: hostile.identity, genesis: genesis)
  }

  private var now: Timestamp { network.time }

  /// Runs a while, and expects that the entries ended the connection and that nobody took them.
  private func expectRefused(_ words: String, sourceLocation: SourceLocation = #_sourceLocation) {
    network.run(for: 3000)
    #expect(hostile.openLinks.isEmpty, "the connection stays", sourceLocation: sourceLocation)
    let causes = nodes[0].disconnects.map(\.description)
    #expect(causes.contains { $0.contains(words) }, "\(causes)", sourceLocation: sourceLocation)
    for node in nodes {
      #expect(node.core?.feeds.feed(of: hostile.nodeID) == nil, sourceLocation: sourceLocation)
      #expect(node.core?.peers.count == 2, sourceLocation: sourceLocation)
    }
  }

  private mutating func push(payload: [UInt8], at time: Timestamp? = nil) {
    hostile.push([feed.append(payload: payload, at: time ?? now)], over: link)
  }

  private mutating func push(_ operations: Operation...) {
    push(payload: HandwrittenFeed.payload(operations, genesis))
  }

  @Test("a bad signature ends the connection, and the same entry with the right one is taken afterwards")
  mutating func badSignature() throws {
    let good = feed.append([.place(genesis.offer(8, at: 2.00))], at: now)
    var bytes = good.signature.bytes
    bytes[40] ^= 1
    let bad = try SignedEntry(bytes: good.bytes, signature: bytes, maximumBytes: 60_000)
    hostile.push([bad], over: link)
    expectRefused("bad signature")
    let honest = network.addPuppet(identity: identity(2))
    honest.push([good], over: honest.connect(to: nodes[1]))
    network.run(for: 1000)
    #expect(nodes.allSatisfy { $0.core?.book.count == 1 })
  }

  @Test("a signature for another network ends the connection")
  func wrongNetwork() throws {
    let other = try TestMarket.genesis(name: "another network")
    let head = Head.origin(of: genesis.networkID)
    let entry = SignedEntry(
      after: head, time: now, payload: [], identity: hostile.identity, network: other.networkID)
    hostile.push([entry], over: link)
    expectRefused("bad signature")
  }

  @Test("a first entry that does not follow the network's id ends the connection")
  func wrongOrigin() throws {
    let other = try TestMarket.genesis(name: "another network")
    let entry = SignedEntry(
      after: .origin(of: other.networkID), time: now, payload: [], identity: hostile.identity,
      network: genesis.networkID)
    hostile.push([entry], over: link)
    expectRefused("a first entry's previous")
  }

  @Test("a payload that does not decode ends the connection")
  mutating func malformedPayload() {
    push(payload: [0x0A, 0x7F, 0x01])
    expectRefused("do not decode")
  }

  @Test("a payload that is not in its canonical form ends the connection")
  mutating func notCanonicalPayload() {
    var payload = HandwrittenFeed.payload([.cancel(feed.orderID(sequence: 1))], genesis)
    payload += [0x10, 0x01]
    push(payload: payload)
    expectRefused("not the canonical encoding")
  }

  @Test("an order out of the market's limits ends the connection")
  mutating func orderOutOfLimits() {
    push(.place(genesis.offer(65, at: 2.00)))
    expectRefused("gpus is 65; allowed: 1 to 64")
  }

  @Test("more operations than the market allows end the connection")
  mutating func tooManyOperations() {
    let order = feed.orderID(sequence: 1)
    push(payload: HandwrittenFeed.payload((0..<257).map { _ in .cancel(order) }, genesis))
    expectRefused("257 operations")
  }

  @Test("an operation of an unknown kind ends the connection")
  mutating func unknownKind() {
    push(payload: [0x0A, 0x00])
    expectRefused("kind is unknown")
  }

  @Test(
    "a proposal in somebody else's name, past the longest deadline or starting before it ends the connection",
    arguments: ["taker", "deadline_ms", "start_ms"])
  mutating func badProposal(field: String) throws {
    var terms = terms(bid: feed.orderID(sequence: 1), offer: OrderID(word0: 1, word1: 2, word2: 3, word3: 4))
    switch field {
    case "taker": terms.buyer = nodes[1].nodeID
    case "deadline_ms": terms.deadline = now + genesis.limits.proposalMilliseconds + 1
    default: terms.start = epoch
    }
    terms.total = try #require(terms.price.total(gpus: Int64(terms.gpus), seconds: terms.seconds))
    push(.propose(signed(terms)))
    expectRefused("\(field) is")
  }

  @Test(
    "an accept for another place, after the deadline or of another maker's trade ends the connection",
    arguments: ["sequence", "previous", "time", "deadline", "maker"])
  mutating func badAccept(what: String) throws {
    var terms = terms(bid: OrderID(word0: 9, word1: 2, word2: 3, word3: 4), offer: feed.orderID(sequence: 1))
    terms.provider = what == "maker" ? nodes[2].nodeID : hostile.nodeID
    terms.buyer = nodes[1].nodeID
    if what == "deadline" { terms.deadline = now - 1 }
    let taken = SignedTerms(
      terms: terms, bytes: terms.encoded(),
      signature: nodes[1].identity.sign(terms.encoded(), domain: .terms, network: genesis.networkID))
    var acceptance = Acceptance(
      trade: Blake2b.hash(taken.bytes), time: now, sequence: 1, previous: feed.head.entry)
    switch what {
    case "sequence": acceptance.sequence = 2
    case "previous": acceptance.previous = EntryID(word0: 1, word1: 1, word2: 1, word3: 1)
    case "time": acceptance.time = now - 1
    default: break
    }
    push(.accept(taken, signed(acceptance)))
    switch what {
    case "deadline": expectRefused("time_ms is")
    case "maker": expectRefused("maker is")
    default: expectRefused("acceptance is for another trade or place")
    }
  }

  @Test("a proposal that names somebody else's order reserves nothing of it")
  mutating func foreignOrder() throws {
    let bid = try network.place(genesis.bid(4, at: 2.40), on: nodes[1])
    let offer = try network.place(genesis.offer(8, at: 3.00), on: nodes[2])
    network.runUntilQuiet()
    push(.propose(signed(terms(bid: bid, offer: offer))))
    network.run(for: 3000)
    network.runUntilQuiet()
    network.checkAgreement()
    for node in nodes {
      #expect(node.remaining(bid) == 4)
      #expect(node.remaining(offer) == 8)
      #expect(node.core?.ledger.sorted.first?.rejection?.reason == .badTerms)
    }
  }

  @Test("a maker that sells one slot twice is frozen: every node has the same book, and both receipts stay")
  mutating func oversell() throws {
    hostile.holdings[hostile.nodeID] = [:]
    push(.place(genesis.offer(4, at: 2.00, from: 60, until: 120)))
    let offer = feed.orderID(sequence: 1)
    network.run(for: 1000)
    nodes[1].command(.place(genesis.bid(4, at: 2.40, from: 60, until: 120)))
    nodes[2].command(.place(genesis.bid(4, at: 2.40, from: 60, until: 120)))
    network.run(for: 1000)
    let proposed = try nodes[0].running().ledger.sorted
    try #require(proposed.count == 2)
    push(accept(proposed[0]))
    network.run(for: 500)
    push(accept(proposed[1]))
    network.run(for: 1000)
    network.runUntilQuiet()
    network.checkAgreement()
    for node in nodes {
      #expect(node.settled.count == 2)
      #expect(node.core?.book.state(of: offer) == nil)
      #expect(node.core?.fraudProofs.map(\.kind) == [.overfill])
    }
  }

  @Test("a maker's first answer counts: an accept after its reject settles nothing")
  mutating func rejectThenAccept() throws {
    push(.place(genesis.offer(4, at: 2.00)))
    network.run(for: 1000)
    let bid = try network.place(genesis.bid(4, at: 2.40), on: nodes[1])
    network.run(for: 500)
    let trade = try #require(nodes[0].core?.ledger.sorted.first)
    push(.reject(trade.id, .noCapacity, gpusLeft: 0))
    network.run(for: 500)
    #expect(nodes[1].core?.ledger[trade.id]?.state == .released)
    push(accept(trade))
    network.run(for: 1000)
    network.runUntilQuiet()
    network.checkAgreement()
    for node in nodes {
      #expect(node.core?.ledger[trade.id]?.state == .released)
      #expect(node.remaining(bid) == 4)
    }
  }

  @Test("an entry too far ahead of the clock waits for its time, and is no fault")
  mutating func early() throws {
    push(payload: HandwrittenFeed.payload([.place(genesis.offer(8, at: 2.00))], genesis), at: now + 30_000)
    network.run(for: 27_000)
    #expect(nodes[0].core?.book.count == 0)
    #expect(hostile.openLinks == [link])
    network.run(for: 2000)
    #expect(nodes.map { $0.core?.book.count } == [1, 1, 1])
    #expect(nodes.map(\.busyWakes) == [0, 0, 0])
    #expect(hostile.openLinks == [link])
  }

  @Test("an entry whose time goes back is refused, the ones before it stay")
  mutating func timeGoesBack() throws {
    let first = feed.append([], at: now)
    let second = feed.append([], at: now - 1)
    hostile.push([first, second], over: link)
    network.run(for: 1000)
    #expect(hostile.openLinks.isEmpty)
    #expect(nodes.allSatisfy { $0.core?.feeds.head(of: hostile.nodeID).sequence == 1 })
    #expect(nodes[0].disconnects.contains { $0.description.contains("before the previous entry's") })
  }

  @Test("an author past its rate is cut off there on every node; an honest node keeps to its rate by itself")
  func rate() throws {
    let genesis = try TestMarket.genesis(entriesPerSecond: 1, burst: 5)
    let network = VirtualNetwork(genesis: genesis, seed: 13)
    let nodes = network.addNodes(2)
    network.settleIn()
    let flooder = network.addPuppet(identity: identity(1))
    let link = flooder.connect(to: nodes[0])
    network.run(for: 500)
    var feed = HandwrittenFeed(identity: flooder.identity, genesis: genesis)
    for _ in 0..<8 { feed.append([], at: network.time) }
    flooder.push(feed.entries, over: link)
    network.run(for: 1000)
    #expect(flooder.openLinks.isEmpty)
    #expect(nodes.allSatisfy { $0.core?.feeds.head(of: flooder.nodeID).sequence == 5 })
    var commands: [CommandID] = []
    for round in 0..<12 {
      commands.append(nodes[1].command(.place(genesis.offer(1, at: 2.00 + Double(round)))))
      network.run(for: 20)
    }
    network.run(for: 20_000)
    network.runUntilQuiet()
    network.checkAgreement()
    #expect(commands.allSatisfy { (try? nodes[1].replies[$0]?.get()) != nil })
    #expect(nodes[0].core?.book.count == 12)
    #expect(nodes.allSatisfy { $0.disconnects.count <= 1 }, "nobody found fault with the honest node")
  }

  // MARK: Making things

  /// Terms in which the hostile node buys; everything but the orders is as it should be.
  private func terms(bid: OrderID, offer: OrderID) -> Terms {
    let price = Price(micros: 2_000_000)
    return Terms(
      offer: offer, bid: bid, provider: nodes[2].nodeID, buyer: hostile.nodeID, takerSide: .bid,
      gpuClass: "h100-sxm-80g", gpus: 4, start: epoch + 600_000, end: epoch + 660_000, price: price,
      total: price.total(gpus: 4, seconds: 60) ?? Amount(micros: 0), currency: "USD",
      deadline: now + genesis.limits.proposalMilliseconds, makerSequence: 0,
      makerHead: Head.origin(of: genesis.networkID).entry, nonce: Terms.Nonce(high: 1, low: 2))
  }

  private func signed(_ terms: Terms) -> SignedTerms {
    SignedTerms(
      terms: terms, bytes: terms.encoded(),
      signature: hostile.identity.sign(terms.encoded(), domain: .terms, network: genesis.networkID))
  }

  private func signed(_ acceptance: Acceptance) -> SignedAcceptance {
    SignedAcceptance(
      acceptance: acceptance, bytes: acceptance.encoded(),
      signature: hostile.identity.sign(acceptance.encoded(), domain: .acceptance, network: genesis.networkID),
      maker: hostile.nodeID)
  }

  /// The hostile node's accept of a trade, in its feed's next entry at the present moment.
  private func accept(_ trade: Trade) -> Operation {
    .accept(
      SignedTerms(terms: trade.terms, bytes: trade.termsBytes, signature: trade.takerSignature),
      signed(
        Acceptance(trade: trade.id, time: now, sequence: feed.head.sequence + 1, previous: feed.head.entry)))
  }
}
