import Market
import NodeCrypto
import Wire

/// What a new key takes over: the bytes that the new key signs, and what they say. It names the one place in the old
/// key's feed at which it counts, so that the signature is of use nowhere else.
public struct Handover: Hashable, Sendable {
  /// The old key.
  public var author: NodeID
  /// The sequence of the entry that carries it, the last of the old key's feed.
  public var sequence: UInt64
  /// The `previous` of the entry that carries it.
  public var previous: EntryID

  /// A handover that stands at a place of the old key's feed.
  public init(author: NodeID, sequence: UInt64, previous: EntryID) {
    self.author = author
    self.sequence = sequence
    self.previous = previous
  }

  /// The canonical encoding, which is what the new key signs.
  public func encoded() -> [UInt8] {
    var out = WireHandover()
    out.author = .init(author.bytes)
    out.sequence = sequence
    out.previous = .init(previous.bytes)
    return out.encoded()
  }

  /// This handover with the new key's signature.
  public func signed(by successor: Identity, network: NetworkID) -> SignedHandover {
    SignedHandover(
      handover: self, successor: successor.nodeID,
      signature: successor.sign(encoded(), domain: .handover, network: network))
  }
}

/// A handover with the new key and its signature.
public struct SignedHandover: Hashable, Sendable {
  /// What it says.
  public let handover: Handover
  /// The new key.
  public let successor: NodeID
  /// The new key's signature.
  public let signature: Signature

  /// A handover that `successor` is said to have signed.
  public init(handover: Handover, successor: NodeID, signature: Signature) {
    self.handover = handover
    self.successor = successor
    self.signature = signature
  }

  /// Whether the new key's signature is good.
  public func isValid(network: NetworkID) -> Bool {
    guard let key = try? VerifyingKey(successor) else { return false }
    return key.isValid(signature, over: handover.encoded(), domain: .handover, network: network)
  }
}
