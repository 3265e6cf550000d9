import Market

/// An offer of this machine's GPUs: `offer from-hardware at 2.10 for 12h`. What the line leaves out comes from the
/// machine and is marked probed; what it says is declared, as always.
public struct HardwareOffer: Hashable, Sendable {
  /// What follows `offer` in such a line.
  public static let word = "from-hardware"

  /// How many of the GPUs are for sale; nil for all of the class.
  public var gpus: Int64?
  /// Which class; nil where the machine has one only.
  public var gpuClass: String?
  /// Everything else; its class and its number of GPUs are not looked at.
  public var order: OrderRequest

  /// An offer of the given GPUs.
  public init(gpus: Int64?, gpuClass: String?, order: OrderRequest) {
    self.gpus = gpus
    self.gpuClass = gpuClass
    self.order = order
  }

  /// The request that the machine completes.
  ///
  /// - Parameters:
  ///   - machine: the machine's GPUs, with their classes.
  ///   - network: the network's classes, in whose order several are listed.
  /// - Throws: ``HardwareOfferError`` when the machine has not what the line says, or more than one line can offer.
  public func request(
    from machine: DevicesDocument, network: [NetworkDocument.GPUClassDocument]
  ) throws(HardwareOfferError) -> OrderRequest {
    let offered = try choose(from: machine, network: network)
    let available = Int64(offered.devices.count)
    let gpus = gpus ?? available
    guard gpus <= available else {
      throw .tooMany(gpus: gpus, available: available, gpuClass: offered.gpuClass)
    }
    var request = order
    request.gpuClasses = [offered.gpuClass]
    request.gpus = gpus
    request.attributes = Self.attributes(of: offered.devices, declared: order.attributes ?? AttributesDocument())
    return request
  }

  private func choose(
    from machine: DevicesDocument, network: [NetworkDocument.GPUClassDocument]
  ) throws(HardwareOfferError) -> (gpuClass: String, devices: [DeviceDocument]) {
    guard !machine.devices.isEmpty else { throw .noGPUs(machine.sources) }
    let whole = machine.devices.filter { !$0.partitioned }
    guard !whole.isEmpty else { throw .onlyPartitioned(machine.devices.count) }
    let groups = network.compactMap { gpuClass in
      let members = whole.filter { $0.gpuClass == gpuClass.id }
      return members.isEmpty ? nil : (gpuClass: gpuClass.id, devices: members)
    }
    let counts = groups.map { HardwareOfferError.Group(gpuClass: $0.gpuClass, gpus: $0.devices.count) }
    if let gpuClass {
      guard let group = groups.first(where: { $0.gpuClass == gpuClass }) else {
        guard !groups.isEmpty else { throw .unknownClass(whole) }
        throw .notHere(gpuClass, here: counts)
      }
      return group
    }
    guard let first = groups.first else { throw .unknownClass(whole) }
    guard groups.count == 1 else { throw .severalClasses(counts) }
    return first
  }

  /// What holds for every one of `devices`, where `declared` does not say otherwise.
  private static func attributes(
    of devices: [DeviceDocument], declared: AttributesDocument
  ) -> AttributesDocument {
    var attributes = declared
    var probed: [String] = []
    func fill<Value>(_ path: WritableKeyPath<AttributesDocument, Value?>, _ name: String, _ value: Value?) {
      guard attributes[keyPath: path] == nil, let value else { return }
      attributes[keyPath: path] = value
      probed.append(name)
    }
    // A buyer may get any of them, so what is said holds for the least.
    fill(\.interconnect, "interconnect", common(devices.map(\.interconnect)))
    fill(\.driver, "driver", common(devices.map(\.driver)).flatMap(Self.attributeText))
    let watts = devices.compactMap(\.wattsPerGpu)
    fill(\.wattsPerGpu, "watts", watts.count == devices.count ? watts.max() : nil)
    fill(\.vramMib, "vram", devices.map(\.vramMib).min())
    attributes.probed = probed.isEmpty ? nil : probed
    return attributes
  }

  /// `text` as an attribute is written; nil when it cannot be one.
  private static func attributeText(_ text: String) -> String? {
    let text = text.lowercased()
    return !text.isEmpty && OrderRules.isAttributeText(text) ? text : nil
  }

  /// What all say alike; nil when one says something else or nothing.
  private static func common(_ values: [String?]) -> String? {
    let distinct = Set(values)
    return distinct.count == 1 ? distinct.first ?? nil : nil
  }
}

/// Why this machine's GPUs cannot be offered as a line says.
public enum HardwareOfferError: Error, Hashable, Sendable {
  /// The GPUs of one class.
  public struct Group: Hashable, Sendable, CustomStringConvertible {
    /// The class.
    public let gpuClass: String
    /// How many of them the machine has.
    public let gpus: Int

    /// `4 x h100-sxm-80g`.
    public var description: String { "\(gpus) x \(gpuClass)" }
  }

  /// There is no GPU; what the sources said.
  case noGPUs([DeviceSourceDocument])
  /// All GPUs are cut into instances.
  case onlyPartitioned(Int)
  /// None of the GPUs is of a class of the network.
  case unknownClass([DeviceDocument])
  /// There are several classes, and the line names none.
  case severalClasses([Group])
  /// The machine has no GPU of the class that the line names; what it has.
  case notHere(String, here: [Group])
  /// The line offers more GPUs than there are.
  case tooMany(gpus: Int64, available: Int64, gpuClass: String)
}

extension HardwareOfferError: CustomStringConvertible {
  /// What is wrong, and what to do.
  public var description: String {
    switch self {
    case .noGPUs(let sources):
      let reasons = sources.map { "\($0.source): \($0.detail ?? "it has no GPU")" }
      return "no GPU was found on this machine (\(reasons.joined(separator: "; ")))"
    case .onlyPartitioned(let count):
      return "each of the \(count) GPUs is cut into instances (MIG), and a class is of whole GPUs; "
        + "`nvidia-smi -mig 0` joins them again"
    case .unknownClass(let devices):
      return "none of this machine's GPUs is of a class of this network: \(Self.list(devices)); classes lists those"
    case .severalClasses(let groups):
      return "this machine has GPUs of \(groups.count) classes (\(Self.list(groups))); name one of them: "
        + "offer from-hardware \(groups[0].gpuClass) at …"
    case .notHere(let gpuClass, let here):
      return "this machine has no GPU of the class \(gpuClass); allowed: \(Self.list(here))"
    case .tooMany(let gpus, let available, let gpuClass):
      return "the number of GPUs is \(gpus); allowed: 1 to \(available), as many \(gpuClass) as this machine has"
    }
  }

  private static func list(_ groups: [Group]) -> String {
    groups.map(\.description).joined(separator: ", ")
  }

  /// The GPUs by what their drivers call them, in the order in which they came.
  private static func list(_ devices: [DeviceDocument]) -> String {
    var names: [String] = []
    var counts: [String: Int] = [:]
    for device in devices {
      let name = "\(TerminalText.clean(device.name)) with \(device.vramMib) MiB"
      if counts[name] == nil { names.append(name) }
      counts[name, default: 0] += 1
    }
    return names.map { "\(counts[$0] ?? 0) x \($0)" }.joined(separator: ", ")
  }
}
