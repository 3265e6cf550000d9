import Market
import NodeAPI
import NodeCrypto
import Testing
import Wire

extension NodeProcessTests {
  @Suite("Peers that send what no honest node sends", .sharedMarket, .timeLimit(.minutes(5)))
  struct HostilePeerTests {
    private let market: TestMarket
    private let node: TestNode
    private let honest: TestNode

    init() throws {
      let shared = try #require(SharedMarket.current)
      market = shared.market
      node = shared.first
      honest = shared.second
    }

    /// Runs an attack on the node and checks that it changes nothing for the node and its honest peer.
    ///
    /// - Parameter newFeeds: feeds that come of what of the attack was in order.
    private func expectUnharmed(
      newFeeds: Int = 0, _ attack: (_ address: String) async throws -> Void
    ) async throws {
      // From here on the node's own feed is there.
      _ = try await node.client.place(.offer(gpus: 1, priceMicros: 3_000_000))
      let before = try await agreement(of: [node, honest])
      try await attack(try #require(before[0].listen))
      let order = try await node.client.place(.offer(gpus: 1, priceMicros: 3_000_000))
      let after = try await agreement(of: [node, honest])
      #expect(try await honest.client.order(order.id).state == "open")
      #expect(after.map(\.peers) == [1, 1])
      #expect(after.map(\.feeds) == before.map { $0.feeds + newFeeds })
      #expect(after.map(\.frozenFeeds) == [0, 0])
      #expect(after.map(\.trouble) == [nil, nil])
      // The connection has stood through the attack.
      let peers = try await node.client.peers()
      #expect(peers.map(\.node) == [after[1].node])
      #expect(try #require(peers.first).connectedMs > after[0].timeMs - before[0].timeMs)
    }

    @Test("an entry with a bad signature ends the connection of the peer that sent it, and nothing else")
    func badSignature() async throws {
      // The entry before it is good and stays, which shows that it was the signature that the node minded.
      try await expectUnharmed(newFeeds: 1) { address in
        let peer = HandMadePeer(network: market.genesis.networkID)
        let reason = try await peer.talk(to: address, [HandMadePeer.hello, peer.oneGoodAndOneForgedEntry])
        #expect(reason == .closedByPeer)
        // For a while the node does not want to hear from that peer at all, whatever it says now.
        #expect(try await peer.talk(to: address, [HandMadePeer.hello]) == .closedByPeer)
      }
    }

    @Test("of what a peer pushes hardly anything is checked after its first bad signature")
    func manyBadSignatures() async throws {
      // One connection's turns that are under way when the first one is found, once for each message.
      let mostChecked = 200
      let network = market.genesis.networkID
      let pushes = (0..<4).map { _ in
        HandMadePeer.forgedPush(
          HandMadePeer.ticks(250, burst: 250, by: .generate(), from: .machine, network: network))
      }
      try await expectUnharmed { address in
        let before = node.log.components(separatedBy: "invalid entry").count
        let reason = try await HandMadePeer(network: network).talk(to: address, [HandMadePeer.hello] + pushes)
        #expect(reason == .closedByPeer)
        _ = try await node.client.place(.offer(gpus: 1, priceMicros: 3_000_000))
        try await agreement(of: [node, honest])
        let checked = node.log.components(separatedBy: "invalid entry").count - before
        #expect((1...mostChecked).contains(checked), "\(checked)")
      }
    }

    @Test("a message before the hello, a message of no kind and a hello of another protocol end the connection")
    func badMessages() async throws {
      try await expectUnharmed { address in
        var foreign = WireHello()
        foreign.protocol = 99
        var ping = WirePing()
        ping.id = 1
        let messages: [WirePeerMessage.OneOf_Message] = [.hello(foreign), .ping(ping)]
        for message in messages {
          let reason = try await HandMadePeer(network: market.genesis.networkID).talk(to: address, [message])
          #expect(reason == .closedByPeer)
        }
      }
    }

    @Test("garbage and an oversize frame on the port end their connection")
    func garbage() async throws {
      try await expectUnharmed { address in
        var generator = SplitMix64(seed: 0x6761_7262_6167_65)
        let random = (0..<4096).map { _ in UInt8.random(in: 0...255, using: &generator) }
        // A handshake frame has 1,024 bytes at most.
        let oversize: [UInt8] = [0x04, 0x01] + random.prefix(1025)
        let longest: [UInt8] = [0xFF, 0xFF] + random
        let empty: [UInt8] = [0, 0]
        let handshake: [UInt8] = [0, 32] + random.prefix(32) + [0, 160] + random.suffix(160)
        let page = Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
        for bytes in [oversize, longest, empty, handshake, page] { try await RawConnection.send(bytes, to: address) }
      }
    }

    @Test("a node of another network does not get in, and both live on")
    func otherNetwork() async throws {
      try await expectUnharmed { address in
        try await TestMarket.with { other in
          let stranger = try other.node("stranger")
          try stranger.launch(peers: [address], options: ["--log-level", "debug"])
          try await eventually("the stranger has been turned away") { stranger.log.contains("handshake failed") }
          let status = try await eventually("the stranger answers") { try await stranger.client.status() }
          #expect(status.peers == 0)
          #expect(try await stranger.stop() == .status(0))
        }
      }
    }
  }
}
