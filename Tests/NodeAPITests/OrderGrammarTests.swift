import Market
import NodeAPI
import Testing

@Suite("The grammar of orders")
struct OrderGrammarTests {
  private func offer(_ change: (inout OrderRequest) -> Void = { _ in }) -> OrderRequest {
    var request = OrderRequest(side: "offer", gpuClasses: ["h100-sxm-80g"], gpus: 8, priceMicros: 2_100_000)
    request.durationMs = 12 * hour
    change(&request)
    return request
  }

  private func bid(_ change: (inout OrderRequest) -> Void = { _ in }) -> OrderRequest {
    var request = OrderRequest(side: "bid", gpuClasses: ["h100-sxm-80g"], gpus: 4, priceMicros: 2_400_000)
    request.durationMs = 3 * hour
    change(&request)
    return request
  }

  @Test("an offer needs GPUs, a class, a price and a duration")
  func plainOffer() throws {
    #expect(try order("offer 8 h100-sxm-80g at 2.10 for 12h") == offer())
  }

  @Test(
    "what people say besides means the same",
    arguments: [
      "OFFER 8 H100-SXM-80G AT 2.10 FOR 12H", "offer 8 x h100-sxm-80g at $2.1 for 12h",
      "offer 8 h100-sxm-80g at 2.100000 USD for 720m", "  offer\t8  h100-sxm-80g at 2.10 usd   for 12h ",
    ])
  func otherSpellings(line: String) throws {
    #expect(try order(line) == offer())
  }

  @Test("an offer's window may be given by its ends")
  func offerWindow() throws {
    let expected = offer {
      $0.durationMs = nil
      $0.startMs = noon.milliseconds + 2 * hour
      $0.endMs = noon.milliseconds + 18 * hour
    }
    #expect(try order("offer 8 h100-sxm-80g at 2.10 from +2h until +18h") == expected)
    #expect(try order("offer 8 h100-sxm-80g at 2.10 until 06:00 from 14:00") == expected)
    #expect(
      try order("offer 8 h100-sxm-80g at 2.10 from 2026-11-23T15:00+01:00 until 2026-11-24T06:00Z") == expected)
  }

  @Test("an end without a start is the next such time from now")
  func endAlone() throws {
    let expected = offer {
      $0.durationMs = nil
      $0.endMs = noon.milliseconds + hour
    }
    #expect(try order("offer 8 h100-sxm-80g at 2.10 until 13:00") == expected)
  }

  @Test("an offer's parts may stand in any order")
  func offerParts() throws {
    let expected = offer {
      $0.minimumGpus = 2
      $0.minimumMs = hour
      $0.expiryMs = noon.milliseconds + 6 * hour
      var attributes = AttributesDocument()
      attributes.region = "EU-FR"
      attributes.interconnect = "nvlink"
      attributes.driver = "550.54"
      attributes.wattsPerGpu = 700
      attributes.gco2PerKwh = 120
      $0.attributes = attributes
    }
    let parts = [
      "for 12h", "in eu-fr", "pieces of 2", "lease at least 1h", "interconnect NVLink", "driver 550.54", "watts 700",
      "co2 120", "expires in 6h",
    ]
    for shift in parts.indices {
      let line = (parts[shift...] + parts[..<shift]).joined(separator: " ")
      #expect(try order("offer 8 h100-sxm-80g at 2.10 " + line) == expected)
    }
    let relaxed = "for 12h in EU-FR in pieces of 2 lease 1h interconnect nvlink driver 550.54 watts at most 700"
    #expect(try order("offer 8 h100-sxm-80g at 2.10 \(relaxed) co2 at most 120 expires at 18:00") == expected)
  }

  @Test("a bid needs GPUs, a class, a price and a duration; its window is separate")
  func bidWindow() throws {
    #expect(try order("bid 4 h100-sxm-80g at 2.40 for 3h") == bid())
    #expect(try order("bid 4 h100-sxm-80g at 2.40 for 3h within 24h") == bid { $0.withinMs = 24 * hour })
    let expected = bid {
      $0.startMs = noon.milliseconds + 10 * hour
      $0.endMs = noon.milliseconds + 20 * hour
    }
    #expect(try order("bid 4 h100-sxm-80g at 2.40 for 3h from 22:00 by 08:00") == expected)
    #expect(try order("bid 4 h100-sxm-80g at 2.40 for 3h from now by +1d").startMs == noon.milliseconds)
  }

  @Test("a bid's demands are kept")
  func bidDemands() throws {
    let expected = bid {
      $0.minimumGpus = 1
      var requirements = RequirementsDocument()
      requirements.regions = ["EU", "NA-US"]
      requirements.interconnect = "nvlink"
      requirements.maximumWattsPerGpu = 700
      requirements.maximumGco2PerKwh = 120
      $0.requirements = requirements
    }
    let demands = "pieces of 1 interconnect nvlink watts at most 700 co2 at most 120"
    for regions in ["EU,NA-US", "eu, na-us", "EU ,NA-US", "EU , NA-US"] {
      #expect(try order("bid 4 h100-sxm-80g at 2.40 for 3h in \(regions) \(demands)") == expected)
    }
  }

  @Test("a bid may accept several classes", arguments: ["h100-sxm-80g,h200-sxm-141g", "h100-sxm-80g, H200-sxm-141g"])
  func severalClasses(classes: String) throws {
    #expect(
      try order("bid 4 \(classes) at 2.40 for 3h") == bid { $0.gpuClasses = ["h100-sxm-80g", "h200-sxm-141g"] })
  }

  @Test("prices are exact to the millionth")
  func prices() throws {
    #expect(try order("bid 1 rtx4090-24g at 0.462501 for 1h").priceMicros == 462_501)
    #expect(try order("bid 1 rtx4090-24g at 9223372036854.775807 for 1h").priceMicros == Int64.max)
  }
}
