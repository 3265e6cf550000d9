/// What a run led to: the JSON that `testnet --exit --json` prints.
struct RunSummary: Codable, Equatable, Sendable {
  /// Nodes.
  var nodes: Int
  /// Offers placed in this run.
  var offers: Int
  /// Bids placed in this run.
  var bids: Int
  /// Distinct settled trades between nodes of the testnet.
  var trades: Int
  /// Distinct receipts that both the provider's and the renter's node hold and that verify.
  var receipts: Int
  /// Distinct receipts that the provider's node holds and that verify.
  var providerReceipts: Int
  /// Distinct receipts that the renter's node holds and that verify.
  var renterReceipts: Int
  /// The digest of each node's book, in the nodes' order.
  var digests: [String]
  /// Real seconds from the launcher's start to this summary.
  var seconds: Double
  /// The seed of the draws.
  var seed: UInt64

  /// A trade and its parties, by node id.
  struct TradeParties: Hashable, Sendable {
    /// The trade's id.
    var trade: String
    /// The provider's node id.
    var provider: String
    /// The renter's node id.
    var renter: String
  }

  /// What one node holds.
  struct Holdings: Sendable {
    /// The node's id.
    var node: String
    /// The digest of its book.
    var digest: String
    /// Settled trades that it knows of.
    var settled: [TradeParties]
    /// Trades of which it holds a receipt that verifies.
    var receipts: [TradeParties]
  }

  /// Counts what the nodes hold. Trades with a node from outside, which may have joined, are not counted: its receipts
  /// cannot be looked at.
  init(holdings: [Holdings], offers: Int, bids: Int, seconds: Double, seed: UInt64) {
    let members = Set(holdings.map(\.node))
    func isInside(_ trade: TradeParties) -> Bool { members.contains(trade.provider) && members.contains(trade.renter) }
    let settled = Set(holdings.flatMap(\.settled).filter(isInside))
    let provided = Set(holdings.flatMap { held in held.receipts.filter { $0.provider == held.node && isInside($0) } })
    let rented = Set(holdings.flatMap { held in held.receipts.filter { $0.renter == held.node && isInside($0) } })
    nodes = holdings.count
    self.offers = offers
    self.bids = bids
    trades = settled.count
    receipts = provided.intersection(rented).count
    providerReceipts = provided.count
    renterReceipts = rented.count
    digests = holdings.map(\.digest)
    self.seconds = seconds
    self.seed = seed
  }

  /// Whether all books are equal and both sides of every trade hold its receipt.
  var isSound: Bool {
    Set(digests).count == 1 && receipts == trades && providerReceipts == trades && renterReceipts == trades
  }

  /// The summary in sentences.
  var text: String {
    let books =
      Set(digests).count == 1
      ? "All books are equal, with the digest \(digests[0])."
      : "The books differ: " + digests.map { String($0.prefix(10)) }.joined(separator: ", ") + "."
    return """
      \(nodes) nodes settled \(trades) trades from \(offers) offers and \(bids) bids within \(seconds) s (seed \(seed)).
      Receipts that verify: \(providerReceipts) at the providers, \(renterReceipts) at the renters, \(receipts) at both.
      \(books)
      """
  }
}
