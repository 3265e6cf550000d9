import ArgumentParser
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

@Suite("the command torture")
struct TortureCommandTests {
  @Test("values that are not allowed are named, with what is")
  func refused() {
    for (words, error) in [
      (["--cycles", "0"], "--cycles is 0; allowed: 1 or more"),
      (["--parallel", "65"], "--parallel is 65; allowed: 1 to 64"),
      (["--only", "kill", "--batch", "0"], "--batch is 0; allowed: 1 or more"),
      (["--batch", "3"], "--batch runs one kind again; allowed: with one --only"),
    ] {
      let thrown = #expect(throws: (any Error).self) { try TortureCommand.parse(words) }
      #expect(thrown.map { TortureCommand.message(for: $0) } == error)
    }
  }

  @Test("the command that a failed market prints is one that the command takes")
  func again() throws {
    let plan = Batch.Plan(kind: .readOnly, cycles: 6, first: 12, seed: 9)
    #expect(plan.command == "make torture ARGS=\"--only read-only --batch 6 --first 12 --seed 9\"")
    let command = try TortureCommand.parse(["--only", "read-only", "--batch", "6", "--first", "12", "--seed", "9"])
    #expect(command.kinds == [.readOnly] && command.batch == 6 && command.first == 12 && command.seed == 9)
  }
}
