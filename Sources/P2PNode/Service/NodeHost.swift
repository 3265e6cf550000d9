import Foundation
import Gossip
import Hummingbird
import Logging
import Market
import NIOPosix
import NodeAPI
import NodeCore
import NodeCrypto
import ServiceLifecycle
import Store
import Synchronization
import Transport
import UnixSignals

/// Puts a node together, runs it, and takes it apart again in order.
struct NodeHost {
  /// What the command line says.
  struct Options {
    var directory: DataDirectory
    var passphrase: PassphraseSource
    var listen: HostPort?
    var advertise: String?
    var peers: [HostPort]
    var keepHistory: Bool
    /// Where the API listens over TCP; nil when it does not.
    var http: HostPort?
    /// Whether that may be an address which other machines reach.
    var httpAllowRemote = false
    /// Further names under which browsers may reach it.
    var httpNames: [HostPort] = []
    var stopWithStdin: Bool
    /// All settings as they were at the start, and where they come from.
    var settings: NodeSettings
    var source: ConfigurationSource
  }

  let options: Options
  let log: NodeLog
  let instruments: NodeInstruments
  let logger: Logger

  init(options: Options, log: NodeLog, instruments: NodeInstruments) {
    self.options = options
    self.log = log
    self.instruments = instruments
    logger = log.logger()
  }

  func run() async throws {
    try ProcessHardening.disableCoreDumps()
    try Sodium.selfTest()
    // From here on it is no longer the end of the process.
    let hangups = await UnixSignalsSequence(trapping: .sighup)
    if let http = options.http, !http.isLoopback, !options.httpAllowRemote {
      throw NodeStartError.remoteHTTP(http.description)
    }
    let directory = options.directory
    let genesis = try directory.genesis()
    let lock = try DirectoryLock(directory: directory.path)
    defer { withExtendedLifetime(lock) {} }
    let socketPath = try NodeSocket.path(inDataDirectory: directory.path)
    let passphrase = try options.passphrase.read(isNew: false)
    let store = try KeyRotation.openStore(of: directory, genesis: genesis)
    let identity = try IdentityFile.load(fromDirectory: directory.path, passphrase: passphrase)
    let runtime = NodeRuntime(
      configuration: configuration(genesis: genesis, identity: identity), store: store, logger: logger,
      instruments: instruments)
    await runtime.go(by: options.settings.offers)
    try await runtime.restore()

    let transport = Transport(
      identity: identity, network: genesis.networkID, eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
      logger: logger, delegate: runtime)
    let endpoint = try await listen(on: transport, genesis: genesis)
    let listening = HostPort(host: endpoint.host, port: endpoint.port)
    let known = try store.addresses().compactMap { PeerAddress($0) }
    try prepareSocket(socketPath)
    // What a killed node left would lead to nobody.
    unlink(directory.accessFile)
    try await serve(
      runtime, transport: transport, genesis: genesis, listening: listening, known: known, socketPath: socketPath,
      hangups: hangups)
  }

  private func serve(
    _ runtime: NodeRuntime, transport: Transport, genesis: Genesis, listening: HostPort, known: [PeerAddress],
    socketPath: String, hangups: UnixSignalsSequence
  ) async throws {
    let stop = StopTrigger()
    let operations = NodeOperations(
      runtime: runtime, instruments: instruments, log: log, directory: options.directory.path,
      isBootstrap: genesis.bootstrap.contains(listening.description))
    let status = StatusSource(
      networkName: genesis.name, listen: listening.description, startedAt: NodeRuntime.now, operations: operations)
    let reloader = ConfigurationReloader(
      source: options.source, settings: options.settings, runtime: runtime, operations: operations, log: log,
      hangups: hangups, terminalIsGone: stop.pull)
    let events = EventHub(runtime: runtime, status: status)
    operations.observe(events)
    let api = APIServer(
      runtime: runtime, status: status, events: events, keyedOrders: KeyedOrders(runtime: runtime),
      requestStop: stop.pull)
    let node = NodeService(
      runtime: runtime, transport: transport, port: listening.port, known: known, events: events)
    let announcements = Announcements()
    let group = ServiceGroup(
      configuration: .init(
        // They stop in the reverse order: the node first, which answers whoever still waits, then the API.
        services: [
          .init(
            service: api.application(socketPath: socketPath, logger: quietLogger) {
              announcements.first { announce(runtime, genesis: genesis, listening: listening) }
            },
            successTerminationBehavior: .gracefullyShutdownGroup)
        ] + httpServices(of: api, stop, announcements)
          + [
            .init(service: node, successTerminationBehavior: .gracefullyShutdownGroup),
            .init(service: reloader, successTerminationBehavior: .ignore),
            .init(service: operations, successTerminationBehavior: .ignore),
          ],
        gracefulShutdownSignals: [.sigterm, .sigint], logger: quietLogger))
    stop.arm { await group.triggerGracefulShutdown() }
    if options.stopWithStdin { watchStandardInput(stop) }
    defer {
      unlink(socketPath)
      unlink(options.directory.accessFile)
    }
    try await group.run()
  }

  /// Says that the node runs, and what it is.
  private func announce(_ runtime: NodeRuntime, genesis: Genesis, listening: HostPort) {
    guard log.format == .human else {
      return log.write(
        .notice, "running",
        [
          "node": "\(runtime.own)", "network": "\(genesis.name)", "network_id": "\(genesis.networkID)",
          "listening": "\(listening)", "data": "\(options.directory.path)", "version": "\(Version.current)",
        ])
    }
    Terminal.write(
      """
      node       \(runtime.own)
      network    \(TerminalText.clean(genesis.name)) (\(genesis.networkID.short()))
      listening  \(listening)
      data       \(options.directory.path)
      Running. Trade on it with: p2pnode console --data \(options.directory.path)
      """, to: .output)
  }

  /// The API over TCP, when it is wanted.
  private func httpServices(
    of api: APIServer, _ stop: StopTrigger, _ announcements: Announcements
  ) -> [ServiceGroupConfiguration.ServiceConfiguration] {
    guard let address = options.http else { return [] }
    let access = HTTPAccess(names: options.httpNames)
    let (directory, path) = (options.directory.path, options.directory.accessFile)
    let server = api.application(at: address, access: access, logger: quietLogger) { [logger, log] bound in
      let link = "http://\(bound.reachable)"
      do {
        try AccessFile(address: link, token: access.token).write(to: path)
      } catch {
        logger.error("no dashboard", metadata: ["why": "\(error)"])
        return stop.pull()
      }
      announcements.further {
        guard log.format == .human else {
          return log.write(.notice, "the API is served over TCP", ["address": "\(link)"])
        }
        Terminal.write("dashboard  \(link)/, opened by: p2pnode dashboard --data \(directory)", to: .output)
      }
    }
    return [
      .init(
        service: HTTPService(address: address, server: server),
        successTerminationBehavior: .gracefullyShutdownGroup)
    ]
  }

  private func configuration(genesis: Genesis, identity: Identity) -> NodeConfiguration {
    let bootstrap =
      options.peers.isEmpty
      ? genesis.bootstrap.compactMap { PeerAddress($0) }
      : options.peers.compactMap { PeerAddress($0.description) }
    return NodeConfiguration(
      genesis: genesis, identity: identity, agent: "p2pnode \(Version.current)", listenPort: 0,
      advertisedHost: options.advertise, bootstrap: bootstrap,
      seed: Sodium.randomBytes(count: 8).reduce(0) { $0 << 8 | UInt64($1) }, keepsHistory: options.keepHistory)
  }

  private func listen(on transport: Transport, genesis: Genesis) async throws -> Endpoint {
    if let listen = options.listen { return try await transport.listen(host: listen.host, port: listen.port) }
    // The first node of a market on one machine becomes the one that the others find.
    let bootstrap = genesis.bootstrap.compactMap { HostPort($0) }.first
    if let bootstrap, bootstrap.isLoopback,
      let endpoint = try? await transport.listen(host: bootstrap.host, port: bootstrap.port)
    {
      return endpoint
    }
    return try await transport.listen(host: "127.0.0.1", port: 0)
  }

  /// A socket that is left of a killed process is in the way; the directory's lock says that none uses it.
  private func prepareSocket(_ path: String) throws {
    guard unlink(path) == 0 || errno == ENOENT else {
      throw NodeStartError.socket(path: path, why: String(cString: strerror(errno)))
    }
  }

  /// The libraries' own lines about starting and stopping say nothing that the node does not.
  private var quietLogger: Logger {
    var logger = logger
    logger.logLevel = .warning
    return logger
  }

  private func watchStandardInput(_ stop: StopTrigger) {
    let thread = Thread {
      var byte: UInt8 = 0
      while true {
        let count = Foundation.read(STDIN_FILENO, &byte, 1)
        if count == 0 || (count < 0 && errno != EINTR) { break }
      }
      stop.pull()
    }
    thread.start()
  }
}

/// Stops the node from wherever it is told to; before the node can stop, it remembers.
private final class StopTrigger: Sendable {
  private struct State {
    var isPulled = false
    var action: (@Sendable () async -> Void)?
  }

  private let state = Mutex(State())

  func arm(_ action: @escaping @Sendable () async -> Void) {
    let isPulled = state.withLock { state in
      state.action = action
      return state.isPulled
    }
    if isPulled { Task { await action() } }
  }

  @Sendable func pull() {
    let action = state.withLock { state in
      state.isPulled = true
      return state.action
    }
    if let action { Task { await action() } }
  }
}

/// The node's part of the service group.
private struct NodeService: Service {
  /// How long a stopping node may take to finish what it has decided.
  static let stopSeconds = 5

  let runtime: NodeRuntime
  let transport: Transport
  let port: Int
  let known: [PeerAddress]
  let events: EventHub

  func run() async throws {
    await runtime.begin(transport: transport, listenPort: UInt16(clamping: port), known: known)
    try? await gracefulShutdown()
    await runtime.stop(seconds: Self.stopSeconds)
    // The API stops when the last request is answered, and these have no end of their own.
    events.close()
  }
}
