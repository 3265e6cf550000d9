import Market
import NodeAPI
import Testing

@testable import P2PNode

@Suite("The meaning of an amend")
struct AmendResolverTests {
  private func amended(_ old: Bid, _ change: (inout AmendRequest) -> Void) throws -> Bid {
    var request = AmendRequest()
    change(&request)
    guard case .bid(let bid) = try resolver.resolve(request, of: .bid(old)) else { throw OtherSide() }
    return bid
  }

  private func amended(_ old: Offer, _ change: (inout AmendRequest) -> Void) throws -> Offer {
    var request = AmendRequest()
    change(&request)
    guard case .offer(let offer) = try resolver.resolve(request, of: .offer(old)) else { throw OtherSide() }
    return offer
  }

  private func isReduction(_ new: Bid, of old: Bid) -> Bool { OrderBody.bid(new).isReduction(of: .bid(old)) }

  @Test("what is not stated stays")
  func rest() throws {
    let old = try resolvedBid {
      $0.expiryMs = noon.milliseconds + hour
      $0.postOnly = true
      var requirements = RequirementsDocument()
      requirements.regions = ["EU"]
      requirements.maximumWattsPerGpu = 700
      $0.requirements = requirements
    }
    var expected = old
    expected.price = Price(micros: 2_500_000)
    #expect(try amended(old) { $0.priceMicros = 2_500_000 } == expected)
    let demand = try amended(old) {
      var requirements = RequirementsDocument()
      requirements.maximumWattsPerGpu = 600
      $0.requirements = requirements
    }
    #expect(demand.requirements.maximumWattsPerGPU == 600 && demand.requirements.regions == ["EU"])
    #expect(demand.expiry == old.expiry && demand.isPostOnly)
  }

  @Test("fewer GPUs and an earlier expiry only reduce an order")
  func reductions() throws {
    let bid = try resolvedBid()
    let fewer = try amended(bid) { $0.gpus = 2 }
    #expect(fewer.gpus == 2 && fewer.minimumGPUs == 2 && isReduction(fewer, of: bid))
    let earlier = try amended(bid) { $0.expiryMs = noon.milliseconds + hour }
    #expect(earlier.expiry == noon + hour && isReduction(earlier, of: bid))
    let narrower = try amended(bid) { $0.withinMs = 12 * hour }
    #expect(narrower.expiry == noon + 9 * hour && isReduction(narrower, of: bid))
    let offer = try resolvedOffer { $0.allOrNone = true }
    let shorter = try amended(offer) { $0.durationMs = 6 * hour }
    #expect(OrderBody.offer(shorter).isAllOrNone && shorter.expiry == genesis.start(of: shorter.window.end))
    #expect(OrderBody.offer(shorter).isReduction(of: .offer(offer)))
  }

  @Test("more GPUs, another price or duration are no reduction, and a bid in one piece stays in one piece")
  func growth() throws {
    let bid = try resolvedBid()
    let more = try amended(bid) { $0.gpus = 6 }
    #expect(more.minimumGPUs == 6 && !isReduction(more, of: bid))
    #expect(try !isReduction(amended(bid) { $0.priceMicros = 1 }, of: bid))
    #expect(try !isReduction(amended(bid) { $0.durationMs = 2 * hour }, of: bid))
    let split = try resolvedBid { $0.minimumGpus = 2 }
    #expect(try amended(split) { $0.gpus = 6 }.minimumGPUs == 2)
    #expect(try amended(split) { $0.gpus = 1 }.minimumGPUs == 1)
    let offer = try resolvedOffer { $0.minimumGpus = 8 }
    #expect(try amended(offer) { $0.gpus = 16 }.minimumGPUs == 8)
  }

  @Test("the window changes where it is stated")
  func window() throws {
    let offer = try resolvedOffer()
    let later = try amended(offer) { $0.startMs = noon.milliseconds + hour }
    #expect(later.window.end == offer.window.end && later.window.count == 11 * 360)
    let longer = try amended(offer) { $0.endMs = noon.milliseconds + 24 * hour }
    #expect(longer.window.count == 24 * 360 && longer.expiry == noon + 24 * hour)
    let gtt = try resolvedOffer { $0.expiryMs = noon.milliseconds + hour }
    #expect(try amended(gtt) { $0.endMs = noon.milliseconds + 24 * hour }.expiry == noon + hour)
    #expect(try amended(gtt) { $0.timeInForce = "gtc" }.expiry == noon + 12 * hour)
    let bid = try resolvedBid()
    #expect(try amended(bid) { $0.endMs = noon.milliseconds + 6 * hour }.window.count == 6 * 360)
    #expect(
      refusal { try amended(offer) { $0.endMs = noon.milliseconds } }
        == "end is 0 s before the start; allowed: at least one slot of 10 s after it")
  }

  @Test("pieces, classes and post-only change where they are stated")
  func flags() throws {
    let bid = try resolvedBid()
    #expect(try amended(bid) { $0.split = true }.minimumGPUs == 1)
    #expect(try amended(bid) { $0.gpuClasses = ["any"] }.gpuClasses.count == genesis.gpuClasses.count)
    #expect(try amended(bid) { $0.postOnly = true }.isPostOnly)
    let split = try resolvedBid { $0.split = true }
    #expect(try amended(split) { $0.allOrNone = true }.minimumGPUs == 4)
    #expect(try amended(split) { $0.split = false }.minimumGPUs == 4)
    let wholeBid = try amended(split) {
      $0.allOrNone = true
      $0.split = true
    }
    #expect(wholeBid.isWhole && wholeBid.minimumGPUs == 1)
    #expect(try amended(wholeBid) { $0.gpus = 6 }.isWhole)
    #expect(try amended(wholeBid) { $0.gpus = 1 }.isWhole == false)
    #expect(try amended(wholeBid) { $0.allOrNone = false }.isWhole == false)
    let offer = try resolvedOffer { $0.postOnly = true }
    #expect(try !amended(offer) { $0.postOnly = false }.isPostOnly)
    let whole = try amended(offer) { $0.allOrNone = true }
    #expect(OrderBody.offer(whole).isAllOrNone)
    #expect(try amended(whole) { $0.allOrNone = false }.minimumSlots == 1)
    #expect(try amended(whole) { $0.minimumMs = hour }.minimumGPUs == 8)
  }

  @Test("what is named in remove is said and demanded no longer")
  func removals() throws {
    let bid = try resolvedBid {
      var requirements = RequirementsDocument()
      requirements.regions = ["EU"]
      requirements.interconnect = "nvlink"
      requirements.minimumVramMib = 1
      requirements.maximumWattsPerGpu = 1
      requirements.maximumGco2PerKwh = 1
      requirements.probedOnly = true
      requirements.providers = ["77bc"]
      requirements.minimumSettledTrades = 1
      requirements.maximumFailurePercent = 1
      $0.requirements = requirements
    }
    let ofBids = ["region", "vram", "interconnect", "watts", "co2", "probed", "providers", "trades", "failures"]
    #expect(try amended(bid) { $0.remove = ofBids }.requirements.isEmpty)
    let others = try amended(bid) {
      var requirements = RequirementsDocument()
      requirements.excludedProviders = ["aabb"]
      $0.requirements = requirements
    }
    #expect(others.requirements.providers.isEmpty && others.requirements.excludedProviders == [nodes[3]])
    #expect(try amended(others) { $0.remove = ["excluded_providers"] }.requirements.excludedProviders.isEmpty)

    let offer = try resolvedOffer {
      var attributes = AttributesDocument()
      attributes.region = "EU-FR"
      attributes.driver = "1"
      attributes.vramMib = 5
      attributes.probed = ["driver", "vram"]
      $0.attributes = attributes
    }
    let rest = try amended(offer) { $0.remove = ["region", "driver"] }.attributes
    #expect(rest.stated == .vram && rest.probed == .vram)
    let restated = try amended(offer) {
      var attributes = AttributesDocument()
      attributes.vramMib = 6
      $0.attributes = attributes
    }
    #expect(restated.attributes.vramMiB == 6 && restated.attributes.probed == .driver)
  }

  private static let immediate = "allowed: gtc or gtt: an order in the book does not become immediate"
  private static let refusals: [(String, @Sendable (inout AmendRequest) -> Void)] = [
    ("the amend is without a change; allowed: at least one field that changes the order", { _ in }),
    ("time_in_force is \"ioc\"; \(immediate)", { $0.timeInForce = "ioc" }),
    ("time_in_force is \"fok\"; \(immediate)", { $0.timeInForce = "fok" }),
    ("expiry_ms is left out; allowed: the time until which a gtt order is open", { $0.timeInForce = "gtt" }),
    ("attributes, minimum_ms is given; allowed: these can be amended of an offer, not of a bid", { $0.minimumMs = 1 }),
    (
      "within_ms, end_ms is both given; allowed: one of the two",
      {
        $0.withinMs = 1
        $0.endMs = 1
      }
    ),
    (
      "remove is \"driver\"; allowed: region, vram, interconnect, watts, co2, probed, providers, excluded_providers, "
        + "trades, failures", { $0.remove = ["driver"] }
    ),
    (
      "remove is \"watts\", which the amend states too; allowed: one of the two",
      {
        $0.remove = ["watts"]
        var requirements = RequirementsDocument()
        requirements.maximumWattsPerGpu = 1
        $0.requirements = requirements
      }
    ),
    ("gpus is 0; allowed: 1 to 4096", { $0.gpus = 0 }),
  ]

  @Test("what cannot be amended is refused by name", arguments: refusals.indices)
  func refused(index: Int) throws {
    let (expected, change) = Self.refusals[index]
    let bid = try resolvedBid()
    #expect(refusal { try amended(bid, change) } == expected)
  }

  @Test("an immediate order cannot be amended, and an offer has no demands")
  func notAmendable() throws {
    let ioc = try resolvedBid { $0.timeInForce = "ioc" }
    #expect(
      refusal { try amended(ioc) { $0.gpus = 1 } }
        == "time_in_force is ioc; allowed: gtc or gtt: an immediate order cannot be amended")
    let offer = try resolvedOffer()
    #expect(
      refusal { try amended(offer) { $0.split = true } }
        == "gpu_classes, within_ms, split, requirements is given; allowed: these can be amended of a bid, not of an offer"
    )
  }
}
