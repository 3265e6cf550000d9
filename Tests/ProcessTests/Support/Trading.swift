import NodeAPI
import Testing

extension OrderRequest {
  private static let hour: Int64 = 3_600_000

  /// An offer of H100 for the hours that begin now.
  static func offer(gpus: Int64, priceMicros: Int64, hours: Int64 = 1) -> OrderRequest {
    var request = OrderRequest(side: "offer", gpuClasses: ["h100-sxm-80g"], gpus: gpus, priceMicros: priceMicros)
    request.durationMs = hours * hour
    return request
  }

  /// A bid for H100 during ten minutes of the next hour.
  static func bid(gpus: Int64, priceMicros: Int64) -> OrderRequest {
    var request = OrderRequest(side: "bid", gpuClasses: ["h100-sxm-80g"], gpus: gpus, priceMicros: priceMicros)
    request.durationMs = 600_000
    request.withinMs = hour
    return request
  }
}

/// Waits until nothing is in doubt on any of the nodes and all have made the same book out of the same entries.
///
/// - Parameter trades: how many settled trades there are then at least.
/// - Returns: their statuses at that moment, in the order of the nodes.
@discardableResult
func agreement(of nodes: [TestNode], trades: Int = 0) async throws -> [StatusDocument] {
  let names = nodes.map(\.name).joined(separator: ", ")
  return try await eventually("\(names) agree on \(trades) trades or more", within: .seconds(90)) {
    var statuses: [StatusDocument] = []
    for node in nodes { statuses.append(try await node.client.status()) }
    let isSettled = statuses.allSatisfy { $0.state == "running" && $0.undecided == 0 && $0.trades >= trades }
    let contents = Set(statuses.map { "\($0.bookDigest) \($0.entries) \($0.trades)" })
    return isSettled && contents.count == 1 ? statuses : nil
  }
}

/// Checks what must hold once the nodes agree: each trade's receipt is on both sides, the same, and it is valid.
///
/// - Returns: the settled trades.
@discardableResult
func checkReceipts(of nodes: [TestNode]) async throws -> [TradeDocument] {
  var receipts: [String: [String: ReceiptDocument]] = [:]
  for node in nodes {
    let own = try await node.client.status().node
    for receipt in try await node.client.receipts(.mine) {
      #expect(try receipt.verify().trade.hex == receipt.decoded.trade)
      receipts[own, default: [:]][receipt.decoded.trade] = receipt
    }
  }
  let trades = try await nodes[0].client.trades(.all).filter { $0.state == "settled" }
  for trade in trades {
    let sold = receipts[trade.provider]?[trade.id]
    #expect(sold != nil, "the provider has no receipt of \(trade.id)")
    #expect(sold == receipts[trade.buyer]?[trade.id], "the two sides' receipts of \(trade.id) differ")
  }
  for (node, held) in receipts {
    let named = Set(trades.filter { $0.provider == node || $0.buyer == node }.map(\.id))
    #expect(Set(held.keys) == named, "\(node) has receipts of other trades than its own")
  }
  return trades
}
