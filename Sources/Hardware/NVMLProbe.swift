import CNVML

/// Reads the NVIDIA GPUs of this machine.
struct NVMLProbe {
  private let library: NVMLLibrary
  private var problems: [String] = []

  /// Everything that the library tells.
  static func read() -> HardwareProbe.Finding {
    let library: NVMLLibrary
    do {
      library = try NVMLLibrary()
    } catch {
      switch error {
      case .absent: return failure(.absent("there is no \(NVMLLibrary.fileName), which NVIDIA's driver brings"))
      case .unusable(let reason): return failure(.failed(reason))
      }
    }
    let status = NVMLStatus(rawValue: library.initialize())
    guard status == .success else { return failure(.failed("nvmlInit_v2: \(status)")) }
    defer { _ = library.shutDown() }
    var probe = NVMLProbe(library: library)
    return probe.readDevices()
  }

  private init(library: NVMLLibrary) { self.library = library }

  private static func failure(_ outcome: SourceReport.Outcome) -> HardwareProbe.Finding {
    HardwareProbe.Finding(report: SourceReport(.nvml, outcome))
  }

  private mutating func readDevices() -> HardwareProbe.Finding {
    var count: UInt32 = 0
    let status = NVMLStatus(rawValue: library.count(&count))
    guard status == .success else { return Self.failure(.failed("nvmlDeviceGetCount_v2: \(status)")) }
    let driver = driver()
    var devices: [GPUDevice] = []
    // The count is the driver's word; no machine has thousands.
    for index in 0..<min(count, 1024) {
      guard var device = device(at: index) else { continue }
      device.driver = driver
      devices.append(device)
    }
    var report = SourceReport(.nvml, .read)
    report.problems = problems
    return HardwareProbe.Finding(devices: devices, report: report)
  }

  private mutating func driver() -> String? {
    guard let function = library.driverVersion else { return nil }
    return text("nvmlSystemGetDriverVersion", of: nil, mayBeAbsent: true) { function($0, $1) }
  }

  /// The GPU at `index`; nil, and a problem, when what every GPU has cannot be read.
  private mutating func device(at index: UInt32) -> GPUDevice? {
    let library = library
    var opaque: p2pnvml_device?
    guard note("nvmlDeviceGetHandleByIndex_v2", of: index, library.handle(index, &opaque)), let handle = opaque else {
      return nil
    }
    guard let name = text("nvmlDeviceGetName", of: index, mayBeAbsent: false, { library.name(handle, $0, $1) }) else {
      return nil
    }
    var memory = p2pnvml_memory()
    guard note("nvmlDeviceGetMemoryInfo", of: index, library.memory(handle, &memory)) else { return nil }

    var device = GPUDevice(
      source: .nvml, index: Int(index), vendor: "NVIDIA", name: name, memoryMiB: Int64(memory.total >> 20))
    if let function = library.uuid {
      device.uuid = text("nvmlDeviceGetUUID", of: index, mayBeAbsent: true) { function(handle, $0, $1) }
    }
    var milliwatts: UInt32 = 0
    if let function = library.powerLimit,
      note("nvmlDeviceGetEnforcedPowerLimit", of: index, function(handle, &milliwatts), mayBeAbsent: true)
    {
      device.powerCapWatts = (Int64(milliwatts) + 999) / 1000
    }
    var mode: UInt32 = 0
    var pending: UInt32 = 0
    if let function = library.migMode,
      note("nvmlDeviceGetMigMode", of: index, function(handle, &mode, &pending), mayBeAbsent: true)
    {
      device.isPartitioned = mode != 0
    }
    device.interconnect = interconnect(handle, at: index)
    return device
  }

  /// `nvlink` when a link is up.
  private mutating func interconnect(_ handle: p2pnvml_device, at index: UInt32) -> String? {
    guard let function = library.linkState else { return nil }
    for link in 0..<UInt32(p2pnvml_links) {
      var state: UInt32 = 0
      let status = NVMLStatus(rawValue: function(handle, link, &state))
      if status == .success, state == 1 { return "nvlink" }
      // Past its last link a GPU calls the link's number invalid.
      if status.isAbsence || status == .invalidArgument { break }
      guard status == .success else {
        _ = note("nvmlDeviceGetNvLinkState", of: index, status.rawValue)
        return nil
      }
    }
    return "pcie"
  }

  /// The text that `call` writes; nil, and a problem, when it does not.
  private mutating func text(
    _ function: String, of index: UInt32?, mayBeAbsent: Bool,
    _ call: (UnsafeMutablePointer<CChar>, UInt32) -> Int32
  ) -> String? {
    var bytes = [CChar](repeating: 0, count: Int(p2pnvml_text_bytes) + 1)
    // One byte stays zero, whatever the library writes.
    let status = bytes.withUnsafeMutableBufferPointer { call($0.baseAddress!, UInt32(p2pnvml_text_bytes)) }
    guard note(function, of: index, status, mayBeAbsent: mayBeAbsent) else { return nil }
    let text = String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    if text.isEmpty { problems.append("\(Self.place(index))\(function): an empty text") }
    return text.isEmpty ? nil : text
  }

  /// Whether a call succeeded; a failure becomes a problem unless it says that the GPU has no such thing.
  private mutating func note(
    _ function: String, of index: UInt32?, _ rawStatus: Int32, mayBeAbsent: Bool = false
  ) -> Bool {
    let status = NVMLStatus(rawValue: rawStatus)
    if status == .success { return true }
    if !(mayBeAbsent && status.isAbsence) {
      problems.append("\(Self.place(index))\(function): \(status)")
    }
    return false
  }

  private static func place(_ index: UInt32?) -> String { index.map { "GPU \($0): " } ?? "" }
}
