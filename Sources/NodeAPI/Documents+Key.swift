/// The node's key and where its feed stands: `GET /v1/key`.
public struct KeyDocument: Codable, Hashable, Sendable {
  /// The node's id, which is its public key.
  public var node: String
  /// The node's state, as in its status.
  public var state: String
  /// The sequence of the next entry of its feed.
  public var sequence: UInt64
  /// The id of the entry before that one.
  public var previous: String
  /// The key that took over; nil while the feed goes on.
  public var successor: String?

  /// A key and where its feed stands.
  public init(node: String, state: String, sequence: UInt64, previous: String, successor: String?) {
    self.node = node
    self.state = state
    self.sequence = sequence
    self.previous = previous
    self.successor = successor
  }
}

/// A new key that is to take over: `POST /v1/key/rotate`.
public struct RotationRequest: Codable, Hashable, Sendable {
  /// The new key.
  public var successor: String
  /// For which sequence of the old key's feed it has signed.
  public var sequence: UInt64
  /// For which entry before that.
  public var previous: String
  /// The new key's signature over the handover.
  public var signature: String

  /// A request that `successor` takes over.
  public init(successor: String, sequence: UInt64, previous: String, signature: String) {
    self.successor = successor
    self.sequence = sequence
    self.previous = previous
    self.signature = signature
  }
}

/// A key that has taken over: the answer to `POST /v1/key/rotate`.
public struct RotationDocument: Codable, Hashable, Sendable {
  /// The old key.
  public var node: String
  /// The new key.
  public var successor: String
  /// The sequence of the old feed's last entry.
  public var sequence: UInt64

  /// A handover that is on disk.
  public init(node: String, successor: String, sequence: UInt64) {
    self.node = node
    self.successor = successor
    self.sequence = sequence
  }
}
