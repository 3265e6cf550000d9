import Gossip
import Market
import NodeCrypto
import OrderBook
import Settlement
import Simulator
import Testing

@testable import NodeCore

/// Feeds that end with a handover to another key.
@Suite("key rotation")
struct RotationTests {
  let genesis: Genesis
  let deals: DealBuilder
  var maker: HandwrittenFeed
  var taker: HandwrittenFeed
  var heir: HandwrittenFeed

  init() throws {
    genesis = try TestMarket.genesis()
    deals = DealBuilder(genesis: genesis)
    maker = HandwrittenFeed(identity: identity(1), genesis: genesis)
    taker = HandwrittenFeed(identity: identity(2), genesis: genesis)
    heir = HandwrittenFeed(identity: identity(3), genesis: genesis)
  }

  private func newCore() -> NodeCore {
    NodeCore(
      NodeConfiguration(
        genesis: genesis, identity: identity(9), agent: "", listenPort: 0, advertisedHost: nil, bootstrap: [], seed: 1),
      now: epoch)
  }

  private func core(_ entries: [SignedEntry]) -> NodeCore {
    var core = newCore()
    for entry in entries { #expect(core.restore(entry) == nil, "entry \(entry.sequence)") }
    return core
  }

  /// The operation by which the next entry of `feed` hands over.
  private func rotate(_ feed: HandwrittenFeed, to successor: Identity) -> Operation {
    .rotate(
      Handover(author: feed.identity.nodeID, sequence: feed.head.sequence + 1, previous: feed.head.entry)
        .signed(by: successor, network: genesis.networkID))
  }

  @Test("a handover whose entry is under way when the own feed is frozen is answered")
  func frozenUnderWay() throws {
    var core = newCore()
    var effects: [NodeEffect] = []
    core.finishRestore(now: epoch, into: &effects)
    let signed = core.nextHandover.signed(by: identity(77), network: genesis.networkID)
    core.handle(.rotate(5, signed), now: epoch, into: &effects)
    #expect(core.state == .rotated)
    var branches = [HandwrittenFeed](repeating: HandwrittenFeed(identity: identity(9), genesis: genesis), count: 2)
    for index in branches.indices { branches[index].append([], at: epoch + Int64(index)) }
    effects = []
    core.restore(try #require(FraudProof(branches[0].entries[0], branches[1].entries[0])))
    core.beginRestore()
    core.finishRestore(now: epoch, into: &effects)
    let answers = effects.compactMap { if case .rotated(5, let answer) = $0 { answer } else { nil } }
    #expect(answers == [.failure(.notWriting(.frozen))])
  }

  /// A maker that sold 3 of 8 GPUs and let a proposal for 2 expire, and then handed over.
  private mutating func handOver() throws {
    maker.append([.place(genesis.offer(8, at: 2.00))], at: epoch)
    let signed = (1...2).map { nonce in
      deals.propose(
        offer: maker.orderID(sequence: 1), bid: taker.orderID(sequence: 1), provider: maker.identity,
        buyer: taker.identity, gpus: nonce == 1 ? 3 : 2, from: 60, until: 120, deadline: epoch + 6000,
        nonce: UInt64(nonce))
    }
    taker.append([.place(genesis.bid(8, at: 2.40)), .propose(signed[0]), .propose(signed[1])], at: epoch)
    maker.append([deals.accept(signed[0], in: maker, at: epoch + 1000)], at: epoch + 1000)
    maker.append([rotate(maker, to: heir.identity)], at: epoch + 7000)
    taker.append([.release(Blake2b.hash(signed[1].bytes), isClosure: true)], at: epoch + 8000)
    heir.append([.place(genesis.offer(4, at: 3.00))], at: epoch + 9000)
  }

  @Test("a handover cancels the old key's orders, and the new key's record goes on, in whatever order feeds come")
  mutating func handsOver() throws {
    try handOver()
    let orders = [[maker, taker, heir], [heir, taker, maker], [taker, maker, heir], [heir, maker, taker]]
    var digests: Set<Digest> = []
    for feeds in orders {
      var core = core(feeds.flatMap(\.entries))
      #expect(core.book.orders(ownedBy: maker.identity.nodeID).isEmpty)
      let record = core.record(of: heir.identity.nodeID)
      #expect(record.settled == 1 && record.own.accepts == 1 && record.expiries == 1 && record.own.since == epoch)
      #expect(record.own.sold == GPUTime(gpuSeconds: 180))
      #expect(core.records[heir.identity.nodeID] == record)
      #expect(core.record(of: maker.identity.nodeID).settled == 1)
      let successor = core.successor(of: maker.identity.nodeID)
      #expect(successor?.key == heir.identity.nodeID && successor?.time == epoch + 7000)
      #expect(core.predecessors(of: heir.identity.nodeID) == [maker.identity.nodeID])
      let receipt = try #require(core.ledger.sorted.first { $0.state == .settled }?.receipt)
      #expect(try receipt.verify(network: genesis.networkID).terms.provider == maker.identity.nodeID)
      digests.insert(core.bookDigest())
    }
    #expect(digests.count == 1)
  }

  @Test("whatever the old key signs after the handover counts for nothing, and a second entry at its place is a fork")
  mutating func closed() throws {
    try handOver()
    var core = core(maker.entries + taker.entries + heir.entries)
    let records = core.records
    let end = maker.entries.count
    var later = maker
    let extra = later.append([.place(genesis.offer(1, at: 1.00))], at: epoch + 9000)
    #expect(core.restore(extra)?.description.contains("ends at \(end)") == true)
    var other = later.cut(to: end)
    let rival = other.append([], at: epoch + 9000)
    let past = try #require(FraudProof(extra, rival))
    for isFirst in [true, false] {
      var proven = newCore()
      if isFirst { proven.restore(past) }
      for entry in maker.entries + taker.entries + heir.entries { #expect(proven.restore(entry) == nil) }
      if !isFirst {
        var effects: [NodeEffect] = []
        proven.handle(
          .proofVerified(past, from: identity(8).nodeID, isValid: true), now: epoch + 10_000, into: &effects)
      }
      #expect(proven.records == records && proven.record(of: heir.identity.nodeID).proofs == 0, "\(isFirst)")
    }
    var thief = maker.cut(to: end - 1)
    let stolen = thief.append([rotate(thief, to: identity(7))], at: epoch + 7000)
    let proof = try #require(FraudProof(maker.entries[end - 1], stolen))
    var forked = newCore()
    forked.restore(proof)
    for entry in maker.entries + taker.entries + heir.entries { #expect(forked.restore(entry) == nil) }
    #expect(forked.successor(of: maker.identity.nodeID) == nil)
    #expect(forked.record(of: heir.identity.nodeID).settled == 0)
    #expect(forked.record(of: maker.identity.nodeID).proofs == 1)
  }

  @Test("of two keys that name the same new one the first by time counts, then the smaller, whichever feed comes first")
  mutating func rivals() {
    for times in [(0, 1000), (1000, 0), (0, 0)] as [(Int64, Int64)] {
      var (one, two) = (maker, taker)
      one.append([], at: epoch)
      two.append([], at: epoch)
      one.append([rotate(one, to: heir.identity)], at: epoch + times.0)
      two.append([rotate(two, to: heir.identity)], at: epoch + times.1)
      let (first, second) = (one.identity.nodeID, two.identity.nodeID)
      let expected = times.0 == times.1 ? min(first, second) : times.0 < times.1 ? first : second
      for entries in [one.entries + two.entries, two.entries + one.entries] {
        #expect(core(entries).exchange.predecessors[heir.identity.nodeID] == expected)
      }
    }
  }

  @Test("a chain of keys adds up, whichever part of it comes last")
  mutating func chains() {
    let keys = (20..<26).map { HandwrittenFeed(identity: identity($0), genesis: genesis) }
    var feeds = keys
    for index in feeds.indices.dropLast() {
      feeds[index].append([.reject(Blake2b.hash([UInt8(index)]), .stopping, gpusLeft: 0)], at: epoch + Int64(index))
      feeds[index].append([rotate(feeds[index], to: feeds[index + 1].identity)], at: epoch + 100)
    }
    var generator = SplitMix64(seed: 3)
    for _ in 0..<10 {
      let core = core(feeds.shuffled(using: &generator).flatMap(\.entries))
      for index in feeds.indices {
        #expect(core.record(of: feeds[index].identity.nodeID).own.rejects.stopping == min(index + 1, 5), "\(index)")
      }
    }
  }

  @Test("keys that hand over in a circle count each once")
  mutating func circle() {
    maker.append([.reject(Blake2b.hash([1]), .stopping, gpusLeft: 0)], at: epoch)
    taker.append([.reject(Blake2b.hash([2]), .stopping, gpusLeft: 0)], at: epoch)
    maker.append([rotate(maker, to: taker.identity)], at: epoch)
    taker.append([rotate(taker, to: maker.identity)], at: epoch)
    for entries in [maker.entries + taker.entries, taker.entries + maker.entries] {
      let core = core(entries)
      for key in [maker, taker] { #expect(core.record(of: key.identity.nodeID).own.rejects.stopping == 2) }
    }
  }

  @Test("who joins at a checkpoint learns of the handover behind it, and a jump past the end is refused")
  mutating func joins() throws {
    maker.append([.place(genesis.offer(8, at: 2.00))], at: epoch)
    var counts = FeedCounts()
    counts.since = epoch
    counts.rejects.badTerms = 7
    func part(_ first: UInt64) -> Operation {
      .checkpoint(
        CheckpointPart(
          first: first, totals: CheckpointTotals(rateLeft: 5_000_000, counts: counts), items: CheckpointItems(),
          isLast: true))
    }
    maker.append([part(2)], at: epoch + 1000)
    maker.append([rotate(maker, to: heir.identity)], at: epoch + 2000)
    let late = core(Array(maker.entries.suffix(2)))
    #expect(late.successor(of: maker.identity.nodeID)?.key == heir.identity.nodeID)
    #expect(late.record(of: heir.identity.nodeID).own.rejects.badTerms == 7)
    maker.append([], at: epoch + 3000)
    let beyond = maker.append([part(5)], at: epoch + 3000)
    var feeds = late.feeds
    let isTaken = feeds.jump(to: beyond, role: .checkpointStart(rateLeft: 5_000_000, isLast: true))
    #expect(!isTaken)
  }

  @Test("a rotate that is malformed, of another place, or signed by another key is not valid")
  mutating func malformed() throws {
    let codec = OperationCodec(genesis: genesis)
    maker.append([], at: epoch)
    func check(_ operations: [Operation]) throws -> Bool {
      var feed = maker
      let entry = feed.append(operations, at: epoch)
      let read = try codec.operations(of: entry)
      return try OperationCodec.signatureChecks(of: entry, operations: read).allSatisfy {
        try VerifyingKey($0.node).isValid(
          $0.signature, over: $0.message, domain: $0.domain, network: genesis.networkID)
      }
    }
    let good = rotate(maker, to: heir.identity)
    #expect(try check([good]))
    #expect(try !check([rotate(maker.cut(to: 0), to: heir.identity)]))
    #expect(try !check([rotate(taker, to: heir.identity)]))
    guard case .rotate(let signed) = good else { return }
    let stolen = SignedHandover(
      handover: signed.handover, successor: taker.identity.nodeID, signature: signed.signature)
    #expect(try !check([.rotate(stolen)]))
    #expect(throws: OperationError.self) { try check([good, .cancel(maker.orderID(sequence: 1))]) }
    #expect(throws: OperationError.self) { try check([rotate(maker, to: maker.identity)]) }
  }

  @Test("a list that names the old key speaks of the new one too")
  mutating func lists() throws {
    try handOver()
    let core = core(maker.entries + heir.entries)
    let (old, new) = (maker.identity.nodeID, heir.identity.nodeID)
    func unmet(_ demand: (inout Requirements.Demands) -> Void) -> Requirements.Demand? {
      var demands = Requirements.Demands()
      demand(&demands)
      return Requirements(demands).firstUnmet(
        by: Attributes(), classVRAMMiB: 0, provider: new, predecessors: core.exchange.predecessors,
        record: { PublicRecord() })
    }
    #expect(unmet { $0.providers = [old] } == nil)
    #expect(unmet { $0.excludedProviders = [old] } == .provider)
    #expect(unmet { $0.providers = [taker.identity.nodeID] } == .provider)
    #expect(unmet { $0.excludedProviders = [taker.identity.nodeID] } == nil)
  }
}

/// A node that hands its own feed over.
@Suite("own key rotation")
struct OwnRotationTests {
  let genesis: Genesis
  let network: VirtualNetwork
  let nodes: [VirtualNode]

  init() throws {
    genesis = try TestMarket.genesis()
    network = VirtualNetwork(genesis: genesis, seed: 71)
    nodes = network.addNodes(3)
    network.settleIn()
  }

  private func handover(of node: VirtualNode, to successor: Identity) throws -> SignedHandover {
    try node.running().nextHandover.signed(by: successor, network: genesis.networkID)
  }

  @Test("the orders are cancelled, nothing more is written, and a restart under the new key trades with the old record")
  func rotates() throws {
    try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
    network.runUntilQuiet()
    try network.place(genesis.bid(2, at: 2.40), on: nodes[1])
    network.settleDown()
    let successor = identity(77)
    let id = nodes[0].rotate(try handover(of: nodes[0], to: successor))
    network.run(for: 2000)
    #expect(try nodes[0].rotations[id]?.get() == nodes[0].written.last?.sequence)
    #expect(nodes[0].core?.state == .rotated && nodes[0].core?.book.count == 1)
    let written = nodes[0].written.count
    let command = nodes[0].command(.place(genesis.offer(1, at: 2.00)))
    network.run(for: 20_000)
    #expect(nodes[0].replies[command] == .failure(.notWriting(.rotated)))
    #expect(nodes[0].written.count == written)
    let heir = network.addNode(identity: successor)
    #expect(network.run(for: 30_000) { network.isMeshed && heir.core?.state == .running })
    let offer = try network.place(genesis.offer(4, at: 2.10), on: heir)
    network.runUntilQuiet()
    try network.place(
      genesis.bid(1, at: 2.40).demanding { ($0.providers, $0.minimumSettledTrades) = ([nodes[0].nodeID], 1) },
      on: nodes[2])
    network.settleDown()
    #expect(heir.settled.contains { $0.terms.offer == offer })
    #expect(nodes[1].core?.record(of: heir.nodeID).settled == 2)
    #expect(heir.core?.isOwn(nodes[0].nodeID) == true)
  }

  @Test("a handover for another place, by another key, or with something undecided is refused and changes nothing")
  func refused() throws {
    try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
    network.runUntilQuiet()
    let stale = try handover(of: nodes[0], to: identity(77))
    try network.place(genesis.offer(8, at: 2.50), on: nodes[0])
    network.runUntilQuiet()
    func answer(_ signed: SignedHandover) -> Result<UInt64, CommandRefusal>? {
      let id = nodes[0].rotate(signed)
      network.run(for: 500)
      return nodes[0].rotations[id]
    }
    let next = try nodes[0].running().nextHandover
    #expect(answer(stale) == .failure(.staleHandover(sequence: next.sequence)))
    let good = next.signed(by: identity(77), network: genesis.networkID)
    let forged = SignedHandover(handover: next, successor: identity(78).nodeID, signature: good.signature)
    #expect(answer(forged) == .failure(.badHandover(successor: identity(78).nodeID)))
    // A proposal without an answer: the maker is gone.
    try network.place(genesis.offer(2, at: 1.00), on: nodes[1])
    network.runUntilQuiet()
    nodes[1].crash(commitSurvives: true)
    try network.place(genesis.bid(2, at: 1.20), on: nodes[0])
    network.run(for: 500)
    let open = try handover(of: nodes[0], to: identity(77))
    #expect(answer(open) == .failure(.stillOpen("1 own proposals")))
    #expect(nodes[0].core?.state == .running && nodes[0].core?.isOwnFeedClosed == false)
  }
}
