import Market
import NodeCrypto
import Testing

@testable import Gossip

@Suite("eviction")
struct EvictionPolicyTests {
  private func candidate(
    _ number: UInt64, group: UInt16 = 0, roundTrip: Int64? = nil, useful: Int64? = nil, since: Int64 = 0
  ) -> EvictionPolicy.Candidate {
    EvictionPolicy.Candidate(
      node: node(number), group: .ipv4(group), roundTripMilliseconds: roundTrip, lastUseful: useful.map { at($0) },
      since: at(since))
  }

  private func victim(_ candidates: [EvictionPolicy.Candidate]) -> NodeID? {
    EvictionPolicy.victim(
      among: candidates, protecting: GossipParameters.standard.eviction, key: [UInt8](repeating: 3, count: 32))
  }

  @Test("with few candidates nobody is evicted")
  func few() {
    #expect(victim([]) == nil)
    #expect(victim((0..<9).map { candidate($0, since: Int64($0)) }) == nil)
  }

  @Test("the youngest of the largest group goes, whatever the order of the candidates")
  func largestGroup() {
    // Many of one group, all alike but for their age.
    let crowd = (0..<40 as Range<UInt64>).map { candidate($0, group: 1, roundTrip: 100, since: Int64($0)) }
    let others = (100..<106 as Range<UInt64>).map { candidate($0, group: UInt16($0), roundTrip: 100, since: 1000) }
    var generator = SplitMix64(seed: 1)
    for _ in 0..<10 { #expect(victim((crowd + others).shuffled(using: &generator)) == node(39)) }
  }

  @Test("the near, the useful and the old are spared, one after the other")
  func spared() {
    let near = (0..<8 as Range<UInt64>).map { candidate($0, roundTrip: 5, since: 9000) }
    let useful = (10..<14 as Range<UInt64>).map { candidate($0, roundTrip: 500, useful: 8000, since: 9000) }
    let old = (20..<30 as Range<UInt64>).map { candidate($0, roundTrip: 500, since: 10) }
    let young = (40..<50 as Range<UInt64>).map { candidate($0, roundTrip: 500, since: 9000 + Int64($0)) }
    var rest = near + useful + old + young
    for expected in (41...49).reversed() as [UInt64] {
      guard let next = victim(rest) else { break }
      #expect(next == node(expected))
      rest.removeAll { $0.node == next }
    }
    #expect(Set(rest.map(\.node)).isSuperset(of: (near + useful + old).map(\.node)))
  }

  @Test("many identities of one group cannot drive out the links of other groups", arguments: 1...20)
  func crowdingOut(seed: Int) {
    var generator = SplitMix64(seed: UInt64(seed))
    var links = (0..<16 as Range<UInt64>).map { number in
      candidate(
        number, group: UInt16(number), roundTrip: Int64.random(in: 40...200, using: &generator),
        useful: Int64.random(in: 0...1000, using: &generator), since: Int64(number))
    }
    for number in 1000..<1100 as Range<UInt64> {
      links.append(candidate(number, group: 999, roundTrip: 1, useful: 5000, since: Int64(number)))
      if links.count > 24, let next = victim(links) { links.removeAll { $0.node == next } }
    }
    let honest = links.count { $0.group != .ipv4(999) }
    #expect(honest >= 8, "\(honest) of 16 are left")
  }
}
