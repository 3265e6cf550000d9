import Market
import NodeCrypto
import Testing

@testable import Gossip

@Suite("overlay")
struct OverlayTests {
  /// A network whose nodes start at once and know the first one only.
  private func network(_ count: Int, seed: UInt64 = 1, settling span: Int64) -> MembershipNetwork {
    let network = MembershipNetwork(seed: seed)
    for _ in 0..<count { network.add() }
    network.run(for: span)
    return network
  }

  /// Random nodes, at least the first spared.
  private func some(_ share: Int, of network: MembershipNetwork) -> [Int] {
    var generator = SplitMix64(seed: 3)
    return Array(network.alive.dropFirst().shuffled(using: &generator).prefix(network.members.count * share / 100))
  }

  @Test("a network of up to nine nodes is a full mesh", arguments: 2...9)
  func fullMesh(count: Int) {
    let network = network(count, settling: 30_000)
    for index in 0..<count { #expect(network.links(of: index).count == count - 1) }
    let opened = network.opened
    network.run(for: 120_000)
    #expect(network.opened == opened, "and nothing changes in it")
  }

  @Test("a thousand nodes that start at once are soon one overlay, which outlives the silent death of a fifth of them")
  func thousand() {
    let network = network(1000, settling: 30_000)
    let views = network.parameters.views
    let shape = network.shape(sources: 5)
    #expect(shape.components == 1)
    let most = views.inboundLimit + views.randomTarget + views.nearTarget
    #expect(shape.degrees.allSatisfy { (5...most).contains($0) }, "\(shape)")
    #expect((8.0...11.5).contains(OverlayShape.mean(shape.degrees)), "\(shape)")
    #expect(shape.nearRoundTrip < 0.7 * shape.randomRoundTrip, "\(shape)")
    network.killSilently(some(20, of: network))
    network.run(for: 7900)
    #expect(network.componentCount == 1, "before anybody has noticed")
    network.run(for: 2100)
    let healed = network.shape(sources: 5)
    #expect(healed.components == 1)
    #expect(OverlayShape.mean(healed.degrees) > 8, "\(healed)")
    #expect(healed.flood99 * 10 <= shape.flood99 * 13, "\(healed), before: \(shape)")
  }

  @Test("once a network has settled, hardly any connection is opened in it")
  func calm() {
    let network = network(60, settling: 240_000)
    let (opened, failed) = (network.opened, network.failed)
    network.run(for: 120_000)
    #expect(network.opened - opened <= 60 * 2 * 2, "two a node and minute")
    #expect(network.failed == failed)
  }

  @Test("near links become nearer as long as nearer nodes are found, and no two nodes exchange links in circles")
  func converging() {
    let network = network(40, settling: 120_000)
    var made = 0
    network.onLink = { _, _, _ in made += 1 }
    network.run(for: 300_000)
    // A rotation makes one link, seen from two ends.
    #expect(made <= 40 * 2 * 5, "\(made) links in five minutes")
  }

  @Test("parts that lost sight of each other for long grow together again within seconds")
  func partition() throws {
    let network = network(40, settling: 30_000)
    network.partition { $0 % 2 }
    network.run(for: 1_800_000)
    #expect(network.componentCount == 2)
    network.partition { _ in 0 }
    let span = try #require(network.run(atMost: 180_000) { network.componentCount == 1 })
    #expect(span <= 90_000, "\(span) ms, three periods of anti-entropy")
  }

  @Test("nodes that cannot be dialled take part over the connections they open, and are not handed on as dialable")
  func undialable() {
    let network = MembershipNetwork(seed: 4)
    // Of ten one says so, and two think that they could be dialled and are wrong.
    for index in 0..<100 {
      network.add(isDialable: index == 0 || index % 10 < 7, claims: index == 0 || index % 10 < 9)
    }
    network.run(for: 90_000)
    #expect(network.componentCount == 1)
    let hidden = network.members.indices.filter { !network.members[$0].isDialable }
    for index in hidden { #expect(network.links(of: index).count >= 6) }
    let addresses = Set(hidden.map { network.members[$0].address })
    for member in network.members {
      var membership = member.membership
      for _ in 0..<20 {
        let given = membership.giveAway(32, to: node(0), isNewcomer: false, now: network.now)
        #expect(given.allSatisfy { !addresses.contains($0.address) })
      }
      for address in addresses { #expect(member.membership.book[address]?.standing != .tried) }
    }
  }

  @Test("poisoned lists neither fill the books nor keep the overlay from healing")
  func poisoned() {
    let network = network(80, settling: 20_000)
    let hostile = Set(some(10, of: network))
    var round = 0
    for _ in 0..<60 {
      for liar in hostile.sorted() {
        for victim in network.links(of: liar).map(\.node).sorted() where !hostile.contains(victim) {
          let list = (0..<32).map { number in
            NodeAddress(
              node: node(UInt64(900_000 + number)),
              address: PeerAddress(host: "\(150 + round % 50).\(liar % 250).\(round / 50 % 250).\(number)", port: 1))
          }
          round += 1
          let name = network.id(liar)
          network.change(victim) { membership, now, actions in
            membership.received(
              .shuffleRequest(id: UInt64(round), steps: 1, addresses: list), from: name, now: now, into: &actions)
          }
        }
      }
      network.run(for: 1000)
    }
    network.killSilently(some(20, of: network).filter { !hostile.contains($0) })
    network.run(for: 20_000)
    let shape = network.shape(sources: 5)
    #expect(shape.components == 1)
    #expect(OverlayShape.mean(shape.degrees) > 8, "\(shape)")
  }

  @Test("many identities in one network group do not get a node's outbound links, not even after its restart")
  func eclipse() {
    let network = network(60, settling: 30_000)
    let victim = 40
    for number in 0..<120 {
      let address = PeerAddress(host: "198.51.\(number / 200).\(number % 200)", port: 47_100)
      network.add(bootstrap: [victim], address: address)
    }
    network.run(for: 60_000)
    func check(_ index: Int) {
      let outbound = network.members[index].membership.neighbours.filter {
        $0.direction == .outbound && $0.link == .random
      }
      let honest = outbound.filter { network.index(of: $0.node).map { $0 < 60 } ?? false }
      #expect(honest.count >= 2, "\(honest.count) of \(outbound.count)")
    }
    check(victim)
    // The node comes back under another name, with the addresses that it kept.
    let kept = network.members[victim].membership.keptAddresses
    network.killSilently([victim])
    let restarted = network.add(bootstrap: [])
    network.change(restarted) { membership, now, actions in
      for item in kept { membership.learn(item.address, isBootstrap: false, now: now) }
      membership.plan(now: now, into: &actions)
    }
    network.run(for: 60_000)
    check(restarted)
  }
}
