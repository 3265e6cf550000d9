import Foundation
import Gossip
import Market
import NodeAPI
import NodeCrypto
import Store
import Testing

extension NodeProcessTests {
  @Suite("Serving history", .timeLimit(.minutes(30)))
  struct HistoryTests {
    private static let joiners = 8
    /// Entries of the history; `P2PNODE_HISTORY_ENTRIES` asks for another number, such as 100000.
    private static let entries =
      ProcessInfo.processInfo.environment["P2PNODE_HISTORY_ENTRIES"].flatMap { Int64($0) } ?? 4000

    /// Puts the feed of a node that is long gone into the store of one that has not started yet.
    private func prefill(_ node: TestNode, _ genesis: Genesis) throws {
      let identity = try IdentityFile.load(
        fromDirectory: node.directory, passphrase: SecretBytes(copying: Array(TestNode.passphrase.utf8)))
      let store = try EntryStore(
        path: node.file("store.sqlite"), network: genesis.networkID, node: identity.nodeID)
      let author = Identity.generate()
      let begin = Int64(Date().timeIntervalSince1970 * 1000) - 2 * Self.entries - 60_000
      var head = Head.origin(of: genesis.networkID)
      var entries: [StoredEntry] = []
      for number in 0..<Self.entries {
        let entry = SignedEntry(
          after: head, time: Timestamp(milliseconds: begin + 2 * number), payload: [], identity: author,
          network: genesis.networkID)
        head = entry.head
        entries.append(
          StoredEntry(
            author: entry.author, sequence: entry.sequence, bytes: entry.bytes, signature: entry.signature.bytes))
        if entries.count == 4096 || number == Self.entries - 1 {
          try store.append(entries)
          entries = []
        }
      }
      try store.close()
    }

    @Test("a node that serves a long history to many joiners settles trades meanwhile, and all come to one book")
    func joiners() async throws {
      try await TestMarket.with { market in
        let nodes = try (0..<Self.joiners + 2).map { try market.node("node\($0)") }
        let (server, trader, joiners) = (nodes[0], nodes[1], Array(nodes.dropFirst(2)))
        try prefill(server, market.genesis)
        let restored = try await server.start()
        #expect(restored.entries == Self.entries)
        let address = try await server.address()
        try await trader.start(peers: [address])
        try await agreement(of: [server, trader])
        for joiner in joiners { try joiner.launch(peers: [address]) }
        _ = try await server.client.place(.offer(gpus: 2, priceMicros: 1_000_000))
        _ = try await trader.client.place(.bid(gpus: 2, priceMicros: 1_000_000))
        try await eventually("the trade settles while history is served") {
          try await trader.client.status().trades == 1
        }
        // The taker did not have to try twice: the maker answered within the deadline.
        let trades = try await trader.client.trades(.all)
        #expect(trades.map(\.state) == ["settled"])
        try await eventually("all joiners have the history", within: .seconds(600)) {
          for joiner in joiners {
            guard try await joiner.client.status().entries > Self.entries else { return false }
          }
          return true
        }
        try await agreement(of: nodes, trades: 1)
      }
    }
  }
}
