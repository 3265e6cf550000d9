import Simulator
import Testing

/// Random trading under random trouble. `simulate` runs many more of these.
@Suite("swarms")
struct SwarmTests {
  @Test("whatever goes wrong on the way, all nodes end with one book and the same trades", arguments: 1...30)
  func swarm(seed: UInt64) {
    let result = SimulationRun(Plan(.swarm, seed: seed)).run()
    #expect(result.violations.isEmpty, "simulate --seed \(seed)")
  }
}
