import Logging
import NIOCore
import NIOPosix
import NodeCrypto

/// Encrypted connections to other nodes over TCP, see `FrameFormat` for the bytes.
///
/// It listens, dials, keeps the limits of its configuration and hands over messages, which are opaque bytes to it. Two
/// nodes may be connected more than once, for instance when both dial at the same time; the layer above closes what it
/// does not need, by the same rule on both sides: to keep the one whose initiator has the smaller node id is one.
///
/// Whatever a peer sends or fails to send ends at most its own connection.
public final class Transport: Sendable {
  /// What a turn of the event loop reads from one connection. All connections of a loop have their turn before the next
  /// read: one that sends small frames as fast as it can keeps the others waiting no longer than this takes to decrypt.
  private static let readAllocator = FixedSizeRecvByteBufferAllocator(capacity: 16 << 10)
  /// How many connections wait in the kernel until they are accepted; it may take fewer.
  private static let backlog: Int32 = 1024

  private let services: TransportServices
  private let eventLoopGroup: any EventLoopGroup

  /// A transport without connections.
  ///
  /// - Parameters:
  ///   - network: the network id, which peers must share.
  ///   - eventLoopGroup: runs the connections. The caller shuts it down, after `shutdown`.
  ///   - logger: for connections that begin, end or fail; lines that peers can provoke are limited in number.
  ///   - delegate: hears everything. It is held for as long as the transport or one of its connections is.
  public init(
    identity: Identity, network: NetworkID, configuration: TransportConfiguration = TransportConfiguration(),
    eventLoopGroup: any EventLoopGroup, logger: Logger, delegate: any TransportDelegate
  ) {
    configuration.validate()
    services = TransportServices(
      identity: identity, network: network, configuration: configuration, log: PeerEventLog(logger),
      delegate: delegate)
    self.eventLoopGroup = eventLoopGroup
  }

  /// The established connections, in the order in which they were admitted. O(n log n).
  public var connections: [Connection] { services.registry.connections }

  /// The established connection with this id; nil when it has ended. O(1).
  public func connection(_ id: ConnectionID) -> Connection? { services.registry.connection(id) }

  /// Accepts connections on `host`, an address of this machine or a name for one, and `port`; 0 takes a free one.
  ///
  /// - Returns: the address and port in use.
  /// - Throws: `invalidPort`, `addressInUse`, `addressNotAvailable`, `permissionDenied`, `cannotListen`, `shutDown`.
  @discardableResult
  public func listen(host: String, port: Int) async throws(TransportError) -> Endpoint {
    let endpoint = Endpoint(host: host, port: port)
    try Self.check(port, allowed: 0...65_535)
    guard !services.registry.isShutDown else { throw .shutDown }
    let services = services
    let bootstrap = ServerBootstrap(group: eventLoopGroup)
      .serverChannelOption(.backlog, value: Self.backlog)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelOption(.maxMessagesPerRead, value: AcceptTurns.connectionsPerTurn)
      .serverChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(AcceptTurns()) }
      }
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(.maxMessagesPerRead, value: 1)
      .childChannelOption(.recvAllocator, value: Self.readAllocator)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try Self.accept(channel, services: services) }
      }
    let listener: any Channel
    do {
      listener = try await bootstrap.bind(host: host, port: port).get()
    } catch {
      throw .listening(on: endpoint, failedWith: error)
    }
    do throws(DisconnectReason) {
      try services.registry.add(listener: listener)
    } catch {
      listener.close(promise: nil)
      throw .shutDown
    }
    return listener.localAddress.flatMap(Endpoint.init) ?? endpoint
  }

  /// Connects to a node and waits for its handshake. The delegate hears of the connection before this returns.
  ///
  /// - Parameters:
  ///   - host: an address or a name, which is looked up.
  ///   - expectedPeer: the only node to accept there; nil accepts any.
  /// - Throws: `invalidPort`, `dialTimeout`, `cannotConnect`, `handshakeFailed`, `tooManyConnections`, `shutDown`.
  @discardableResult
  public func dial(
    host: String, port: Int, expecting expectedPeer: NodeID? = nil
  ) async throws(TransportError) -> Connection {
    let endpoint = Endpoint(host: host, port: port)
    try Self.check(port, allowed: 1...65_535)
    let id: ConnectionID
    do throws(DisconnectReason) {
      id = try services.registry.admitOutbound()
    } catch {
      if case .tooManyConnections(let limit) = error { throw .tooManyConnections(limit: limit) }
      throw .shutDown
    }
    let channel: any Channel
    do {
      // Reading starts with the handshake handler, which is added only to the address that answered first.
      channel = try await ClientBootstrap(group: eventLoopGroup)
        .connectTimeout(services.configuration.dialTimeout)
        .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        .channelOption(.maxMessagesPerRead, value: 1)
        .channelOption(.recvAllocator, value: Self.readAllocator)
        .channelOption(.autoRead, value: false)
        .connect(host: host, port: port).get()
    } catch {
      services.registry.release(id)
      throw .dialing(endpoint, failedWith: error)
    }
    return try await handshake(on: channel, id: id, endpoint: endpoint, expectedPeer: expectedPeer)
  }

  /// Closes everything: listeners and handshakes at once, connections after what is queued was sent, each within
  /// `TransportConfiguration.closeTimeout`. Returns when all are closed. Nothing can be opened afterwards.
  public func shutdown() async {
    let remainder = services.registry.beginShutdown()
    for listener in remainder.listeners { listener.close(promise: nil) }
    for channel in remainder.handshakes {
      channel.pipeline.fireUserInboundEventTriggered(HandshakeHandler.Shutdown())
    }
    for connection in remainder.connections { connection.close(.shutdown) }
    // A close future does not fail.
    for channel in remainder.listeners + remainder.channels { try? await channel.closeFuture.get() }
  }

  private static func accept(_ channel: any Channel, services: TransportServices) throws {
    do throws(DisconnectReason) {
      let id = try services.registry.admitInbound(channel)
      let handler = HandshakeHandler(id: id, direction: .inbound, services: services)
      do {
        try channel.pipeline.syncOperations.addHandler(handler)
      } catch {
        throw DisconnectReason(error)
      }
    } catch {
      let remote = channel.remoteAddress.flatMap(Endpoint.init)
      services.report(
        HandshakeFailure(remote: remote, direction: .inbound, reason: error), at: channel.eventLoop.now)
      throw error
    }
  }

  private func handshake(
    on channel: any Channel, id: ConnectionID, endpoint: Endpoint, expectedPeer: NodeID?
  ) async throws(TransportError) -> Connection {
    do throws(DisconnectReason) {
      try services.registry.attach(channel, to: id)
    } catch {
      channel.close(promise: nil)
      throw .shutDown
    }
    let services = services
    let completion = channel.eventLoop.makePromise(of: Connection.self)
    channel.eventLoop.execute {
      let handler = HandshakeHandler(
        id: id, direction: .outbound, expectedPeer: expectedPeer, services: services, completion: completion)
      do {
        try channel.pipeline.syncOperations.addHandler(handler)
      } catch {
        completion.fail(DisconnectReason(error))
        return
      }
      channel.setOption(.autoRead, value: true).whenFailure { _ in channel.close(promise: nil) }
    }
    do {
      return try await completion.futureResult.get()
    } catch {
      throw .dialing(endpoint, failedWith: error)
    }
  }

  private static func check(_ port: Int, allowed: ClosedRange<Int>) throws(TransportError) {
    guard allowed.contains(port) else { throw .invalidPort(port, allowed: allowed) }
  }
}
