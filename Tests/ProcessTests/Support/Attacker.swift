import Gossip
import NIOCore
import NIOPosix
import NodeCrypto
import Synchronization

/// Whoever attacks a node, from this machine only. Every attack is bounded in number, and ends when it is told to.
final class Attacker: Sendable {
  /// The node's address.
  let address: String
  let network: NetworkID

  private struct State {
    var isStopped = false
    var attempts = 0
    var refusals = 0
    var held: [ObjectIdentifier: any Channel] = [:]
  }

  private let state = Mutex(State())
  private let group: MultiThreadedEventLoopGroup

  /// An attacker of the node at `address`, whose connections live on `group`.
  init(address: String, network: NetworkID, group: MultiThreadedEventLoopGroup) {
    self.address = address
    self.network = network
    self.group = group
  }

  /// Ends what is under way.
  func stop() {
    let held = state.withLock { state in
      state.isStopped = true
      return Array(state.held.values)
    }
    for channel in held { channel.close(promise: nil) }
  }

  /// Whether the attack is over.
  var isStopped: Bool { state.withLock { $0.isStopped } }

  /// How many times something was tried.
  var attempts: Int { state.withLock { $0.attempts } }

  /// What was tried, for people.
  var summary: String { state.withLock { "\($0.attempts) attempts, \($0.refusals) of them failed" } }

  /// Does `body` again and again on `workers` tasks, `count` times at most. What fails was refused.
  func flood(
    _ count: Int, workers: Int, _ body: @escaping @Sendable (_ attempt: Int) async throws -> Void
  ) async {
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<workers {
        group.addTask {
          while let attempt = self.begin(atMost: count) {
            do { try await body(attempt) } catch { self.state.withLock { $0.refusals += 1 } }
          }
        }
      }
    }
  }

  private func begin(atMost count: Int) -> Int? {
    state.withLock { state in
      guard !state.isStopped, state.attempts < count else { return nil }
      state.attempts += 1
      return state.attempts
    }
  }

  /// Lets time pass on the attacker's event loop.
  func pause(_ time: TimeAmount) async throws {
    try await group.next().scheduleTask(in: time) {}.futureResult.get()
  }

  /// A TCP connection to the node.
  func connect() async throws -> any Channel {
    guard let target = PeerAddress(address) else { throw TimeoutError(description: "\(address) is no address") }
    return try await ClientBootstrap(group: group).connect(host: target.host, port: Int(target.port)).get()
  }

  /// Connects, writes `bytes` and waits until the node has closed.
  func send(_ bytes: [UInt8]) async throws {
    let channel = try await connect()
    // The node may have closed before all is written.
    channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
    try await hold(channel)
  }

  /// Keeps a connection until the node or the end of the attack closes it.
  func hold(_ channel: any Channel) async throws {
    let isLate = state.withLock { state in
      state.held[ObjectIdentifier(channel)] = channel
      return state.isStopped
    }
    if isLate { channel.close(promise: nil) }
    try await channel.closeFuture.get()
    state.withLock { $0.held[ObjectIdentifier(channel)] = nil }
  }

  /// Lets `body` use a peer of its own, which is connected and has said hello.
  func withPeer(isReading: Bool = true, _ body: (LivePeer) async throws -> Void) async throws {
    let peer = LivePeer(network: network, isReading: isReading, group: group)
    do {
      try await peer.connect(to: address)
      try await body(peer)
    } catch {
      await peer.shutdown()
      throw error
    }
    await peer.shutdown()
  }
}
