import Foundation
import Market
import NodeAPI
import NodeClient
import NodeCrypto
import NodeProcesses

/// A market of its own in a temporary directory, and the nodes on it.
final class Laboratory {
  let genesis: Genesis
  /// The time of the first entries that are made for it: some minutes ago.
  let start: Timestamp
  /// Where all chance comes from.
  var generator: SplitMix64
  /// Tells a person what is measured now.
  let tell: (String) -> Void

  private let binary: String
  private let directory: String
  private var subjects: [Subject] = []
  fileprivate static let passphrase = "benchmark"

  init(binary: String, seed: UInt64, tell: @escaping (String) -> Void) throws {
    self.binary = binary
    self.tell = tell
    generator = SplitMix64(seed: seed)
    start = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000) - 600_000)
    // Short: a socket's path has at most 107 bytes.
    directory = NSTemporaryDirectory() + "bench-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    genesis = try Genesis(file: Array(Self.genesisText.utf8))
  }

  /// Limits that are out of the way of what is measured. Ticks come as often as on a real market, and the pause after a
  /// failed proposal is the local testnet's.
  private static let genesisText = """
    {
      "format": "p2pnode-network-v1", "name": "benchmark", "currency": "USD", "slot_seconds": 60,
      "gpu_classes": [
        {"id": "h100-sxm-80g", "vendor": "NVIDIA", "model": "H100", "interface": "SXM", "vram_mib": 81559,
         "board_power_watts": 700},
        {"id": "h200-sxm-141g", "vendor": "NVIDIA", "model": "H200", "interface": "SXM", "vram_mib": 143771,
         "board_power_watts": 700},
        {"id": "b200-sxm-180g", "vendor": "NVIDIA", "model": "B200", "interface": "SXM", "vram_mib": 183359,
         "board_power_watts": 1000}
      ],
      "limits": {
        "skew_ms": 2000, "tick_ms": 60000, "proposal_ms": 10000, "retry_ms": 1000, "operations_per_entry": 256,
        "entry_bytes": 32000, "entries_per_second": 100000, "entry_burst": 1000000, "open_orders_per_author": 50000,
        "gpus_per_order": 64, "lot_gpus": 1, "price_micros": 1000000000, "price_tick_micros": 1,
        "horizon_ms": 2592000000, "newcomer_trades": 0
      },
      "bootstrap": []
    }
    """

  /// The market's GPU classes.
  static let classes = ["h100-sxm-80g", "h200-sxm-141g", "b200-sxm-180g"]

  /// A node with an empty store.
  func subject(_ name: String) throws -> Subject {
    let path = "\(directory)/\(name)"
    let identity = Identity.generate()
    try IdentityFile.create(
      identity, inDirectory: path, passphrase: SecretBytes(copying: Array(Self.passphrase.utf8)), cost: .minimal)
    try Data(genesis.file).write(to: URL(fileURLWithPath: path + "/network.json"))
    let subject = Subject(name: name, identity: identity, directory: path, binary: binary)
    subjects.append(subject)
    return subject
  }

  /// A path for a file that is gone with the laboratory.
  func path(_ name: String) -> String { "\(directory)/\(name)" }

  /// Leaves no process and no file.
  func close() async {
    for subject in subjects { await subject.close() }
    try? FileManager.default.removeItem(atPath: directory)
  }
}

/// One node that is measured: a process.
final class Subject {
  let name: String
  let identity: Identity
  let client: NodeClient
  private let directory: String
  private let binary: String
  private var process: NodeProcess?

  fileprivate init(name: String, identity: Identity, directory: String, binary: String) {
    self.name = name
    self.identity = identity
    self.directory = directory
    self.binary = binary
    client = NodeClient(dataDirectory: directory)
  }

  /// The store's file, as the node names it.
  var storeFile: String { directory + "/store.sqlite" }

  /// The process's id.
  var identifier: Int32 { process?.identifier ?? 0 }

  /// Starts the node; returns where peers reach it when it runs and answers.
  @discardableResult
  func start(peers: [String] = []) async throws -> String {
    let address = try await launch(peers: peers)
    try await wait("it runs") { status in status.state == "running" ? () : nil }
    return address
  }

  /// Starts the node; returns where peers reach it as soon as it accepts them, all that it had stored restored.
  @discardableResult
  func launch(peers: [String] = []) async throws -> String {
    let log = directory + ".log"
    try? FileManager.default.removeItem(atPath: log)
    let port = try LoopbackPort.findFree()
    process = try NodeProcess(
      executable: binary, directory: directory, listen: port.description, peers: peers,
      environment: ["P2PNODE_PASSPHRASE": Laboratory.passphrase, "HOME": directory, "PATH": "/usr/bin:/bin"],
      log: log)
    // It says so in its log; its status would have the digest of the whole book worked out first.
    return try await poll("it accepts peers", every: .milliseconds(2)) {
      let text = FileManager.default.contents(atPath: log).map { String(decoding: $0, as: UTF8.self) } ?? ""
      return text.contains(port.description) ? port.description : nil
    }
  }

  /// Asks the node how it is, again and again, until `found` is content.
  @discardableResult
  func wait<Value>(
    _ what: String, seconds: Int64 = 600, every pause: Duration = .milliseconds(5),
    _ found: (StatusDocument) -> Value?
  ) async throws -> Value {
    try await poll(what, seconds: seconds, every: pause) {
      guard let status = try? await self.client.status() else { return nil }
      return found(status)
    }
  }

  /// Tries `found` again and again until it gives something.
  @discardableResult
  func poll<Value>(
    _ what: String, seconds: Int64 = 600, every pause: Duration, _ found: () async throws -> Value?
  ) async throws -> Value {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < deadline {
      if let value = try await found() { return value }
      if let exit = process?.exit {
        throw NodeBenchmarkError.wrong(what: "\(name) ended, \(exit):\n\(process?.logTail() ?? "")")
      }
      try await Task.sleep(for: pause)
    }
    throw NodeBenchmarkError.timeout(what: "\(name): \(what)", log: process?.logTail() ?? "")
  }

  /// Stops the node in order.
  func stop() async throws {
    try await client.stop()
    guard await process?.waitForExit(atMost: .seconds(60)) != nil else {
      throw NodeBenchmarkError.timeout(what: "\(name) stops", log: process?.logTail() ?? "")
    }
  }

  /// Ends the node at once, when it runs.
  func kill() async {
    process?.send(SIGKILL)
    _ = await process?.waitForExit(atMost: .seconds(10))
  }

  fileprivate func close() async {
    await kill()
    await client.shutdown()
  }
}
