/// Which fills a person is still to be told of: each own trade once, when it is settled.
public struct FillNotices: Sendable {
  private var known: Set<String> = []

  /// Nothing is to be told of what is settled among `trades`, which came before.
  public init(after trades: [TradeDocument]) {
    for trade in trades { _ = isNews(trade) }
  }

  /// Whether this is the first word of a settled trade of this node.
  public mutating func isNews(_ trade: TradeDocument) -> Bool {
    trade.state == "settled" && trade.role != "observer" && known.insert(trade.id).inserted
  }
}
