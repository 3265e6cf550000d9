import Gossip
import Market
import NodeCrypto
import Settlement
import Simulator
import Testing

@testable import NodeCore

/// Checkpoints that say less is taken of an order than their authors have accepted.
@Suite("false checkpoints that are proven")
struct FalseCheckpointTests {
  let genesis: Genesis
  let network: VirtualNetwork
  let nodes: [VirtualNode]
  let deals: DealBuilder
  let codec: OperationCodec
  var maker: HandwrittenFeed
  var taker: HandwrittenFeed

  init() throws {
    genesis = try TestMarket.genesis()
    network = VirtualNetwork(genesis: genesis, seed: 23)
    nodes = network.addNodes(3)
    network.settleIn()
    deals = DealBuilder(genesis: genesis)
    codec = OperationCodec(genesis: genesis)
    maker = HandwrittenFeed(identity: identity(1), genesis: genesis)
    taker = HandwrittenFeed(identity: identity(2), genesis: genesis)
    maker.append([.place(genesis.offer(4, at: 2.00))], at: network.time)
    taker.append([.place(genesis.bid(4, at: 2.40, minimumGPUs: 1))], at: network.time)
  }

  private func proposal(_ gpus: Int32, from start: Int64 = 60, until end: Int64 = 120, nonce: UInt64) -> SignedTerms {
    deals.propose(
      offer: maker.orderID(sequence: 1), bid: taker.orderID(sequence: 1), provider: maker.identity,
      buyer: taker.identity, gpus: gpus, from: start, until: end, deadline: network.time + 6000, nonce: nonce)
  }

  /// The maker accepts, and a tick follows.
  private mutating func sell(_ gpus: Int32, from start: Int64 = 60, until end: Int64 = 120, nonce: UInt64) {
    let terms = proposal(gpus, from: start, until: end, nonce: nonce)
    maker.append([deals.accept(terms, in: maker, at: network.time)], at: network.time)
    maker.append([], at: network.time)
  }

  /// A checkpoint in one or two parts that restates the offer, with so many GPUs taken between two moments.
  private mutating func restate(
    _ gpus: Int32, from start: Int64 = 60, until end: Int64 = 120, parts: Int = 1, accepts: Int
  ) {
    var counts = FeedCounts()
    counts.since = maker.entries[0].time
    (counts.accepts, counts.settled) = (accepts, accepts)
    for _ in 0..<accepts { counts.sold += GPUTime(gpuSeconds: 1) }
    let (place, first) = (OrderPlace(sequence: 1, index: 0), maker.head.sequence + 1)
    var order = CheckpointItems()
    order.orders = [
      CheckpointItems.LiveOrder(
        place: place, time: maker.entries[0].time, priority: place, body: genesis.offer(4, at: 2.00))
    ]
    var taking = CheckpointItems()
    if gpus > 0 {
      taking.takings = [CheckpointItems.Taking(place: place, gpus: gpus, slots: genesis.slots(start, end))]
    }
    let totals = CheckpointTotals(rateLeft: 8000, counts: counts)
    if parts == 1 { order.takings = taking.takings }
    maker.append(
      [.checkpoint(CheckpointPart(first: first, totals: totals, items: order, isLast: parts == 1))], at: network.time)
    guard parts == 2 else { return }
    maker.append(
      [.checkpoint(CheckpointPart(first: first, totals: nil, items: taking, isLast: true))],
      at: maker.head.time)
  }

  private func tell(_ feed: HandwrittenFeed) {
    let puppet = network.addPuppet(identity: feed.identity)
    puppet.push(feed.entries, over: puppet.connect(to: nodes[0]))
    network.run(for: 6000)
  }

  @Test(
    "an author that says hours are free which it has sold is frozen from its checkpoint on, everywhere",
    arguments: [1, 2])
  mutating func proven(parts: Int) throws {
    sell(2, nonce: 1)
    sell(2, nonce: 2)
    let first = maker.head.sequence + 1
    restate(3, parts: parts, accepts: 2)
    maker.append([], at: network.time)
    tell(maker)
    let late = network.addNode()
    network.settleIn()
    for node in nodes + [late] {
      let proofs = node.core?.fraudProofs ?? []
      #expect(proofs.map(\.kind) == [.falseCheckpoint] && proofs.map(\.author) == [maker.identity.nodeID])
      #expect(proofs.map(\.sequence) == [first] && proofs.first?.entries.count == parts + 2)
      #expect(node.core?.book.orders(ownedBy: maker.identity.nodeID).isEmpty == true)
      #expect(node.core?.feeds.head(of: maker.identity.nodeID).sequence == first - 1)
    }
    network.checkAgreement()
    let proof = try #require(late.core?.fraudProofs.first)
    let back = try FraudProof(decoding: proof.encoded(), maximumEntryBytes: genesis.limits.entryBytes)
    #expect(codec.shows(back) && back.sequence == proof.sequence && back.encoded() == proof.encoded())
    #expect(OperationCodec.signatureChecks(of: back).count == 3, "two accepts, and the last part")
    nodes[1].crash(commitSurvives: true)
    nodes[1].start()
    network.settleIn()
    #expect(nodes[1].core?.fraudProofs.map(\.kind) == [.falseCheckpoint])
  }

  @Test("what a checkpoint may say of what was sold is no proof: all of it, more, or what lies in other slots")
  mutating func honest() throws {
    sell(2, nonce: 1)
    sell(2, from: 120, until: 180, nonce: 2)
    for (gpus, start, end) in [(2, 60, 180), (4, 60, 180), (3, 60, 240)] as [(Int32, Int64, Int64)] {
      var honest = self
      honest.restate(gpus, from: start, until: end, accepts: 2)
      let entries = honest.maker.entries
      let proof = try #require(FraudProof(.falseCheckpoint, entries: [entries[5], entries[1], entries[3]]))
      #expect(!codec.shows(proof))
    }
    var liar = self
    liar.restate(2, from: 60, until: 120, accepts: 2)
    let entries = liar.maker.entries
    let one = try #require(FraudProof(.falseCheckpoint, entries: [entries[5], entries[3]]))
    #expect(codec.shows(one), "nothing is said of the later slots")
    let other = try #require(FraudProof(.falseCheckpoint, entries: [entries[5], entries[1]]))
    #expect(!codec.shows(other))
  }

  @Test("an accept counts once, one of a leg not at all, and none of an order that the checkpoint does not restate")
  mutating func counted() throws {
    sell(2, nonce: 1)
    let again = maker.append(
      [deals.accept(proposal(2, nonce: 1), in: maker, at: network.time)], at: network.time)
    let legs = deals.purchase(
      [maker, taker].map { LegDraft(offer: $0.orderID(sequence: 1), provider: $0.identity, gpus: 2) },
      bid: taker.orderID(sequence: 1), buyer: identity(3), deadline: network.time + 6000,
      confirmBy: network.time + 12_000)
    let leg = maker.append([deals.accept(legs[0], in: maker, at: network.time)], at: network.time)
    maker.append([.place(genesis.offer(1, at: 2.00))], at: network.time)
    let elsewhere = deals.propose(
      offer: maker.orderID(sequence: maker.head.sequence), bid: taker.orderID(sequence: 1), provider: maker.identity,
      buyer: taker.identity, gpus: 1, from: 60, until: 120, deadline: network.time + 6000)
    let other = maker.append([deals.accept(elsewhere, in: maker, at: network.time)], at: network.time)
    restate(2, accepts: 3)
    let checkpoint = try #require(maker.entries.last)
    let proof = try #require(
      FraudProof(.falseCheckpoint, entries: [checkpoint, maker.entries[1], again, leg, other]))
    #expect(!codec.shows(proof))
  }

  @Test("what has not the shape of one is none, and neither is a checkpoint of which a part is left out")
  mutating func shape() throws {
    sell(2, nonce: 1)
    restate(0, parts: 2, accepts: 1)
    let entries = maker.entries
    let (accept, parts) = (entries[1], Array(entries[3...4]))
    #expect(codec.shows(try #require(FraudProof(.falseCheckpoint, entries: parts + [accept]))))
    #expect(FraudProof(.falseCheckpoint, entries: parts) == nil)
    #expect(FraudProof(.falseCheckpoint, entries: [accept] + parts) == nil)
    #expect(FraudProof(.falseCheckpoint, entries: parts.reversed() + [accept]) == nil)
    #expect(FraudProof(.falseCheckpoint, entries: parts + [accept, accept]) == nil)
    for part in parts {
      #expect(!codec.shows(try #require(FraudProof(.falseCheckpoint, entries: [part, accept]))))
    }
    #expect(!codec.shows(try #require(FraudProof(.falseCheckpoint, entries: [entries[2], accept]))), "no checkpoint")
  }
}
