import NodeAPI

/// Whether all quantity of a node's orders is either sold or free, once nothing is undecided.
enum Reservations {
  /// What of a node's own orders is neither, in sentences.
  ///
  /// - Parameter slotMilliseconds: the length of a slot.
  static func find(orders: [OrderDocument], trades: [TradeDocument], slotMilliseconds: Int64) -> [String] {
    var found = trades.filter { $0.state == "proposed" || $0.state == "held" }.map { trade in
      "the trade \(trade.id.prefix(8)) is \(trade.state)"
    }
    let settled = trades.filter { $0.state == "settled" }
    for order in orders {
      let sold = settled.filter { $0.offer == order.id || $0.bid == order.id }
      if order.state == "reserved" { found.append("the \(order.side) \(order.id.prefix(8)) is reserved") }
      guard order.state == "open" else { continue }
      if let calendar = order.calendar {
        let used = slots(calendar.map { ($0.startMs, $0.endMs, $0.usedGpus) }, of: slotMilliseconds)
        let traded = slots(sold.map { ($0.startMs, $0.endMs, $0.gpus) }, of: slotMilliseconds)
        if used != traded {
          found.append("the calendar of the offer \(order.id.prefix(8)) is not what its trades took")
        }
        if used.values.contains(where: { $0 > order.gpus }) {
          found.append("the offer \(order.id.prefix(8)) is oversold")
        }
      } else {
        let left = order.gpus - sold.reduce(0) { $0 + $1.gpus }
        if left != order.gpusLeft {
          found.append("the bid \(order.id.prefix(8)) has \(order.gpusLeft) GPUs left; its trades leave \(left)")
        }
      }
    }
    return found
  }

  private static func slots(_ runs: [(start: Int64, end: Int64, gpus: Int64)], of length: Int64) -> [Int64: Int64] {
    var used: [Int64: Int64] = [:]
    for run in runs {
      for slot in stride(from: run.start, to: run.end, by: Int64.Stride(length)) { used[slot, default: 0] += run.gpus }
    }
    return used
  }
}
