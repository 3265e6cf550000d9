/// What a client may be told of as it happens.
public enum EventTopic: String, CaseIterable, Sendable {
  /// Orders that come, change and leave the book.
  case book
  /// Trades that are new or change their state, of all nodes.
  case trades
  /// This node's orders.
  case orders
  /// The connected peers and their agreement.
  case peers
  /// The node at a glance.
  case status
}
