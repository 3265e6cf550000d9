import Gossip
import Market
import NodeCrypto

/// What a node is started with.
public struct NodeConfiguration: Sendable {
  /// The market.
  public var genesis: Genesis
  /// The node's key.
  public var identity: Identity
  /// What the node says of its software.
  public var agent: String
  /// The port on which the node can be dialled; 0 when it cannot be.
  public var listenPort: UInt16
  /// The host under which others reach the node, when it is not the address that they see.
  public var advertisedHost: String?
  /// Whom to dial first.
  public var bootstrap: [PeerAddress]
  /// Where chance comes from: jitter, the choice of peers, nonces.
  public var seed: UInt64
  /// The local constants of the gossip.
  public var gossip: GossipParameters
  /// Whether the whole history of others' feeds is kept, and not only what follows their last but one checkpoint.
  public var keepsHistory: Bool

  /// A configuration with the given parts.
  public init(
    genesis: Genesis, identity: Identity, agent: String, listenPort: UInt16, advertisedHost: String?,
    bootstrap: [PeerAddress], seed: UInt64, gossip: GossipParameters = .standard, keepsHistory: Bool = false
  ) {
    self.genesis = genesis
    self.identity = identity
    self.agent = agent
    self.listenPort = listenPort
    self.advertisedHost = advertisedHost
    self.bootstrap = bootstrap
    self.seed = seed
    self.gossip = gossip
    self.keepsHistory = keepsHistory
  }
}
