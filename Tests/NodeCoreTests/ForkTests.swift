import Gossip
import Market
import NodeCrypto
import OrderBook
import Settlement
import Simulator
import Testing
import Wire

@testable import NodeCore

/// An author that signs two entries at one place is frozen from there on, on every node alike.
@Suite("equivocation")
struct ForkTests {
  let genesis: Genesis
  let network: VirtualNetwork
  let nodes: [VirtualNode]
  let author = identity(1)

  init() throws {
    genesis = try TestMarket.genesis()
    network = VirtualNetwork(genesis: genesis, seed: 12)
    nodes = network.addNodes(4)
    network.settleIn()
  }

  /// A feed of entries that each place an offer; every branch of its own prices.
  private func extend(_ feed: inout HandwrittenFeed, to count: Int, dollars: Double) {
    while feed.entries.count < count {
      feed.append([.place(genesis.offer(4, at: dollars + Double(feed.entries.count) / 100))], at: network.time)
    }
  }

  private func puppet(_ number: Int, holding feed: HandwrittenFeed) -> Puppet {
    let puppet = network.addPuppet(identity: identity(number))
    puppet.holdings[author.nodeID] = Dictionary(uniqueKeysWithValues: feed.entries.map { ($0.sequence, $0) })
    return puppet
  }

  /// Expects that every node froze the author at `sequence`, and that none of its orders is left.
  private func expectFrozen(at sequence: UInt64, sourceLocation: SourceLocation = #_sourceLocation) {
    for node in network.nodes {
      let feed = node.core?.feeds.feed(of: author.nodeID)
      #expect(feed?.frozenFrom == sequence, "node \(node.index)", sourceLocation: sourceLocation)
      #expect(feed?.head.sequence == sequence - 1, "node \(node.index)", sourceLocation: sourceLocation)
      #expect(node.core?.book.orders(ownedBy: author.nodeID).isEmpty == true, sourceLocation: sourceLocation)
      #expect(node.core?.fraudProofs.map(\.sequence) == [sequence], sourceLocation: sourceLocation)
      #expect(node.store.sortedProofs.contains { $0.sequence == sequence }, sourceLocation: sourceLocation)
    }
    network.checkAgreement(sourceLocation: sourceLocation)
  }

  @Test(
    "a fork is frozen at its first entry on every node, whichever branch a node saw, however long the branches are",
    arguments: [(1, 1), (1, 6), (6, 1), (5, 5), (30, 41)], [1, 4])
  func branches(lengths: (Int, Int), fork: Int) throws {
    try network.place(genesis.offer(8, at: 9.00), on: nodes[3])
    var left = HandwrittenFeed(identity: author, genesis: genesis)
    extend(&left, to: fork - 1, dollars: 2)
    var right = left
    extend(&left, to: fork - 1 + lengths.0, dollars: 3)
    extend(&right, to: fork - 1 + lengths.1, dollars: 4)
    let one = puppet(2, holding: left)
    let other = puppet(3, holding: right)
    // Connections break, so that the parts know of each other's branches only by their heads.
    network.partition([[nodes[0], nodes[1], one], [nodes[2], nodes[3], other]], breaking: 100)
    network.run(for: 3000)
    one.push(left.entries, over: one.connect(to: nodes[0]))
    other.push(right.entries, over: other.connect(to: nodes[2]))
    network.run(for: 5000)
    #expect(nodes[1].core?.feeds.head(of: author.nodeID) == left.head)
    #expect(nodes[3].core?.feeds.head(of: author.nodeID) == right.head)
    network.heal()
    network.run(for: 40_000)
    network.runUntilQuiet()
    expectFrozen(at: UInt64(fork))
    #expect(nodes[0].core?.book.count == 1)
  }

  @Test("a fork that one node sees itself is proven to all, and to those who come later or come back")
  func spreading() throws {
    let common = fork(at: 3)
    network.run(for: 2000)
    expectFrozen(at: 3)
    let late = network.addNode()
    network.settleIn()
    network.runUntilQuiet()
    expectFrozen(at: 3)
    #expect(late.core?.feeds.head(of: author.nodeID) == common.head)
    nodes[1].crash(commitSurvives: true)
    nodes[1].start()
    network.settleIn()
    network.runUntilQuiet()
    expectFrozen(at: 3)
  }

  @Test("a newcomer learns of many frauds, whom it is told of at once and whose proofs come a few at a time")
  func manyFrauds() throws {
    for number in 10..<30 {
      var feed = HandwrittenFeed(identity: identity(number), genesis: genesis)
      feed.append([], at: network.time)
      var rival = feed.cut(to: 0)
      rival.append([.place(genesis.offer(1, at: 3))], at: network.time)
      let liar = network.addPuppet(identity: identity(number))
      liar.push([feed.entries[0], rival.entries[0]], over: liar.connect(to: nodes[number % nodes.count]))
    }
    network.run(for: 5000)
    let late = network.addNode()
    network.settleIn()
    network.runUntilQuiet()
    #expect((nodes + [late]).allSatisfy { $0.core?.fraudProofs.count == 20 })
  }

  @Test("two entries for one place that both wait for what comes before are a proof already")
  func waitingRivals() throws {
    var feed = HandwrittenFeed(identity: author, genesis: genesis)
    extend(&feed, to: 2, dollars: 2)
    var rival = feed.cut(to: 1)
    extend(&rival, to: 2, dollars: 3)
    let liar = puppet(2, holding: feed.cut(to: 0))
    let link = liar.connect(to: nodes[0])
    liar.push([feed.entries[1], rival.entries[1]], over: link)
    network.run(for: 1000)
    #expect(nodes.allSatisfy { $0.core?.feeds.feed(of: author.nodeID)?.frozenFrom == 2 })
    liar.push([feed.entries[0]], over: link)
    network.run(for: 2000)
    network.runUntilQuiet()
    expectFrozen(at: 2)
  }

  @Test("entries of a frozen feed from before the fork that arrive after the proof bring no order back")
  func lateEntries() throws {
    var feed = HandwrittenFeed(identity: author, genesis: genesis)
    extend(&feed, to: 3, dollars: 2)
    var rival = feed.cut(to: 2)
    extend(&rival, to: 3, dollars: 3)
    let liar = puppet(2, holding: feed.cut(to: 2))
    let link = liar.connect(to: nodes[0])
    let proof = try #require(FraudProof(feed.entries[2], rival.entries[2]))
    liar.send(proof, over: link)
    network.run(for: 1000)
    #expect(nodes.allSatisfy { $0.core?.feeds.head(of: author.nodeID).sequence == 0 })
    liar.push(Array(feed.entries.prefix(2)), over: link)
    network.run(for: 5000)
    expectFrozen(at: 3)
  }

  @Test("a receipt that the taker has copied stays when the maker forks behind it; one that nobody copied goes")
  func receiptsStay() throws {
    var feed = HandwrittenFeed(identity: author, genesis: genesis)
    extend(&feed, to: 1, dollars: 2)
    let maker = puppet(2, holding: feed)
    let link = maker.connect(to: nodes[0])
    maker.push(feed.entries, over: link)
    network.run(for: 1000)
    let bid = try network.place(genesis.bid(2, at: 2.40), on: nodes[1])
    network.run(for: 500)
    let trade = try #require(nodes[0].core?.ledger.sorted.first)
    var rival = feed
    feed.append([accept(trade, in: feed)], at: network.time)
    maker.push([feed.entries[1]], over: link)
    network.run(for: 2000)
    #expect(nodes[2].core?.ledger[trade.id]?.isCopied == true)
    rival.append([], at: network.time)
    maker.push([rival.entries[1]], over: link)
    network.run(for: 5000)
    network.runUntilQuiet()
    expectFrozen(at: 2)
    for node in nodes {
      let settled = try #require(node.settled.first)
      #expect(settled.id == trade.id)
      _ = try settled.receipt?.verify(network: genesis.networkID)
      #expect(node.remaining(bid) == 0)
    }
  }

  @Test("a taker whose maker forked before it answered takes its reservation back only when it has all up to the fork")
  func releaseAtTheFork() throws {
    var feed = HandwrittenFeed(identity: author, genesis: genesis)
    extend(&feed, to: 1, dollars: 2)
    let maker = puppet(2, holding: feed)
    let link = maker.connect(to: nodes[0])
    maker.push(feed.entries, over: link)
    network.run(for: 1000)
    let bid = try network.place(genesis.bid(2, at: 2.40), on: nodes[1])
    network.run(for: 500)
    let trade = try #require(nodes[0].core?.ledger.sorted.first)
    feed.append([accept(trade, in: feed)], at: network.time)
    var left = feed
    left.append([], at: network.time)
    var right = feed
    right.append([.cancel(feed.orderID(sequence: 1))], at: network.time)
    let proof = try #require(FraudProof(left.entries[2], right.entries[2]))
    maker.send(proof, over: link)
    network.run(for: 20_000)
    #expect(nodes[1].core?.ledger[trade.id]?.state == .proposed)
    maker.push([feed.entries[1]], over: link)
    network.run(for: 5000)
    network.runUntilQuiet()
    expectFrozen(at: 3)
    #expect(nodes[3].core?.ledger[trade.id]?.state == .settled)
    #expect(nodes[3].remaining(bid) == 0)
  }

  @Test("a maker that forks where it should answer has not answered: its taker takes its reservation back")
  func forkInsteadOfAnswer() throws {
    var feed = HandwrittenFeed(identity: author, genesis: genesis)
    extend(&feed, to: 1, dollars: 2)
    let maker = puppet(2, holding: feed)
    let link = maker.connect(to: nodes[0])
    maker.push(feed.entries, over: link)
    network.run(for: 1000)
    let bid = try network.place(genesis.bid(2, at: 2.40), on: nodes[1])
    network.run(for: 500)
    var left = feed
    left.append([], at: network.time)
    var right = feed
    right.append([.cancel(feed.orderID(sequence: 1))], at: network.time)
    let proof = try #require(FraudProof(left.entries[1], right.entries[1]))
    maker.send(proof, over: link)
    network.run(for: 2000)
    network.runUntilQuiet()
    expectFrozen(at: 2)
    #expect(nodes[3].core?.ledger.sorted.map(\.state) == [.released])
    #expect(nodes[3].remaining(bid) == 2)
  }

  @Test("a proof that proves nothing, or whose signatures are bad, ends the connection")
  func badProofs() throws {
    var feed = HandwrittenFeed(identity: author, genesis: genesis)
    extend(&feed, to: 2, dollars: 2)
    let same = puppet(2, holding: feed)
    var nothing = WireFraudProof()
    nothing.kind = .fork
    nothing.entries = feed.entries.map(\.wire)
    same.send(encodedProof: nothing.encoded(), over: same.connect(to: nodes[0]))
    var rival = feed.cut(to: 1)
    extend(&rival, to: 2, dollars: 3)
    var forged = WireFraudProof()
    forged.kind = .fork
    forged.entries = [feed.entries[1], rival.entries[1]].sorted { $0.id < $1.id }.map(\.wire)
    forged.entries[1].signature = forged.entries[0].signature
    let forger = puppet(3, holding: feed)
    forger.send(encodedProof: forged.encoded(), over: forger.connect(to: nodes[0]))
    network.run(for: 1000)
    #expect(same.openLinks.isEmpty && forger.openLinks.isEmpty)
    #expect(nodes.allSatisfy { $0.core?.fraudProofs.isEmpty == true })
  }

  @Test("a node whose own key has signed twice says so and writes nothing more")
  func ownFork() throws {
    try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
    network.runUntilQuiet()
    var feed = HandwrittenFeed(identity: nodes[0].identity, genesis: genesis)
    feed.append([], at: network.time)
    let thief = network.addPuppet(identity: identity(2))
    thief.push(feed.entries, over: thief.connect(to: nodes[1]))
    network.run(for: 5000)
    #expect(nodes[0].core?.state == .frozen)
    let written = nodes[0].written.count
    let command = nodes[0].command(.place(genesis.offer(8, at: 2.00)))
    network.run(for: 20_000)
    #expect(throws: CommandRefusal.notWriting(.frozen)) { try nodes[0].replies[command]?.get() }
    #expect(nodes[0].written.count == written)
    #expect(nodes.allSatisfy { $0.core?.book.count == 0 })
    network.checkAgreement()
  }

  // MARK: Making things

  /// Has the author sign a second entry `at` a place, and shows both to the first node; returns what is before.
  private func fork(at sequence: Int) -> HandwrittenFeed {
    var feed = HandwrittenFeed(identity: author, genesis: genesis)
    extend(&feed, to: sequence, dollars: 2)
    var rival = feed.cut(to: sequence - 1)
    extend(&rival, to: sequence, dollars: 3)
    let liar = puppet(2, holding: feed)
    liar.push(feed.entries + [rival.entries[sequence - 1]], over: liar.connect(to: nodes[0]))
    return feed.cut(to: sequence - 1)
  }

  /// The author's accept of a trade, as the next entry of `feed` at the present moment.
  private func accept(_ trade: Trade, in feed: HandwrittenFeed) -> Operation {
    let acceptance = Acceptance(
      trade: trade.id, time: network.time, sequence: feed.head.sequence + 1, previous: feed.head.entry)
    return .accept(
      SignedTerms(terms: trade.terms, bytes: trade.termsBytes, signature: trade.takerSignature),
      SignedAcceptance(
        acceptance: acceptance, bytes: acceptance.encoded(),
        signature: author.sign(acceptance.encoded(), domain: .acceptance, network: genesis.networkID),
        maker: author.nodeID))
  }
}
