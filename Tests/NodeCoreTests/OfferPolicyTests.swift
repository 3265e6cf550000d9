import Market
import NodeCore
import NodeCrypto
import Testing

@Suite("The policy of offers")
struct OfferPolicyTests {
  let genesis: Genesis

  init() throws { genesis = try TestMarket.genesis() }

  private func violation(
    _ policy: OfferPolicy, _ body: OrderBody, replacing old: OrderBody? = nil, open: Int64 = 0
  ) -> PolicyViolation? {
    policy.violation(of: body, replacing: old, openGPUs: open, genesis: genesis)
  }

  @Test("the standard policy demands and adds nothing")
  func standard() {
    let offer = genesis.offer(8, at: 0.01)
    #expect(violation(OfferPolicy(), offer, open: .max / 2) == nil)
    #expect(OfferPolicy().completing(offer) == offer)
  }

  @Test("an offer below its class's price is refused with the rule, the value and what is allowed; others are not")
  func price() throws {
    var policy = OfferPolicy()
    policy.minimumPrices[TestMarket.h100] = Price(micros: 2_000_000)
    let refused = try #require(violation(policy, genesis.offer(8, at: 1.99)))
    #expect(refused.rule == "offers.minimum_price.\(genesis.gpuClass(at: TestMarket.h100).id)")
    #expect(
      refused.description
        == "a price of 1.99 breaks this node's rule \(refused.rule); allowed: at least 2.00 USD per GPU-hour. The node's "
        + "configuration has the rule")
    #expect(violation(policy, genesis.offer(8, at: 2.00)) == nil)
    #expect(violation(policy, genesis.offer(8, at: 1.99, gpuClass: GPUClassIndex(1))) == nil)
    #expect(violation(policy, genesis.bid(8, at: 1.99)) == nil)
  }

  @Test("an amend is refused for what it makes worse alone")
  func amends() {
    var policy = OfferPolicy()
    policy.acceptsOffers = false
    policy.minimumPrices[TestMarket.h100] = Price(micros: 2_000_000)
    policy.maximumOpenGPUs = 10
    let old = genesis.offer(16, at: 1.50)
    #expect(violation(policy, genesis.offer(8, at: 1.50), replacing: old, open: 16) == nil)
    #expect(violation(policy, genesis.offer(16, at: 1.60), replacing: old, open: 16) == nil)
    #expect(violation(policy, genesis.offer(16, at: 1.40), replacing: old, open: 16)?.value == "a price of 1.40")
    #expect(
      violation(policy, genesis.offer(17, at: 1.50), replacing: old, open: 16)?.rule == OfferPolicy.Rule.maximumOpenGPUs
    )
    #expect(violation(policy, genesis.offer(8, at: 2.50))?.rule == OfferPolicy.Rule.accept)
  }

  @Test("GPUs in open offers are capped together")
  func cap() {
    var policy = OfferPolicy()
    policy.maximumOpenGPUs = 10
    #expect(violation(policy, genesis.offer(4, at: 2.00), open: 6) == nil)
    #expect(
      violation(policy, genesis.offer(5, at: 2.00), open: 6)
        == PolicyViolation(
          rule: "offers.maximum_open_gpus", value: "5 GPUs, 11 with the open offers", allowed: "10 GPUs together"))
  }

  @Test("what an offer does not say of the machine is added, declared, and what it says stays")
  func attributes() {
    var policy = OfferPolicy()
    policy.attributes = Attributes(region: "EU-FR", wattsPerGPU: 650, gramsCO2PerKWh: 52)
    let offer = genesis.offer(8, at: 2.00).with(offer: { $0.attributes = Attributes(region: "NA", probed: [.region]) })
    let completed = policy.completing(offer)
    guard case .offer(let body) = completed else { return }
    #expect(
      body.attributes == Attributes(region: "NA", wattsPerGPU: 650, gramsCO2PerKWh: 52, probed: [.region]))
    let bid = genesis.bid(8, at: 2.00)
    #expect(policy.completing(bid) == bid)
  }

  @Test("a node refuses by its policy before anything is written, two offers of one entry too, and completes the rest")
  func node() throws {
    var core = NodeCore(
      NodeConfiguration(
        genesis: genesis, identity: .generate(), agent: "test", listenPort: 0, advertisedHost: nil, bootstrap: [],
        seed: 1), now: epoch)
    var effects: [NodeEffect] = []
    core.finishRestore(now: epoch, into: &effects)
    core.offerPolicy.maximumOpenGPUs = 10
    core.offerPolicy.attributes = Attributes(region: "EU")
    for (id, gpus) in [(1, 6), (2, 6), (3, 4)] as [(CommandID, Int32)] {
      core.handle(.command(id, .place(genesis.offer(gpus, at: 2.00))), now: epoch, into: &effects)
    }
    // Whatever is written becomes durable, until nothing is written any more.
    var sequence: UInt64 = 0
    while core.feeds.head(of: core.own).sequence > sequence {
      sequence = core.feeds.head(of: core.own).sequence
      core.handle(.durable(sequence: sequence), now: epoch, into: &effects)
    }
    var replies: [CommandID: Result<OrderID, CommandRefusal>] = [:]
    for case .reply(let id, let result) in effects { replies[id] = result }
    #expect(throws: Never.self) { try replies[1]?.get() }
    #expect(
      replies[2]
        == .failure(
          .policy(
            PolicyViolation(
              rule: "offers.maximum_open_gpus", value: "6 GPUs, 12 with the open offers", allowed: "10 GPUs together")))
    )
    let last = try #require(replies[3]).get()
    #expect(core.ownOfferedGPUs == 10)
    guard case .offer(let offer)? = core.book.order(last)?.body else {
      Issue.record("the offer is not in the book")
      return
    }
    #expect(offer.attributes == Attributes(region: "EU"))
  }
}
