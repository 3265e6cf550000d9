import NodeAPI
import Testing

@Suite("The grammar of amend and quote")
struct AmendGrammarTests {
  private func amend(_ words: String, of side: String) throws -> AmendRequest {
    guard case .amend("3f2a", let draft) = try parse("amend 3F2A \(words)") else { throw NotAnOrder() }
    return try draft.request(for: side)
  }

  private func expect(_ words: String, of side: String, _ change: (inout AmendRequest) -> Void) throws {
    var expected = AmendRequest()
    change(&expected)
    #expect(try amend(words, of: side) == expected, "\(words)")
  }

  /// The error that an amend leads to, as a person reads it.
  private func message(_ words: String, of side: String = "bid") -> String {
    do {
      return "understood: \(try amend(words, of: side))"
    } catch {
      return "\(error)"
    }
  }

  @Test("an amend states only what changes, on either side")
  func common() throws {
    for side in ["offer", "bid"] {
      try expect("gpus 2", of: side) { $0.gpus = 2 }
      try expect("at 2.30 USD", of: side) { $0.priceMicros = 2_300_000 }
      try expect("gpus 2 at $2.30 for 6h from 14:00", of: side) {
        $0.gpus = 2
        $0.priceMicros = 2_300_000
        $0.durationMs = 6 * hour
        $0.startMs = noon.milliseconds + 2 * hour
      }
      try expect("expires in 6h", of: side) { $0.expiryMs = noon.milliseconds + 6 * hour }
      try expect("gtc", of: side) { $0.timeInForce = "gtc" }
      try expect("post-only", of: side) { $0.postOnly = true }
      try expect("without post-only", of: side) { $0.postOnly = false }
      try expect("all-or-none", of: side) { $0.allOrNone = true }
      try expect("in pieces of 2", of: side) { $0.minimumGpus = 2 }
      try expect("without region, watts,co2", of: side) { $0.remove = ["region", "watts", "co2"] }
    }
  }

  @Test("an offer's own parts")
  func offer() throws {
    try expect("until 18:00 lease at least 1h", of: "offer") {
      $0.endMs = noon.milliseconds + 6 * hour
      $0.minimumMs = hour
    }
    try expect("in EU-FR driver 550.54 vram 80gib watts 600", of: "offer") {
      var attributes = AttributesDocument()
      attributes.region = "EU-FR"
      attributes.driver = "550.54"
      attributes.vramMib = 81_920
      attributes.wattsPerGpu = 600
      $0.attributes = attributes
    }
  }

  @Test("a bid's own parts")
  func bid() throws {
    try expect("within 24h", of: "bid") { $0.withinMs = 24 * hour }
    try expect("by 18:00 split", of: "bid") {
      $0.endMs = noon.milliseconds + 6 * hour
      $0.split = true
    }
    try expect("class h100-sxm-80g,h200-sxm-141g co-located", of: "bid") {
      $0.gpuClasses = ["h100-sxm-80g", "h200-sxm-141g"]
      $0.split = false
    }
    try expect("class any without not-providers,probed", of: "bid") {
      $0.gpuClasses = ["any"]
      $0.remove = ["probed", "excluded_providers"]
    }
    try expect("in EU,NA watts at most 600 providers 3f2a failures at most 5%", of: "bid") {
      var requirements = RequirementsDocument()
      requirements.regions = ["EU", "NA"]
      requirements.maximumWattsPerGpu = 600
      requirements.providers = ["3f2a"]
      requirements.maximumFailurePercent = 5
      $0.requirements = requirements
    }
  }

  @Test("what the order's side cannot have is refused by name")
  func wrongSide() {
    #expect(
      message("gpus 2 within 24h", of: "offer").hasPrefix(
        "\"within\" does not belong in the amend of an offer; allowed there: gpus, at, for, from, until, in, pieces, "))
    #expect(
      message("lease 1h", of: "bid").hasPrefix(
        "\"lease\" does not belong in the amend of a bid; allowed there: gpus, class, at, for, "))
    #expect(
      message("without probed", of: "offer")
        == "\"without probed\" does not belong in the amend of an offer, which never says it")
    #expect(
      message("without driver", of: "bid")
        == "\"without driver\" does not belong in the amend of a bid, which never says it")
    #expect(message("in EU,NA", of: "offer") == "the second region is \"NA\"; allowed: one region in an offer")
  }

  @Test(
    "errors name the word",
    arguments: [
      ("", "the amend lacks what changes; usage: amend ORDER "),
      ("4", "\"4\" is not understood; allowed here is one of: gpus, class, at, for, "),
      ("ioc", "\"ioc\" does not belong in an amend: an order in the book does not become immediate; allowed: gtc "),
      ("gtc expires in 1h", "\"gtc\" and \"expires\" both say how long the order works; allowed: one of them"),
      ("gtc expires in 1h", "\"gtc\" and \"expires\" both say how long the order works"),
      ("providers 3f2a not-providers 77bc", "\"providers\" and \"not-providers\" both say which"),
      ("watts 600 without watts", "\"watts\" and \"without watts\" exclude each other: "),
      ("post-only without post-only", "\"post-only\" and \"without post-only\" exclude each other: "),
      ("in EU without region", "\"in\" and \"without region\" exclude each other: "),
      ("without wats", "\"wats\" is not understood; did you mean watts? allowed here is one of: region, vram, "),
      ("without price", "\"price\" is not understood; allowed here is one of: region, vram, "),
      ("gpus 0", "the number of GPUs is \"0\"; allowed: a whole number from 1"),
      ("from +3h until +2h", "the end is \"+2h\"; allowed: a time after the start"),
    ])
  func errors(words: String, expected: String) {
    #expect(message(words).hasPrefix(expected), "\(message(words))")
  }

  // MARK: Quote

  private func quote(_ words: String) throws -> QuoteRequest {
    guard case .quote(let request) = try parse("quote \(words)") else { throw NotAnOrder() }
    return request
  }

  @Test("a quote reads as a bid; its price may be left out")
  func quotes() throws {
    var expected = QuoteRequest(gpuClasses: ["h100-sxm-80g"], gpus: 4)
    expected.durationMs = 3 * hour
    expected.withinMs = 24 * hour
    #expect(try quote("4 h100-sxm-80g for 3h within 24h") == expected)
    expected.priceMicros = 2_400_000
    #expect(try quote("4 x H100-sxm-80g at $2.40 for 3h within 24h") == expected)
    expected.split = true
    expected.minimumGpus = 2
    expected.gpuClasses = ["any"]
    var requirements = RequirementsDocument()
    requirements.regions = ["EU"]
    requirements.minimumVramMib = 76_294
    expected.requirements = requirements
    #expect(try quote("4 any at 2.40 for 3h within 24h split pieces of 2 in EU vram 80g") == expected)
  }

  @Test(
    "a quote places nothing, so it has no time in force",
    arguments: ["ioc", "fok", "gtc", "post-only", "expires in 1h"])
  func placesNothing(words: String) {
    let name = words.split(separator: " ")[0]
    #expect(
      NodeAPITests.message("quote 4 h100-sxm-80g for 3h \(words)")
        == "\"\(name)\" does not belong in a quote, which places nothing; leave it out")
  }

  @Test(
    "a quote's errors are a bid's",
    arguments: [
      ("4 h100-sxm-80g", "the quote lacks \"for DURATION\"; usage: quote GPUS CLASS[,CLASS] [at PRICE] for "),
      ("4 h100-sxm-80 for 3h", "the GPU class \"h100-sxm-80\" is unknown; did you mean h100-sxm-80g?"),
      ("4 h100-sxm-80g co-located split for 3h", "\"co-located\" and \"split\" both say "),
      ("4 h100-sxm-80g until 18:00", "\"until\" is not understood; allowed here is one of: for, from, within, "),
    ])
  func quoteErrors(words: String, expected: String) {
    #expect(NodeAPITests.message("quote \(words)").hasPrefix(expected))
  }

  @Test(
    "a depth's errors",
    arguments: [
      ("", "after \"depth\", a GPU class is missing"), ("h300", "the GPU class \"h300\" is unknown"),
      ("h100-sxm-80g within 2h", "\"within\" is not understood; allowed here is one of: for, gpus"),
      ("h100-sxm-80g for 2h for 3h", "\"for\" stands twice; allowed: once"),
    ])
  func depthErrors(words: String, expected: String) {
    #expect(NodeAPITests.message("depth \(words)").hasPrefix(expected))
  }
}
