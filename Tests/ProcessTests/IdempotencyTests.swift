import Foundation
import Market
import NodeAPI
import NodeClient
import Testing

extension NodeProcessTests {
  @Suite("The same key twice is one order", .timeLimit(.minutes(5)))
  struct IdempotencyTests {
    private static let rounds = 8
    private static let ordersPerRound = 5

    @Test("requests under one key, at once, later and after a restart, are answered with one order")
    func oneOrder() async throws {
      try await TestMarket.with { market in
        let node = try market.node("node")
        try await node.start()
        let request = OrderRequest.offer(gpus: 8, priceMicros: 2_000_000)
        let ids = try await withThrowingTaskGroup { group in
          for _ in 0..<10 { group.addTask { try await node.client.place(request, key: "monday/1").id } }
          return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        let id = try #require(ids.first)
        #expect(ids.count == 1)
        #expect(try await node.client.place(request, key: "monday/1").id == id)
        #expect(try await node.client.place(request, key: "monday/2").id != id)
        #expect(try await node.client.place(request).id != id)
        _ = try await node.client.cancel(id)
        try await node.kill()
        try await node.start()
        let again = try await node.client.place(request, key: "monday/1")
        #expect(again.id == id && again.state == "cancelled", "the order as it is now")
        #expect(try await node.client.orders(.mine).count == 3)

        for (key, other, kind) in [
          ("monday/1", OrderRequest.offer(gpus: 7, priceMicros: 2_000_000), "idempotency"),
          ("", request, "bad-request"), (String(repeating: "k", count: 256), request, "bad-request"),
        ] {
          let error = await #expect(throws: NodeClientError.self) { _ = try await node.client.place(other, key: key) }
          guard case .problem(let problem)? = error else {
            Issue.record("\(String(describing: error))")
            continue
          }
          #expect(problem.type == "urn:p2pnode:\(kind)" && problem.status == (kind == "idempotency" ? 422 : 400))
        }
        // What was refused was not placed: its key is free.
        var bad = request
        bad.gpus = 0
        await #expect(throws: NodeClientError.self) { _ = try await node.client.place(bad, key: "monday/3") }
        _ = try await node.client.place(request, key: "monday/3")
      }
    }

    @Test("whenever a node is killed while orders are placed, the same requests again make each of them once")
    func killedInBetween() async throws {
      try await TestMarket.with { market in
        var generator = SplitMix64(seed: 17)
        // A restarted node asks somebody where its feed ends.
        let (other, node) = (try market.node("other"), try market.node("node"))
        try await other.start()
        let address = try await other.address()
        try await node.start(peers: [address])
        var expected = 0
        for round in 0..<Self.rounds {
          let keys = (0..<Self.ordersPerRound).map { "\(round)-\($0)" }
          let questions = Int.random(in: 0...12, using: &generator)
          await withTaskGroup { group in
            for (number, key) in keys.enumerated() {
              let request = OrderRequest.offer(gpus: Int64(number + 1), priceMicros: Int64(round + 1) * 1_000_000)
              group.addTask { _ = try? await node.client.place(request, key: key) }
            }
            // What makes the moment a random one, without a clock.
            for _ in 0..<questions { _ = try? await node.client.status() }
            try? await node.kill()
            _ = try? await node.start(peers: [address])
          }
          expected += keys.count
          for (number, key) in keys.enumerated() {
            let request = OrderRequest.offer(gpus: Int64(number + 1), priceMicros: Int64(round + 1) * 1_000_000)
            _ = try await node.client.place(request, key: key)
          }
          #expect(try await node.client.orders(.mine).count == expected, "round \(round)")
        }
      }
    }

    @Test("a client whose connection is lost makes the request again, and the order is one")
    func clientRetries() async throws {
      try await TestMarket.with { market in
        let node = try market.node("node")
        try await node.start()
        let request = OrderRequest.offer(gpus: 8, priceMicros: 2_000_000)
        func connections() throws -> Int {
          let sockets = try String(contentsOfFile: "/proc/net/unix", encoding: .utf8)
          return sockets.split(separator: "\n").count { $0.hasSuffix(node.file("node.sock")) }
        }
        // The node may take long to start on a busy machine.
        let pauses = [Duration](repeating: .milliseconds(500), count: 240)
        try await NodeClient.withClient(dataDirectory: node.directory, retryPauses: pauses) { client in
          // A stopped process takes the connection and answers nothing until it is killed.
          node.send(SIGSTOP)
          try await eventually("the node has stopped") { try node.isStopped }
          // From here on it closes none, neither those of earlier requests.
          let before = try connections()
          async let placed = client.place(request)
          try await eventually("the request is on its way") { try connections() > before }
          try await node.kill()
          try await node.start()
          #expect(try await placed.state == "open")
        }
        #expect(try await node.client.orders(.mine).count == 1)
      }
    }
  }
}
