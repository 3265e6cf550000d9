import Gossip
import Market
import NodeCore
import NodeCrypto
import Settlement
import Simulator
import Testing

/// A node dies at any instant of a purchase, and all legs are settled or none.
@Suite("crashes in a purchase")
struct PurchaseCrashTests {
  enum Victim: CaseIterable { case firstMaker, secondMaker, taker }

  @Test(
    "a taker or maker that dies at any step of a purchase comes to the same end as everybody: all legs or none",
    arguments: Victim.allCases, [true, false])
  func everyStep(victim: Victim, commitSurvives: Bool) throws {
    let genesis = try TestMarket.genesis()
    var step = 1
    while try dies(victim, atEffect: step, commitSurvives: commitSurvives, genesis) { step += 1 }
    #expect(step > 5, "a purchase takes more effects than \(step - 1)")
  }

  /// One purchase in which `victim` dies before its effect number `step`; false when the purchase needs fewer.
  private func dies(
    _ victim: Victim, atEffect step: Int, commitSurvives: Bool, _ genesis: Genesis
  ) throws -> Bool {
    let network = VirtualNetwork(genesis: genesis, seed: UInt64(step))
    let nodes = network.addNodes(4)
    network.settleIn()
    let offers = try [0, 1].map { node in
      try network.place(genesis.offer(4, at: 2.00, from: 600, until: 720), on: nodes[node])
    }
    network.runUntilQuiet()
    let doomed = nodes[victim == .firstMaker ? 0 : victim == .secondMaker ? 1 : 2]
    var left = step
    doomed.onEffect = { [unowned doomed] _ in
      left -= 1
      if left == 0 { doomed.crash(commitSurvives: commitSurvives) }
    }
    let whole = genesis.bid(8, at: 2.40, for: 120, from: 600, until: 720, minimumGPUs: 1).with(bid: {
      $0.isWhole = true
    })
    let command = nodes[2].command(.place(whole))
    network.run(for: 2000)
    doomed.onEffect = nil
    let hasDied = left <= 0
    let seen = nodes[3].settled.map(\.id)
    if hasDied { doomed.start() }
    network.run(for: 60_000)
    network.runUntilQuiet()
    for problem in network.disagreements { Issue.record("\(victim) at effect \(step): \(problem)") }
    let settled = nodes[3].settled
    #expect(Set(seen).isSubset(of: settled.map(\.id)), "a receipt is lost")
    #expect(nodes.allSatisfy { $0.core?.fraudProofs.isEmpty == true && $0.core?.doubtedAuthors == [] })
    #expect(settled.isEmpty || settled.count == 2, "\(victim) at effect \(step): \(settled.count) legs")
    if case .success? = nodes[2].replies[command] { #expect(settled.count == 2, "\(victim) at effect \(step)") }
    for offer in offers {
      let free = nodes[3].core?.book.state(of: offer)?.calendar?.minimumFree(in: genesis.slots(600, 720))
      #expect(free == (settled.isEmpty ? 4 : 0), "\(victim) at effect \(step): something stays held")
    }
    return hasDied
  }

  @Test("lost, doubled and overtaking packets change nothing but when", arguments: 1...4)
  func packets(seed: Int) throws {
    let genesis = try TestMarket.genesis()
    var conditions = Conditions()
    conditions.lossPerMille = 150
    conditions.duplicationPerMille = 200
    conditions.reorderingPerMille = 300
    let network = VirtualNetwork(genesis: genesis, seed: UInt64(seed), conditions: conditions)
    let nodes = network.addNodes(5)
    network.settleIn()
    for node in 0...2 { try network.place(genesis.offer(3, at: 2.00, from: 600, until: 720), on: nodes[node]) }
    network.runUntilQuiet()
    for node in 3...4 {
      nodes[node].command(
        .place(
          genesis.bid(5, at: 2.40, for: 120, from: 600, until: 720, minimumGPUs: 1).with(bid: { $0.isWhole = true })))
    }
    network.run(for: 40_000)
    network.runUntilQuiet()
    network.checkAgreement()
    let purchases = Dictionary(grouping: nodes[0].settled) { $0.terms.leg?.purchase }
    #expect(purchases.count == 1 && purchases.values.first?.reduce(0) { $0 + $1.terms.gpus } == 5)
  }
}
