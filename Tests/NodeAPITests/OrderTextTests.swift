import NodeAPI
import Testing

@Suite("Orders in words, with how they work and what they demand")
struct OrderTextTests {
  @Test("the time in force is echoed")
  func timeInForce() {
    let gtt = orderDocument {
      $0.timeInForce = "gtt"
      $0.expiryMs = noon.milliseconds + 6 * hour
    }
    #expect(text().order(gtt).contains("(12h), gtt: open until Mon 18:00:00; worth"))
    for state in ["open", "reserved", "filled", "cancelled"] {
      let ioc = orderDocument(side: "bid") {
        $0.timeInForce = "ioc"
        $0.state = state
      }
      #expect(text().order(ioc).contains(", ioc: what cannot be had at once is cancelled; costs"))
      #expect(!text().order(ioc).contains("open until"))
    }
    let fok = orderDocument(side: "bid") {
      $0.timeInForce = "fok"
      $0.minimumGpus = 8
      $0.allOrNone = true
    }
    #expect(text().order(fok).contains(", all 8 in one piece, fok: all of it at once, or none; costs"))
    let whole = orderDocument(side: "bid") {
      $0.minimumGpus = 2
      $0.allOrNone = true
    }
    #expect(text().order(whole).contains(", all 8 or none, split in pieces of 2 GPUs or more,"))
  }

  @Test("post-only and the pieces are echoed")
  func pieces() {
    let split = orderDocument(side: "bid") {
      $0.minimumGpus = 2
      $0.postOnly = true
    }
    #expect(
      text().order(split).contains(
        "Tue 00:00:00, split in pieces of 2 GPUs or more, post-only: it waits to be taken, gtc: open until"))
    let whole = orderDocument {
      $0.minimumGpus = 8
      $0.minimumMs = 12 * hour
      $0.allOrNone = true
    }
    #expect(text().order(whole).contains("(12h), all 8 for all of the 12h, or none, gtc: open until"))
  }

  @Test("every demand is echoed")
  func demands() {
    let order = orderDocument(side: "bid") {
      $0.gpuClasses = network.gpuClasses.map(\.id)
      var requirements = RequirementsDocument()
      requirements.regions = ["EU"]
      requirements.interconnect = "nvlink"
      requirements.maximumWattsPerGpu = 700
      requirements.maximumGco2PerKwh = 120
      requirements.minimumVramMib = 76_294
      requirements.probedOnly = true
      requirements.providers = [String(repeating: "ab", count: 32), String(repeating: "cd", count: 32)]
      requirements.excludedProviders = [String(repeating: "ef", count: 32)]
      requirements.minimumSettledTrades = 1
      requirements.maximumFailurePercent = 0
      $0.requirements = requirements
    }
    let shown = text().order(order)
    #expect(shown.contains("buy 8 x any class for 3h"))
    #expect(
      shown.contains(
        "in EU, VRAM at least 80 GB (76294 MiB), interconnect nvlink, at most 700 W per GPU, at most 120 gCO2/kWh, "
          + "probed, not declared, only from ababababab or cdcdcdcdcd, not from efefefefef, "
          + "providers with 1 settled trade or more, providers that failed in at most 0%, gtc: "))
  }

  @Test("what was probed is told from what is declared")
  func probed() {
    let order = orderDocument {
      var attributes = AttributesDocument()
      attributes.region = "EU-FR"
      attributes.vramMib = 81_920
      attributes.driver = "550.54"
      attributes.probed = ["vram", "driver"]
      $0.attributes = attributes
    }
    #expect(
      text().order(order).contains("in EU-FR, VRAM 85.8 GB (81920 MiB) (probed), driver 550.54 (probed), gtc"))
  }

  @Test("an amend says whether the order kept its priority")
  func amended() {
    let plain = orderDocument()
    #expect(text().amended(orderDocument { $0.keptPriority = true }) == text().order(plain) + "\nIt kept its priority.")
    #expect(text().amended(orderDocument { $0.keptPriority = false }).contains("\nIt lost its priority: "))
  }

  @Test("a table of all orders shows the owner's record, one's own does not")
  func records() {
    let order = orderDocument { $0.ownerRecord = RecordDocument(settled: 3, failed: 1) }
    let all = text().orders([order], scope: .all)
    #expect(all.contains("TRADES") && all.contains("3, 1 failed"))
    #expect(!text().orders([order], scope: .mine).contains("TRADES"))
  }

  @Test("a table says how an order works")
  func details() {
    let offer = orderDocument {
      $0.timeInForce = "gtt"
      $0.postOnly = true
      $0.allOrNone = true
    }
    #expect(text().orders([offer], scope: .mine).hasSuffix("gtt, post-only, all or none"))
    let bid = orderDocument(side: "bid") { $0.timeInForce = "ioc" }
    #expect(text().orders([bid], scope: .mine).hasSuffix("ioc, split"))
  }

  @Test("why has words for every condition")
  func conditions() {
    let names = [
      "gpu_class", "own_order", "price", "region", "vram", "interconnect", "watts", "co2", "probed", "provider",
      "record", "window", "gpus", "stale_owner", "already_tried", "later", "post_only",
    ]
    let document = WhyDocument(
      order: orderDocument(side: "bid"), counterOrders: 17,
      conditions: names.map { .init(condition: $0, ruledOut: 1) }, matching: 0, bestCounterPriceMicros: nil,
      undecided: 0)
    let lines = text().why(document).split(separator: "\n").dropFirst(2).dropLast()
    #expect(
      lines.map { $0.replacing("1  ruled out by ", with: "") } == [
        "the GPU class", "being your own", "the price", "the region", "too little video memory", "the interconnect",
        "the power draw", "the CO2 of the site's power", "attributes that are declared, not probed",
        "the providers that are acceptable", "the provider's public record", "the delivery window",
        "too few GPUs free in one run", "a silent owner", "a failed attempt just now",
        "being the later order, whose owner proposes", "being post-only, which never takes",
      ])
  }
}
