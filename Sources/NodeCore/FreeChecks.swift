import HeapModule
import Market
import NodeCrypto
import OrderBook
import Settlement

/// Legs that their makers freed, of which the takers' feeds have still to show whether rightly.
///
/// Strangers write such frees, also for purchases that nobody ever proposed. So they are looked at only when the taker's
/// feed has grown, forgotten when the lease is over, and kept up to a number for each maker.
struct FreeChecks: Sendable {
  /// The most that is kept for one maker; what it frees beyond that is not checked.
  static let maximumPerMaker = 256

  private var parties: [TradeID: (taker: NodeID, maker: NodeID)] = [:]
  private var byTaker: [NodeID: Set<TradeID>] = [:]
  private var countByMaker: [NodeID: Int] = [:]
  private var ends = Heap<Ending<TradeID>>()
  /// Takers whose feeds have grown since their legs were looked at.
  private var due: Set<NodeID> = []

  var count: Int { parties.count }

  /// The legs, ascending.
  var legs: [TradeID] { parties.keys.sorted() }

  /// Notes a leg that its maker freed.
  mutating func insert(_ leg: TradeID, _ terms: Terms) {
    guard parties[leg] == nil, countByMaker[terms.maker, default: 0] < Self.maximumPerMaker else { return }
    parties[leg] = (terms.taker, terms.maker)
    byTaker[terms.taker, default: []].insert(leg)
    countByMaker[terms.maker, default: 0] += 1
    ends.insert(Ending(until: terms.end, name: leg))
    due.insert(terms.taker)
  }

  mutating func remove(_ leg: TradeID) {
    guard let (taker, maker) = parties.removeValue(forKey: leg) else { return }
    byTaker[taker]?.remove(leg)
    if byTaker[taker]?.isEmpty == true { byTaker[taker] = nil }
    let count = countByMaker[maker, default: 1]
    countByMaker[maker] = count == 1 ? nil : count - 1
  }

  /// Notes that the feed of `taker` has grown.
  mutating func grew(_ taker: NodeID) {
    if byTaker[taker] != nil { due.insert(taker) }
  }

  /// The legs to look at now, ascending; those whose leases are over at `now` are forgotten.
  mutating func takeDue(now: Timestamp) -> [TradeID] {
    while let next = ends.min, next.until <= now {
      remove(next.name)
      ends.removeMin()
    }
    guard !due.isEmpty else { return [] }
    defer { due = [] }
    return due.flatMap { byTaker[$0] ?? [] }.sorted()
  }
}
