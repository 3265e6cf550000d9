import Testing

@testable import Explorer

@Suite("everything that may happen in small markets")
struct ExplorerTests {
  /// The first states of each market; `make explore` goes through more of them, optimized.
  private static let maximumStates = 1000

  @Test("no rule is broken in the first states, and each end is a good one", arguments: Scenario.quick.map(\.name))
  func quick(name: String) throws {
    let scenario = try #require(Scenario.quick.first { $0.name == name })
    var exploration = Exploration(scenario, maximumStates: Self.maximumStates)
    let outcome = exploration.run()
    print("\(name): \(outcome.states) states, \(outcome.steps) steps, depth \(outcome.depth), \(outcome.ends) ends")
    #expect(outcome.failure == nil)
    #expect(outcome.states == Self.maximumStates || !outcome.isCut)
  }
}
