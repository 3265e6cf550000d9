import Hardware
import NodeAPI
import NodeClient

/// The GPUs of the machine on which the command runs. A client talks to its node over a Unix socket, so that is the
/// node's machine, too.
extension CommandInterpreter {
  /// Lists them. A source that is installed and does not work makes the command fail: what it would tell is missing.
  func devices() async -> CommandResult {
    var classes: [NetworkDocument.GPUClassDocument]?
    // What the machine has is told without a node, too.
    do throws(NodeClientError) { classes = try await network().gpuClasses } catch {}
    let document = await machine(classes: classes ?? [])
    var result = show(document) { DocumentText.devices($0, hasNetwork: classes != nil, colours: colours) }
    result.isSuccess = !document.sources.contains { $0.state == "failed" }
    return result
  }

  /// The machine's GPUs, with the classes among `classes` that they are of.
  func machine(classes: [NetworkDocument.GPUClassDocument]) async -> DevicesDocument {
    let report = await probe()
    let devices = report.devices.map { device in
      var document = DeviceDocument(
        source: device.source.rawValue, index: device.index, vendor: device.vendor, name: device.name,
        vramMib: device.memoryMiB)
      document.uuid = device.uuid
      document.interconnect = device.interconnect
      document.driver = device.driver
      document.wattsPerGpu = device.powerCapWatts
      document.partitioned = device.isPartitioned
      if !device.isPartitioned { document.gpuClass = GPUClassMatching.gpuClass(of: document, among: classes) }
      return document
    }
    return DevicesDocument(devices: devices, sources: report.sources.map(Self.document))
  }

  private static func document(_ report: SourceReport) -> DeviceSourceDocument {
    let (state, detail): (String, String?) =
      switch report.outcome {
      case .read: ("read", nil)
      case .absent(let what): ("absent", what)
      case .failed(let why): ("failed", why)
      }
    return DeviceSourceDocument(
      source: report.source.rawValue, state: state, detail: detail, problems: report.problems)
  }
}
