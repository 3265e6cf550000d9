import Gossip
import Logging
import Market
import NIOPosix
import NodeCore
import NodeCrypto
import Store
import Testing
import Transport

@testable import P2PNode

@Suite("peers that are quicker than the node's start")
struct EarlyPeerTests {
  /// A node in this process, without an API.
  private final class Node: Sendable {
    let runtime: NodeRuntime
    let transport: Transport
    let address: PeerAddress
    private let directory: TemporaryDirectory

    init(_ genesis: Genesis, knows others: [PeerAddress]) async throws {
      directory = try TemporaryDirectory()
      let identity = Identity.generate()
      let logger = Logger(label: "early")
      let store = try EntryStore(
        path: directory.file("store.sqlite"), network: genesis.networkID, node: identity.nodeID)
      runtime = NodeRuntime(
        configuration: NodeConfiguration(
          genesis: genesis, identity: identity, agent: "", listenPort: 0, advertisedHost: nil, bootstrap: others,
          seed: 1),
        store: store, logger: logger, instruments: NodeInstruments())
      try await runtime.restore()
      transport = Transport(
        identity: identity, network: genesis.networkID, eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
        logger: logger, delegate: runtime)
      let endpoint = try await transport.listen(host: "127.0.0.1", port: 0)
      address = PeerAddress(host: endpoint.host, port: UInt16(clamping: endpoint.port))
    }

    func begin() async { await runtime.begin(transport: transport, listenPort: address.port, known: []) }

    var peerCount: Int { get async { await runtime.read { core, _ in core.peers.count } } }
  }

  @Test("what a peer sends before the node has begun waits until then, and whom the node wants to dial is dialled")
  func early() async throws {
    let genesis = try Genesis(file: Array(TestMarket.genesisText(name: "early").utf8))
    let other = try await Node(genesis, knows: [])
    await other.begin()
    let late = try await Node(genesis, knows: [other.address])
    let caller = try await Node(genesis, knows: [late.address])
    await caller.begin()
    // The caller's connection stands, and its greeting has come behind it.
    try await eventually("the caller has greeted") { late.runtime.inbox.withLock { $0.counts.messages > 1 } }
    #expect(await late.peerCount == 0)
    await late.begin()
    try await eventually("both are peers") { await late.peerCount == 2 }
    for node in [other, late, caller] { await node.runtime.stop(seconds: 0) }
  }
}
