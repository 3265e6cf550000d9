import FoundationEssentials
import NodeCrypto

/// A standard grade of GPU: what an offer sells and a bid asks for, whoever's machine it is.
public struct GPUClass: Hashable, Sendable {
  /// The class's id, such as `h100-sxm-80g`: lowercase letters, digits and hyphens.
  public let id: String
  /// Who makes the GPU.
  public let vendor: String
  /// The maker's model name.
  public let model: String
  /// How the board is attached: `SXM`, `PCIe`, …
  public let interface: String
  /// Video memory of one GPU in MiB.
  public let vramMiB: Int64
  /// What one board may draw, in watts.
  public let boardPowerWatts: Int64
}

/// The limits that a genesis file sets, the same for every node of the network.
public struct GenesisLimits: Hashable, Sendable {
  /// How far an entry's time may be ahead of a node's clock before it waits, in milliseconds.
  public let skewMilliseconds: Int64
  /// How often a node with live orders or open trades publishes an entry at least, in milliseconds.
  public let tickMilliseconds: Int64
  /// How long after its proposal a trade can be accepted at most, in milliseconds.
  public let proposalMilliseconds: Int64
  /// How long a taker leaves a counter-order alone after a failed attempt, in milliseconds.
  public let retryMilliseconds: Int64
  /// The most operations in one entry.
  public let operationsPerEntry: Int
  /// The longest entry in bytes.
  public let entryBytes: Int
  /// The sustained rate of entries in one feed, by the entries' own times.
  public let entriesPerSecond: Int64
  /// The most entries in one feed at one moment, by the entries' own times.
  public let entryBurst: Int64
  /// The most orders of one author that are neither cancelled nor expired.
  public let openOrdersPerAuthor: Int
  /// The most GPUs in one order.
  public let gpusPerOrder: Int32
  /// Every order's GPUs and smallest piece are a multiple of this.
  public let lotGPUs: Int32
  /// The highest price in micro-units per GPU-hour.
  public let priceMicros: Int64
  /// Every price is a multiple of this, in micro-units per GPU-hour.
  public let priceTickMicros: Int64
  /// How far past the entry's time a delivery window may reach, in milliseconds.
  public let horizonMilliseconds: Int64
  /// After how many entries an author restates in a checkpoint what its entries add up to.
  public var checkpointEntries: Int64 = Self.defaultCheckpointEntries

  /// From how many settled trades in its own feed on an author is no newcomer any more; 0 when nobody is one.
  public var newcomerTrades: Int = Self.defaultNewcomerTrades
  /// The most GPUs in the live orders of a newcomer, as they are ordered, on both sides of the market together.
  public var newcomerGPUs: Int64 = Self.defaultNewcomerGPUs

  /// What holds where a genesis file does not say who is a newcomer: ten trades show that an identity delivers or pays.
  public static let defaultNewcomerTrades = 10
  /// What holds where a genesis file does not say how much newcomers may have open: the GPUs of a data centre of 512
  /// machines with eight each, which can so begin to sell at once.
  public static let defaultNewcomerGPUs: Int64 = 4096

  /// What holds where a genesis file does not say after how many entries a checkpoint comes.
  public static let defaultCheckpointEntries: Int64 = 10_000

  /// The age of an owner's last entry from which its orders are shown as stale and not taken: three ticks.
  public var staleMilliseconds: Int64 { 3 * tickMilliseconds }
}

/// One market: what its genesis file fixes. Every rule of validity depends on this and the feeds alone.
public struct Genesis: Sendable {
  /// The BLAKE2b-256 of the file's exact bytes.
  public let networkID: NetworkID
  /// The file's exact bytes.
  public let file: [UInt8]
  /// The network's name, for people.
  public let name: String
  /// The currency's code, such as `USD`. Money is in its millionths.
  public let currency: String
  /// The length of a slot in milliseconds.
  public let slotMilliseconds: Int64
  /// The standard grades, in the order that gives them their ``GPUClassIndex``.
  public let gpuClasses: [GPUClass]
  /// The limits.
  public let limits: GenesisLimits
  /// Addresses (`host:port`) of nodes that a newcomer dials first.
  public let bootstrap: [String]

  private let indexByID: [String: GPUClassIndex]

  /// Reads a genesis file.
  ///
  /// - Parameter file: the file's exact bytes; their hash is the network's id.
  /// - Throws: ``GenesisError`` naming the field, its value and what is allowed.
  public init(file: [UInt8]) throws(GenesisError) {
    guard file.count <= Self.maximumFileBytes else {
      throw .field("file", value: "\(file.count) bytes", allowed: "at most \(Self.maximumFileBytes) bytes")
    }
    let document: GenesisDocument
    do {
      document = try JSONDecoder().decode(GenesisDocument.self, from: Data(file))
    } catch {
      throw .malformed(GenesisError.describe(error))
    }
    try document.check()
    networkID = Blake2b.hash(file)
    self.file = file
    name = document.name
    currency = document.currency
    slotMilliseconds = document.slot_seconds * 1000
    gpuClasses = document.gpu_classes.map {
      GPUClass(
        id: $0.id, vendor: $0.vendor, model: $0.model, interface: $0.interface, vramMiB: $0.vram_mib,
        boardPowerWatts: $0.board_power_watts)
    }
    limits = document.limits.limits
    bootstrap = document.bootstrap
    var index: [String: GPUClassIndex] = [:]
    for (position, gpuClass) in gpuClasses.enumerated() {
      index[gpuClass.id] = GPUClassIndex(UInt16(position))
    }
    indexByID = index
  }

  /// The largest genesis file in bytes.
  public static let maximumFileBytes = 1 << 20

  /// The index of the class named `id`, or nil.
  public func gpuClass(named id: String) -> GPUClassIndex? { indexByID[id] }

  /// The class at `index`, which must be one of this genesis.
  public func gpuClass(at index: GPUClassIndex) -> GPUClass { gpuClasses[Int(index.position)] }

  /// Whether `index` names a class of this genesis.
  public func hasClass(at index: GPUClassIndex) -> Bool { Int(index.position) < gpuClasses.count }

  /// The slot in which `time` lies.
  public func slot(containing time: Timestamp) -> Slot { Slot(time.milliseconds / slotMilliseconds) }

  /// The first slot that starts at or after `time`.
  public func slot(startingFrom time: Timestamp) -> Slot {
    Slot((time.milliseconds + slotMilliseconds - 1) / slotMilliseconds)
  }

  /// The moment at which `slot` starts.
  public func start(of slot: Slot) -> Timestamp { Timestamp(milliseconds: slot.index * slotMilliseconds) }

  /// The slot that starts exactly at `time`; nil when none does.
  public func slot(at time: Timestamp) -> Slot? {
    time.milliseconds % slotMilliseconds == 0 ? Slot(time.milliseconds / slotMilliseconds) : nil
  }

  /// The slots that a span of `milliseconds` fills exactly; nil when it does not.
  public func slots(in milliseconds: Int64) -> Int64? {
    milliseconds % slotMilliseconds == 0 ? milliseconds / slotMilliseconds : nil
  }

  /// What `gpus` GPUs cost for `slots` slots at `price`; nil when it does not fit, which the limits rule out.
  public func total(_ price: Price, gpus: Int32, slots: Int64) -> Amount? {
    price.total(gpus: Int64(gpus), seconds: slots * (slotMilliseconds / 1000))
  }
}

/// Why a genesis file is refused.
public enum GenesisError: Error, Equatable, CustomStringConvertible {
  /// It is not a JSON document of the expected shape.
  case malformed(String)
  /// A field has a value that is not allowed.
  case field(String, value: String, allowed: String)

  /// What was wrong, with what value, and what is allowed.
  public var description: String {
    switch self {
    case .malformed(let why): "network file: \(why)"
    case .field(let name, let value, let allowed): "network file: \(name) is \(value); allowed: \(allowed)"
    }
  }

  static func describe(_ error: any Error) -> String {
    func path(_ context: DecodingError.Context) -> String {
      let names = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }
      return names.isEmpty ? "the document" : names.joined(separator: ".")
    }
    switch error as? DecodingError {
    case .keyNotFound(let key, let context)?: return "\(path(context)) lacks the field \(key.stringValue)"
    case .typeMismatch(let type, let context)?: return "\(path(context)) is not of type \(type)"
    case .valueNotFound(let type, let context)?: return "\(path(context)) is null; a \(type) is needed"
    case .dataCorrupted(let context)?: return "\(path(context)): \(context.debugDescription)"
    default: return "it is not a JSON document"
    }
  }
}
