import Market
import Testing

@testable import Simulator

@Suite("plans")
struct PlanTests {
  @Test("the same seed draws the same plan, and another seed another one")
  func drawing() {
    #expect("\(Plan(.swarm, seed: 5).steps)" == "\(Plan(.swarm, seed: 5).steps)")
    #expect("\(Plan(.swarm, seed: 5).steps)" != "\(Plan(.swarm, seed: 6).steps)")
  }

  @Test("a scenario always has its own trouble", arguments: Scenario.allCases)
  func scenarios(scenario: Scenario) {
    let plans = (1...200).map { Plan(scenario, seed: $0) }
    let kinds = Set(plans.flatMap(\.steps).map(\.action.name))
    switch scenario {
    case .swarm: #expect(kinds.count == 15 && plans.contains { !$0.hostile.isEmpty })
    case .calm: #expect(!plans.contains { !$0.hostile.isEmpty || $0.steps.contains { $0.action.isFault } })
    case .partition: #expect(kinds.isSuperset(of: ["partition", "heal"]))
    case .churn: #expect(kinds.isSuperset(of: ["join", "leave", "crash"]))
    case .storage: #expect(kinds.isSuperset(of: ["crash", "disk failure", "slow disks", "read error", "backup"]))
    case .clocks: #expect(kinds.contains("clock") && plans.allSatisfy { $0.conditions.clockOffset.lowerBound <= 0 })
    case .packets: #expect(kinds.contains("reset") && plans.contains { $0.conditions.lossPerMille > 50 })
    case .hostile: #expect(plans.allSatisfy { !$0.hostile.isEmpty })
    }
  }

  @Test("every behaviour of hostile nodes is drawn")
  func behaviours() {
    let drawn = Set((1...100).flatMap { Plan(.hostile, seed: $0).hostile })
    #expect(drawn.count == Behaviour.allCases.count)
  }

  @Test("a cut leaves out what it names and keeps the rest")
  func cutting() {
    let plan = Plan(.swarm, seed: 9)
    var cut = PlanCut()
    cut.steps = [1, 3]
    cut.nodes = 2
    cut.calm = [.packets]
    let small = cut.applied(to: plan)
    #expect(small.steps.map(\.number) == [1, 3])
    #expect(small.nodes == 2 && small.conditions.lossPerMille == 0)
    #expect(small.conditions.latency == plan.conditions.latency)
  }

  @Test(
    "lists of numbers are read as they are written",
    arguments: [([], "none"), ([4], "4"), ([0, 1, 2, 7], "0-2,7"), ([3, 5], "3,5")])
  func numbers(list: [Int], text: String) {
    #expect(PlanCut.numbers(text) == list)
    #expect((list.isEmpty ? "none" : PlanCut.text(list)) == text)
  }

  @Test("what is no list of numbers is not read", arguments: ["", "a", "3-1", "1,,2", "-4", "1-2-3", "0-99999999999"])
  func noNumbers(text: String) {
    #expect(PlanCut.numbers(text) == nil)
  }
}
