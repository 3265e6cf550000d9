import Foundation
import Market
import NodeCrypto
import Testing

@testable import Gossip

/// Prints what an overlay looks like while it settles: `MEASURE=1000 swift test --filter OverlayMeasurements`, best in a
/// release build.
@Suite("measurements of the overlay")
struct OverlayMeasurements {
  static let size = ProcessInfo.processInfo.environment["MEASURE"].flatMap { Int($0) }

  @Test("a network that starts at once becomes one overlay and stays it", .enabled(if: size != nil))
  func measure() throws {
    let count = try #require(Self.size)
    let network = MembershipNetwork(seed: 1)
    for _ in 0..<count { network.add() }
    let span = try #require(network.run(atMost: 60_000) { network.componentCount == 1 })
    print("connected after \(span) ms")
    for seconds in [5, 10, 15, 30, 60, 60, 60, 60, 60, 60] as [Int64] {
      let (opened, messages) = (network.opened, network.messages)
      network.run(for: seconds * 1000)
      let perMinute = Double(network.opened - opened) / Double(count) * 60 / Double(seconds)
      let perSecond = Double(network.messages - messages) / Double(count) / Double(seconds)
      print("\(network.shape()) opened a minute \(perMinute) messages a second \(perSecond)")
    }
    #expect(network.componentCount == 1)
  }
}
