import Testing

/// Two connected nodes that trade, for tests that leave them as they were.
struct SharedMarket: Sendable {
  let market: TestMarket
  let first: TestNode
  let second: TestNode

  /// The nodes that the tests of the suite share.
  @TaskLocal static var current: SharedMarket?

  init(on market: TestMarket) async throws {
    self.market = market
    first = try market.node("first")
    second = try market.node("second")
    // The log tells why a connection has ended.
    try await first.start(options: ["--log-level", "debug"])
    try await second.start(peers: [try await first.address()])
    try await agreement(of: [first, second])
  }
}

/// Starts the nodes before the tests of a suite, and stops them behind them.
struct SharedMarketTrait: SuiteTrait, TestScoping {
  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await TestMarket.with { market in
      let shared = try await SharedMarket(on: market)
      try await SharedMarket.$current.withValue(shared) { try await function() }
    }
  }
}

extension Trait where Self == SharedMarketTrait {
  /// The suite's tests find a ``SharedMarket/current`` market.
  static var sharedMarket: Self { Self() }
}
