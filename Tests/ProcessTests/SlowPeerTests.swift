import Gossip
import Logging
import Market
import NIOCore
import NIOPosix
import NodeCore
import NodeCrypto
import Synchronization
import Testing
import Transport
import Wire

extension NodeProcessTests {
  @Suite("A peer that reads slowly", .timeLimit(.minutes(5)))
  struct SlowPeerTests {
    @Test("is not sent all that is new, stays connected, and is told what it missed when it reads again")
    func shedding() async throws {
      try await TestMarket.with { market in
        let node = try market.node("node")
        try await node.start()
        let group = MultiThreadedEventLoopGroup.singleton
        let slow = Sluggard(network: market.genesis.networkID, group: group)
        try await slow.connect(to: try await node.address())
        try await eventually("the slow peer has its link") { slow.counts.messages > 0 }
        slow.stopReading()
        // More than the sockets' buffers, the window and the soft limit together, and less than one peer may push at once.
        let entries = Self.longEntries(900, of: market.genesis)
        let source = LivePeer(network: market.genesis.networkID, group: group)
        try await source.connect(to: try await node.address())
        for entry in entries {
          // What this side queues is bounded too.
          try await eventually("the node takes what is sent") { source.queuedByteCount < 1 << 20 }
          source.send(HandMadePeer.push([entry]))
        }
        try await eventually("the node holds all entries", within: .seconds(120)) {
          try await node.client.status().entries >= Int64(entries.count)
        }
        #expect(slow.isConnected)
        slow.readAgain()
        try await eventually("the node compares what both hold", within: .seconds(60)) { slow.counts.comparisons > 0 }
        let counts = slow.counts
        #expect(slow.isConnected && counts.entries > 0 && counts.entries < entries.count, "\(counts)")
        #expect(try await node.client.peers().count == 2)
        await source.shutdown()
        await slow.shutdown()
      }
    }

    /// Entries of nine kilobytes that change nothing.
    private static func longEntries(_ count: Int, of genesis: Genesis) -> [SignedEntry] {
      let identity = Identity.generate()
      let codec = OperationCodec(genesis: genesis)
      let nothing = OrderID(word0: 1, word1: 2, word2: 3, word3: 4)
      let cancels = Array(repeating: codec.encode(.cancel(nothing)), count: genesis.limits.operationsPerEntry)
      let (payload, time) = (cancels.flatMap { $0 }, Timestamp.machine)
      var head = Head.origin(of: genesis.networkID)
      return (0..<count).map { _ in
        let entry = SignedEntry(
          after: head, time: time, payload: payload, identity: identity, network: genesis.networkID)
        head = entry.head
        return entry
      }
    }
  }
}

/// A peer that can stop to take what comes, and counts it.
private final class Sluggard: TransportDelegate {
  struct Counts: Sendable {
    var messages = 0
    var entries = 0
    var comparisons = 0
  }

  private struct State {
    var connection: Connection?
    var isReading = true
    var withheld: [Int] = []
    var counts = Counts()
    var hasEnded = false
  }

  private let state = Mutex(State())
  private let transport = Mutex<Transport?>(nil)
  private let network: NetworkID
  private let group: MultiThreadedEventLoopGroup

  init(network: NetworkID, group: MultiThreadedEventLoopGroup) {
    self.network = network
    self.group = group
  }

  func connect(to address: String) async throws {
    guard let target = PeerAddress(address) else { throw TimeoutError(description: "\(address) is no address") }
    let transport = Transport(
      identity: .generate(), network: network, eventLoopGroup: group,
      logger: Logger(label: "slow") { _ in SwiftLogNoOpLogHandler() }, delegate: self)
    self.transport.withLock { $0 = transport }
    let connection = try await transport.dial(host: target.host, port: Int(target.port))
    state.withLock { $0.connection = connection }
    for message in LivePeer.greeting { connection.send(HandMadePeer.encoded(message), priority: .urgent) }
  }

  func shutdown() async { await transport.withLock { $0 }?.shutdown() }

  var counts: Counts { state.withLock { $0.counts } }

  var isConnected: Bool { state.withLock { $0.connection != nil && !$0.hasEnded } }

  /// Takes nothing more than what fits the window.
  func stopReading() { state.withLock { $0.isReading = false } }

  func readAgain() {
    let (connection, withheld) = state.withLock { state in
      defer { state.withheld = [] }
      state.isReading = true
      return (state.connection, state.withheld)
    }
    for count in withheld { connection?.consumed(count) }
  }

  func received(_ message: ByteBuffer, from connection: Connection) {
    let kind = (try? WirePeerMessage.decode(Array(buffer: message)))?.message
    let mayConsume = state.withLock { state in
      state.counts.messages += 1
      switch kind {
      case .push(let push): state.counts.entries += push.entries.count
      case .compare: state.counts.comparisons += state.isReading ? 1 : 0
      default: break
      }
      if !state.isReading { state.withheld.append(message.readableBytes) }
      return state.isReading
    }
    if case .ping(let ping) = kind {
      connection.send(HandMadePeer.encoded(HandMadePeer.pong(ping.id)), priority: .urgent)
    }
    if mayConsume { connection.consumed(message.readableBytes) }
  }

  func connected(_ connection: Connection) {}

  func writable(_ connection: Connection) {}

  func disconnected(_ connection: Connection, reason: DisconnectReason) { state.withLock { $0.hasEnded = true } }

  func handshakeFailed(_ failure: HandshakeFailure) {}
}
