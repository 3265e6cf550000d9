import NodeCrypto

/// Trades that wait for something, each once, first come first. Every operation is O(1) amortised.
struct TradeQueue: Sendable {
  /// In the order of their coming; one that was taken out leaves its place behind until the queue is next tidied.
  private var order: [TradeID] = []
  private var next = 0
  /// Where in ``order`` each is that waits. For look-up only.
  private var places: [TradeID: Int] = [:]

  var isEmpty: Bool { places.isEmpty }
  var count: Int { places.count }
  /// Those that wait, first come first. O(n).
  var waiting: [TradeID] { order.indices[next...].filter { places[order[$0]] == $0 }.map { order[$0] } }

  /// Puts a trade at the end; one that waits already keeps its place.
  mutating func append(_ id: TradeID) {
    guard places[id] == nil else { return }
    if order.count >= 2 * places.count + 64 { tidy() }
    places[id] = order.count
    order.append(id)
  }

  mutating func remove(_ id: TradeID) { places[id] = nil }

  mutating func popFirst() -> TradeID? {
    while next < order.count {
      let (id, place) = (order[next], next)
      next += 1
      guard places[id] == place else { continue }
      places[id] = nil
      return id
    }
    return nil
  }

  /// Forgets the places of those that do not wait any more.
  private mutating func tidy() {
    order = waiting
    next = 0
    for (place, id) in order.enumerated() { places[id] = place }
  }
}
