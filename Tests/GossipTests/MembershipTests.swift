import Market
import NodeCrypto
import Testing

@testable import Gossip

@Suite("membership")
struct MembershipTests {
  var membership = Membership(own: node(1), seed: 7)
  let address = PeerAddress(host: "192.0.2.7", port: 4000)

  private mutating func due(at time: Int64, connected: Set<NodeID> = [], peers: Int = 0) -> [PeerAddress] {
    membership.dialsDue(now: at(time), isConnected: { connected.contains($0) }, peerCount: peers)
  }

  private func next(connected: Set<NodeID> = [], peers: Int = 0) -> Timestamp? {
    membership.nextDial(isConnected: { connected.contains($0) }, peerCount: peers)
  }

  @Test("an address is dialled once at a time, and again after a failure within the bounds of the backoff")
  mutating func backoff() throws {
    membership.learn(address, node: nil, now: at(0), isBootstrap: true)
    var time: Int64 = 0
    for failure in 0..<30 {
      #expect(due(at: time) == [address])
      #expect(due(at: time) == [])
      #expect(next() == nil)
      membership.dialFailed(address, isOwn: false, now: at(time))
      let pause = try #require(next()) - at(time)
      let longest: Int64 = min(1000 << Int64(min(failure, 6)), 60_000)
      #expect((longest / 2...longest).contains(pause), "failure \(failure): \(pause) ms")
      #expect(due(at: time + pause - 1) == [])
      time += pause
    }
  }

  @Test("the same seed gives the same pauses, another seed others")
  func jitter() {
    func pauses(_ seed: UInt64) -> [Timestamp?] {
      var membership = Membership(own: node(1), seed: seed)
      return (0..<10).map { round in
        let address = PeerAddress(host: "192.0.2.1", port: UInt16(round + 1))
        membership.learn(address, node: nil, now: at(0))
        membership.dialFailed(address, isOwn: false, now: at(0))
        return membership.nextDial(isConnected: { _ in false }, peerCount: 0)
      }
    }
    #expect(pauses(1) == pauses(1))
    #expect(pauses(1) != pauses(2))
  }

  @Test("an address that turns out to be this node's own is never dialled again")
  mutating func own() {
    membership.learn(address, node: nil, now: at(0))
    #expect(due(at: 0) == [address])
    membership.dialFailed(address, isOwn: true, now: at(0))
    #expect(due(at: 1_000_000) == [] && next() == nil && membership.knowsNobody)
    let other = PeerAddress(host: "192.0.2.8", port: 4000)
    membership.learn(other, node: node(1), now: at(0))
    #expect(due(at: 0) == [])
    membership.claimed(address, by: node(9))
    #expect(membership.shareable.isEmpty)
  }

  @Test("an address that fails too often is forgotten, a bootstrap address never")
  mutating func forgetting() {
    let bootstrap = PeerAddress(host: "192.0.2.9", port: 1)
    membership.learn(address, node: node(2), now: at(0))
    membership.learn(bootstrap, node: nil, now: at(0), isBootstrap: true)
    for _ in 0..<Membership.forgottenAfterFailures {
      membership.dialFailed(address, isOwn: false, now: at(0))
      membership.dialFailed(bootstrap, isOwn: false, now: at(0))
    }
    #expect(due(at: 10_000_000) == [bootstrap])
  }

  @Test("a connected node is not dialled, at none of its addresses; when the connection ends, soon")
  mutating func connected() throws {
    let alias = PeerAddress(host: "alias.example", port: 4000)
    membership.learn(address, node: node(2), now: at(0))
    membership.learn(alias, node: node(2), now: at(0))
    membership.connected(node(2), at: address)
    #expect(due(at: 100_000, connected: [node(2)]) == [])
    #expect(next(connected: [node(2)]) == nil)
    #expect(membership.shareable.map(\.address) == [address])
    membership.disconnected(node(2), now: at(100_000))
    #expect(due(at: 101_000) == [address, alias])
    membership.dialed(alias, node: node(2), isConnected: true, now: at(101_000))
    #expect(membership.shareable.map(\.address) == [alias])
  }

  @Test("a banned node is not dialled before its time is up")
  mutating func ban() {
    membership.learn(address, node: node(2), now: at(0))
    membership.ban(node(2), now: at(0))
    #expect(membership.isBanned(node(2), now: at(Membership.banMilliseconds - 1)))
    #expect(due(at: Membership.banMilliseconds - 1) == [])
    #expect(next() == at(Membership.banMilliseconds))
    #expect(!membership.isBanned(node(2), now: at(Membership.banMilliseconds)))
    #expect(due(at: Membership.banMilliseconds) == [address])
  }

  @Test("a node that has all the peers it takes dials nobody and asks for no moment to do so")
  mutating func full() {
    membership.learn(address, node: nil, now: at(0))
    #expect(due(at: 0, peers: Membership.maximumPeers) == [])
    #expect(next(peers: Membership.maximumPeers) == nil)
    #expect(due(at: 0, peers: Membership.maximumPeers - 1) == [address])
  }

  @Test("so many dials are under way at once, and the next when one of them ends")
  mutating func dials() {
    let addresses = (1...20).map { PeerAddress(host: "192.0.2.1", port: UInt16($0)) }
    for address in addresses { membership.learn(address, node: nil, now: at(0)) }
    #expect(due(at: 0) == Array(addresses.prefix(Membership.maximumDials)))
    #expect(due(at: 0) == [] && next() == nil)
    membership.dialFailed(addresses[0], isOwn: true, now: at(0))
    #expect(next() == at(0))
    #expect(due(at: 0) == [addresses[16]])
  }

  @Test("a peer cannot claim the address at which another one is connected, nor fill the table")
  mutating func claims() {
    membership.connected(node(2), at: address)
    membership.claimed(address, by: node(3))
    #expect(membership.shareable.map(\.node) == [node(2)])
    for number in 0..<(Membership.maximumAddresses + 10) {
      membership.claimed(PeerAddress(host: "h\(number)", port: 1), by: node(3))
    }
    #expect(membership.shareable.count == Membership.maximumAddresses)
    membership.learn(PeerAddress(host: "one-more", port: 1), node: nil, now: at(0))
    #expect(due(at: 0) == [])
  }

  @Test(
    "addresses are read as they are written", arguments: ["192.0.2.1:47100", "[2001:db8::1]:1", "node.example:65535"])
  func addresses(text: String) throws {
    #expect(try #require(PeerAddress(text)).description == text)
  }

  @Test(
    "what is not an address is none",
    arguments: ["", "host", "host:", ":1", "host:0", "host:65536", "2001:db8::1:5", "ho st:1", "[]:1", "h\u{e9}:1"])
  func badAddresses(text: String) { #expect(PeerAddress(text) == nil) }
}
