import Foundation
import NodeAPI
import Testing

/// Whether this machine has sources of GPUs of its own, which no test can take away.
private let hasSources =
  dlopen("libnvidia-ml.so.1", RTLD_LAZY) != nil || FileManager.default.fileExists(atPath: "/opt/rocm/bin/rocm-smi")

extension NodeProcessTests {
  @Suite("The GPUs of a machine", .sharedMarket, .timeLimit(.minutes(5)))
  struct DevicesTests {
    private let node: TestNode

    init() throws { node = try #require(SharedMarket.current).first }

    private func run(_ words: [String], on gpus: FakeGPUs) async throws -> FinishedCommand {
      try await NodeBinary.run(words + ["--data", node.directory], environment: gpus.environment)
    }

    private func devices(_ gpus: FakeGPUs) async throws -> (FinishedCommand, DevicesDocument) {
      let result = try await run(["devices", "--json"], on: gpus)
      return (result, try NodeJSON.decode(DevicesDocument.self, from: result.output.utf8))
    }

    private func offer(_ words: String, on gpus: FakeGPUs) async throws -> OrderDocument {
      let result = try await run(["offer", "--json"] + words.split(separator: " ").map(String.init), on: gpus)
      guard result.isSuccess else { throw UnexpectedResult(command: ["offer", words], result: result) }
      return try NodeJSON.decode(OrderDocument.self, from: result.output.utf8)
    }

    @Test("a machine without any says so, and what was looked for", .disabled(if: hasSources))
    func none() async throws {
      let result = try await NodeBinary.run(
        ["devices", "--data", "/nowhere"], environment: ["PATH": "/usr/bin:/bin", "LD_LIBRARY_PATH": ""])
      #expect(
        result
          == FinishedCommand(
            exit: .status(0),
            output: """
              No GPU was found on this machine.

              nvml      absent  there is no libnvidia-ml.so.1, which NVIDIA's driver brings
              rocm-smi  absent  there is no rocm-smi on the path, and none at /opt/rocm/bin/rocm-smi

              """, error: ""))
    }

    @Test("what the driver tells of each GPU is there, with its class")
    func listed() async throws {
      let gpus = try FakeGPUs(
        nvml: "driver 550.54.15\n" + FakeGPUs.lines(2, FakeGPUs.h100) + "gpu 6138 -1 -1 -1 NVIDIA RTX A2000\n",
        rocmSMI: """
          echo 'WARNING: a card sleeps'
          echo '{"card0": {"Card Series": "AMD Instinct MI300X OAM", "Unique ID": "0xab",'
          echo '"VRAM Total Memory (B)": "206141652992", "Max Graphics Package Power (W)": "750.0"},'
          echo '"system": {"Driver version": "6.8.5"}}'
          """)
      let (result, document) = try await devices(gpus)
      #expect(result.isSuccess, "\(result)")
      var h100 = DeviceDocument(
        source: "nvml", index: 1, vendor: "NVIDIA", name: "NVIDIA H100 80GB HBM3", vramMib: 81_559)
      h100.uuid = "GPU-00000000-0000-4000-8000-000000000001"
      h100.interconnect = "nvlink"
      h100.driver = "550.54.15"
      h100.wattsPerGpu = 700
      h100.gpuClass = "h100-sxm-80g"
      var small = DeviceDocument(source: "nvml", index: 2, vendor: "NVIDIA", name: "NVIDIA RTX A2000", vramMib: 6138)
      small.uuid = "GPU-00000000-0000-4000-8000-000000000002"
      small.interconnect = "pcie"
      small.driver = "550.54.15"
      var mi300x = DeviceDocument(
        source: "rocm-smi", index: 0, vendor: "AMD", name: "AMD Instinct MI300X OAM", vramMib: 196_592)
      mi300x.uuid = "0xab"
      mi300x.driver = "6.8.5"
      mi300x.wattsPerGpu = 750
      #expect(Array(document.devices.dropFirst()) == [h100, small, mi300x])
      #expect(document.sources.map(\.state) == ["read", "read"] && document.sources.allSatisfy { $0.problems.isEmpty })

      let text = try await run(["devices"], on: gpus)
      #expect(text.isSuccess)
      let rows = text.output.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
      #expect(rows.contains("1 NVIDIA H100 80GB HBM3 81559 h100-sxm-80g nvlink 550.54.15 700"))
      #expect(rows.contains("2 NVIDIA RTX A2000 6138 none of this network pcie 550.54.15 -"))
      #expect(rows.contains("nvml read 3 GPUs"))
    }

    @Test("an offer from the hardware is placed with what was read marked as probed, typed parts as declared")
    func offered() async throws {
      let gpus = try FakeGPUs(nvml: "driver 550.54.15\n" + FakeGPUs.lines(8, FakeGPUs.h100))
      let order = try await offer("--from-hardware at 9.10 for 12h in EU-FR", on: gpus)
      #expect(order.gpuClasses == ["h100-sxm-80g"] && order.gpus == 8)
      let attributes = try #require(order.attributes)
      #expect(attributes.region == "EU-FR" && attributes.driver == "550.54.15" && attributes.wattsPerGpu == 700)
      #expect(attributes.interconnect == "nvlink" && attributes.vramMib == 81_559)
      #expect(attributes.probed == ["interconnect", "driver", "watts", "vram"])

      let typed = try await offer("from-hardware 2 h100-sxm-80g at 9.20 for 12h watts 650", on: gpus)
      #expect(typed.gpus == 2 && typed.attributes?.wattsPerGpu == 650)
      #expect(typed.attributes?.probed == ["interconnect", "driver", "vram"])
      for order in [order, typed] { _ = try await node.client.cancel(order.id) }
    }

    @Test("the console's lines and options are the same words")
    func console() async throws {
      let gpus = try FakeGPUs(nvml: "driver 1\n" + FakeGPUs.lines(1, FakeGPUs.a100))
      let result = try await NodeBinary.run(
        ["console", "--json", "--data", node.directory], environment: gpus.environment,
        input: "devices\noffer from-hardware at 9 for 1h\noffer --from-hardware at 9 for 1h\n")
      #expect(result.isSuccess, "\(result)")
      let orders = try result.output.split(separator: "\n").dropFirst().map {
        try NodeJSON.decode(OrderDocument.self, from: $0.utf8)
      }
      #expect(orders.map(\.gpuClasses) == [["a100-sxm-80g"], ["a100-sxm-80g"]])
      for order in orders { _ = try await node.client.cancel(order.id) }
    }

    @Test("of several classes one must be named; a class that is not there and a machine that fits none are refused")
    func severalClasses() async throws {
      let gpus = try FakeGPUs(
        nvml: "driver 1\n" + FakeGPUs.lines(4, FakeGPUs.h100) + FakeGPUs.lines(2, FakeGPUs.a100))
      let line = ["offer", "--from-hardware", "at", "9", "for", "1h"]
      #expect(
        try await run(line, on: gpus)
          == .failure(
            "error: this machine has GPUs of 2 classes (4 x h100-sxm-80g, 2 x a100-sxm-80g); name one of them: offer "
              + "from-hardware h100-sxm-80g at …"))
      let order = try await offer("--from-hardware a100-sxm-80g at 9 for 1h", on: gpus)
      #expect(order.gpus == 2)
      _ = try await node.client.cancel(order.id)

      let odd = try FakeGPUs(nvml: "driver 1\ngpu 24576 250000 0 0 Quadro RTX 6000\n")
      #expect(
        try await run(line, on: odd)
          == .failure(
            "error: none of this machine's GPUs is of a class of this network: 1 x Quadro RTX 6000 with 24576 MiB; "
              + "classes lists those"))
    }

    @Test("GPUs that are cut into instances are shown and not offered")
    func partitioned() async throws {
      let gpus = try FakeGPUs(
        nvml: "driver 1\ngpu 81559 700000 1 18 NVIDIA H100 80GB HBM3\n" + FakeGPUs.lines(1, FakeGPUs.h100))
      let (_, document) = try await devices(gpus)
      #expect(document.devices.map(\.partitioned) == [true, false])
      #expect(document.devices.map(\.gpuClass) == [nil, "h100-sxm-80g"])
      let order = try await offer("--from-hardware at 9 for 1h", on: gpus)
      #expect(order.gpus == 1)
      _ = try await node.client.cancel(order.id)
    }

    @Test(
      "a library that does not work is told by the status it gave",
      arguments: [
        (nil, "nvmlInit_v2: NVML_ERROR_DRIVER_NOT_LOADED (9): the NVIDIA driver is not loaded"),
        (
          "fail nvmlInit_v2 18\n",
          "nvmlInit_v2: NVML_ERROR_LIB_RM_VERSION_MISMATCH (18): library and driver are of different versions; a reboot "
            + "helps after an upgrade"
        ),
        (
          "fail nvmlDeviceGetCount_v2 999\n",
          "nvmlDeviceGetCount_v2: NVML_ERROR_UNKNOWN (999): an internal error of the driver"
        ),
        ("fail nvmlDeviceGetCount_v2 77\n", "nvmlDeviceGetCount_v2: status 77, which NVML's reference lacks"),
      ])
    func failed(description: String?, detail: String) async throws {
      let gpus = try FakeGPUs(nvml: description)
      let (result, document) = try await devices(gpus)
      #expect(result.exit == .status(1))
      #expect(document.devices.isEmpty)
      #expect(document.sources.first?.state == "failed" && document.sources.first?.detail == detail)
      let refused = try await run(["offer", "--from-hardware", "at", "9", "for", "1h"], on: gpus)
      #expect(refused.error.hasPrefix("error: no GPU was found on this machine (nvml: \(detail)"))
    }

    @Test("a GPU that is lost is a problem of its own, and the others count")
    func lost() async throws {
      let gpus = try FakeGPUs(
        nvml: "driver 1\n" + FakeGPUs.lines(3, FakeGPUs.h100)
          + "fail nvmlDeviceGetHandleByIndex_v2 15 1\nfail nvmlDeviceGetEnforcedPowerLimit 4 2\n")
      let (result, document) = try await devices(gpus)
      #expect(result.isSuccess)
      #expect(document.devices.map(\.index) == [0, 2])
      #expect(document.devices.map(\.wattsPerGpu) == [700, nil])
      #expect(
        document.sources.first?.problems == [
          "GPU 1: nvmlDeviceGetHandleByIndex_v2: NVML_ERROR_GPU_IS_LOST (15): the GPU has fallen off the bus",
          "GPU 2: nvmlDeviceGetEnforcedPowerLimit: NVML_ERROR_NO_PERMISSION (4): this user may not ask for it",
        ])
    }

    @Test("a rocm-smi that fails or prints something else is told, and does not hide the other source's GPUs")
    func rocmFailures() async throws {
      let nvml = "driver 1\n" + FakeGPUs.lines(1, FakeGPUs.h100)
      for (script, detail) in [
        ("echo 'ERROR:root:Driver not initialized'; exit 2", "ended with status 2: ERROR:root:Driver not initialized"),
        ("echo nonsense", "printed no JSON document"),
        ("echo '{\"card0\": [1]}'", "printed a JSON document that is not an object of objects of texts"),
      ] {
        let (result, document) = try await devices(try FakeGPUs(nvml: nvml, rocmSMI: script))
        #expect(result.exit == .status(1))
        #expect(document.devices.count == 1)
        #expect(document.sources.last?.detail?.hasSuffix("/rocm-smi \(detail)") == true, "\(document.sources)")
      }
    }

    @Test("a driver and a rocm-smi that hang end with their deadline")
    func hanging() async throws {
      let gpus = try FakeGPUs(nvml: "hang nvmlDeviceGetCount_v2\n", rocmSMI: "exec sleep 1000")
      let (result, document) = try await devices(gpus)
      #expect(result.exit == .status(1))
      let details = document.sources.compactMap(\.detail)
      #expect(details.first == "it did not answer within 10 s; the driver may hang")
      #expect(details.last?.hasSuffix("did not end within 10 s and was killed") == true)
    }
  }

  @Suite("The version")
  struct VersionTests {
    @Test("it is told with the commit, or as a developer's")
    func version() async throws {
      let result = try await NodeBinary.run(["--version"])
      #expect(result.isSuccess)
      #expect(
        result.output.wholeMatch(of: #/\d+\.\d+\.\d+ \((development|commit [0-9a-f]{12,40}(-dirty)?)\)\n/#) != nil)
    }
  }
}
