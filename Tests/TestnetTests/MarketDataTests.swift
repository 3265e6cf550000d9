import Market
import Testing

@testable import MarketFiles

@Suite("Market data") struct MarketDataTests {
  @Test("the real files are read whole, and each machine is of a class")
  func realData() throws {
    let genesis = try testnetGenesis()
    let data = try MarketData(realFiles(), genesis: genesis)
    #expect(data.offers.count == 66)
    #expect(data.jobs.count == 7064)
    #expect(data.offers.allSatisfy { genesis.gpuClass(named: $0.gpuClass) != nil })
    #expect(
      data.offers.first
        == MachineOffer(gpuClass: "h200-sxm-141g", gpus: 1, priceMicros: 2_650_000, region: "EU-FR"))
    #expect(data.offers.reduce(0) { $0 + $1.gpus } == 212)
    #expect(data.jobs.first == Job(submitSeconds: 0, gpus: 1, durationSeconds: 12_537_496))
  }

  @Test("each kind of damage is named with its file, line and value")
  func damage() throws {
    let cases: [(damage: (inout MarketData.Files) -> Void, message: String)] = [
      (
        { $0.offers = $0.offers.replacing("gpus,", with: "gpu,") },
        "gpu-offers.csv:1: the header is \"gpu_model,interface,gpu,vram_mib_per_gpu,usd_per_gpu_hour,country,continent\"; "
          + "allowed: \"gpu_model,interface,gpus,vram_mib_per_gpu,usd_per_gpu_hour,country,continent\""
      ),
      (
        { $0.offers = $0.offers.replacing("0.67,AU,OC", with: "0.67,AU") },
        "gpu-offers.csv:3: \"A40,,2,46068,0.67,AU\" has 6 fields; allowed: 7"
      ),
      (
        { $0.offers = $0.offers.replacing("A40", with: "A41") },
        "gpu-offers.csv:3: gpu_model is \"A41\"; allowed: a model, interface and memory of gpu-classes.csv"
      ),
      (
        { $0.offers = $0.offers.replacing("SXM,8,", with: "SXM,4097,") },
        "gpu-offers.csv:2: gpus is \"4097\"; allowed: a whole number from 1 to 4096"
      ),
      (
        { $0.offers = $0.offers.replacing("1.87", with: "1.8700001") },
        "gpu-offers.csv:4: usd_per_gpu_hour is \"1.8700001\"; allowed: 0.000001 to 1000.00, with at most six decimals"
      ),
      (
        { $0.offers = $0.offers.replacing("1.87", with: "0") },
        "gpu-offers.csv:4: usd_per_gpu_hour is \"0\"; allowed: 0.000001 to 1000.00, with at most six decimals"
      ),
      (
        { $0.offers = $0.offers.replacing("AU", with: "au") },
        "gpu-offers.csv:3: country is \"au\"; allowed: two capital letters"
      ),
      (
        { $0.offers = String($0.offers.prefix { $0 != "\n" }) + "\n" },
        "gpu-offers.csv has no line under its header; allowed: at least one"
      ),
      (
        { $0.classes = $0.classes.replacing("a40-48g", with: "a41-48g") },
        "gpu-classes.csv:3: gpu_class is \"a41-48g\"; allowed: a class of the network \"local testnet\""
      ),
      (
        { $0.classes += "A40,,46068,a40-48g\n" },
        "gpu-classes.csv:4: gpu_model is \"A40\"; allowed: each model, interface and memory once"
      ),
      (
        { $0.demand = $0.demand.replacing("150,8,", with: "150,9,") },
        "gpu-demand.csv:3: gpus is \"9\"; allowed: a whole number from 1 to 8"
      ),
      (
        { $0.demand = $0.demand.replacing("300,2,", with: "149,2,") },
        "gpu-demand.csv:4: submit_s is \"149\"; allowed: at least that of the line before"
      ),
      (
        { $0.demand = $0.demand.replacing(",901,", with: ",-1,") },
        "gpu-demand.csv:4: duration_s is \"-1\"; allowed: a whole number from 0 to 1000000000"
      ),
      (
        { $0.demand = $0.demand.replacing("150,8,900,BE\n", with: "\n") },
        "gpu-demand.csv:3: \"\" has 1 fields; allowed: 4"
      ),
    ]
    let genesis = try testnetGenesis()
    for (damage, message) in cases {
      var files = smallFiles
      damage(&files)
      let error = #expect(throws: MarketDataError.self) { try MarketData(files, genesis: genesis) }
      #expect(error?.description == message)
    }
  }

  @Test("line ends of either kind are read alike, and the last one may be missing")
  func lineEnds() throws {
    let genesis = try testnetGenesis()
    let plain = try MarketData(smallFiles, genesis: genesis)
    var files = smallFiles
    files.demand = files.demand.replacing("\n", with: "\r\n")
    files.offers = String(files.offers.dropLast())
    let other = try MarketData(files, genesis: genesis)
    #expect(other.jobs == plain.jobs)
    #expect(other.offers == plain.offers)
  }
}
