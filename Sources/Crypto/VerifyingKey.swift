import Synchronization

/// A node id that is proven to be an acceptable Ed25519 public key, with which signatures can be verified.
///
/// Accepted are canonical encodings of points of prime order: no point of small order, for which one signature fits
/// many messages, and none of mixed order, on which implementations disagree. The check costs more than a verification
/// and is done once, here; `VerifyingKeyCache` keeps its result.
///
/// `isValid` then accepts a signature exactly if 0 ≤ S < L, R is the canonical encoding of a point that is not of
/// small order, and R equals [S]B - [h]A without cofactor. Since A has prime order, no R of mixed order satisfies that.
public struct VerifyingKey: Hashable, Sendable {
  /// The key's bytes.
  public let nodeID: NodeID

  /// The key that `nodeID` encodes.
  ///
  /// - Throws: `CryptoError.invalidPublicKey` when it is not the canonical encoding of a point of prime order.
  public init(_ nodeID: NodeID) throws(CryptoError) {
    guard Ed25519.isStrictKey(nodeID) else { throw .invalidPublicKey(nodeID) }
    self.nodeID = nodeID
  }

  /// For ids that were checked before.
  fileprivate init(checked nodeID: NodeID) {
    self.nodeID = nodeID
  }

  /// Whether `signature` is this key's strict signature of `message` for that purpose on that network.
  ///
  /// Copies the message once, to the stack when it is short, because Ed25519 reads its input as one piece.
  @inlinable
  public func isValid(
    _ signature: Signature, over message: some ByteSource, domain: SigningDomain, network: NetworkID
  ) -> Bool {
    message.withBytes { isValidMemory(signature, over: $0, domain: domain, network: network) }
  }

  @usableFromInline
  func isValidMemory(
    _ signature: Signature, over message: UnsafeRawBufferPointer, domain: SigningDomain, network: NetworkID
  ) -> Bool {
    domain.withSignedBytes(message, network: network) { Ed25519.isValid(signature, over: $0, key: nodeID) }
  }
}

/// The node ids that passed the check of `VerifyingKey`, so that each is checked once. Safe on any number of threads.
///
/// Two generations of at most half the capacity each: a full young generation becomes the old one and the previous old
/// one is forgotten, so an id in use stays and both lookup and insertion are O(1). Ids that fail are not kept: a
/// stranger cannot fill the cache with them.
public final class VerifyingKeyCache: Sendable {
  private struct Generations {
    var young: Set<NodeID> = []
    var old: Set<NodeID> = []
  }

  private let generationCapacity: Int
  private let generations = Mutex(Generations())

  /// A cache of at most `capacity` ids, 2 or more.
  public init(capacity: Int = 65_536) {
    precondition(capacity >= 2, "a cache for \(capacity) keys; allowed are 2 or more")
    generationCapacity = capacity / 2
  }

  /// The key that `nodeID` encodes.
  ///
  /// - Throws: `CryptoError.invalidPublicKey` when it is not the canonical encoding of a point of prime order.
  public func key(for nodeID: NodeID) throws(CryptoError) -> VerifyingKey {
    if recall(nodeID) { return VerifyingKey(checked: nodeID) }
    let key = try VerifyingKey(nodeID)
    generations.withLock { insert(nodeID, into: &$0) }
    return key
  }

  /// How many ids the cache holds: at most its capacity.
  public var count: Int {
    generations.withLock { $0.young.union($0.old).count }
  }

  /// Whether `nodeID` passed the check before and is remembered; if so it moves to the young generation.
  func recall(_ nodeID: NodeID) -> Bool {
    generations.withLock { generations in
      if generations.young.contains(nodeID) { return true }
      guard generations.old.contains(nodeID) else { return false }
      insert(nodeID, into: &generations)
      return true
    }
  }

  private func insert(_ nodeID: NodeID, into generations: inout Generations) {
    if generations.young.count >= generationCapacity {
      generations.old = generations.young
      generations.young = []
    }
    generations.young.insert(nodeID)
  }
}
