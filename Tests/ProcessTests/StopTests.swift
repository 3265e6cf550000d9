import Foundation
import NodeAPI
import Store
import Testing

extension NodeProcessTests {
  @Suite("Stopping", .timeLimit(.minutes(5)))
  struct StopTests {
    /// How a node is told to stop.
    enum Way: String, CaseIterable, Sendable {
      case command, terminate, interrupt, endOfInput
    }

    @Test(
      "a node with open orders and a peer ends with exit status 0 and leaves neither socket nor lock",
      arguments: Way.allCases)
    func stop(_ way: Way) async throws {
      try await TestMarket.with { market in
        let node = try market.node("node")
        let peer = try market.node("peer")
        let process = try node.launch()
        let address = try await eventually("the node runs") { try await node.address() }
        try await peer.start(peers: [address])
        let order = try await node.client.place(.offer(gpus: 8, priceMicros: 2_000_000))
        try await agreement(of: [node, peer])
        #expect(FileManager.default.fileExists(atPath: node.file("node.sock")))

        switch way {
        case .command:
          let result = try await node.command("stop")
          #expect(result == FinishedCommand(exit: .status(0), output: "The node has stopped.\n", error: ""))
        case .terminate: node.send(SIGTERM)
        case .interrupt: node.send(SIGINT)
        case .endOfInput: process.closeInput()
        }
        #expect(try await node.exit() == .status(0))
        #expect(!FileManager.default.fileExists(atPath: node.file("node.sock")))
        #expect(throws: Never.self) { try DirectoryLock(directory: node.directory) }
        #expect(node.log == "", "a clean run and stop has nothing to complain of")
        #expect(try await node.command("status").exit == .status(1))

        // The order is still open, for the peer and for the node when it comes back.
        #expect(try await peer.client.order(order.id).state == "open")
        try await node.start(peers: [try await peer.address()])
        #expect(try await node.client.order(order.id).state == "open")
      }
    }
  }
}
