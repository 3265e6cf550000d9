import Gossip
import Market
import NodeCrypto
import OrderBook
import Settlement
import Simulator
import Testing
import Wire

@testable import NodeCore

/// What an author signs and no honest author signs freezes it on every node, and nothing else does.
@Suite("proofs of fraud")
struct FraudTests {
  let genesis: Genesis
  let network: VirtualNetwork
  let nodes: [VirtualNode]
  let deals: DealBuilder
  var maker: HandwrittenFeed
  var takers: [HandwrittenFeed]

  init() throws {
    genesis = try TestMarket.genesis()
    network = VirtualNetwork(genesis: genesis, seed: 21)
    nodes = network.addNodes(3)
    network.settleIn()
    deals = DealBuilder(genesis: genesis)
    maker = HandwrittenFeed(identity: identity(1), genesis: genesis)
    takers = (2...3).map { [genesis] in HandwrittenFeed(identity: identity($0), genesis: genesis) }
    maker.append([.place(genesis.offer(4, at: 2.00))], at: network.time)
    for index in takers.indices { takers[index].append([.place(genesis.bid(4, at: 2.40))], at: network.time) }
  }

  /// A proposal of a taker's to take all of the offer in the same slots.
  private func proposal(_ taker: Int, gpus: Int32 = 4) -> SignedTerms {
    deals.propose(
      offer: maker.orderID(sequence: 1), bid: takers[taker].orderID(sequence: 1), provider: maker.identity,
      buyer: takers[taker].identity, gpus: gpus, from: 60, until: 120, deadline: network.time + 6000,
      nonce: UInt64(taker))
  }

  /// Tells one node of feeds, one after the other.
  private func tell(_ feeds: [HandwrittenFeed]) {
    for feed in feeds {
      let puppet = network.addPuppet(identity: feed.identity)
      puppet.push(feed.entries, over: puppet.connect(to: nodes[0]))
      network.run(for: 1000)
    }
  }

  private func expectFrozen(
    _ author: HandwrittenFeed, at sequence: UInt64, _ kind: FraudKind, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    network.run(for: 5000)
    network.runUntilQuiet()
    for node in network.nodes {
      let proofs = node.core?.fraudProofs ?? []
      #expect(proofs.map(\.author) == [author.identity.nodeID], "node \(node.index)", sourceLocation: sourceLocation)
      #expect(proofs.map(\.sequence) == [sequence], "node \(node.index)", sourceLocation: sourceLocation)
      #expect(proofs.map(\.kind) == [kind], "node \(node.index)", sourceLocation: sourceLocation)
      #expect(node.store.sortedProofs.map(\.kind) == [kind], sourceLocation: sourceLocation)
      #expect(
        node.core?.book.orders(ownedBy: author.identity.nodeID).isEmpty == true, sourceLocation: sourceLocation)
    }
    network.checkAgreement(sourceLocation: sourceLocation)
  }

  @Test("an entry with a time before that of the one which it follows freezes its author there")
  mutating func backdated() throws {
    maker.append([], at: network.time - 1)
    tell([maker])
    expectFrozen(maker, at: 2, .backdated)
    let late = network.addNode()
    network.settleIn()
    #expect(late.core?.fraudProofs.map(\.kind) == [.backdated])
    nodes[1].crash(commitSurvives: true)
    nodes[1].start()
    network.settleIn()
    expectFrozen(maker, at: 2, .backdated)
  }

  @Test(
    "an acceptance that is shown and does not stand where it says freezes its maker there, whichever is known first",
    arguments: [false, true])
  mutating func phantomAccept(makerFirst: Bool) throws {
    let terms = proposal(0)
    takers[0].append([.propose(terms)], at: network.time)
    let accepted = try #require(deals.accept(terms, in: maker, at: network.time).acceptance)
    maker.append([], at: network.time)
    maker.append([], at: network.time)
    takers[0].append([.receipt(accepted)], at: network.time)
    tell(makerFirst ? [maker, takers[0]] : [takers[0], maker])
    expectFrozen(maker, at: 2, .phantomAccept)
    // Whoever holds what both have signed has a receipt.
    let trade = try #require(nodes[2].core?.ledger[Blake2b.hash(terms.bytes)])
    #expect(trade.state == .settled && nodes[2].core?.isDisputed(trade) == false)
    _ = try trade.receipt?.verify(network: genesis.networkID)
  }

  @Test(
    "a confirmation that is shown and does not stand where it says freezes its taker there, whichever is known first",
    arguments: [false, true])
  mutating func phantomConfirm(takerFirst: Bool) throws {
    var other = HandwrittenFeed(identity: takers[1].identity, genesis: genesis)
    other.append([.place(genesis.offer(4, at: 2.00))], at: network.time)
    let legs = deals.purchase(
      [maker, other].map { LegDraft(offer: $0.orderID(sequence: 1), provider: $0.identity, gpus: 2) },
      bid: takers[0].orderID(sequence: 1), buyer: takers[0].identity, deadline: network.time + 6000,
      confirmBy: network.time + 12_000)
    takers[0].append([.purchase(legs)], at: network.time)
    let accepts = [
      deals.accept(legs[0], in: maker, at: network.time), deals.accept(legs[1], in: other, at: network.time),
    ]
    maker.append([accepts[0]], at: network.time)
    let confirmation = deals.confirmation(
      of: legs, accepted: accepts.compactMap(\.acceptance), in: takers[0], at: network.time)
    takers[0].append([], at: network.time)
    maker.append([.settle(Blake2b.hash(legs[0].bytes), confirmation)], at: network.time)
    tell(takerFirst ? [takers[0], maker] : [maker, takers[0]])
    expectFrozen(takers[0], at: 3, .phantomConfirm)
  }

  /// Two takers buy all of one offer, and the maker accepts both, one after the other, with this in between.
  private mutating func oversell(between: Int = 0, payload: [UInt8] = []) throws -> [TradeID] {
    let terms = [proposal(0), proposal(1)]
    for taker in takers.indices {
      takers[taker].append([.propose(terms[taker])], at: network.time)
      let accept = deals.accept(terms[taker], in: maker, at: network.time)
      maker.append([accept], at: network.time)
      takers[taker].append([.receipt(try #require(accept.acceptance))], at: network.time)
      if taker == 0 { for _ in 0..<between { maker.append(payload: payload, at: network.time) } }
    }
    return terms.map { Blake2b.hash($0.bytes) }
  }

  @Test(
    "a maker that sells more of its order than there is is frozen where it does; the later buyer's trade is disputed")
  mutating func overfill() throws {
    let trades = try oversell()
    tell([maker] + takers)
    expectFrozen(maker, at: 3, .overfill)
    for node in nodes {
      let core = try #require(node.core)
      let settled = try trades.map { try #require(core.ledger[$0]) }
      #expect(settled.map(\.state) == [.settled, .settled])
      #expect(settled.map { core.isDisputed($0) } == [false, true])
      #expect(core.ledger.tape.count == 2)
      let withheld = core.withheldTrades(of: core.ledger.tape.gpuClasses, from: .zero, until: .maximum)
      #expect(Array(withheld.keys) == [trades[1]])
      for trade in settled { _ = try trade.receipt?.verify(network: genesis.networkID) }
    }
  }

  @Test("a proof longer than a message comes in pieces, to those who come later too")
  mutating func longProof() throws {
    let order = maker.orderID(sequence: 1)
    let filler = HandwrittenFeed.payload(
      Array(repeating: .amend(order, genesis.offer(4, at: 2.00)), count: genesis.limits.operationsPerEntry), genesis)
    _ = try oversell(between: 8, payload: filler)
    tell([maker])
    expectFrozen(maker, at: 11, .overfill)
    let proof = try #require(nodes[1].core?.fraudProofs.first)
    #expect(proof.entries.count == 11 && proof.encoded().count > 60_000)
    let late = network.addNode()
    network.settleIn()
    #expect(late.core?.fraudProofs.map(\.kind) == [.overfill])
  }

  @Test("the proof of an order that a checkpoint restates begins with the checkpoint")
  func overfillAfterCheckpoint() throws {
    let pruning = try TestMarket.genesis(checkpointEntries: 2)
    let codec = OperationCodec(genesis: pruning)
    var feed = HandwrittenFeed(identity: identity(1), genesis: pruning)
    feed.append([.place(pruning.offer(4, at: 2.00))], at: network.time)
    var items = CheckpointItems()
    items.orders = [
      CheckpointItems.LiveOrder(
        place: OrderPlace(sequence: 1, index: 0), time: network.time, priority: OrderPlace(sequence: 1, index: 0),
        body: pruning.offer(4, at: 2.00))
    ]
    let slots = SlotRange(
      start: try #require(pruning.slot(at: epoch + 60_000)), end: try #require(pruning.slot(at: epoch + 120_000)))
    items.takings = [CheckpointItems.Taking(place: OrderPlace(sequence: 1, index: 0), gpus: 3, slots: slots)]
    let totals = CheckpointTotals(rateLeft: 1000, counts: FeedCounts())
    feed.append(
      [.checkpoint(CheckpointPart(first: 2, totals: totals, items: items, isLast: true))], at: network.time)
    let deals = DealBuilder(genesis: pruning)
    for gpus: Int32 in [1, 2] {
      var branch = feed
      let terms = deals.propose(
        offer: feed.orderID(sequence: 1), bid: takers[0].orderID(sequence: 1), provider: feed.identity,
        buyer: takers[0].identity, gpus: gpus, from: 60, until: 120, deadline: network.time + 6000)
      branch.append([deals.accept(terms, in: branch, at: network.time)], at: network.time)
      let proof = try #require(FraudProof(.overfill, entries: Array(branch.entries.dropFirst())))
      #expect(codec.shows(proof) == (gpus == 2))
    }
  }

  @Test("what an honest author signs is no proof of anything")
  mutating func honest() throws {
    let codec = OperationCodec(genesis: genesis)
    let terms = [proposal(0, gpus: 1), proposal(1, gpus: 3)]
    var statements: [FraudProof.Statement] = []
    for taker in takers.indices {
      let accept = deals.accept(terms[taker], in: maker, at: network.time)
      maker.append([accept], at: network.time)
      let accepted = try #require(accept.acceptance)
      statements.append(FraudProof.Statement(bytes: accepted.bytes, signature: accepted.signature))
    }
    #expect(FraudProof(.backdated, entries: Array(maker.entries.prefix(2))) == nil)
    #expect(FraudProof(.backdated, entries: [maker.entries[0], maker.entries[2]]) == nil)
    #expect(FraudProof(.overfill, entries: [maker.entries[0], maker.entries[2]]) == nil)
    #expect(FraudProof(.phantomAccept, entries: [maker.entries[1]]) == nil)
    let overfill = try #require(FraudProof(.overfill, entries: maker.entries))
    #expect(!codec.shows(overfill))
    for (place, other) in [(1, 2), (2, 1)] {
      let own = try #require(
        FraudProof(.phantomAccept, entries: [maker.entries[place]], statement: statements[place - 1]))
      #expect(!codec.shows(own), "it stands there")
      let elsewhere = try #require(
        FraudProof(.phantomAccept, entries: [maker.entries[place]], statement: statements[other - 1]))
      #expect(!codec.shows(elsewhere), "it says that it stands elsewhere")
      let confirm = try #require(
        FraudProof(.phantomConfirm, entries: [maker.entries[place]], statement: statements[place - 1]))
      #expect(!codec.shows(confirm), "it is no confirmation")
    }
  }

  @Test("a proof that shows nothing costs its sender the connection")
  mutating func uselessProof() throws {
    let terms = proposal(0)
    maker.append([deals.accept(terms, in: maker, at: network.time)], at: network.time)
    let sender = network.addPuppet(identity: identity(8))
    let proof = try #require(FraudProof(.overfill, entries: maker.entries))
    sender.send(proof, over: sender.connect(to: nodes[0]))
    network.run(for: 1000)
    #expect(sender.openLinks.isEmpty && nodes[0].core?.fraudProofs.isEmpty == true)
  }

  @Test("proofs read back as they were written; bytes that are none are refused by name")
  mutating func encoding() throws {
    _ = try oversell()
    var rival = maker.cut(to: 2)
    rival.append([], at: network.time)
    let statement = FraudProof.Statement(bytes: [1, 2, 3], signature: maker.entries[0].signature)
    let proofs = try [
      #require(FraudProof(maker.entries[2], rival.entries[2])),
      #require(FraudProof(.overfill, entries: maker.entries)),
      #require(FraudProof(.phantomAccept, entries: [maker.entries[1]], statement: statement)),
    ]
    for proof in proofs {
      let bytes = proof.encoded()
      let back = try FraudProof(decoding: bytes, maximumEntryBytes: genesis.limits.entryBytes)
      #expect(back.kind == proof.kind && back.entries.map(\.id) == proof.entries.map(\.id))
      #expect(back.statement == proof.statement && back.encoded() == bytes)
      for cut in stride(from: 0, to: bytes.count, by: 7) {
        #expect(throws: FraudProofError.self) {
          try FraudProof(decoding: Array(bytes[..<cut]), maximumEntryBytes: genesis.limits.entryBytes)
        }
      }
    }
    var wire = WireFraudProof()
    wire.kind = .backdated
    wire.entries = maker.entries.prefix(2).map(\.wire)
    #expect(throws: FraudProofError.shape(.backdated)) {
      try FraudProof(decoding: wire.encoded(), maximumEntryBytes: genesis.limits.entryBytes)
    }
    wire.kind = .UNRECOGNIZED(9)
    #expect(throws: FraudProofError.kind(9)) {
      try FraudProof(decoding: wire.encoded(), maximumEntryBytes: genesis.limits.entryBytes)
    }
  }
}
