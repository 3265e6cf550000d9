import Foundation
import Gossip
import Logging
import Market
import NodeAPI
import NodeCore
import NodeCrypto
import Store
import Testing

@testable import P2PNode

extension NodeProcessTests {
  @Suite("The API and its description", .timeLimit(.minutes(5)))
  struct OpenAPITests {
    private static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    private static let description = root.appendingPathComponent("docs/openapi.json")
    private static let tools = root.appendingPathComponent("Tests/ProcessTests/API")
    /// Where `scripts/setup --tests` puts what it takes from PyPI.
    private static let programs = root.appendingPathComponent(".build-python/bin")

    private static let hasSchemathesis =
      FileManager.default.isExecutableFile(atPath: programs.appendingPathComponent("schemathesis").path)
    private static let missing: Comment =
      "schemathesis is not here: run scripts/setup --tests where PyPI can be reached"

    @Test("each route of the server is in the description, and each of the description is one of the server")
    func routes() throws {
      let directory = try TemporaryDirectory()
      let genesis = try Genesis(file: Array(TestMarket.genesisText(name: "routes").utf8))
      let identity = Identity.generate()
      let instruments = NodeInstruments()
      let store = try EntryStore(
        path: directory.file("store.sqlite"), network: genesis.networkID, node: identity.nodeID)
      let runtime = NodeRuntime(
        configuration: NodeConfiguration(
          genesis: genesis, identity: identity, agent: "", listenPort: 0, advertisedHost: nil, bootstrap: [], seed: 1),
        store: store, logger: Logger(label: "routes"), instruments: instruments)
      let operations = NodeOperations(
        runtime: runtime, instruments: instruments,
        log: NodeLog(level: .critical, format: .json, instruments: instruments), directory: directory.path,
        isBootstrap: false)
      let status = StatusSource(
        networkName: "", listen: nil, startedAt: NodeRuntime.now, operations: operations)
      let api = APIServer(
        runtime: runtime, status: status, events: EventHub(runtime: runtime, status: status),
        keyedOrders: KeyedOrders(runtime: runtime), requestStop: {})
      // The page's files are what they are.
      let served = Set(RouteTable(api.router(access: HTTPAccess(names: []))).descriptions)
        .filter {
          !$0.contains("/css/") && !$0.contains("/js/") && $0.split(separator: "/").last?.contains(".") == false
        }

      let document = try JSONSerialization.jsonObject(with: Data(contentsOf: Self.description)) as? [String: Any]
      let paths = try #require(document?["paths"] as? [String: [String: Any]])
      let described = Set(
        paths.flatMap { path, operations in operations.keys.map { "\($0.uppercased()) \(path)" } })
      #expect(described.count > 20)
      #expect(served.subtracting(described).sorted() == [], "served and not described")
      #expect(described.subtracting(served).sorted() == [], "described and not served")
    }

    @Test(
      "the documents of nodes that have traded are as described, and schemathesis finds nothing",
      .enabled(if: hasSchemathesis, missing))
    func documents() async throws {
      try await TestMarket.with { market in
        let (provider, renter) = (try market.node("provider"), try market.node("renter"))
        try await provider.start(options: ["--http", "127.0.0.1:0"])
        try await renter.start(peers: [try await provider.address()])
        try await agreement(of: [provider, renter])
        var offer = OrderRequest.offer(gpus: 8, priceMicros: 1_000_000)
        offer.attributes = AttributesDocument()
        offer.attributes?.region = "EU-FR"
        _ = try await provider.client.place(offer)
        let cancelled = try await provider.client.place(.offer(gpus: 1, priceMicros: 9_000_000))
        _ = try await provider.client.cancel(cancelled.id)
        try await agreement(of: [provider, renter])
        for gpus: Int64 in [2, 1, 1] { _ = try await renter.client.place(.bid(gpus: gpus, priceMicros: 1_000_000)) }
        _ = try await renter.client.place(.bid(gpus: 2, priceMicros: 1000))
        // A market in which the renter sells too, so that there is something to quote for the provider.
        var other = OrderRequest.offer(gpus: 4, priceMicros: 5_000_000)
        other.gpuClasses = ["a100-sxm-80g"]
        _ = try await renter.client.place(other)
        try await agreement(of: [provider, renter], trades: 3)
        let listener = try await HTTPListener(of: provider)
        let address = "http://127.0.0.1:\(listener.port)"

        let documents = try await FinishedCommand.run(
          Self.programs.appendingPathComponent("python3").path,
          [Self.tools.appendingPathComponent("documents.py").path, Self.description.path, address, listener.token])
        #expect(documents.isSuccess, "\(documents)")
        let checked = try NodeJSON.decode([String].self, from: documents.output.utf8)
        #expect(checked.count >= 15, "\(checked)")

        let reports = try TemporaryDirectory()
        let found = try await FinishedCommand.run(
          Self.programs.appendingPathComponent("schemathesis").path,
          [
            "--config-file", Self.tools.appendingPathComponent("schemathesis.toml").path, "run", Self.description.path,
            "--url", address, "--header", "Authorization: Bearer \(listener.token)", "--report-dir", reports.path,
          ], environment: ["NO_COLOR": "1", "HOME": reports.path], within: .seconds(200))
        #expect(found.exit == .status(0), "\(found.output.suffix(6000))\n\(found.error.suffix(2000))")
        #expect(try await provider.client.status().state == "running")
        #expect(!provider.log.contains("a request failed"))
      }
    }
  }
}
