import NodeAPI
import Testing

/// Two nodes made and started as the README says, which have made one trade by one-shot commands.
struct FirstTrade: Sendable {
  let market: TestMarket
  let provider: TestNode
  let renter: TestNode
  /// What `init --json` printed for each.
  let created: [CreatedNode]
  /// What `offer --json` printed.
  let offer: OrderDocument
  /// What `bid --json` printed.
  let bid: OrderDocument

  /// The trade that the tests of the suite share.
  @TaskLocal static var shared: FirstTrade?

  /// What `init --json` prints.
  struct CreatedNode: Decodable, Sendable {
    let data: String
    let network: String
    let node: String
  }

  init(on market: TestMarket) async throws {
    self.market = market
    provider = market.uncreatedNode("provider")
    renter = market.uncreatedNode("renter")
    created = [try await Self.create(provider, on: market), try await Self.create(renter, on: market)]
    try await provider.start()
    try await renter.start(peers: [try await provider.address()])
    offer = try await provider.document("offer", "8 h100-sxm-80g at 2.10 for 12h")
    // The bid is to be the later order, the taker's.
    try await agreement(of: [provider, renter])
    bid = try await renter.document("bid", "4", "h100-sxm-80g", "at", "2.40", "for", "3h", "within", "24h")
    try await agreement(of: [provider, renter], trades: 1)
  }

  private static func create(_ node: TestNode, on market: TestMarket) async throws -> CreatedNode {
    let words = ["init", "--network", market.networkFile, "--data", node.directory, "--json"]
    let command = try await NodeBinary.run(words, environment: TestNode.environment)
    guard command.isSuccess else { throw UnexpectedResult(command: words, result: command) }
    return try NodeJSON.decode(from: command.output.utf8)
  }
}

/// Makes the first trade before the tests of a suite, and stops its nodes behind them.
struct FirstTradeTrait: SuiteTrait, TestScoping {
  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await TestMarket.with { market in
      let trade = try await FirstTrade(on: market)
      try await FirstTrade.$shared.withValue(trade) { try await function() }
    }
  }
}

extension Trait where Self == FirstTradeTrait {
  /// The suite's tests find a ``FirstTrade/shared`` trade.
  static var firstTrade: Self { Self() }
}
