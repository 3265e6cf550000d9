import NIOCore
import NodeCrypto
import Synchronization

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
  private let turns = Mutex<[ObjectIdentifier: NIOLoopBound<HandshakeTurns>]>([:])

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

  /// Whose handshake has its turn on an event loop, the one that this is called on.
  func turns(on eventLoop: any EventLoop) -> HandshakeTurns {
    turns.withLock { turns in
      let key = ObjectIdentifier(eventLoop)
      if let known = turns[key] { return known.value }
      let new = HandshakeTurns(eventLoop: eventLoop)
      turns[key] = NIOLoopBound(new, eventLoop: eventLoop)
      return new
    }
  }

  /// Reports a connection that did not come to be.
  func report(_ failure: HandshakeFailure, at now: NIODeadline) {
    log.record(at: now, failure)
    delegate.handshakeFailed(failure)
  }
}
