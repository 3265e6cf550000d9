import NodeAPI
import Testing

@Suite("The grammar of how an order works and what it demands")
struct OrderFlagTests {
  private static let offer = "offer 8 h100-sxm-80g at 2.10 for 12h"
  private static let bid = "bid 4 h100-sxm-80g at 2.40 for 3h"

  /// The difference that `words` make to a plain bid.
  private func expect(_ words: String, _ change: (inout OrderRequest) -> Void) throws {
    var expected = try order(Self.bid)
    change(&expected)
    #expect(try order("\(Self.bid) \(words)") == expected, "\(words)")
  }

  private func expectDemand(_ words: String, _ change: (inout RequirementsDocument) -> Void) throws {
    var requirements = RequirementsDocument()
    change(&requirements)
    try expect(words) { $0.requirements = requirements }
  }

  @Test("the time in force is one word; an expiry is good-till-time")
  func timeInForce() throws {
    for name in ["gtc", "ioc", "fok"] {
      try expect(name) { $0.timeInForce = name }
      try expect(name.uppercased()) { $0.timeInForce = name }
      #expect(try order("\(Self.offer) \(name)").timeInForce == name)
    }
    try expect("expires in 6h") { $0.expiryMs = noon.milliseconds + 6 * hour }
  }

  @Test("flags are words of their own, on either side")
  func flags() throws {
    try expect("post-only") { $0.postOnly = true }
    try expect("all-or-none") { $0.allOrNone = true }
    try expect("post-only all-or-none gtc") {
      $0.postOnly = true
      $0.allOrNone = true
      $0.timeInForce = "gtc"
    }
    let both = try order("\(Self.offer) all-or-none post-only")
    #expect(both.postOnly == true && both.allOrNone == true)
  }

  @Test("a bid may be split, with a smallest piece, or not")
  func split() throws {
    try expect("split") { $0.split = true }
    try expect("co-located") { $0.split = false }
    try expect("co-located all-or-none fok") {
      $0.split = false
      $0.allOrNone = true
      $0.timeInForce = "fok"
    }
    for line in ["split pieces of 2", "in pieces of 2 split"] {
      try expect(line) {
        $0.split = true
        $0.minimumGpus = 2
      }
    }
  }

  @Test("memory is said as GPUs are sold, and is rounded up to MiB")
  func memory() throws {
    for words in ["vram 80g", "vram at least 80GB", "vram 80000m", "vram at least 76294mib"] {
      try expectDemand(words) { $0.minimumVramMib = 76_294 }
    }
    try expectDemand("vram 80gib") { $0.minimumVramMib = 81_920 }
    #expect(try order("\(Self.offer) vram 80gib").attributes?.vramMib == 81_920)
    #expect(MemoryText.format(mebibytes: 76_294) == "80 GB (76294 MiB)")
    #expect(MemoryText.format(mebibytes: 81_559) == "85.5 GB (81559 MiB)")
    #expect(MemoryText.format(mebibytes: .max) == "9223372036854775807 MiB")
  }

  @Test("a class that is sold as having so much memory has it")
  func soldMemory() {
    // The ids and the memory of the local testnet's classes.
    let classes = [("141g", 143_771), ("80g", 81_559), ("48g", 46_068), ("24g", 24_564), ("6g", 6138)]
    for (name, mebibytes) in classes { #expect(MemoryText.parse(name).map { $0 <= Int64(mebibytes) } == true) }
  }

  @Test("a bid's demands on the provider")
  func provider() throws {
    try expectDemand("probed") { $0.probedOnly = true }
    try expectDemand("providers 3F2A,77bc01") { $0.providers = ["3f2a", "77bc01"] }
    try expectDemand("not-providers 3f2a, 77bc01") { $0.excludedProviders = ["3f2a", "77bc01"] }
    try expectDemand("trades at least 5") { $0.minimumSettledTrades = 5 }
    try expectDemand("trades 5") { $0.minimumSettledTrades = 5 }
    try expectDemand("failures at most 2%") { $0.maximumFailurePercent = 2 }
    try expectDemand("failures 0") { $0.maximumFailurePercent = 0 }
    try expectDemand("failures 100% probed trades at least 1 vram 24g in EU") {
      $0.maximumFailurePercent = 100
      $0.probedOnly = true
      $0.minimumSettledTrades = 1
      $0.minimumVramMib = 22_889
      $0.regions = ["EU"]
    }
  }

  @Test("a bid may accept any class")
  func anyClass() throws {
    for word in ["any", "ANY"] {
      #expect(try order("bid 4 \(word) at 2.40 for 3h").gpuClasses == ["any"])
    }
    #expect(message("offer 4 any at 2.40 for 3h") == "the GPU class \"any\" is unknown; classes lists them")
    #expect(
      message("bid 4 h100-sxm-80g,any at 2.40 for 3h")
        == "the GPU class is \"any\"; allowed: any alone, or the classes one by one")
    #expect(message("bid 4 any,h100-sxm-80g at 2.40 for 3h").hasPrefix("the GPU class \"any\" is unknown"))
  }

  static let works = "both say how long the order works; allowed: one of them"
  static let takes = "exclude each other: the one only takes, the other never does; allowed: one of them"
  static let whole =
    "exclude each other: all or none means one trade that takes the whole order; allowed: one of them"
  static let pieces = "both say in how many pieces the bid may be filled; allowed: one of them"

  @Test(
    "parts that cannot stand together are refused by name, in either order",
    arguments: [
      ("gtc", "ioc", works), ("gtc", "fok", works), ("ioc", "fok", works), ("gtc", "expires in 1h", works),
      ("ioc", "expires in 1h", works), ("fok", "expires at 13:00", works), ("ioc", "post-only", takes),
      ("fok", "post-only", takes), ("co-located", "split", pieces),
      ("co-located", "pieces of 2", pieces),
      ("providers 3f2a", "not-providers 77bc", "both say which providers are acceptable; allowed: one of them"),
    ])
  func conflicts(first: String, second: String, why: String) {
    let names = [first, second].map { $0.split(separator: " ")[0] }
    let expected = "\"\(names[0])\" and \"\(names[1])\" \(why)"
    #expect(message("\(Self.bid) \(first) \(second)") == expected)
    #expect(message("\(Self.bid) \(second) within 5h \(first)") == expected)
  }

  @Test("an offer that is all or none has no shortest lease and no pieces")
  func offerConflicts() {
    for flag in ["fok", "all-or-none"] {
      #expect(message("\(Self.offer) lease 1h \(flag)") == "\"\(flag)\" and \"lease\" \(Self.whole)")
      #expect(message("\(Self.offer) \(flag) pieces of 2") == "\"\(flag)\" and \"pieces\" \(Self.whole)")
    }
  }

  @Test("the mark stands below the later of the two")
  func pointer() throws {
    let error = try #require(throws: CommandError.self) { try parse("\(Self.bid) fok post-only") }
    #expect(error.words[error.position] == "post-only")
  }

  @Test(
    "what is not understood is named, with what is allowed",
    arguments: [
      ("post-olny", "\"post-olny\" is not understood; did you mean post-only?"),
      ("all-or-nothing", "\"all-or-nothing\" is not understood; did you mean all-or-none?"),
      ("colocated", "\"colocated\" is not understood; did you mean co-located?"),
      ("not-provider 3f2a", "\"not-provider\" is not understood; did you mean not-providers?"),
      ("vram 80", "the memory is \"80\"; allowed: an amount such as 80g, 80000m, 80gib or 81920mib"),
      ("vram 0g", "the memory is \"0g\"; allowed: an amount such as 80g, 80000m, 80gib or 81920mib"),
      ("vram at most 80g", "\"most\" is not understood; allowed here: least"),
      (
        "providers 3f2", "the node's id is \"3f2\"; allowed: its 64 hexadecimal digits, or the first 4 or more"
      ),
      ("providers", "after \"providers\", a node's id is missing"),
      ("providers 3f2a,3F2A", "\"3F2A\" stands twice; allowed: once"),
      ("trades at least 0", "the number of trades is \"0\"; allowed: a whole number from 1 to 4294967295"),
      ("failures 101%", "the failure rate is \"101%\"; allowed: a whole number of percent from 0% to 100%"),
      ("failures 2.5%", "the failure rate is \"2.5%\"; allowed: a whole number of percent from 0% to 100%"),
      ("ioc ioc", "\"ioc\" stands twice; allowed: once"),
    ])
  func errors(words: String, expected: String) {
    #expect(message("\(Self.bid) \(words)").hasPrefix(expected))
  }

  @Test("an offer has no demands", arguments: ["split", "co-located", "probed", "providers 3f2a", "trades 5"])
  func notOfAnOffer(words: String) {
    let name = words.split(separator: " ")[0]
    #expect(message("\(Self.offer) \(words)").hasPrefix("\"\(name)\" is not understood; "))
  }
}
