import Gossip
import Logging
import NIOCore
import NIOPosix
import NodeCrypto
import Synchronization
import Transport

/// A peer that stays connected and says what the test wants; it answers the node's pings and times its own.
final class LivePeer: TransportDelegate {
  let identity: Identity

  private struct State {
    var connection: Connection?
    /// What is said first.
    var greeting: [HandMadePeer.Message] = []
    var nextPing: UInt64 = 1
    var sent: [UInt64: NIODeadline] = [:]
    var roundTrips: [TimeAmount] = []
    var end: DisconnectReason?
  }

  private let state = Mutex(State())
  private let isReading: Bool
  private let network: NetworkID
  private let group: MultiThreadedEventLoopGroup
  private let transport = Mutex<Transport?>(nil)

  /// A peer that is not connected yet.
  ///
  /// - Parameters:
  ///   - isReading: false for one that takes what comes only until its window is full.
  ///   - group: where its connection lives: whoever measures does so apart from whoever attacks.
  init(
    identity: Identity = .generate(), network: NetworkID, isReading: Bool = true, group: MultiThreadedEventLoopGroup
  ) {
    self.identity = identity
    self.network = network
    self.isReading = isReading
    self.group = group
  }

  /// Connects and says what an honest newcomer says.
  func connect(to address: String, saying messages: [HandMadePeer.Message] = LivePeer.greeting) async throws {
    guard let target = PeerAddress(address) else { throw TimeoutError(description: "\(address) is no address") }
    let transport = Transport(
      identity: identity, network: network, eventLoopGroup: group,
      logger: Logger(label: "peer") { _ in SwiftLogNoOpLogHandler() }, delegate: self)
    self.transport.withLock { $0 = transport }
    state.withLock { $0.greeting = messages }
    try await transport.dial(host: target.host, port: Int(target.port))
  }

  static var greeting: [HandMadePeer.Message] { [HandMadePeer.hello, HandMadePeer.wantsLink] }

  /// Why the connection ended; nil while it stands.
  var end: DisconnectReason? { state.withLock { $0.end } }

  /// Whether the connection was made and stands.
  var isConnected: Bool { state.withLock { $0.connection != nil && $0.end == nil } }

  /// Bytes that wait for the node to take them.
  var queuedByteCount: Int { state.withLock { $0.connection }?.queuedByteCount ?? 0 }

  func send(_ message: HandMadePeer.Message) { send(HandMadePeer.encoded(message)) }

  func send(_ bytes: [UInt8]) { _ = state.withLock { $0.connection }?.send(bytes, priority: .urgent) }

  /// Sends a ping, of which the time to its pong counts.
  func ping() {
    let id = state.withLock { state in
      defer { state.nextPing += 1 }
      state.sent[state.nextPing] = .now()
      return state.nextPing
    }
    send(HandMadePeer.ping(id))
  }

  /// Whether a ping is not answered yet.
  var isWaiting: Bool { state.withLock { !$0.sent.isEmpty } }

  /// The round trips since the last call; a ping that is not answered counts with what it has taken so far.
  func takeRoundTrips() -> [TimeAmount] {
    state.withLock { state in
      defer {
        state.roundTrips = []
        state.sent = [:]
      }
      return state.roundTrips + state.sent.values.map { NIODeadline.now() - $0 }
    }
  }

  func shutdown() async { await transport.withLock { $0 }?.shutdown() }

  func connected(_ connection: Connection) {
    let greeting = state.withLock { state in
      state.connection = connection
      return state.greeting
    }
    // Before anything is answered.
    for message in greeting { send(message) }
  }

  func received(_ message: ByteBuffer, from connection: Connection) {
    guard isReading else { return }
    defer { connection.consumed(message.readableBytes) }
    guard let (isPing, id) = HandMadePeer.pingOrPong(Array(buffer: message)) else { return }
    if isPing {
      connection.send(HandMadePeer.encoded(HandMadePeer.pong(id)), priority: .urgent)
    } else {
      state.withLock { state in
        if let sent = state.sent.removeValue(forKey: id) { state.roundTrips.append(NIODeadline.now() - sent) }
      }
    }
  }

  func writable(_ connection: Connection) {}

  func disconnected(_ connection: Connection, reason: DisconnectReason) { state.withLock { $0.end = reason } }

  func handshakeFailed(_ failure: HandshakeFailure) { state.withLock { $0.end = failure.reason } }
}
