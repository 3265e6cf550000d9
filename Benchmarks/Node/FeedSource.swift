import Dispatch
import Foundation
import Gossip
import Logging
import Market
import NIOCore
import NIOPosix
import NodeCrypto
import Synchronization
import Transport

/// A peer in this process that has feeds and gives them to whoever asks: the node's gossip core on real connections, its
/// entries in memory, so that giving takes next to nothing of the cores on which taking is measured.
final class FeedSource: TransportDelegate, @unchecked Sendable {
  /// When the first entries were asked for; nil before.
  let firstRequest = Mutex<ContinuousClock.Instant?>(nil)

  private let queue = DispatchQueue(label: "benchmarks.source")
  private let identity = Identity.generate()
  private let entries: [NodeID: [SignedEntry]]

  /// Everything below is touched on the queue only.
  private var gossip: GossipCore
  private var effects: [GossipEffect] = []
  private var connections: [UInt64: Connection] = [:]
  /// Answers that are under way, by connection.
  private var answers: [UInt64: [Answer]] = [:]
  private var transport: Transport?
  private var timer: (any DispatchSourceTimer)?

  private struct Answer {
    let request: UInt64
    var ranges: ArraySlice<FeedRange>
  }

  /// What one message carries at most besides its envelope, as a node fills it.
  private static let messageBytes = 60_000

  /// A peer that dials `address` and has `feeds`.
  init(_ feeds: SignedFeeds, genesis: Genesis, dialling address: String, seed: UInt64) throws {
    guard let bootstrap = PeerAddress(address) else {
      throw NodeBenchmarkError.wrong(what: "\(address) is no address of a node")
    }
    entries = Dictionary(uniqueKeysWithValues: feeds.feeds.map { ($0[0].author, $0) })
    gossip = GossipCore(
      own: identity.nodeID, network: genesis.networkID, limits: genesis.limits, agent: "benchmark", listenPort: 0,
      advertisedHost: nil, bootstrap: [bootstrap], seed: seed, now: Self.now)
    for entry in feeds.feeds.joined() where gossip.restore(entry) != .next {
      throw NodeBenchmarkError.wrong(what: "entry \(entry.sequence) of a feed of our own does not follow")
    }
    transport = Transport(
      identity: identity, network: genesis.networkID, eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
      logger: Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() }, delegate: self)
  }

  /// Dials, and answers from now on.
  func start() {
    queue.async {
      let timer = DispatchSource.makeTimerSource(queue: self.queue)
      timer.schedule(deadline: .now(), repeating: .milliseconds(50))
      timer.setEventHandler { [weak self] in self?.handle { $0.timer(now: Self.now, into: &$1) } }
      timer.resume()
      self.timer = timer
    }
  }

  /// Hangs up.
  func stop() async {
    let transport = queue.sync {
      timer?.cancel()
      timer = nil
      defer { self.transport = nil }
      return self.transport
    }
    await transport?.shutdown()
  }

  private static var now: Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }

  private func handle(_ event: (inout GossipCore, inout [GossipEffect]) -> Void) {
    event(&gossip, &effects)
    while !effects.isEmpty {
      let batch = effects
      effects = []
      for effect in batch { perform(effect) }
    }
  }

  private func perform(_ effect: GossipEffect) {
    switch effect {
    case .send(let connection, let message, _): connections[connection]?.send(message, priority: .answer)
    case .sendSummary(let connection, let kind, let id):
      let summary = Summary(
        bookDigest: Blake2b.hash([]), bookTime: .zero, feeds: UInt64(gossip.feeds.count),
        entries: UInt64(gossip.feeds.entryCount), orders: 0)
      connections[connection]?.send(GossipCore.message(kind, id: id, summary: summary), priority: .urgent)
    case .serve(let connection, let request, let ranges):
      firstRequest.withLock { $0 = $0 ?? .now }
      answers[connection, default: []].append(Answer(request: request, ranges: ranges[...]))
      answer(connection)
    case .dial(let address): dial(address)
    case .disconnect(let connection, let cause): connections[connection]?.close(cause.description)
    case .verify, .verifyProof, .deliver, .jump, .collect, .freeze: break
    }
  }

  /// Sends of the answers as much as the connection takes.
  private func answer(_ id: UInt64) {
    while let connection = connections[id], var answer = answers[id]?.first {
      let (message, isLast) = takeMessage(of: &answer)
      guard connection.send(message, priority: .bulk) != .full else { return }
      if isLast { answers[id]?.removeFirst() } else { answers[id]?[0] = answer }
    }
  }

  private func takeMessage(of answer: inout Answer) -> (message: [UInt8], isLast: Bool) {
    var message: [(bytes: [UInt8], signature: [UInt8])] = []
    var room = Self.messageBytes
    while let range = answer.ranges.first {
      let feed = entries[range.author] ?? []
      var next = range.from
      while next <= range.through, next <= feed.count {
        let entry = feed[Int(next) - 1]
        let size = entry.bytes.count + 80
        guard size <= room || message.isEmpty else {
          answer.ranges[answer.ranges.startIndex] = FeedRange(author: range.author, from: next, through: range.through)
          return (GossipCore.fetchAnswer(id: answer.request, entries: message, done: false), false)
        }
        message.append((entry.bytes, entry.signature.bytes))
        room -= size
        next += 1
      }
      answer.ranges.removeFirst()
    }
    return (GossipCore.fetchAnswer(id: answer.request, entries: message, done: true), true)
  }

  private func dial(_ address: PeerAddress) {
    guard let transport else { return }
    Task {
      do throws(TransportError) {
        let node = try await transport.dial(host: address.host, port: Int(address.port)).remoteNode
        queue.async { self.handle { core, _ in core.dialed(address, node: node, now: Self.now) } }
      } catch {
        queue.async { self.handle { $0.dialFailed(address, isOwn: false, now: Self.now, into: &$1) } }
      }
    }
  }

  // MARK: The transport

  func connected(_ connection: Connection) {
    queue.async {
      let id = connection.id.rawValue
      self.connections[id] = connection
      let address = PeerAddress(host: connection.remote.host, port: UInt16(clamping: connection.remote.port))
      let direction: Direction = connection.direction == .inbound ? .inbound : .outbound
      self.handle {
        $0.connected(
          id, node: connection.remoteNode, address: address, direction: direction, now: Self.now, into: &$1)
      }
    }
  }

  func received(_ message: ByteBuffer, from connection: Connection) {
    queue.async {
      self.handle {
        $0.received(PeerMessage(Array(buffer: message)), on: connection.id.rawValue, now: Self.now, into: &$1)
      }
      connection.consumed(message.readableBytes)
    }
  }

  func writable(_ connection: Connection) { queue.async { self.answer(connection.id.rawValue) } }

  func disconnected(_ connection: Connection, reason: DisconnectReason) {
    queue.async {
      self.connections[connection.id.rawValue] = nil
      self.answers[connection.id.rawValue] = nil
      self.handle { $0.disconnected(connection.id.rawValue, now: Self.now, into: &$1) }
    }
  }

  func handshakeFailed(_ failure: HandshakeFailure) {}
}
