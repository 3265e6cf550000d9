import Market
import NodeCrypto
import Testing

@Suite("order rules: conflicts, lots and ticks")
struct OrderConflictTests {
  let genesis: Genesis
  let now = at(1_000_000)

  init() throws { genesis = try Genesis(file: genesisFile()) }

  private func offer(_ change: (inout Offer) -> Void = { _ in }) -> OrderBody {
    var offer = Offer(
      gpuClass: GPUClassIndex(0), gpus: 8, window: slots(100, 110), price: Price(micros: 2_000_000),
      expiry: at(1_100_000))
    change(&offer)
    return .offer(offer)
  }

  private func bid(_ change: (inout Bid) -> Void = { _ in }) -> OrderBody {
    var bid = Bid(
      gpuClasses: [GPUClassIndex(0)], gpus: 4, durationSlots: 3, window: slots(100, 110),
      price: Price(micros: 2_000_000), minimumGPUs: 1, expiry: at(1_100_000))
    change(&bid)
    return .bid(bid)
  }

  private func demanding(_ change: (inout Requirements.Demands) -> Void) -> OrderBody {
    var demands = Requirements.Demands()
    change(&demands)
    return bid { $0.requirements = Requirements(demands) }
  }

  private func refusal(_ body: OrderBody, in genesis: Genesis? = nil) -> String? {
    do throws(OrderError) {
      try OrderRules.check(body, placedAt: now, genesis: genesis ?? self.genesis)
      return nil
    } catch { return error.description }
  }

  @Test("fill-or-kill is for orders of which all is taken at once or nothing")
  func fillOrKill() {
    #expect(
      refusal(bid { $0.timeInForce = .fillOrKill })
        == "time in force is fok with pieces from 1 of 4 GPUs; "
        + "allowed: fok only for an all-or-none order: all of it at once, or nothing")
    #expect(refusal(bid { ($0.timeInForce, $0.minimumGPUs) = (.fillOrKill, 4) }) == nil)
    #expect(refusal(bid { ($0.timeInForce, $0.isWhole) = (.fillOrKill, true) }) == nil)
    #expect(
      refusal(offer { ($0.timeInForce, $0.minimumGPUs) = (.fillOrKill, 8) })
        == "time in force is fok with pieces from 8 of 8 GPUs for 1 of 10 slots; "
        + "allowed: fok only for an all-or-none order: all of it at once, or nothing")
    #expect(refusal(offer { ($0.timeInForce, $0.minimumGPUs, $0.minimumSlots) = (.fillOrKill, 8, 10) }) == nil)
    #expect(refusal(bid { $0.timeInForce = .immediateOrCancel }) == nil)
  }

  @Test("all-or-none over several offers is for bids in pieces that take")
  func whole() {
    #expect(refusal(bid { $0.isWhole = true }) == nil)
    #expect(
      refusal(bid { ($0.isWhole, $0.minimumGPUs) = (true, 4) })
        == "all-or-none over several offers is pieces from 4 of 4 GPUs; "
        + "allowed: a smallest piece below the whole; a bid in one piece is all-or-none anyway")
    #expect(
      refusal(bid { ($0.isWhole, $0.isPostOnly) = (true, true) })
        == "post-only is together with all-or-none over several offers; "
        + "allowed: either: such a bid takes from all its offers")
  }

  @Test("an order that never takes and one that never rests are two orders")
  func postOnly() {
    #expect(refusal(bid { $0.isPostOnly = true }) == nil)
    for (timeInForce, name) in [(TimeInForce.immediateOrCancel, "ioc"), (.fillOrKill, "fok")] {
      let message =
        "time in force is \(name) together with post-only; allowed: either, since a post-only order never takes and an "
        + "\(name) order never rests"
      #expect(refusal(bid { ($0.timeInForce, $0.isPostOnly, $0.minimumGPUs) = (timeInForce, true, 4) }) == message)
      #expect(
        refusal(
          offer {
            ($0.timeInForce, $0.isPostOnly) = (timeInForce, true)
            ($0.minimumGPUs, $0.minimumSlots) = (8, 10)
          }) == message)
    }
  }

  @Test("only what an offer states can be probed")
  func probed() {
    let stated = Attributes(region: "EU", driver: "550", vramMiB: 80_000)
    func probing(_ probed: AttributeSet) -> OrderBody {
      offer {
        $0.attributes = stated
        $0.attributes.probed = probed
      }
    }
    #expect(refusal(probing([.region, .driver, .vram])) == nil)
    #expect(
      refusal(probing([.driver, .watts]))
        == "probed is \"watts\", which the offer does not state; allowed: attributes that it states")
    #expect(
      refusal(probing(AttributeSet(rawValue: 65))) == "probed is 65; allowed: a sum of the bits 1, 2, 4, 8, 16, 32")
  }

  @Test("providers are allowed or excluded, each once, in order, and not too many")
  func providers() {
    let nodes = (1...17).map { NodeID(word0: UInt64($0), word1: 0, word2: 0, word3: 0) }
    #expect(refusal(demanding { $0.providers = Array(nodes.prefix(16)) }) == nil)
    #expect(refusal(demanding { $0.excludedProviders = Array(nodes.prefix(16)) }) == nil)
    #expect(refusal(demanding { $0.providers = nodes }) == "providers is 17; allowed: at most 16")
    #expect(refusal(demanding { $0.excludedProviders = nodes }) == "excluded providers is 17; allowed: at most 16")
    for wrong in [[nodes[1], nodes[0]], [nodes[0], nodes[0]]] {
      #expect(
        refusal(demanding { $0.providers = wrong })
          == "providers is not ascending and distinct; allowed: each node once, in order")
      #expect(
        refusal(demanding { $0.excludedProviders = wrong })
          == "excluded providers is not ascending and distinct; allowed: each node once, in order")
    }
    #expect(
      refusal(demanding { ($0.providers, $0.excludedProviders) = ([nodes[0]], [nodes[1]]) })
        == "excluded providers is 1 together with 1 allowed ones; "
        + "allowed: either list, since a list of allowed providers excludes all others")
  }

  @Test("a failure rate is a percentage")
  func failureRate() {
    #expect(refusal(demanding { $0.maximumFailurePercent = 0 }) == nil)
    #expect(refusal(demanding { $0.maximumFailurePercent = 100 }) == nil)
    #expect(
      refusal(demanding { $0.maximumFailurePercent = 101 })
        == "maximum failure rate is 101 percent; allowed: 0 to 100 percent")
  }

  @Test("GPUs and smallest pieces are whole lots, prices whole ticks")
  func granularity() throws {
    let file = String(decoding: genesisFile(replacing: "\"lot_gpus\": 1", with: "\"lot_gpus\": 4"), as: UTF8.self)
      .replacing("\"price_tick_micros\": 1", with: "\"price_tick_micros\": 2500")
    let coarse = try Genesis(file: Array(file.utf8))
    #expect(coarse.limits.lotGPUs == 4 && coarse.limits.priceTickMicros == 2500)
    #expect(refusal(offer { $0.minimumGPUs = 4 }, in: coarse) == nil)
    #expect(
      refusal(offer { ($0.gpus, $0.minimumGPUs) = (6, 4) }, in: coarse)
        == "gpus is 6; allowed: 4 to 64 in multiples of 4")
    #expect(
      refusal(bid(), in: coarse) == "smallest piece is 1 GPUs; allowed: 4 to 4 GPUs in multiples of 4")
    #expect(
      refusal(offer { ($0.minimumGPUs, $0.price) = (4, Price(micros: 2_001_000)) }, in: coarse)
        == "price is 2.001; allowed: 0.0025 to 1000.00 USD per GPU-hour in multiples of 0.0025")
  }

  @Test("an amend stays on its side, and neither starts from nor makes an order that never rests")
  func amends() {
    func amend(_ new: OrderBody, of side: Side, _ timeInForce: TimeInForce = .goodTillCancelled) -> String? {
      do throws(OrderError) {
        try OrderRules.checkAmend(to: new, side: side, timeInForce: timeInForce)
        return nil
      } catch { return error.description }
    }
    #expect(amend(bid(), of: .bid) == nil)
    #expect(amend(bid(), of: .offer) == "the amended order is a bid; allowed: an offer, as the order is")
    #expect(
      amend(bid(), of: .bid, .immediateOrCancel)
        == "the order's time in force is ioc; allowed: gtc: an order that never rests is not amended")
    #expect(
      amend(bid { $0.timeInForce = .immediateOrCancel }, of: .bid) == "time in force is ioc; allowed: gtc in an amend")
  }

  @Test("an amend that only reduces keeps the priority, any other loses it")
  func reductions() {
    let whole = bid { $0.minimumGPUs = 4 }
    #expect(whole.isReduction(of: whole))
    #expect(bid { ($0.gpus, $0.minimumGPUs) = (3, 3) }.isReduction(of: whole))
    #expect(bid { $0.expiry = at(1_050_000) }.isReduction(of: bid()))
    #expect(bid { $0.window = slots(102, 108) }.isReduction(of: bid()))
    #expect(!bid { $0.gpus = 5 }.isReduction(of: bid()))
    #expect(!bid { $0.price = Price(micros: 1_999_999) }.isReduction(of: bid()))
    #expect(!bid { $0.expiry = at(1_100_001) }.isReduction(of: bid()))
    #expect(!bid { $0.window = slots(101, 111) }.isReduction(of: bid()))
    #expect(!bid { $0.isPostOnly = true }.isReduction(of: bid()))
    #expect(!bid { $0.minimumGPUs = 2 }.isReduction(of: bid()))
    #expect(offer { ($0.gpus, $0.window) = (4, slots(100, 105)) }.isReduction(of: offer()))
    #expect(!offer { $0.attributes.region = "EU" }.isReduction(of: offer()))
    #expect(!offer().isReduction(of: bid()))
  }
}
