import DequeModule
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

/// Others' proposals that wait for an answer: one taker's after another's in turns, each taker's first come first. So
/// however many one taker makes, each other one's first waits for no more than one of them. Every operation is O(1)
/// amortised, but for taking out a taker's only one, which is O(takers).
struct TakerQueue: Sendable {
  private var queues: [NodeID: TradeQueue] = [:]
  /// Those that have a queue, the next one first.
  private var turns = Deque<NodeID>()
  private var takers: [TradeID: NodeID] = [:]

  var isEmpty: Bool { takers.isEmpty }
  var count: Int { takers.count }
  /// Those that wait, taker by taker in the order of the turns. O(n).
  var waiting: [TradeID] { turns.flatMap { queues[$0]?.waiting ?? [] } }

  /// Puts a trade at the end of its taker's; one that waits already keeps its place.
  mutating func append(_ id: TradeID, of taker: NodeID) {
    guard takers.updateValue(taker, forKey: id) == nil else { return }
    if queues[taker] == nil { turns.append(taker) }
    queues[taker, default: TradeQueue()].append(id)
  }

  mutating func remove(_ id: TradeID) {
    guard let taker = takers.removeValue(forKey: id) else { return }
    queues[taker]?.remove(id)
    guard queues[taker]?.isEmpty == true else { return }
    queues[taker] = nil
    turns.removeAll { $0 == taker }
  }

  mutating func popFirst() -> TradeID? {
    guard let taker = turns.popFirst(), let next = queues[taker]?.popFirst() else { return nil }
    if queues[taker]?.isEmpty == false { turns.append(taker) } else { queues[taker] = nil }
    takers[next] = nil
    return next
  }
}
