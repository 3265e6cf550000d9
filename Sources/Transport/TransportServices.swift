import NIOCore
import NodeCrypto

/// What all connections of one transport share.
final class TransportServices: Sendable {
  let identity: Identity
  let network: NetworkID
  /// New with each start of the process; the identity vouches for it in each handshake.
  let noiseKey = NoiseKeyPair.generate()
  let configuration: TransportConfiguration
  let registry: ConnectionRegistry
  let log: PeerEventLog
  let delegate: any TransportDelegate

  init(
    identity: Identity, network: NetworkID, configuration: TransportConfiguration, log: PeerEventLog,
    delegate: any TransportDelegate
  ) {
    self.identity = identity
    self.network = network
    self.configuration = configuration
    registry = ConnectionRegistry(configuration)
    self.log = log
    self.delegate = delegate
  }

  /// Reports a connection that did not come to be.
  func report(_ failure: HandshakeFailure, at now: NIODeadline) {
    log.record(at: now, failure)
    delegate.handshakeFailed(failure)
  }
}
