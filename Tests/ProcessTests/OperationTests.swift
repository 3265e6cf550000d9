import Foundation
import NodeAPI
import Testing

extension NodeProcessTests {
  @Suite("Running a node", .timeLimit(.minutes(5)))
  struct OperationTests {
    @Test("SIGHUP reloads the log's level and the offers' policy, and a bad file keeps the old ones and says so")
    func reload() async throws {
      try await TestMarket.with { market in
        let node = try market.node("node")
        func configure(_ text: String) throws {
          try Data(text.utf8).write(to: URL(fileURLWithPath: node.file("config.yaml")))
        }
        func offer(_ price: String) async throws -> FinishedCommand {
          try await node.command("offer", "2 h100-sxm-80g at \(price) for 12h")
        }
        func reloads() -> Int { node.log.components(separatedBy: "the configuration was read again").count - 1 }

        try configure("listen: 127.0.0.1:0\nlog_level: notice\n")
        try await node.start()
        #expect(try await offer("1.50").isSuccess)

        let floor = """
          log_level: debug
          listen: 127.0.0.1:1
          offers:
            minimum_price:
              h100-sxm-80g: 1.80
            attributes:
              region: EU-FR
          """
        try configure(floor)
        node.send(SIGHUP)
        try await eventually("the configuration is read again") { reloads() == 1 }
        let refused = try await offer("1.50")
        #expect(
          refused.error
            == "error: a price of 1.50 breaks this node's rule offers.minimum_price.h100-sxm-80g; allowed: at least 1.80 "
            + "USD per GPU-hour. The node's configuration has the rule\n")
        let placed: OrderDocument = try await node.document("offer", "2 h100-sxm-80g at 1.80 for 12h")
        #expect(placed.attributes?.region == "EU-FR")
        #expect(placed.attributes?.probed == nil)
        // Its flag goes before the file.
        #expect(!node.log.contains("settings that change at the next start"))

        try configure("log_level: loud\n")
        node.send(SIGHUP)
        let trouble = try await eventually("status tells of the bad file") { try await node.client.status().trouble }
        #expect(
          trouble
            == "the configuration was not read again, the one before holds: \(node.file("config.yaml")), line 1: log_level "
            + "is \"loud\"; allowed: trace, debug, info, notice, warning, error, critical")
        #expect(node.log.contains("the configuration was not read again; the one before holds"))
        #expect(try await offer("1.50").error == refused.error)

        try configure("offers:\n  accept: false\nkeep_history: true\n")
        node.send(SIGHUP)
        try await eventually("the trouble is over") { try await node.client.status().trouble == nil }
        try await eventually("the configuration is read again") { reloads() == 2 }
        #expect(
          try await offer("2.50").error.contains("a new offer breaks this node's rule offers.accept; allowed: none"))
        try await eventually("the log names what waits") {
          node.log.contains("settings that change at the next start settings=keep_history")
        }
        #expect(try await node.client.orders(.mine).count == 2)
        #expect(try await node.stop() == .status(0))
      }
    }

    @Test("the log on a pipe is JSON lines, each of which parses, also why a node does not start, and has no secret")
    func log() async throws {
      try await TestMarket.with { market in
        let node = try market.node("node")
        let peer = try market.node("peer")
        try node.launch(options: ["--log-level", "trace", "--http", "127.0.0.1:0"], logFormat: nil)
        let address = try await eventually("the node runs") { try await node.address() }
        try await peer.start(peers: [address], options: ["--log-level", "trace"])
        _ = try await node.client.place(.offer(gpus: 2, priceMicros: 2_000_000))
        _ = try await peer.client.place(.bid(gpus: 2, priceMicros: 2_000_000))
        try await agreement(of: [node, peer], trades: 1)
        let listener = try await HTTPListener(of: node)
        let again = try await NodeBinary.run(
          ["run", "--data", node.directory], environment: TestNode.environment)
        #expect(again.exit == .status(1))
        #expect(try await node.stop() == .status(0))

        let lines = (node.log + again.error).split(separator: "\n")
        let documents = lines.compactMap { line in
          (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any]
        }
        #expect(lines.count > 3)
        #expect(documents.count == lines.count)
        for document in documents {
          #expect(Set(document.keys).isSubset(of: ["time", "level", "message", "metadata"]))
          #expect(document["time"] is String && document["level"] is String && document["message"] is String)
        }
        let running = try #require(documents.first { $0["message"] as? String == "running" })
        #expect((running["metadata"] as? [String: String])?["listening"] == address)
        let refusal = try #require(documents.last)
        #expect(refusal["level"] as? String == "critical")
        #expect((refusal["message"] as? String)?.hasPrefix("error: \(node.directory) is in use by process") == true)
        #expect(again.output == "" && node.output == "")
        for secret in [TestNode.passphrase, listener.token] {
          #expect(!node.log.contains(secret) && !peer.log.contains(secret))
        }
      }
    }

    @Test("health and ready answer, and a node that reaches nobody is not ready and says why")
    func health() async throws {
      try await TestMarket.with { market in
        let node = try market.node("node")
        let lost = try market.node("lost")
        try await node.start()
        #expect(try RawRequest.get("/health", from: node).status == 200)
        try await eventually("the first node of a market is ready") {
          try RawRequest.get("/ready", from: node).status == 200
        }
        try lost.launch(peers: ["127.0.0.1:1"])
        let answer = try await eventually("the other node answers") { try RawRequest.get("/ready", from: lost) }
        #expect(answer.status == 503)
        #expect(answer.head.lowercased().contains("content-type: application/problem+json"))
        let problem: ProblemDocument = try NodeJSON.decode(from: answer.body.utf8)
        #expect(problem.type == "urn:p2pnode:not-ready")
        #expect(problem.detail.contains("0 peers are connected; needed: 1, or a node that others find first"))
        #expect(try RawRequest.get("/health", from: lost).status == 200)
      }
    }

    @Test("status tells of queues, rates, disk and memory")
    func status() async throws {
      try await TestMarket.with { market in
        let node = try market.node("node")
        try await node.start()
        _ = try await node.client.place(.offer(gpus: 2, priceMicros: 2_000_000))
        let status = try await node.client.status()
        let queues = try #require(status.queues)
        #expect(
          Set(queues.map(\.name)).isSuperset(of: ["writer_messages", "verification", "store_bytes", "sending_bytes"]))
        #expect(queues.first { $0.name == "store_bytes" }?.bound == 32 << 20)
        #expect(queues.allSatisfy { $0.length >= 0 && $0.length <= $0.bound ?? .max })
        #expect(try #require(status.disk).storeBytes > 0)
        #expect(try #require(status.disk).freeBytes > 0)
        #expect(try #require(status.residentBytes) > 1 << 20)
        try await eventually("the rates show the offer") {
          try await node.client.status().rates.map { $0.commandsPerSecond > 0 && $0.entriesPerSecond > 0 } == true
        }
      }
    }

    @Test("config shows each value and where it comes from, and names what is wrong")
    func config() async throws {
      try await TestMarket.with { market in
        let node = try market.node("node")
        try Data("log_level: info\noffers:\n  maximum_open_gpus: 16\n".utf8)
          .write(to: URL(fileURLWithPath: node.file("config.yaml")))
        let words = ["config", "--data", node.directory, "--listen", "127.0.0.1:5"]
        let environment = ["P2PNODE_KEEP_HISTORY": "true", "P2PNODE_PASSPHRASE": TestNode.passphrase]
        let shown = try await NodeBinary.run(words, environment: environment)
        #expect(shown.isSuccess, "\(shown)")
        let rows = shown.output.split(separator: "\n").map {
          $0.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }
        #expect(rows.first == "SETTING VALUE FROM")
        for row in [
          "listen 127.0.0.1:5 --listen", "keep_history true P2PNODE_KEEP_HISTORY",
          "log_level info \(node.file("config.yaml")), line 1", "log_format auto default",
          "offers.maximum_open_gpus 16 \(node.file("config.yaml")), line 3", "advertise - -",
        ] {
          #expect(rows.contains(row), "\(row) in \(rows)")
        }
        #expect(!shown.output.contains(TestNode.passphrase))
        let json = try await NodeBinary.run(words + ["--json"], environment: environment)
        let settings = try #require(
          try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]])
        let level = try #require(settings.first { $0["key"] as? String == "log_level" })
        #expect(level["values"] as? [String] == ["info"] && level["from"] as? String == "file")
        #expect(level["reloadable"] as? Bool == true)

        let wrong = try await NodeBinary.run(words, environment: ["P2PNODE_KEEP_HISTORY": "yes"])
        #expect(wrong == .failure("error: P2PNODE_KEEP_HISTORY is \"yes\"; allowed: true or false"))
      }
    }
  }
}
