import Market
import NodeAPI
import NodeCrypto
import Testing

@testable import P2PNode

@Suite("The meaning of an order's request")
struct OrderResolverTests {
  @Test("an order is good till cancelled, may take, and a bid has one piece, when nothing is said")
  func defaults() throws {
    let offer = try resolvedOffer()
    #expect(offer.timeInForce == .goodTillCancelled && !offer.isPostOnly)
    #expect(offer.minimumGPUs == 1 && offer.minimumSlots == 1)
    #expect(offer.expiry == noon + 12 * hour)
    let bid = try resolvedBid()
    #expect(bid.timeInForce == .goodTillCancelled && !bid.isPostOnly)
    #expect(bid.minimumGPUs == 4 && bid.requirements.isEmpty)
    #expect(bid.expiry == noon + 21 * hour)
  }

  @Test("each time in force is resolved; gtt is an expiry")
  func timeInForce() throws {
    #expect(try resolvedBid { $0.timeInForce = "gtc" } == resolvedBid())
    #expect(try resolvedBid { $0.timeInForce = "ioc" }.timeInForce == .immediateOrCancel)
    let fok = try resolvedBid { $0.timeInForce = "fok" }
    #expect(fok.timeInForce == .fillOrKill && fok.minimumGPUs == 4)
    let gtt = try resolvedBid {
      $0.timeInForce = "gtt"
      $0.expiryMs = noon.milliseconds + hour
    }
    #expect(try gtt == resolvedBid { $0.expiryMs = noon.milliseconds + hour })
    #expect(gtt.timeInForce == .goodTillCancelled && gtt.expiry == noon + hour)
    #expect(try resolvedOffer { $0.postOnly = true }.isPostOnly)
  }

  @Test("all or none is all GPUs, and of an offer all of its window")
  func allOrNone() throws {
    for whole in [
      try resolvedOffer { $0.allOrNone = true }, try resolvedOffer { $0.timeInForce = "fok" },
      try resolvedOffer {
        $0.allOrNone = true
        $0.minimumGpus = 8
        $0.minimumMs = 12 * hour
      },
    ] {
      #expect(OrderBody.offer(whole).isAllOrNone)
      #expect(whole.minimumGPUs == 8 && whole.minimumSlots == 12 * 360)
    }
    #expect(try resolvedBid { $0.allOrNone = true }.minimumGPUs == 4)
    // A window that begins before a trade can be settled could never be sold as a whole.
    let fok = try resolvedOffer { $0.timeInForce = "fok" }
    #expect(genesis.start(of: fok.window.start) > noon + genesis.limits.proposalMilliseconds)
    let stated = try resolvedOffer {
      $0.allOrNone = true
      $0.startMs = noon.milliseconds + hour
    }
    #expect(genesis.start(of: stated.window.start) == noon + hour)
  }

  @Test("a bid is split into pieces of one GPU, or of as many as is said")
  func split() throws {
    #expect(try resolvedBid { $0.split = true }.minimumGPUs == 1)
    #expect(
      try resolvedBid {
        $0.split = true
        $0.minimumGpus = 2
      }.minimumGPUs == 2)
    #expect(try resolvedBid { $0.minimumGpus = 2 }.minimumGPUs == 2)
    #expect(try resolvedBid { $0.split = false }.minimumGPUs == 4)
    for change in [{ $0.allOrNone = true }, { $0.timeInForce = "fok" }] as [(inout OrderRequest) -> Void] {
      let whole = try resolvedBid {
        change(&$0)
        $0.minimumGpus = 2
      }
      #expect(whole.isWhole && whole.minimumGPUs == 2 && OrderBody.bid(whole).isAllOrNone)
    }
  }

  private static let wholeOnly = "one of the two: all or none means one trade that takes the whole order"
  private static let conflicts: [(OrderRequest, String)] = [
    (bidRequest { $0.timeInForce = "day" }, "time_in_force is \"day\"; allowed: gtc, gtt, ioc or fok"),
    (
      bidRequest { $0.timeInForce = "gtt" },
      "expiry_ms is left out; allowed: the time until which a gtt order is open"
    ),
    (
      bidRequest {
        $0.timeInForce = "ioc"
        $0.expiryMs = 5
      },
      "time_in_force, expiry_ms is \"ioc\" and 5; allowed: an expiry_ms with gtt only, or left out with gtc, ioc and fok"
    ),
    (
      offerRequest {
        $0.timeInForce = "ioc"
        $0.postOnly = true
      },
      "time_in_force, post_only is \"ioc\" and true; allowed: one of the two: the one only takes, the other never does"
    ),
    (
      bidRequest {
        $0.timeInForce = "fok"
        $0.postOnly = true
      },
      "time_in_force, post_only is \"fok\" and true; allowed: one of the two: the one only takes, the other never does"
    ),
    (
      bidRequest {
        $0.timeInForce = "fok"
        $0.allOrNone = false
      },
      "time_in_force, all_or_none is \"fok\" and false; allowed: true or left out: a fok order is all or none"
    ),
    (
      offerRequest {
        $0.allOrNone = true
        $0.minimumGpus = 2
      }, "all_or_none, minimum_gpus is true and 2; allowed: \(wholeOnly)"
    ),
    (
      offerRequest {
        $0.allOrNone = true
        $0.minimumMs = hour
      }, "all_or_none, minimum_ms is true and 360; allowed: \(wholeOnly)"
    ),
    (
      bidRequest {
        $0.split = false
        $0.minimumGpus = 2
      }, "split, minimum_gpus is false and 2; allowed: one of the two: a bid that may not be split has one piece"
    ),
    (offerRequest { $0.split = true }, "split is given; allowed: it belongs to a bid, not to an offer"),
  ]

  @Test("fields that contradict each other are refused by name", arguments: conflicts)
  func refused(request: OrderRequest, expected: String) {
    #expect(ConsoleTests.refusal { try resolver.resolve(request) } == expected)
  }

  // MARK: The machine and its provider

  private func refusal(ofDemand change: (inout RequirementsDocument) -> Void) -> String {
    var requirements = RequirementsDocument()
    change(&requirements)
    return ConsoleTests.refusal { try resolvedBid { $0.requirements = requirements } }
  }

  @Test("a bid may accept all classes of the network")
  func anyClass() throws {
    #expect(try resolvedBid { $0.gpuClasses = ["any"] }.gpuClasses.count == genesis.gpuClasses.count)
    #expect(
      ConsoleTests.refusal { try resolvedBid { $0.gpuClasses = ["any", "h100-sxm-80g"] } }
        == "gpu_classes is \"any\" and others; allowed: \"any\" alone, or class ids")
    #expect(
      ConsoleTests.refusal { try resolvedOffer { $0.gpuClasses = ["any"] } }.hasPrefix("GPU class is \"any\""))
  }

  @Test("every demand is kept")
  func demands() throws {
    var document = RequirementsDocument()
    document.minimumVramMib = 76_294
    document.probedOnly = true
    document.providers = ["77bc", nodes[0].hex.uppercased(), "77BC01"]
    document.minimumSettledTrades = 5
    document.maximumFailurePercent = 0
    let requirements = try resolvedBid { $0.requirements = document }.requirements
    #expect(requirements.minimumVRAMMiB == 76_294 && requirements.probedOnly)
    #expect(requirements.providers == [nodes[0], nodes[2]] && requirements.excludedProviders.isEmpty)
    #expect(requirements.minimumSettledTrades == 5 && requirements.maximumFailurePercent == 0)
  }

  @Test("a whole id names a node that is not known yet; digits only one that is")
  func providers() throws {
    let stranger = String(repeating: "ef", count: 32)
    var document = RequirementsDocument()
    document.excludedProviders = [stranger, "3f2a02"]
    let demands = try resolvedBid { $0.requirements = document }.requirements
    #expect(demands.excludedProviders.map(\.hex) == [nodes[1].hex, stranger])
    #expect(
      refusal { $0.providers = ["efef"] }
        == "providers is \"efef\", with which no known node's id begins; allowed: a node whose orders are known here, "
        + "or all 64 digits")
    #expect(
      refusal { $0.excludedProviders = ["3F2A"] }
        == "excluded_providers is \"3F2A\", with which 2 nodes' ids begin (3f2a010000000000, 3f2a020000000000); "
        + "allowed: more digits")
    for name in ["3f2", "provider", ""] {
      #expect(
        refusal { $0.providers = [name] }
          == "providers is \"\(name)\"; allowed: node ids, or their first 4 or more hexadecimal digits")
    }
    let both = refusal {
      $0.providers = ["77bc"]
      $0.excludedProviders = ["aabb"]
    }
    #expect(both == "providers, excluded_providers is both given; allowed: one of the two")
  }

  @Test("demands that are out of range are refused")
  func ranges() {
    #expect(
      refusal { $0.maximumFailurePercent = 101 } == "maximum_failure_percent is 101; allowed: 0 to 100")
    #expect(refusal { $0.minimumVramMib = 0 } == "minimum_vram_mib is 0; allowed: 1 to 4294967295")
    #expect(refusal { $0.minimumSettledTrades = -1 } == "minimum_settled_trades is -1; allowed: 1 to 4294967295")
  }

  @Test("an offer says which of its attributes were probed")
  func probed() throws {
    var document = AttributesDocument()
    document.region = "EU-FR"
    document.vramMib = 81_920
    document.probed = ["vram"]
    let attributes = try resolvedOffer { $0.attributes = document }.attributes
    #expect(attributes.vramMiB == 81_920 && attributes.probed == .vram)
    document.probed = ["region", "watts"]
    #expect(
      ConsoleTests.refusal { try resolvedOffer { $0.attributes = document } }
        == "probed is \"watts\", of which the offer says nothing; allowed: region, vram")
    document.probed = ["vran"]
    #expect(
      ConsoleTests.refusal { try resolvedOffer { $0.attributes = document } }
        == "probed is \"vran\" (did you mean vram?); allowed: region, interconnect, driver, watts, co2, vram")
  }

  // MARK: Quote and depth

  @Test("a quote without a price is of a bid at the highest price")
  func quote() throws {
    var request = QuoteRequest(gpuClasses: ["h100-sxm-80g"], gpus: 4)
    request.durationMs = 3 * hour
    request.withinMs = 24 * hour
    var expected = try resolvedBid()
    let tick = genesis.limits.priceTickMicros
    expected.price = Price(micros: genesis.limits.priceMicros / tick * tick)
    #expect(try resolver.resolve(request) == expected)
    request.priceMicros = 2_400_000
    #expect(try resolver.resolve(request) == resolvedBid())
    request.split = true
    #expect(try resolver.resolve(request).minimumGPUs == 1)
  }

  @Test("a depth has clock hours, of which the first has begun")
  func depthRows() {
    let rows = DepthRows(
      gpuClass: GPUClassIndex(0), spanMs: 24 * hour, gpus: 8, genesis: genesis, now: noon + 20 * 60_000 + 1)
    #expect(rows.slotsPerRow == 360)
    #expect(genesis.start(of: rows.start) == noon + 20 * 60_000 + 10_000)
    #expect(genesis.start(of: rows.start + rows.firstSlots) == noon + hour)
    #expect(rows.rows == 24)
  }

  @Test(
    "a short span has shorter rows where the slots are short",
    arguments: [
      (24 * hour, 3600, 24), (6 * hour, 3600, 6), (3 * hour, 1800, 6), (hour, 600, 6), (30 * 60_000, 300, 6),
      (6 * 60_000, 60, 6), (60_000, 10, 6), (10_000, 10, 1), (1, 10, 1),
    ] as [(Int64, Int64, Int)])
  func shortRows(span: Int64, seconds: Int64, count: Int) {
    let rows = DepthRows(gpuClass: GPUClassIndex(0), spanMs: span, gpus: 8, genesis: genesis, now: noon)
    #expect(rows.slotsPerRow * 10 == seconds)
    #expect(rows.firstSlots == rows.slotsPerRow && rows.rows + 1 == count)
  }
}
