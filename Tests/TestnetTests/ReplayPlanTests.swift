import Market
import MarketFiles
import NodeAPI
import Testing

@testable import Testnet

@Suite("Replay plan") struct ReplayPlanTests {
  private func plan(
    _ files: MarketData.Files, replay: Int, seconds: Int64 = 20, seed: UInt64 = 1
  ) throws -> ReplayPlan {
    let genesis = try testnetGenesis()
    return ReplayPlan(
      data: try MarketData(files, genesis: genesis), genesis: genesis, replay: replay, seconds: seconds, seed: seed)
  }

  @Test("the same seed gives the same plan, another seed another one")
  func seeds() throws {
    let first = try plan(realFiles(), replay: 500, seed: 7)
    #expect(try plan(realFiles(), replay: 500, seed: 7).bids == first.bids)
    #expect(try plan(realFiles(), replay: 500, seed: 8).bids != first.bids)
  }

  @Test("a printed seed keeps its meaning")
  func knownDraws() throws {
    let bids = try plan(realFiles(), replay: 3, seed: 1).bids
    #expect(bids.map(\.gpuClass) == ["rtx4090-24g", "rtx4090-24g", "b200-sxm-180g"])
    #expect(bids.map(\.priceMicros) == [392_200, 358_100, 4_705_000])
  }

  @Test("a longer replay begins as a shorter one does")
  func prefix() throws {
    let short = try plan(realFiles(), replay: 100).bids
    let long = try plan(realFiles(), replay: 1000).bids.prefix(100)
    #expect(long.map(\.gpuClass) == short.map(\.gpuClass))
    #expect(long.map(\.priceMicros) == short.map(\.priceMicros))
  }

  @Test("submit times are scaled to the replay's length, durations to slots")
  func scaling() throws {
    let plan = try plan(smallFiles, replay: 3)
    #expect(plan.bids.map(\.offsetMilliseconds) == [0, 5000, 20_000])
    #expect(plan.bids.map(\.durationMilliseconds) == [10_000, 10_000, 20_000])
    #expect(plan.bids.map(\.gpus) == [1, 8, 2])
    #expect(plan.cutJobs == 0)
  }

  @Test("a replay of one job, of none, or in no time does not divide by zero")
  func noSpan() throws {
    #expect(try plan(smallFiles, replay: 0).bids.isEmpty)
    #expect(try plan(smallFiles, replay: 1).bids.map(\.offsetMilliseconds) == [0])
    #expect(try plan(smallFiles, replay: 3, seconds: 0).bids.map(\.offsetMilliseconds) == [0, 0, 0])
  }

  @Test("jobs past six hours are cut and counted, one of exactly six hours is not")
  func cuts() throws {
    var files = smallFiles
    files.demand = files.demand.replacing(",900,", with: ",1944000,").replacing(",901,", with: ",1944001,")
    let plan = try plan(files, replay: 3)
    #expect(plan.bids.map(\.durationMilliseconds) == [10_000, 21_600_000, 21_600_000])
    #expect(plan.cutJobs == 1)
  }

  @Test("each real bid fits a machine of its class and lies within its class's asks")
  func draws() throws {
    let genesis = try testnetGenesis()
    let data = try MarketData(realFiles(), genesis: genesis)
    let plan = ReplayPlan(data: data, genesis: genesis, replay: data.jobs.count, seconds: 20, seed: 3)
    #expect(plan.bids.count == 7064)
    for (bid, job) in zip(plan.bids, data.jobs) {
      let machines = data.offers.filter { $0.gpuClass == bid.gpuClass }
      #expect(bid.gpus == job.gpus)
      #expect(machines.contains { $0.gpus >= bid.gpus })
      #expect(machines.contains { $0.priceMicros <= bid.priceMicros })
      #expect(machines.contains { $0.priceMicros >= bid.priceMicros })
      #expect(bid.durationMilliseconds % genesis.slotMilliseconds == 0)
    }
    #expect(zip(plan.bids, plan.bids.dropFirst()).allSatisfy { $0.offsetMilliseconds <= $1.offsetMilliseconds })
    #expect(plan.bids.last?.offsetMilliseconds == 20_000)
  }

  @Test("a class is drawn as often as it has GPUs")
  func weights() throws {
    let genesis = try testnetGenesis()
    let data = try MarketData(smallFiles, genesis: genesis)
    let mix = ClassMix(offers: data.offers, genesis: genesis)
    #expect(mix.supplies.map(\.gpuClass) == ["h100-sxm-80g", "a40-48g"])
    #expect(mix.supplies.map(\.gpus) == [10, 2])
    #expect(mix.supplies.map(\.asks) == [1_870_000...2_132_500, 670_000...670_000])

    var generator = SplitMix64(seed: 5)
    let small = (0..<12_000).map { _ in mix.draw(gpus: 2, using: &generator)?.gpuClass }
    // 10,000 are expected, with a standard deviation of 41.
    #expect((9_750...10_250).contains(small.filter { $0 == "h100-sxm-80g" }.count))
    #expect((0..<100).allSatisfy { _ in mix.draw(gpus: 3, using: &generator)?.gpuClass == "h100-sxm-80g" })
    #expect(mix.draw(gpus: 9, using: &generator) == nil)
  }

  @Test("a uniform draw reaches both ends of its range and nothing beyond")
  func uniform() {
    var generator = SplitMix64(seed: 9)
    #expect(Set((0..<200).map { _ in generator.uniform(in: -1...1) }) == [-1, 0, 1])
    #expect(generator.uniform(in: 5...5) == 5)
    #expect(generator.uniform(in: Int64.min...Int64.max - 1) < Int64.max)
  }

  @Test("orders are stated as the API takes them")
  func requests() throws {
    let plan = try plan(smallFiles, replay: 2)
    let offer = plan.offers[0].request
    #expect(offer.side == "offer")
    #expect(offer.gpuClasses == ["h100-sxm-80g"])
    #expect(offer.gpus == 8)
    #expect(offer.priceMicros == 2_132_500)
    #expect(offer.durationMs == 43_200_000)
    #expect(offer.attributes?.region == "AS-VN")

    let bid = plan.bids[1].request
    #expect(bid.side == "bid")
    #expect(bid.gpuClasses == ["h100-sxm-80g"])
    #expect(bid.gpus == 8)
    #expect(bid.minimumGpus == nil)
    #expect(bid.durationMs == 10_000)
    #expect(bid.withinMs == 14_410_000)
  }

  @Test("orders are dealt in turn, and each hand keeps their order")
  func dealing() {
    #expect(ReplayPlan.deal([1, 2, 3, 4, 5, 6, 7], to: 3) == [[1, 4, 7], [2, 5], [3, 6]])
    #expect(ReplayPlan.deal([1], to: 2) == [[1], []])
  }
}
