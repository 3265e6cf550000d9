/// A GPU of this machine, as its driver describes it.
public struct GPUDevice: Hashable, Sendable {
  /// Which source told of it.
  public var source: HardwareSource
  /// Its place among the source's GPUs, from 0 on.
  public var index: Int
  /// Who makes it.
  public var vendor: String
  /// The maker's name for the board, such as `NVIDIA H100 80GB HBM3`.
  public var name: String
  /// The board's unchanging id; nil where the driver does not tell.
  public var uuid: String?
  /// Its memory in MiB, rounded down.
  public var memoryMiB: Int64
  /// The driver's version; nil where it does not tell.
  public var driver: String?
  /// What the driver lets it draw, in watts, rounded up; nil where it does not tell.
  public var powerCapWatts: Int64?
  /// `nvlink` with a link that is up, `pcie` without; nil where the driver does not tell.
  public var interconnect: String?
  /// Whether it is cut into instances (MIG), so that the whole GPU is not there to be sold.
  public var isPartitioned: Bool

  /// A GPU of which only what every source tells is known.
  public init(source: HardwareSource, index: Int, vendor: String, name: String, memoryMiB: Int64) {
    self.source = source
    self.index = index
    self.vendor = vendor
    self.name = name
    self.memoryMiB = memoryMiB
    isPartitioned = false
  }
}

/// Who tells of GPUs.
public enum HardwareSource: String, Hashable, Sendable {
  /// NVIDIA's management library, `libnvidia-ml.so.1`.
  case nvml
  /// AMD's command `rocm-smi`.
  case rocmSMI = "rocm-smi"
}

/// What one source said.
public struct SourceReport: Hashable, Sendable {
  /// What became of asking it.
  public enum Outcome: Hashable, Sendable {
    /// It answered; it may have no GPU.
    case read
    /// It is not installed, which is usual; what was looked for.
    case absent(String)
    /// It is installed and does not work; why.
    case failed(String)
  }

  /// Who was asked.
  public var source: HardwareSource
  /// What became of it.
  public var outcome: Outcome
  /// What it could not tell of single GPUs.
  public var problems: [String]

  /// A report without problems of single GPUs.
  public init(_ source: HardwareSource, _ outcome: Outcome) {
    self.source = source
    self.outcome = outcome
    problems = []
  }
}

/// The GPUs of this machine.
public struct HardwareReport: Hashable, Sendable {
  /// In the order of the sources and of each source's own numbers.
  public var devices: [GPUDevice]
  /// What each source said.
  public var sources: [SourceReport]

  /// A report of the given findings.
  public init(devices: [GPUDevice], sources: [SourceReport]) {
    self.devices = devices
    self.sources = sources
  }
}
