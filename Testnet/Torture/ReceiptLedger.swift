import NodeAPI
import Synchronization

/// Every receipt that was seen at a node of a market, whatever becomes of the node.
final class ReceiptLedger: Sendable {
  /// A trade between two nodes.
  struct Trade: Hashable, Sendable {
    /// Its id.
    let id: String
    /// The provider's node id.
    let provider: String
    /// The buyer's node id.
    let buyer: String
    /// The purchase that it is part of; nil when it is none's.
    let purchase: String?

    /// The trade of a receipt.
    init(_ receipt: ReceiptDocument) {
      id = receipt.decoded.trade
      provider = receipt.decoded.provider
      buyer = receipt.decoded.buyer
      purchase = receipt.decoded.purchase
    }

    /// Whether the node is one of the two.
    func concerns(_ node: String) -> Bool { provider == node || buyer == node }
  }

  private let seen = Mutex<Set<Trade>>([])

  /// All trades whose receipt was seen at either side.
  var trades: Set<Trade> { seen.withLock { $0 } }

  /// Those of one node.
  func trades(of node: String) -> Set<Trade> { trades.filter { $0.concerns(node) } }

  /// Looks at the receipts that `member` has now, if it answers.
  func look(at member: Member) async {
    guard let receipts = try? await member.client.receipts(.mine) else { return }
    seen.withLock { $0.formUnion(receipts.map(Trade.init)) }
  }

  /// The trades of `member` of which it does not say that it has the receipt.
  func missing(at member: Member) async throws -> Set<Trade> {
    let held = Set(try await member.client.receipts(.mine).map(Trade.init))
    return trades(of: member.node.hex).subtracting(held)
  }
}
