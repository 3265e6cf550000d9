import Gossip
import Market
import NodeCrypto
import OrderBook
import Settlement
import Simulator
import Testing

@testable import NodeCore

/// What a maker's judge lets through: all demands of the bid, whichever of the two is the maker.
@Suite("demands before the maker")
struct DemandTests {
  let genesis: Genesis
  let deals: DealBuilder
  let provider = identity(1)
  let buyer = identity(2)

  init() throws {
    genesis = try TestMarket.genesis(lot: 2)
    deals = DealBuilder(genesis: genesis)
  }

  private func at(_ seconds: Int64) -> Timestamp { epoch + seconds * 1000 }

  /// An exchange with an offer and a bid, the maker's first, and the terms that the taker proposes.
  private func verdict(
    _ takerSide: Side, offer offerBody: OrderBody, bid bidBody: OrderBody, gpus: Int32 = 4, at dollars: Double = 2.00,
    history: (inout Exchange) -> Void = { _ in }
  ) -> Verdict {
    var exchange = Exchange(genesis: genesis, own: provider.nodeID, seed: 7)
    history(&exchange)
    var changes: [Change] = []
    let offer = Place(
      author: provider.nodeID, time: at(takerSide == .bid ? 0 : 1), sequence: 10, index: 0)
    let bid = Place(author: buyer.nodeID, time: at(takerSide == .bid ? 1 : 0), sequence: 10, index: 0)
    exchange.apply(.place(offerBody), at: offer, into: &changes)
    exchange.apply(.place(bidBody), at: bid, into: &changes)
    let signed = deals.propose(
      offer: offer.orderID(network: genesis.networkID), bid: bid.orderID(network: genesis.networkID),
      provider: provider, buyer: buyer, takerSide: takerSide, gpus: gpus, from: 60, until: 120, at: dollars,
      deadline: at(8))
    return exchange.judge(signed.terms, at: at(2))
  }

  private static let good = Attributes(
    region: "EU-FR", interconnect: "nvlink", driver: "550", wattsPerGPU: 700, gramsCO2PerKWh: 50, vramMiB: 0,
    probed: [.region, .watts])

  private var offer: OrderBody { genesis.offer(8, at: 2.00, minimumGPUs: 2).stating(Self.good) }
  private var bid: OrderBody { genesis.bid(4, at: 2.00) }

  private func expect(
    _ expected: Verdict, offer: OrderBody? = nil, _ change: @escaping (inout Requirements.Demands) -> Void,
    history: (inout Exchange) -> Void = { _ in }, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    for side in [Side.bid, .offer] {
      let verdict = verdict(side, offer: offer ?? self.offer, bid: bid.demanding(change), history: history)
      #expect(verdict == expected, "taker: \(side)", sourceLocation: sourceLocation)
    }
  }

  private let refused = Verdict.reject(.badTerms, gpusLeft: 0)

  @Test("demands on the machine")
  func machine() {
    expect(.accept) { _ in }
    expect(.accept) { ($0.regions, $0.interconnect, $0.maximumWattsPerGPU) = (["EU"], "nvlink", 700) }
    expect(refused) { $0.regions = ["NA"] }
    expect(refused) { $0.interconnect = "pcie" }
    expect(refused) { $0.maximumWattsPerGPU = 699 }
    expect(refused) { $0.maximumGramsCO2PerKWh = 49 }
    expect(.accept) { ($0.probedOnly, $0.regions, $0.maximumWattsPerGPU) = (true, ["EU"], 700) }
    expect(refused) { ($0.probedOnly, $0.interconnect) = (true, "nvlink") }
  }

  @Test("video memory is the class's unless the offer states its own")
  func memory() {
    var stated = Self.good
    stated.vramMiB = 40_000
    expect(.accept) { $0.minimumVRAMMiB = 81_559 }
    expect(refused) { $0.minimumVRAMMiB = 81_560 }
    expect(refused, offer: offer.stating(stated)) { $0.minimumVRAMMiB = 40_001 }
    expect(.accept, offer: offer.stating(stated)) { $0.minimumVRAMMiB = 40_000 }
  }

  @Test("the provider's name")
  func providers() {
    let (provider, other) = (provider.nodeID, identity(3).nodeID)
    expect(.accept) { $0.providers = [provider, other].sorted() }
    expect(refused) { $0.providers = [other] }
    expect(.accept) { $0.excludedProviders = [other] }
    expect(refused) { $0.excludedProviders = [provider, other].sorted() }
  }

  /// Trades of the provider with a third node: as many settled and declined as said.
  private func history(settled: Int, declined: Int) -> (inout Exchange) -> Void {
    { exchange in
      let other = identity(3)
      var changes: [Change] = []
      for number in 0..<(settled + declined) {
        let signed = deals.propose(
          offer: OrderID(word0: 1, word1: 0, word2: 0, word3: 0), bid: OrderID(word0: 2, word1: 0, word2: 0, word3: 0),
          provider: provider, buyer: other, gpus: 1, from: 60, until: 120, deadline: at(0), nonce: UInt64(number))
        let takers = Place(author: other.nodeID, time: at(0), sequence: UInt64(number + 1), index: 0)
        exchange.apply(.propose(signed), at: takers, into: &changes)
        let makers = Place(author: provider.nodeID, time: at(0), sequence: UInt64(number + 1), index: 0)
        if number < settled {
          exchange.apply(
            deals.accept(signed, in: HandwrittenFeed(identity: provider, genesis: genesis), at: at(0)), at: makers,
            into: &changes)
        } else {
          exchange.apply(.reject(Blake2b.hash(signed.bytes), .noCapacity, gpusLeft: 0), at: makers, into: &changes)
        }
      }
    }
  }

  @Test("the provider's public record, as the ledger has it")
  func records() {
    let history = history(settled: 3, declined: 1)
    expect(refused) { $0.minimumSettledTrades = 1 }
    expect(.accept) { $0.maximumFailurePercent = 0 }
    expect(.accept, { $0.minimumSettledTrades = 3 }, history: history)
    expect(refused, { $0.minimumSettledTrades = 4 }, history: history)
    expect(.accept, { $0.maximumFailurePercent = 25 }, history: history)
    expect(refused, { $0.maximumFailurePercent = 24 }, history: history)
  }

  @Test("terms for part of a lot, and for an order that never rests, do not follow from the orders")
  func terms() {
    for side in [Side.bid, .offer] {
      let split = genesis.bid(4, at: 2.00, minimumGPUs: 2)
      #expect(verdict(side, offer: offer, bid: split, gpus: 2) == .accept)
      #expect(verdict(side, offer: offer, bid: split, gpus: 3) == refused)
      let (makerOffer, makerBid) =
        side == .bid ? (offer.works(.immediateOrCancel), bid) : (offer, bid.works(.immediateOrCancel))
      #expect(verdict(side, offer: makerOffer, bid: makerBid) == refused)
      let (takerOffer, takerBid) =
        side == .bid ? (offer, bid.works(.immediateOrCancel)) : (offer.works(.immediateOrCancel), bid)
      #expect(verdict(side, offer: takerOffer, bid: takerBid) == .accept)
    }
  }
}

/// The same demands between whole nodes: what is matched is what the maker accepts.
@Suite("demands between nodes")
struct DemandTradeTests {
  let genesis: Genesis
  let network: VirtualNetwork
  let nodes: [VirtualNode]

  init() throws {
    genesis = try TestMarket.genesis()
    network = VirtualNetwork(genesis: genesis, seed: 61)
    nodes = network.addNodes(4)
    network.settleIn()
  }

  private func settle() {
    network.runUntilQuiet()
    network.checkAgreement()
  }

  @Test("a bid for a machine with enough memory buys from the dearer offer that has it")
  func memory() throws {
    try network.place(genesis.offer(8, at: 2.00).stating(Attributes(vramMiB: 40_960)), on: nodes[0])
    let good = try network.place(genesis.offer(8, at: 2.20), on: nodes[2])
    network.runUntilQuiet()
    try network.place(genesis.bid(4, at: 2.40).demanding { $0.minimumVRAMMiB = 80_000 }, on: nodes[1])
    settle()
    #expect(nodes[3].settled.map(\.terms.offer) == [good])
  }

  @Test("a bid that excludes a provider, and one that names another, leave it alone")
  func providers() throws {
    try network.place(genesis.offer(8, at: 2.00), on: nodes[0])
    let other = try network.place(genesis.offer(8, at: 2.20), on: nodes[2])
    network.runUntilQuiet()
    try network.place(genesis.bid(4, at: 2.40).demanding { $0.excludedProviders = [nodes[0].nodeID] }, on: nodes[1])
    try network.place(genesis.bid(4, at: 2.40).demanding { $0.providers = [nodes[2].nodeID] }, on: nodes[1])
    settle()
    #expect(nodes[3].settled.map(\.terms.offer) == [other, other])
  }

  @Test(
    "a bid for a provider with a record waits, and trades once the provider has one", arguments: [Side.bid, .offer])
  func record(taker: Side) throws {
    let offer = genesis.offer(8, at: 2.00)
    let bid = genesis.bid(4, at: 2.00).demanding { $0.minimumSettledTrades = 1 }
    let demanding: OrderID
    if taker == .bid {
      try network.place(offer, on: nodes[0])
      network.runUntilQuiet()
      demanding = try network.place(bid, on: nodes[1])
    } else {
      demanding = try network.place(bid, on: nodes[1])
      network.runUntilQuiet()
      try network.place(offer, on: nodes[0])
    }
    settle()
    #expect(nodes[3].core?.ledger.count == 0)
    let explanation = nodes[1].explain(demanding)
    #expect(explanation?.count(.record) == 1)
    try network.place(genesis.bid(1, at: 2.00), on: nodes[2])
    settle()
    #expect(nodes[3].settled.count == 2)
    #expect(nodes[3].remaining(demanding) == 0)
    #expect(nodes[3].core?.record(of: nodes[0].nodeID).settled == 2)
  }
}
