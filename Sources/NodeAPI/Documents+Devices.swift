/// The GPUs of a machine: what `devices --json` prints.
public struct DevicesDocument: Codable, Hashable, Sendable {
  /// The GPUs, source by source.
  public var devices: [DeviceDocument]
  /// What each source said.
  public var sources: [DeviceSourceDocument]

  /// The given findings.
  public init(devices: [DeviceDocument], sources: [DeviceSourceDocument]) {
    self.devices = devices
    self.sources = sources
  }
}

/// One GPU, as its driver describes it; a missing field is one that the driver does not tell.
public struct DeviceDocument: Codable, Hashable, Sendable {
  /// `nvml` or `rocm-smi`.
  public var source: String
  /// Its place among the source's GPUs, from 0 on.
  public var index: Int
  /// Who makes it.
  public var vendor: String
  /// The maker's name for the board.
  public var name: String
  /// The board's unchanging id.
  public var uuid: String?
  /// Video memory in MiB.
  public var vramMib: Int64
  /// How the GPUs are joined: `nvlink` or `pcie`.
  public var interconnect: String?
  /// The driver's version.
  public var driver: String?
  /// What the driver lets it draw, in watts.
  public var wattsPerGpu: Int64?
  /// Whether it is cut into instances (MIG) and therefore not for sale as a whole.
  public var partitioned: Bool
  /// The class of the network that it is of; nil for none, or where no network was at hand.
  public var gpuClass: String?

  /// A GPU of which only what every source tells is known.
  public init(source: String, index: Int, vendor: String, name: String, vramMib: Int64) {
    self.source = source
    self.index = index
    self.vendor = vendor
    self.name = name
    self.vramMib = vramMib
    partitioned = false
  }
}

/// What one source of GPUs said.
public struct DeviceSourceDocument: Codable, Hashable, Sendable {
  /// `nvml` or `rocm-smi`.
  public var source: String
  /// `read` (it answered, and may have no GPU), `absent` (it is not installed) or `failed`.
  public var state: String
  /// Why it is absent or failed.
  public var detail: String?
  /// What it could not tell of single GPUs.
  public var problems: [String]

  /// A source in `state`.
  public init(source: String, state: String, detail: String? = nil, problems: [String] = []) {
    self.source = source
    self.state = state
    self.detail = detail
    self.problems = problems
  }
}
