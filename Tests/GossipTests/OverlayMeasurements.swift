import Foundation
import Market
import NodeCrypto
import Testing

@testable import Gossip

let measuredSize = ProcessInfo.processInfo.environment["MEASURE"].flatMap { Int($0) }

@Suite("measurements")
struct OverlayMeasurements {
  @Test(.enabled(if: measuredSize != nil))
  func measure() {
    let n = measuredSize ?? 0
    let variants: [(Int, Int)] =
      ProcessInfo.processInfo.environment["VARIANTS"] != nil
      ? [(2, 6), (1, 5), (1, 4), (0, 5)]
      : [(GossipParameters.standard.views.randomSurplus, GossipParameters.standard.views.nearLimit)]
    for (surplus, limit) in variants {
      var parameters = GossipParameters.standard
      parameters.views.randomSurplus = surplus
      parameters.views.nearLimit = limit
      let network = MembershipNetwork(seed: 1, parameters: parameters)
      for _ in 0..<n { network.add() }
      var connected: Int64?
      for step in 0..<40 {
        let before = (network.opened, network.failed, network.messages)
        let span: Int64 = step < 20 ? 500 : step < 30 ? 5000 : 60_000
        network.run(for: span)
        if connected == nil, network.componentCount == 1 {
          connected = network.now.milliseconds - 1_000_000; print("connected after", connected!)
        }
        guard step == 4 || step == 9 || step >= 19 else { continue }
        let per = Double(network.opened - before.0) / Double(n) * 60_000 / Double(span)
        let f = Double(network.failed - before.1) / Double(n) * 60_000 / Double(span)
        let m = Double(network.messages - before.2) / Double(n) * 1000 / Double(span)
        print(
          "t", network.now.milliseconds / 1000 - 1000, surplus, limit, network.shape(sources: 20), "opened/min", per,
          "failed/min", f, "msg/s", m)
      }
    }
  }
}
