import Foundation
import Market
import NodeAPI
import NodeClient
import NodeCrypto
import NodeProcesses
import Synchronization

/// One node of a market under torture, over all its lives.
final class Member: Sendable {
  /// How a start came out.
  enum Start {
    /// It trades.
    case running
    /// It ended by itself.
    case refused(Refusal)
    /// It neither trades nor has ended within ``startSeconds``.
    case silent
  }

  /// How long a node may take until it trades, in seconds: far more than a machine needs that others use, too.
  static let startSeconds: Int64 = 240
  private static let passphrase = "correct horse battery staple"

  /// Its number, from 1.
  let number: Int
  /// Its name in the market.
  let node: NodeID
  /// Its data directory.
  let directory: String
  /// A client of its API.
  let client: NodeClient
  /// Its disk and clock; nil when they are the real ones.
  let machine: FaultyMachine?
  /// Where it accepts peers, in all its lives.
  let address: String

  private let executable: String
  private let logPath: String
  private let process = Mutex<NodeProcess?>(nil)
  private let peers = Mutex<[String]>([])

  /// Makes the node, which is not started.
  ///
  /// - Parameters:
  ///   - place: the market's directory.
  ///   - faults: the library `faults`, when its disk and clock are to be ones that break.
  init(number: Int, in place: String, networkFile: String, executable: String, faults: String?) throws {
    self.number = number
    self.executable = executable
    directory = "\(place)/node-\(number)"
    logPath = "\(place)/node-\(number).log"
    let identity = Identity.generate()
    node = identity.nodeID
    try IdentityFile.create(
      identity, inDirectory: directory, passphrase: SecretBytes(copying: Array(Self.passphrase.utf8)), cost: .minimal)
    try FileManager.default.copyItem(atPath: networkFile, toPath: "\(directory)/network.json")
    address = try LoopbackPort.findFree().description
    machine =
      if let faults {
        try FaultyMachine(root: directory, state: "\(place)/machine-\(number)", library: faults)
      } else { nil }
    // Whether an order that a fault met was placed is what is looked at afterwards.
    client = NodeClient(dataDirectory: directory, retryPauses: [])
  }

  /// The store's file.
  var store: String { "\(directory)/store.sqlite" }

  /// Names the nodes that it dials first.
  func meet(_ others: [Member]) { peers.withLock { $0 = others.map(\.address) } }

  // MARK: Its process

  /// Starts the node without waiting for it.
  func launch() throws {
    var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("P2PNODE_") }
    environment["P2PNODE_PASSPHRASE"] = Self.passphrase
    environment.merge(machine?.environment ?? [:]) { $1 }
    do throws(ProcessError) {
      let started = try NodeProcess(
        executable: executable, directory: directory, listen: address, peers: peers.withLock { $0 },
        environment: environment, log: logPath)
      process.withLock { $0 = started }
    } catch {
      throw TortureError.process(error)
    }
  }

  /// Waits until the node trades or has ended.
  func waitForStart(within limit: Duration = .seconds(startSeconds)) async -> Start {
    let start: Start? = await eventually(within: limit) {
      if exit != nil { return .refused(Refusal(log: logTail())) }
      return try await client.status().state == "running" ? .running : nil
    }
    return start ?? .silent
  }

  /// How the node's process ended; nil while it runs and before its first start.
  var exit: ChildProcess.Exit? { process.withLock { $0 }?.exit }

  /// Kills the node and waits until it is gone.
  func kill() async {
    let running = process.withLock { $0 }
    running?.send(SIGKILL)
    _ = await running?.waitForExit(atMost: .seconds(30))
  }

  /// Stops the node in order.
  ///
  /// - Returns: how it ended; nil when it had not within half a minute, and was killed.
  func stop() async -> ChildProcess.Exit? {
    let running = process.withLock { $0 }
    running?.closeInput()
    let exit = await running?.waitForExit(atMost: .seconds(30))
    if exit == nil { await kill() }
    return exit
  }

  /// The last lines of its log.
  func logTail(lines: Int = 20) -> String { process.withLock { $0 }?.logTail(lines: lines) ?? "" }

  /// Leaves nothing of it running.
  func remove() async {
    await kill()
    await client.shutdown()
  }

  // MARK: Its directory

  /// The files of the store that there are.
  private var storeFiles: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    return names.filter { $0.hasPrefix("store.sqlite") }.sorted()
  }

  /// Moves the store away, as the error of a damaged one says. The node must not run.
  func moveStoreAway() throws {
    for name in storeFiles {
      let moved = "\(directory)/moved-\(name)"
      try? FileManager.default.removeItem(atPath: moved)
      try FileManager.default.moveItem(atPath: "\(directory)/\(name)", toPath: moved)
    }
  }

  /// Copies the store's files as they are now, whatever the node does meanwhile.
  func backUp(to copy: String) throws {
    try? FileManager.default.removeItem(atPath: copy)
    try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
    for name in storeFiles where !name.hasSuffix("-shm") {
      try FileManager.default.copyItem(atPath: "\(directory)/\(name)", toPath: "\(copy)/\(name)")
    }
  }

  /// Puts a copy in the store's place. The node must not run.
  func restore(from copy: String) throws {
    for name in storeFiles { try FileManager.default.removeItem(atPath: "\(directory)/\(name)") }
    for name in try FileManager.default.contentsOfDirectory(atPath: copy) {
      try FileManager.default.copyItem(atPath: "\(copy)/\(name)", toPath: "\(directory)/\(name)")
    }
  }
}
