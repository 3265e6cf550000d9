import Testing

@testable import Explorer

@Suite("everything that may happen in small markets")
struct ExplorerTests {
  @Test("no rule is broken in any state, and every state comes to an end", arguments: Scenario.quick.map(\.name))
  func quick(name: String) throws {
    let scenario = try #require(Scenario.quick.first { $0.name == name })
    var exploration = Exploration(scenario)
    let outcome = exploration.run()
    print("\(name): \(outcome.states) states, \(outcome.steps) steps, depth \(outcome.depth), \(outcome.ends) ends")
    #expect(outcome.failure == nil)
    #expect(!outcome.isCut)
  }
}
