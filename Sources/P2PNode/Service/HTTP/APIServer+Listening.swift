import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NodeAPI
import ServiceLifecycle

/// Where the API is served, and within which bounds.
extension APIServer {
  /// Connections that are open at a time on each listener; more wait.
  static let maximumConnections = 256
  /// Bytes of one header, of all of them, and how many there are, at most.
  private static let headerLimits = HTTP1Channel.Configuration.DecoderConfiguration(
    maxHeaderFieldSize: 8 << 10, maxHeaderListSize: 16 << 10, maxHeaderFieldCount: 100)

  /// The API on the Unix socket at `path`.
  ///
  /// - Parameter isListening: called when it does.
  func application(
    socketPath path: String, logger: Logger, isListening: @escaping @Sendable () -> Void
  ) -> some ApplicationProtocol {
    application(router(access: nil), on: .unixDomainSocket(path: path), logger: logger) { _ in
      // Connecting takes the right to write; nobody has the right to execute a socket.
      chmod(path, 0o600)
      isListening()
    }
  }

  /// The API on TCP.
  ///
  /// - Parameters:
  ///   - address: where to listen; port 0 takes a free one.
  ///   - isListening: called when it does, with the address.
  func application(
    at address: HostPort, access: HTTPAccess, logger: Logger, isListening: @escaping @Sendable (HostPort) -> Void
  ) -> some ApplicationProtocol {
    application(
      router(access: access), on: .hostname(address.host, port: address.port), logger: logger
    ) { channel in
      let bound = HostPort(host: address.host, port: channel.localAddress?.port ?? address.port)
      access.listens(at: bound)
      isListening(bound)
    }
  }

  private func application(
    _ router: Router<BasicRequestContext>, on address: BindAddress, logger: Logger,
    isRunning: @escaping @Sendable (any Channel) -> Void
  ) -> some ApplicationProtocol {
    Application(
      router: router,
      server: .http1(
        configuration: HTTP1Channel.Configuration(
          additionalChannelHandlers: [ConnectionDeadlines()], httpDecoderConfiguration: Self.headerLimits)),
      configuration: ApplicationConfiguration(
        address: address, serverName: "p2pnode",
        availableConnectionsDelegate: MaximumAvailableConnections(Self.maximumConnections)),
      onServerRunning: { isRunning($0) }, logger: logger)
  }
}

/// The API's listener on TCP, as part of the node: that it cannot listen is said in words.
struct HTTPService<Server: Service>: Service {
  let address: HostPort
  let server: Server

  func run() async throws {
    do {
      try await server.run()
    } catch let error as IOError {
      throw NodeStartError.http(address: address.description, why: String(cString: strerror(error.errnoCode)))
    } catch let error as SocketAddressError {
      throw NodeStartError.http(address: address.description, why: "\(error)")
    }
  }
}
