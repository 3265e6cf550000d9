/// What `GET /v1/events` says of a class's book.
public struct BookEventDocument: Codable, Hashable, Sendable {
  /// The class.
  public var gpuClass: String
  /// An order that came onto the ladder or changed there; nil when one left it.
  public var order: OrderDocument?
  /// The id of the order that left the ladder.
  public var gone: String?

  /// An order that came or changed.
  public init(gpuClass: String, order: OrderDocument) {
    self.gpuClass = gpuClass
    self.order = order
  }

  /// An order that left.
  public init(gpuClass: String, gone: String) {
    self.gpuClass = gpuClass
    self.gone = gone
  }
}

/// What `GET /v1/events` says when the set of peers or their agreement has changed.
public struct PeersEventDocument: Codable, Hashable, Sendable {
  /// The connected peers.
  public var peers: Int

  /// So many peers.
  public init(peers: Int) {
    self.peers = peers
  }
}
