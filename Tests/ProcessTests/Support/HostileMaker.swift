import Gossip
import Logging
import Market
import NIOCore
import NIOPosix
import NodeCore
import NodeCrypto
import OrderBook
import Settlement
import Synchronization
import Transport
import Wire

/// A provider that writes its feed by hand and tells each node what it wants, over real connections.
final class HostileMaker: TransportDelegate {
  let identity = Identity.generate()

  private struct State {
    var connections: [NodeID: Connection] = [:]
    var heard: [EntryID: SignedEntry] = [:]
    var proposals: [SignedTerms] = []
  }

  private let state = Mutex(State())
  private let genesis: Genesis
  private let transport = Mutex<Transport?>(nil)

  init(genesis: Genesis) { self.genesis = genesis }

  /// Connects to a node and says what an honest newcomer says.
  func connect(to node: TestNode) async throws {
    let address = try await node.address()
    guard let target = PeerAddress(address) else { throw TimeoutError(description: "\(address) is no address") }
    let transport = transport.withLock { held in
      let open =
        held
        ?? Transport(
          identity: identity, network: genesis.networkID, eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
          logger: Logger(label: "maker") { _ in SwiftLogNoOpLogHandler() }, delegate: self)
      held = open
      return open
    }
    let connection = try await transport.dial(host: target.host, port: Int(target.port))
    state.withLock { $0.connections[connection.remoteNode] = connection }
    for message in LivePeer.greeting { send(message, to: connection.remoteNode) }
  }

  func shutdown() async { await transport.withLock { $0 }?.shutdown() }

  // MARK: Writing

  /// An offer of some H100 for the hour that begins in the next slot.
  func offer(gpus: Int32) -> Operation {
    let start = genesis.slot(startingFrom: .machine + 10_000)
    let window = SlotRange(start: start, end: Slot(start.index + 3_600_000 / genesis.slotMilliseconds))
    return .place(
      .offer(
        Offer(
          gpuClass: GPUClassIndex(0), gpus: gpus, window: window, price: Price(micros: 2_000_000), minimumGPUs: 1,
          minimumSlots: 1, attributes: Attributes(), expiry: genesis.start(of: window.end))))
  }

  /// Signs the entry that follows `head`.
  func write(_ operations: [Operation], after head: Head?, at time: Timestamp = .machine) -> SignedEntry {
    let codec = OperationCodec(genesis: genesis)
    return SignedEntry(
      after: head ?? .origin(of: genesis.networkID), time: time, payload: operations.flatMap { codec.encode($0) },
      identity: identity, network: genesis.networkID)
  }

  /// Accepts a trade in the entry that follows `head`.
  func accept(_ signed: SignedTerms, after head: Head, at time: Timestamp = .machine) -> SignedEntry {
    let acceptance = Acceptance(
      trade: Blake2b.hash(signed.bytes), time: time, sequence: head.sequence + 1, previous: head.entry)
    let bytes = acceptance.encoded()
    let decision = SignedAcceptance(
      acceptance: acceptance, bytes: bytes,
      signature: identity.sign(bytes, domain: .acceptance, network: genesis.networkID), maker: identity.nodeID)
    return write([.accept(signed, decision)], after: head, at: time)
  }

  /// A checkpoint in the entry that follows `head`: the order that `first` places, and nothing taken of it.
  func restate(_ first: SignedEntry, after head: Head, sold: Int) throws -> SignedEntry {
    var counts = FeedCounts()
    counts.since = first.time
    (counts.accepts, counts.settled) = (sold, sold)
    var items = CheckpointItems()
    for case .place(let body) in try OperationCodec(genesis: genesis).operations(of: first) {
      let place = OrderPlace(sequence: first.sequence, index: UInt32(items.orders.count))
      items.orders.append(CheckpointItems.LiveOrder(place: place, time: first.time, priority: place, body: body))
    }
    let totals = CheckpointTotals(rateLeft: 1000, counts: counts)
    let part = CheckpointPart(first: head.sequence + 1, totals: totals, items: items, isLast: true)
    return write([.checkpoint(part)], after: head)
  }

  /// Tells nodes of an entry; all that it is connected with when none is named.
  func push(_ entry: SignedEntry, to nodes: [NodeID]? = nil) {
    for node in nodes ?? state.withLock({ $0.connections.keys.sorted() }) { send(HandMadePeer.push([entry]), to: node) }
  }

  private func send(_ message: HandMadePeer.Message, to node: NodeID) {
    _ = state.withLock { $0.connections[node] }?.send(HandMadePeer.encoded(message), priority: .urgent)
  }

  // MARK: Listening

  /// What takers have proposed to it, in the order in which it came.
  var proposals: [SignedTerms] { state.withLock { $0.proposals } }

  func received(_ message: ByteBuffer, from connection: Connection) {
    defer { connection.consumed(message.readableBytes) }
    switch (try? WirePeerMessage.decode(Array(buffer: message)))?.message {
    case .ping(let ping): send(HandMadePeer.pong(ping.id), to: connection.remoteNode)
    case .push(let push): hear(push.entries)
    case .fetchAnswer(let answer): hear(answer.entries)
    default: break
    }
  }

  private func hear(_ entries: [WireSignedEntry]) {
    let codec = OperationCodec(genesis: genesis)
    for wire in entries {
      guard let entry = try? SignedEntry(wire: wire, maximumBytes: genesis.limits.entryBytes),
        let operations = try? codec.operations(of: entry)
      else { continue }
      state.withLock { state in
        guard state.heard.updateValue(entry, forKey: entry.id) == nil else { return }
        for case .propose(let signed) in operations where signed.terms.maker == identity.nodeID {
          state.proposals.append(signed)
        }
      }
    }
  }

  func connected(_ connection: Connection) {}

  func writable(_ connection: Connection) {}

  func disconnected(_ connection: Connection, reason: DisconnectReason) {
    state.withLock { $0.connections[connection.remoteNode] = nil }
  }

  func handshakeFailed(_ failure: HandshakeFailure) {}
}
