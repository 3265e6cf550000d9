import NodeAPI

/// Something that happened in the node.
public struct NodeEvent: Equatable, Sendable {
  /// What happened.
  public enum News: Equatable, Sendable {
    /// What came before cannot be resumed: everything is to be asked for anew.
    case reset
    /// A trade is new or changed its state.
    case trade(TradeDocument)
    /// An own order is new or changed.
    case order(OrderDocument)
    /// Something else of this topic.
    case other(EventTopic)
  }

  /// What to resume after.
  public let id: String
  /// What happened.
  public let news: News

  /// An event with the given content.
  public init(id: String, news: News) {
    self.id = id
    self.news = news
  }

  /// What a server-sent event says; nil when it is of a kind that this version does not know, which is no error.
  public init?(_ event: ServerEvent) throws(NodeJSONError) {
    id = event.id
    switch EventTopic(rawValue: event.name) {
    case .trades: news = .trade(try NodeJSON.decode(TradeDocument.self, from: event.data.utf8))
    case .orders: news = .order(try NodeJSON.decode(OrderDocument.self, from: event.data.utf8))
    case let topic?: news = .other(topic)
    case nil:
      guard event.name == "reset" else { return nil }
      news = .reset
    }
  }
}
