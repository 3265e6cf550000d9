import Foundation
import Market
import NodeAPI
import Testing

/// The classes of the local testnet.
private let classes: [NetworkDocument.GPUClassDocument] = {
  let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  let file = try? Data(contentsOf: root.appendingPathComponent("Testnet/network.json"))
  return (try? Genesis(file: Array(file ?? Data())))?.gpuClasses.map {
    NetworkDocument.GPUClassDocument(
      id: $0.id, vendor: $0.vendor, model: $0.model, interface: $0.interface, vramMib: $0.vramMiB,
      boardPowerWatts: $0.boardPowerWatts)
  } ?? []
}()

private func device(_ name: String, _ vramMib: Int64, index: Int = 0, vendor: String = "NVIDIA") -> DeviceDocument {
  var device = DeviceDocument(source: "nvml", index: index, vendor: vendor, name: name, vramMib: vramMib)
  device.driver = "550.54.15"
  device.interconnect = "nvlink"
  device.wattsPerGpu = 700
  device.gpuClass = GPUClassMatching.gpuClass(of: device, among: classes)
  return device
}

@Suite("The class of a GPU")
struct GPUClassMatchingTests {
  @Test(
    "what drivers call the boards is matched",
    arguments: [
      ("NVIDIA B200", 183_359, "b200-sxm-180g"), ("NVIDIA H200", 143_771, "h200-sxm-141g"),
      ("NVIDIA H100 80GB HBM3", 81_559, "h100-sxm-80g"), ("NVIDIA H100 NVL", 95_830, "h100-nvl-94g"),
      ("NVIDIA H100 PCIe", 81_559, "h100-pcie-80g"), ("NVIDIA A100-SXM4-80GB", 81_920, "a100-sxm-80g"),
      ("NVIDIA A100-SXM4-40GB", 40_960, "a100-sxm-40g"), ("NVIDIA A100 80GB PCIe", 81_920, "a100-pcie-80g"),
      ("NVIDIA RTX PRO 6000 Blackwell Server Edition", 97_887, "rtxpro6000s-96g"),
      ("NVIDIA RTX 6000 Ada Generation", 49_140, "rtx6000ada-48g"), ("NVIDIA L40S", 46_068, "l40s-48g"),
      ("NVIDIA A40", 46_068, "a40-48g"), ("Tesla V100-PCIE-16GB", 16_160, "v100-16g"),
      ("NVIDIA RTX A6000", 49_140, "rtxa6000-48g"), ("NVIDIA RTX A2000", 6138, "rtxa2000-6g"),
      ("NVIDIA GeForce RTX 5090", 32_607, "rtx5090-32g"), ("NVIDIA GeForce RTX 4090", 24_564, "rtx4090-24g"),
      ("NVIDIA GeForce RTX 4090", 49_140, "rtx4090-48g"),
      ("NVIDIA GeForce RTX 4070 Ti SUPER", 16_376, "rtx4070tis-16g"),
      ("NVIDIA GeForce RTX 3060 Ti", 8192, "rtx3060ti-8g"), ("NVIDIA GeForce RTX 3060", 12_288, "rtx3060-12g"),
      // Error correction takes a sixteenth.
      ("NVIDIA RTX A6000", 46_068, "rtxa6000-48g"),
    ] as [(String, Int64, String)])
  func matched(name: String, vramMib: Int64, gpuClass: String) {
    #expect(device(name, vramMib).gpuClass == gpuClass)
  }

  @Test(
    "a board that is almost of a class is of none",
    arguments: [
      ("NVIDIA H200 NVL", 143_771), ("Tesla V100-SXM2-16GB", 16_160), ("NVIDIA A100-PCIE-40GB", 40_960),
      ("NVIDIA GeForce RTX 4090 Laptop GPU", 16_376), ("NVIDIA GeForce RTX 3060", 8192), ("NVIDIA GH200 480GB", 97_871),
      ("NVIDIA RTX PRO 6000 Blackwell Workstation Edition", 97_887), ("Quadro RTX 6000", 24_576), ("", 81_559),
      ("NVIDIA", 81_559), ("NVIDIA H100 80GB HBM2e", 81_559), ("NVIDIA H100 80GB HBM3", Int64.max),
    ] as [(String, Int64)])
  func unmatched(name: String, vramMib: Int64) {
    #expect(device(name, vramMib).gpuClass == nil)
  }

  @Test("an H100 module is not sold as a board for a slot where the network has no module")
  func noModule() {
    let boards = classes.filter { $0.id == "h100-pcie-80g" }
    let module = DeviceDocument(
      source: "nvml", index: 0, vendor: "NVIDIA", name: "NVIDIA H100 80GB HBM3", vramMib: 81_559)
    #expect(GPUClassMatching.gpuClass(of: module, among: boards) == nil)
  }

  @Test("the vendor counts")
  func vendor() {
    #expect(device("A40", 46_068, vendor: "AMD").gpuClass == nil)
    let mi300x = NetworkDocument.GPUClassDocument(
      id: "mi300x-192g", vendor: "AMD", model: "Instinct MI300X", interface: "OAM", vramMib: 196_608,
      boardPowerWatts: 750)
    let board = device("AMD Instinct MI300X OAM", 196_592, vendor: "AMD")
    #expect(GPUClassMatching.gpuClass(of: board, among: [mi300x]) == "mi300x-192g")
  }
}

@Suite("An offer from the hardware")
struct HardwareOfferTests {
  private let eight = (0..<8).map { device("NVIDIA H100 80GB HBM3", 81_559, index: $0) }

  private func request(_ line: String, _ devices: [DeviceDocument]) throws -> OrderRequest {
    let parser = CommandParser(
      gpuClasses: classes.map(\.id), currency: "USD", now: Timestamp(milliseconds: 0),
      calendar: LocalCalendar(timeZone: .gmt))
    guard case .offerHardware(let offer) = try parser.parse(CommandParser.words(of: line)) else {
      Issue.record("\(line) is another command")
      throw HardwareOfferError.onlyPartitioned(0)
    }
    let machine = DevicesDocument(
      devices: devices, sources: [DeviceSourceDocument(source: "nvml", state: "absent", detail: "not there")])
    return try offer.request(from: machine, network: classes)
  }

  @Test("class, count and attributes come from the machine and are marked probed")
  func filled() throws {
    var expected = OrderRequest(side: "offer", gpuClasses: ["h100-sxm-80g"], gpus: 8, priceMicros: 2_100_000)
    expected.durationMs = 43_200_000
    var attributes = AttributesDocument()
    attributes.interconnect = "nvlink"
    attributes.driver = "550.54.15"
    attributes.wattsPerGpu = 700
    attributes.vramMib = 81_559
    attributes.probed = ["interconnect", "driver", "watts", "vram"]
    expected.attributes = attributes
    #expect(try request("offer from-hardware at 2.10 for 12h", eight) == expected)
    #expect(try request("offer --from-hardware 8 h100-sxm-80g at 2.10 for 12h", eight) == expected)
    #expect(try request("offer from-hardware 8 x h100-sxm-80g at 2.10 for 12h", eight) == expected)
  }

  @Test("what is typed holds, and is declared")
  func declared() throws {
    let typed = try request("offer from-hardware 2 at 2.10 for 12h in EU-FR watts 600 driver 555 pieces of 2", eight)
    #expect(typed.gpus == 2 && typed.minimumGpus == 2)
    let attributes = try #require(typed.attributes)
    #expect(attributes.region == "EU-FR" && attributes.wattsPerGpu == 600 && attributes.driver == "555")
    #expect(attributes.probed == ["interconnect", "vram"])
  }

  @Test("of what differs, what holds for every GPU is said")
  func differing() throws {
    var devices = eight
    devices[3].interconnect = "pcie"
    devices[4].wattsPerGpu = 650
    devices[5].vramMib = 81_000
    var attributes = try #require(try request("offer from-hardware at 2.10 for 12h", devices).attributes)
    #expect(attributes.interconnect == nil && attributes.wattsPerGpu == 700 && attributes.vramMib == 81_000)
    #expect(attributes.probed == ["driver", "watts", "vram"])
    devices[0].wattsPerGpu = nil
    attributes = try #require(try request("offer from-hardware at 2.10 for 12h", devices).attributes)
    #expect(attributes.wattsPerGpu == nil)
  }

  @Test("of several classes one must be named, and the error lists them")
  func several() throws {
    let mixed = Array(eight.prefix(4)) + [device("NVIDIA L40S", 46_068, index: 4)]
    let groups = #expect(throws: HardwareOfferError.self) { try request("offer from-hardware at 2 for 1h", mixed) }
    #expect(
      groups?.description == "this machine has GPUs of 2 classes (4 x h100-sxm-80g, 1 x l40s-48g); name one of them: "
        + "offer from-hardware h100-sxm-80g at …")
    let one = try request("offer from-hardware l40s-48g at 2 for 1h", mixed)
    #expect(one.gpuClasses == ["l40s-48g"] && one.gpus == 1)
    let absent = #expect(throws: HardwareOfferError.self) {
      try request("offer from-hardware a40-48g at 2 for 1h", mixed)
    }
    #expect(
      absent?.description == "this machine has no GPU of the class a40-48g; allowed: 4 x h100-sxm-80g, 1 x l40s-48g")
  }

  @Test("what cannot be offered is told with what there is")
  func refused() throws {
    func message(_ line: String, _ devices: [DeviceDocument]) -> String? {
      #expect(throws: HardwareOfferError.self) { try request(line, devices) }?.description
    }
    let line = "offer from-hardware at 2 for 1h"
    #expect(message(line, []) == "no GPU was found on this machine (nvml: not there)")
    #expect(
      message("offer from-hardware 9 at 2 for 1h", eight)
        == "the number of GPUs is 9; allowed: 1 to 8, as many h100-sxm-80g as this machine has")
    let unknown = [device("NVIDIA GH200 480GB", 97_871), device("NVIDIA GH200 480GB", 97_871, index: 1)]
    #expect(
      message(line, unknown)
        == "none of this machine's GPUs is of a class of this network: 2 x NVIDIA GH200 480GB with 97871 MiB; classes "
        + "lists those")
    let cut = eight.map { whole in
      var whole = whole
      whole.partitioned = true
      return whole
    }
    #expect(
      message(line, cut) == "each of the 8 GPUs is cut into instances (MIG), and a class is of whole GPUs; "
        + "`nvidia-smi -mig 0` joins them again")
    #expect(try request(line, cut.prefix(7) + eight.suffix(1)).gpus == 1)
  }

  @Test(
    "a line that is wrong is told where",
    arguments: [
      ("offer from-hardware", 2), ("offer from-hardware 0 at 2 for 1h", 2), ("offer from-hardware h100 at 2 for 1h", 2),
      ("offer from-hardware 2 h100-sxm-80g", 4), ("offer from-hardware at", 3), ("offer from-hardware at 2", 4),
      ("bid from-hardware at 2 for 1h", 1), ("quote from-hardware for 1h", 1),
    ])
  func positions(line: String, position: Int) throws {
    let parser = CommandParser(
      gpuClasses: classes.map(\.id), currency: "USD", now: Timestamp(milliseconds: 0),
      calendar: LocalCalendar(timeZone: .gmt))
    let error = #expect(throws: CommandError.self) { try parser.parse(CommandParser.words(of: line)) }
    #expect(error?.position == position)
  }
}
