import Market
import NodeCrypto
import Testing

@Suite("order rules")
struct OrderRulesTests {
  let genesis: Genesis
  let now = at(1_000_000)

  init() throws { genesis = try Genesis(file: genesisFile()) }

  private var offer: Offer {
    Offer(
      gpuClass: GPUClassIndex(0), gpus: 8, window: slots(100, 110), price: Price(micros: 2_000_000), minimumGPUs: 1,
      minimumSlots: 1, expiry: at(1_100_000))
  }

  private var bid: Bid {
    Bid(
      gpuClasses: [GPUClassIndex(0), GPUClassIndex(1)], gpus: 4, durationSlots: 3, window: slots(100, 110),
      price: Price(micros: 2_000_000), minimumGPUs: 1, expiry: at(1_100_000))
  }

  private func refusal(_ body: OrderBody) -> String? {
    do throws(OrderError) {
      try OrderRules.check(body, placedAt: now, genesis: genesis)
      return nil
    } catch { return error.description }
  }

  private func refused(offer change: (inout Offer) -> Void) -> String? {
    var changed = offer
    change(&changed)
    return refusal(.offer(changed))
  }

  private func refused(bid change: (inout Bid) -> Void) -> String? {
    var changed = bid
    change(&changed)
    return refusal(.bid(changed))
  }

  @Test("orders at the limits are taken")
  func taken() {
    #expect(refusal(.offer(offer)) == nil)
    #expect(refusal(.bid(bid)) == nil)
    #expect(refused(offer: { ($0.gpus, $0.minimumGPUs, $0.minimumSlots) = (64, 64, 10) }) == nil)
    #expect(refused(offer: { $0.price = Price(micros: 1) }) == nil)
    #expect(refused(offer: { $0.price = Price(micros: 1_000_000_000) }) == nil)
    #expect(refused(offer: { $0.expiry = at(1_000_001) }) == nil)
    #expect(
      refused(offer: {
        $0.window = slots(0, 101); $0.expiry = at(1_010_000)
      }) == nil)
    #expect(refused(bid: { $0.durationSlots = 10 }) == nil)
    #expect(refused(bid: { $0.window = slots(100, 259_300) }) == nil, "the horizon is 30 days")
  }

  @Test("numbers out of their range are refused with the value and what is allowed")
  func numbers() {
    #expect(refused(offer: { $0.gpus = 0 }) == "gpus is 0; allowed: 1 to 64")
    #expect(refused(bid: { $0.gpus = 65 }) == "gpus is 65; allowed: 1 to 64")
    #expect(
      refused(offer: { $0.price = Price(micros: 0) })
        == "price is 0.00; allowed: 0.000001 to 1000.00 USD per GPU-hour")
    #expect(
      refused(bid: { $0.price = Price(micros: 1_000_000_001) })
        == "price is 1000.000001; allowed: 0.000001 to 1000.00 USD per GPU-hour")
    #expect(refused(offer: { $0.minimumGPUs = 0 }) == "smallest piece is 0 GPUs; allowed: 1 to 8 GPUs")
    #expect(refused(offer: { $0.minimumGPUs = 9 }) == "smallest piece is 9 GPUs; allowed: 1 to 8 GPUs")
    #expect(refused(bid: { $0.minimumGPUs = 5 }) == "smallest piece is 5 GPUs; allowed: 1 to 4 GPUs")
    #expect(refused(offer: { $0.minimumSlots = 11 }) == "shortest lease is 11 slots; allowed: 1 to 10 slots")
    #expect(
      refused(bid: { $0.durationSlots = 0 }) == "duration is 0 slots; allowed: 1 to 10 slots, the window's length")
    #expect(
      refused(bid: { $0.durationSlots = 11 }) == "duration is 11 slots; allowed: 1 to 10 slots, the window's length")
  }

  @Test("times out of their range are refused with the value and what is allowed")
  func times() {
    #expect(
      refused(offer: { $0.window = slots(100, 100) }) == "window is 0 slots; allowed: at least one slot of 10000 ms")
    #expect(
      refused(bid: { $0.window = slots(90, 100) })
        == "end is 1000000 ms; allowed: after the present, 1000000 ms")
    #expect(
      refused(offer: { $0.window = slots(100, 259_301) })
        == "end is 2592010 s from now; allowed: at most 2592000 s from now")
    #expect(
      refused(bid: { $0.expiry = now })
        == "expiry is 1000000 ms; allowed: after the present, 1000000 ms, and at most the window's end, 1100000 ms")
    #expect(refused(offer: { $0.expiry = at(1_100_001) })?.hasPrefix("expiry is 1100001 ms") == true)
    #expect(
      refused(offer: { $0.window = slots(-1, 110) }) == "start is before the Unix epoch; allowed: any time since")
  }

  @Test("classes are one to so many, each once and in order")
  func classes() {
    let classes = (0..<65).map { GPUClassIndex(UInt16($0)) }
    #expect(refused(bid: { $0.gpuClasses = [] }) == "GPU classes is 0; allowed: 1 to 64")
    #expect(refused(bid: { $0.gpuClasses = GPUClassList(classes) }) == "GPU classes is 65; allowed: 1 to 64")
    for wrong in [[1, 0], [0, 0]] as [[Int]] {
      #expect(
        refused(bid: { $0.gpuClasses = GPUClassList(wrong.map { classes[$0] }) })
          == "GPU classes is not ascending and distinct; allowed: each class once, in genesis order")
    }
  }

  @Test(
    "a region is CONTINENT or CONTINENT-COUNTRY", arguments: ["eu", "EUR", "EU-", "EU-FRA", "EU-FR-75", "E1", "-FR"])
  func regions(region: String) {
    let message =
      "region is \"\(region)\"; allowed: CONTINENT or CONTINENT-COUNTRY in capitals, such as EU or EU-FR"
    #expect(refused(offer: { $0.attributes.region = region }) == message)
    #expect(refused(bid: { $0.requirements.regions = [region] }) == message)
  }

  @Test("regions are at most so many, each once and in order")
  func regionLists() {
    #expect(refused(bid: { $0.requirements.regions = ["EU", "EU-FR", "NA"] }) == nil)
    for wrong in [["NA", "EU"], ["EU", "EU"]] {
      #expect(
        refused(bid: { $0.requirements.regions = wrong })
          == "regions is not ascending and distinct; allowed: each region once, in order")
    }
    let many = (0..<33).map { number in
      String(decoding: [0x45, 0x55, 0x2D, 0x41 + UInt8(number / 26), 0x41 + UInt8(number % 26)], as: UTF8.self)
    }
    #expect(refused(bid: { $0.requirements.regions = many }) == "regions is 33; allowed: at most 32")
    #expect(refused(bid: { $0.requirements.regions = Array(many.dropLast()) }) == nil)
  }

  @Test("texts are short and plain", arguments: ["NVLink", "nv link", "\u{e9}", String(repeating: "a", count: 33)])
  func texts(text: String) {
    let allowed = "\"\(text)\"; allowed: at most 32 lowercase letters, digits, dots and hyphens"
    #expect(refused(offer: { $0.attributes.interconnect = text }) == "interconnect is " + allowed)
    #expect(refused(offer: { $0.attributes.driver = text }) == "driver is " + allowed)
    #expect(refused(bid: { $0.requirements.interconnect = text }) == "interconnect is " + allowed)
  }

  @Test("a demand is met only by an offer that says so")
  func requirements() {
    let machine = Attributes(
      region: "EU-FR", interconnect: "nvlink", driver: "", wattsPerGPU: 700, gramsCO2PerKWh: 0)
    func unmet(_ requirements: Requirements, _ attributes: Attributes? = nil) -> Requirements.Demand? {
      requirements.firstUnmet(
        by: attributes ?? machine, classVRAMMiB: 80_000, provider: NodeID(word0: 1, word1: 0, word2: 0, word3: 0),
        record: { PublicRecord(settled: 3, expiries: 1) })
    }
    #expect(unmet(Requirements(), Attributes()) == nil)
    #expect(unmet(Requirements(regions: ["EU"])) == nil)
    #expect(unmet(Requirements(regions: ["EU-FR"])) == nil)
    #expect(unmet(Requirements(regions: ["EU-DE"])) == .region)
    #expect(unmet(Requirements(regions: ["EU"]), Attributes(region: "EUX")) == .region)
    #expect(unmet(Requirements(regions: ["EU"]), Attributes()) == .region)
    #expect(unmet(Requirements(interconnect: "nvlink", maximumWattsPerGPU: 700)) == nil)
    #expect(unmet(Requirements(maximumWattsPerGPU: 699)) == .watts)
    #expect(unmet(Requirements(maximumGramsCO2PerKWh: 500)) == .co2)
    #expect(unmet(Requirements(interconnect: "pcie")) == .interconnect)
    #expect(unmet(Requirements(minimumVRAMMiB: 80_000)) == nil)
    #expect(unmet(Requirements(minimumVRAMMiB: 80_001)) == .vram)
    #expect(unmet(Requirements(minimumVRAMMiB: 80_001), Attributes(vramMiB: 80_001)) == nil)
  }

  @Test("a demand on the provider is met by its name and its record")
  func providerDemands() {
    let provider = NodeID(word0: 1, word1: 0, word2: 0, word3: 0)
    let other = NodeID(word0: 2, word1: 0, word2: 0, word3: 0)
    func unmet(_ change: (inout Requirements.Demands) -> Void) -> Requirements.Demand? {
      var demands = Requirements.Demands()
      change(&demands)
      return Requirements(demands).firstUnmet(
        by: Attributes(region: "EU", driver: "550", probed: [.driver]), classVRAMMiB: 0, provider: provider,
        record: { PublicRecord(settled: 3, expiries: 1) })
    }
    #expect(unmet { $0.providers = [provider] } == nil)
    #expect(unmet { $0.providers = [other] } == .provider)
    #expect(unmet { $0.excludedProviders = [other] } == nil)
    #expect(unmet { $0.excludedProviders = [provider] } == .provider)
    #expect(unmet { $0.minimumSettledTrades = 3 } == nil)
    #expect(unmet { $0.minimumSettledTrades = 4 } == .record)
    #expect(unmet { $0.maximumFailurePercent = 25 } == nil)
    #expect(unmet { $0.maximumFailurePercent = 24 } == .record)
    #expect(unmet { $0.probedOnly = true } == nil)
    #expect(
      unmet {
        $0.probedOnly = true
        $0.regions = ["EU"]
      } == .probed)
  }
}
