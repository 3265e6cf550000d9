import Testing

@testable import Torture

@Suite("the plan of a torture")
struct PlanTests {
  @Test("the kinds' cycles are in proportion, and dealt to markets without a remainder lost")
  func proportion() {
    let plans = TorturePlan.batches(kinds: TortureKind.allCases, kills: 1000, seed: 7)
    func cycles(_ kind: TortureKind) -> Int { plans.filter { $0.kind == kind }.map(\.cycles).reduce(0, +) }
    #expect(TortureKind.allCases.map(cycles) == [1000, 200, 100, 100, 20, 20, 20, 20, 50, 20])
    #expect(plans.allSatisfy { $0.cycles > 0 && $0.cycles <= TorturePlan.batchCycles($0.kind) })
    #expect(Set(plans.map(\.seed)).count == plans.count)
    #expect(
      plans.filter { $0.kind == .eio }.map(\.first) == [0, 25, 50, 75], "every sync from the first to the hundredth")
  }

  @Test("a short run has each kind once at least")
  func short() {
    let plans = TorturePlan.batches(kinds: TortureKind.allCases, kills: 1, seed: .max)
    #expect(plans.map(\.kind) == TortureKind.allCases)
    #expect(plans.map(\.cycles) == TortureKind.allCases.map { _ in 1 })
  }
}
