import NodeCrypto

/// Trades that wait for something, each once, first come first. Every operation is O(1) amortised.
struct TradeQueue: Sendable {
  private var order: [TradeID] = []
  private var next = 0
  private var members: Set<TradeID> = []

  var isEmpty: Bool { members.isEmpty }
  var count: Int { members.count }
  /// Those that wait, first come first. O(n).
  var waiting: [TradeID] { order[next...].filter { members.contains($0) } }

  /// Puts a trade at the end; one that waits already keeps its place.
  mutating func append(_ id: TradeID) {
    if members.insert(id).inserted { order.append(id) }
  }

  mutating func remove(_ id: TradeID) { members.remove(id) }

  mutating func popFirst() -> TradeID? {
    while next < order.count {
      let id = order[next]
      next += 1
      if next > 64, next * 2 > order.count {
        order.removeFirst(next)
        next = 0
      }
      if members.remove(id) != nil { return id }
    }
    return nil
  }
}
