import Foundation
import Market
import NodeAPI
import NodeProcesses
import Synchronization

/// The nodes of a testnet, from their start to their stop.
final class Fleet: Sendable {
  private let installation: Installation
  private let genesis: Genesis
  private let directory: RunDirectory
  private let count: Int
  private let output: Narrator
  private let started = Mutex<[TestnetNode]>([])

  /// How long a node may take to find a peer, in seconds.
  static let peerSeconds: Int64 = 30

  /// A fleet of `count` nodes, none of which is started.
  init(count: Int, installation: Installation, genesis: Genesis, directory: RunDirectory, output: Narrator) {
    precondition(count >= 2, "a market of one")
    self.count = count
    self.installation = installation
    self.genesis = genesis
    self.directory = directory
    self.output = output
  }

  /// The nodes that were started, by number.
  var nodes: [TestnetNode] { started.withLock { $0.sorted { $0.number < $1.number } } }
  /// Those that place offers.
  var providers: [TestnetNode] { nodes.filter { $0.role == .provider } }
  /// Those that place bids.
  var renters: [TestnetNode] { nodes.filter { $0.role == .renter } }

  /// Starts all nodes, the first one first, and waits until each has a peer.
  ///
  /// - Returns: where the first node listens, and whether the genesis file leads there.
  func start() async throws -> (entrance: LoopbackPort, isBootstrap: Bool) {
    let (entrance, isBootstrap) = try chooseEntrance()
    let peer = isBootstrap ? nil : entrance
    try await start(1, listen: entrance.description, peer: peer)
    try await withThrowingTaskGroup(of: Void.self) { group in
      // Each opens its identity, which is made to cost a core and much memory for a moment.
      let width = max(ProcessInfo.processInfo.activeProcessorCount, 1)
      for number in 2...count {
        if number > width + 1 { try await group.next() }
        group.addTask { try await self.start(number, listen: "127.0.0.1:0", peer: peer) }
      }
      try await group.waitForAll()
    }
    try await waitForPeers()
    return (entrance, isBootstrap)
  }

  /// Stops all nodes at once. Cancellation does not keep it from that.
  ///
  /// - Returns: what was not as it should be.
  func stop() async -> [String] {
    let nodes = nodes
    let complaints = await withTaskGroup(of: (Int, String?).self) { group in
      for node in nodes { group.addTask { (node.number, await node.stop()) } }
      return await group.reduce(into: [Int: String]()) { $0[$1.0] = $1.1 }
    }
    return nodes.compactMap { complaints[$0.number] }
  }

  /// The genesis file's first bootstrap address when this fleet can listen there: then anybody who has the file finds it.
  private func chooseEntrance() throws(TestnetError) -> (LoopbackPort, isBootstrap: Bool) {
    guard let address = genesis.bootstrap.first, let port = LoopbackPort(address: address) else {
      return (try Self.findFreePort(), false)
    }
    if port.isFree { return (port, true) }
    let other = try Self.findFreePort()
    output.say("The network's bootstrap address \(port) is in use; the first node listens on \(other) instead.")
    return (other, false)
  }

  private static func findFreePort() throws(TestnetError) -> LoopbackPort {
    do { return try LoopbackPort.findFree() } catch { throw .process(error) }
  }

  private func start(_ number: Int, listen: String, peer: LoopbackPort?) async throws {
    let path = directory.nodeDirectory(number)
    var environment = ProcessInfo.processInfo.environment
    environment["P2PNODE_PASSPHRASE"] = directory.passphrase
    if !directory.holdsNode(number) {
      try await TestnetNode.create(
        number: number, directory: path, executable: installation.nodeExecutable,
        networkFile: installation.networkFile, environment: environment)
    }
    try Task.checkCancellation()
    let node = try TestnetNode(
      number: number, role: number <= count / 2 ? .provider : .renter, directory: path,
      executable: installation.nodeExecutable, listen: listen, peer: peer, environment: environment)
    started.withLock { $0.append(node) }
    let status: StatusDocument
    do {
      status = try await node.waitUntilRunning()
    } catch {
      // The error says what became of one that has ended; there is nothing left to stop.
      if node.exit != nil {
        started.withLock { $0.removeAll { $0 === node } }
        await node.client.shutdown()
      }
      throw error
    }
    guard status.network == genesis.networkID.hex else {
      throw TestnetError.otherNetwork(
        node: number, directory: path, network: status.network, allowed: genesis.networkID.hex)
    }
  }

  private func waitForPeers() async throws {
    let deadline = ContinuousClock.now + .seconds(Self.peerSeconds)
    for node in nodes {
      while ((try? await node.client.status().peers) ?? 0) == 0 {
        guard ContinuousClock.now < deadline else {
          throw TestnetError.isolated(node: node.number, seconds: Self.peerSeconds)
        }
        try await Task.sleep(for: .milliseconds(50))
      }
    }
  }
}
