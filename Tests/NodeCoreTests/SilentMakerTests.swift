import Gossip
import Market
import NodeCrypto
import OrderBook
import Settlement
import Simulator
import Testing

@testable import NodeCore

@Suite("makers that offer cheaply and do not answer")
struct SilentMakerTests {
  let genesis: Genesis
  let network: VirtualNetwork
  let nodes: [VirtualNode]

  init() throws {
    genesis = try TestMarket.genesis()
    network = VirtualNetwork(genesis: genesis, seed: 47)
    nodes = network.addNodes(4)
    network.settleIn()
    try network.place(genesis.offer(16, at: 2.00, from: 600, until: 720), on: nodes[0])
    try network.place(genesis.offer(16, at: 2.10, from: 600, until: 720), on: nodes[1])
  }

  private func bid(_ gpus: Int32, pieces: Int32? = 1, whole: Bool = false) -> OrderBody {
    genesis.bid(gpus, at: 2.40, for: 120, from: 600, until: 720, minimumGPUs: pieces)
      .with(bid: { $0.isWhole = whole })
  }

  /// Proposals to a maker, legs of purchases too, by distinct moments.
  private func attempts(of node: VirtualNode, to maker: NodeID) -> Int {
    let codec = OperationCodec(genesis: genesis)
    return node.written.count { entry in
      ((try? codec.operations(of: entry)) ?? []).contains { operation in
        switch operation {
        case .propose(let signed): signed.terms.maker == maker
        case .purchase(let legs): legs.contains { $0.terms.maker == maker }
        default: false
        }
      }
    }
  }

  @Test(
    "a bid is filled by makers that answer, at the second attempt, however many cheaper offers one makes that does not",
    arguments: [SilentMaker.Manner.ticking, .replacing], ["one piece", "in pieces", "all or none"])
  func filled(manner: SilentMaker.Manner, kind: String) throws {
    let silent = SilentMaker(manner, in: network)
    network.run(for: 1000)
    let body = kind == "one piece" ? bid(6, pieces: nil) : bid(20, whole: kind == "all or none")
    let order = try network.place(body, on: nodes[2])
    network.run(for: 16_000) { nodes[2].ownState(order) == .filled }
    #expect(nodes[2].ownState(order) == .filled)
    #expect(attempts(of: nodes[2], to: silent.nodeID) == 1)
    let settled = try nodes[3].running().ledger.sorted.filter { $0.state == .settled }
    #expect(settled.allSatisfy { $0.terms.maker != silent.nodeID })
    let record = try #require(nodes[3].core?.records[silent.nodeID])
    #expect(record.expiries > 0 && record.own.settled == 0)
  }

  @Test("a maker whose feed is withheld keeps what was proposed to it, and later bids go to others at once")
  func withheld() throws {
    let silent = SilentMaker(.still, in: network)
    network.run(for: 1000)
    let first = try network.place(bid(1, pieces: nil), on: nodes[2])
    network.run(for: 9000)
    #expect(nodes[2].ownState(first) == .reserved)
    let second = try network.place(bid(1, pieces: nil), on: nodes[2])
    network.run(for: 2000)
    #expect(nodes[2].ownState(second) == .filled)
    #expect(attempts(of: nodes[2], to: silent.nodeID) == 1)
  }

  @Test("each time that it does not answer it is left alone for twice as long")
  func seldomer() throws {
    let silent = SilentMaker(.replacing, in: network)
    network.run(for: 1000)
    for _ in 0..<20 {
      try network.place(bid(1, pieces: nil), on: nodes[2])
      network.run(for: 8000)
    }
    // 6 + 12 + 24 + 48 s and four waits for an answer.
    #expect((3...5).contains(attempts(of: nodes[2], to: silent.nodeID)))
    #expect(nodes[3].settled.count >= 18)
  }

  @Test("explain counts the offers of a maker that did not answer as those of a silent owner")
  func explained() throws {
    _ = SilentMaker(.replacing, in: network)
    network.run(for: 1000)
    try network.place(bid(6, pieces: nil), on: nodes[2])
    network.run(for: 10_000)
    let rest = try network.place(bid(64, whole: true), on: nodes[2])
    network.run(for: 500)
    #expect(try #require(nodes[2].explain(rest)).count(.staleOwner) > 0)
  }
}

@Suite("what a node remembers of makers that did not answer")
struct SilentMakerMemoryTests {
  private let maker = identity(1).nodeID

  private func at(_ seconds: Int64) -> Timestamp { epoch + seconds * 1000 }

  @Test("each silence doubles the span up to 64 times the first, and all are forgotten after eight spans")
  func doubling() {
    var makers = SilentMakers()
    var time: Int64 = 0
    for span in [10, 20, 40, 80, 160, 320, 640, 640] as [Int64] {
      makers.wasSilent(maker, at: at(time), span: 10_000)
      makers.wasSilent(maker, at: at(time + 1), span: 10_000)
      #expect(makers.nextDue == at(time + span) && makers.avoided == [maker])
      let ended = [makers.expire(now: at(time + span) - 1), makers.expire(now: at(time + span))]
      #expect(ended == [false, true] && makers.avoided.isEmpty && makers.count == 1)
      time += span
    }
    #expect(makers.nextDue == at(time + 7 * 640))
    let isTaken = makers.expire(now: at(time + 7 * 640))
    #expect(!isTaken && makers.count == 0 && makers.nextDue == nil)
  }

  @Test("an accept makes up for one silence, and eight rejects in a row are one")
  func answers() {
    var makers = SilentMakers()
    makers.wasSilent(maker, at: at(0), span: 10_000)
    let isTaken = makers.accepted(maker)
    #expect(isTaken && makers.avoided.isEmpty && makers.count == 0)
    for number in 1...20 {
      if number == 8 { _ = makers.accepted(maker) }
      if number == 16 { #expect(makers.avoided == [maker]) }
      makers.rejected(maker, at: at(1), span: 10_000)
      #expect(makers.avoided.isEmpty == (number < 15))
    }
  }

  @Test("so many makers are remembered and no more: of more the one is forgotten whose time is up first")
  func bound() {
    var makers = SilentMakers()
    for number in 0..<SilentMakers.maximumCount + 50 {
      makers.wasSilent(identity(1000 + number).nodeID, at: at(Int64(number)), span: 10_000_000)
    }
    #expect(makers.count == SilentMakers.maximumCount && makers.avoided.count == SilentMakers.maximumCount)
    #expect(!makers.avoided.contains(identity(1049).nodeID) && makers.avoided.contains(identity(1050).nodeID))
  }
}

/// A maker of cheap offers whose feed is written by hand, and answers nothing.
final class SilentMaker {
  /// What its feed says after the offers.
  enum Manner: CaseIterable { case ticking, replacing, still }

  private let manner: Manner
  private let puppet: Puppet
  private unowned let network: VirtualNetwork
  private var feed: HandwrittenFeed
  private var links: [UInt64] = []
  private static let offers = 20

  var nodeID: NodeID { feed.identity.nodeID }

  init(_ manner: Manner, in network: VirtualNetwork) {
    self.manner = manner
    self.network = network
    feed = HandwrittenFeed(identity: identity(900), genesis: network.genesis)
    puppet = network.addPuppet(identity: identity(900))
    links = network.nodes.map { puppet.connect(to: $0) }
    network.run(for: 500)
    publish(offers)
    goOn()
  }

  private var offers: [Operation] {
    (0..<Self.offers).map { _ in .place(network.genesis.offer(6, at: 1.00, from: 600, until: 720)) }
  }

  private func publish(_ operations: [Operation]) {
    let entry = feed.append(operations, at: network.time)
    for link in links where puppet.openLinks.contains(link) { puppet.push([entry], over: link) }
  }

  private func goOn() {
    network.schedule(after: 2000) { [self] in
      switch manner {
      case .still: return
      case .ticking: publish([])
      case .replacing:
        let last = feed.head.sequence
        let cancels = (0..<Self.offers).map {
          Operation.cancel(feed.orderID(sequence: last, index: UInt32($0 + offset(last))))
        }
        publish(cancels + offers)
      }
      goOn()
    }
  }

  /// Where the offers begin among the operations of an entry: behind the cancels of those before them.
  private func offset(_ sequence: UInt64) -> Int { sequence == 1 ? 0 : Self.offers }
}
