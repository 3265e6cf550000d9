import Gossip
import Market
import NodeCore
import NodeCrypto
import Settlement
import Testing

@testable import Simulator

@Suite("buyers that close purchases as no honest one does, and makers that answer nothing")
struct CrookedBuyerTests {
  /// A run without any trouble but the given hostile nodes, from the plan of a seed, and what came of it.
  private func run(_ hostile: [Behaviour], seed: UInt64) -> (run: SimulationRun, result: RunResult) {
    var plan = Plan(.calm, seed: seed)
    plan.hostile = hostile
    plan.hostilePersist = true
    let run = SimulationRun(plan)
    let result = run.run()
    // What was under way when the run was judged comes to its end.
    run.network.run(for: 20_000)
    return (run, result)
  }

  private func buyers(_ run: SimulationRun) -> [CrookedBuyer] { run.network.nodes.compactMap { $0.misconduct?.buyer } }

  /// Legs of crooked purchases at their honest makers.
  private func legs(_ run: SimulationRun) -> [Trade] {
    run.network.nodes.filter(\.isHonest).flatMap { node in
      node.core?.ledger.sorted.filter { leg in
        leg.terms.leg != nil && leg.isAccepted && node.nodeID == leg.terms.maker
          && !run.network.nodes.contains { $0.nodeID == leg.terms.taker }
      } ?? []
    }
  }

  @Test("makers hold for buyers that say nothing, and have sold or freed everything once the last moment has passed")
  func lapser() {
    var (held, freed) = (0, 0)
    for seed in UInt64(1)...4 {
      let (run, result) = run([.lapser], seed: seed)
      #expect(result.violations.isEmpty, "seed \(seed): \(result.violations)")
      let legs = legs(run)
      held += legs.count
      freed += legs.count { $0.freedBy != nil }
      #expect(legs.allSatisfy { $0.state == .released && $0.freedBy != nil })
      #expect(run.network.nodes.allSatisfy { $0.core?.fraudProofs.isEmpty ?? true })
    }
    #expect(held > 6 && freed == held, "\(held) held, \(freed) freed")
  }

  @Test("a confirm of some legs is nothing: no leg is settled, and all that was held is free again")
  func partialCloser() {
    var held = 0
    for seed in UInt64(1)...4 {
      let (run, result) = run([.partialCloser], seed: seed)
      #expect(result.violations.isEmpty, "seed \(seed): \(result.violations)")
      let legs = legs(run)
      #expect(legs.allSatisfy { $0.state != .settled })
      held += buyers(run).reduce(0) { $0 + $1.accepted }
    }
    #expect(held > 2)
  }

  @Test(
    "a buyer that signs two closings, or two purchases, at one place is proven a fraud on every node",
    arguments: [Behaviour.doubleCloser, .doubleProposer])
  func doubles(behaviour: Behaviour) {
    var proven = 0
    for seed in UInt64(1)...4 {
      let (run, result) = run([behaviour], seed: seed)
      #expect(result.violations.isEmpty, "seed \(seed): \(result.violations)")
      let nodes = run.network.nodes.filter(\.isHonest)
      for fork in buyers(run).flatMap(\.forks) {
        let proofs = nodes.compactMap { node in node.core?.fraudProofs.first { $0.author == fork.author } }
        proven += 1
        #expect(proofs.count == nodes.count, "seed \(seed)")
        for proof in proofs {
          // Who holds the one closing and sees a maker settle with the other can prove that too.
          #expect(proof.kind == .fork || proof.kind == .phantomConfirm, "seed \(seed)")
          #expect(proof.sequence == fork.sequence, "seed \(seed)")
        }
      }
    }
    #expect(proven > 2)
  }

  @Test(
    "among makers of cheap offers that answer nothing, honest nodes still trade most of what they trade without them")
  func silentMaker() {
    var (without, with) = (0, 0)
    for seed in UInt64(1)...6 {
      without += run([], seed: seed).result.settled
      let (run, result) = run([.silentMaker, .silentMaker], seed: seed)
      #expect(result.violations.isEmpty, "seed \(seed): \(result.violations)")
      with += result.settled
      #expect(run.network.nodes.allSatisfy { $0.core?.fraudProofs.isEmpty ?? true })
    }
    #expect(without > 20 && 100 * with >= 60 * without, "\(with) trades, \(without) without silent makers")
  }
}
