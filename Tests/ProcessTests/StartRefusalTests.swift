import Foundation
import NodeAPI
import NodeCrypto
import Store
import Testing

extension NodeProcessTests {
  @Suite("What init and run refuse", .timeLimit(.minutes(5)))
  struct StartRefusalTests {
    /// The result of a run that is expected to end by itself.
    private func run(
      _ node: TestNode, listen: String = "127.0.0.1:0", environment: [String: String] = TestNode.environment
    ) async throws -> FinishedCommand {
      try await NodeBinary.run(
        ["run", "--data", node.directory, "--listen", listen, "--log-format", "human"], environment: environment)
    }

    @Test("init refuses a network file that is not one, and leaves nothing behind")
    func networkFile() async throws {
      try await TestMarket.with { market in
        let text = TestMarket.genesisText(name: "x")
        let files: [(content: String, error: String)] = [
          ("{\"format\": ", "network file: the document: The given data was not valid JSON."),
          ("[]", "network file: the document is not of type Dictionary<String, Any>"),
          ("{}", "network file: the document lacks the field format"),
          (
            text.replacing("network-v1", with: "network-v9"),
            "network file: format is \"p2pnode-network-v9\"; allowed: \"p2pnode-network-v1\""
          ),
          (
            text.replacing("\"slot_seconds\": 10", with: "\"slot_seconds\": 0"),
            "network file: slot_seconds is 0; allowed: 1 to 86400"
          ),
        ]
        let data = market.directory.file("new")
        for file in files {
          let path = try market.directory.write(file.content.utf8, to: "bad.json")
          let result = try await NodeBinary.run(
            ["init", "--network", path, "--data", data], environment: TestNode.environment)
          #expect(result == .failure("error: \(path): \(file.error)"))
          #expect(!FileManager.default.fileExists(atPath: data))
        }
        let path = market.directory.file("none.json")
        let missing = try await NodeBinary.run(
          ["init", "--network", path, "--data", data], environment: TestNode.environment)
        #expect(missing == .failure("error: network file: \(path) was not read: No such file or directory"))
      }
    }

    @Test("a wrong passphrase does not open the identity")
    func wrongPassphrase() async throws {
      try await TestMarket.with { market in
        let node = try market.node("node")
        let wrong = try await run(node, environment: ["P2PNODE_PASSPHRASE": "incorrect horse battery staple"])
        #expect(wrong == .failure("error: the passphrase does not open the identity file"))
        let empty = try await run(node, environment: ["P2PNODE_PASSPHRASE": ""])
        #expect(
          empty
            == .failure("error: the passphrase from the variable P2PNODE_PASSPHRASE has 0 bytes; allowed: 1 to 1024"))
        try await node.start()
      }
    }

    @Test(
      "a passphrase is not taken from the command line, where other users could read it", arguments: ["init", "run"])
    func passphraseOption(_ command: String) async throws {
      try await TestMarket.with { market in
        var words = [command, "--data", market.directory.file("new"), "--passphrase", TestNode.passphrase]
        if command == "init" { words += ["--network", market.networkFile] }
        let result = try await NodeBinary.run(words)
        #expect(result.exit == .status(64))
        #expect(result.error.hasPrefix("Error: Unknown option '--passphrase'"), "\(result.error)")
        #expect(!result.error.contains(TestNode.passphrase))
        #expect(!FileManager.default.fileExists(atPath: market.directory.file("new")))
      }
    }

    @Test("an identity that others may read is not used")
    func openIdentity() async throws {
      try await TestMarket.with { market in
        let node = try market.node("node")
        let path = node.file("identity.key")
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
        #expect(
          try await run(node)
            == .failure(
              "error: \(path) has mode 0640, so other users have access; allowed is 0600 (chmod 0600 \(path))"))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        try await node.start()
      }
    }

    @Test("a directory without a node, and an address that is not one, are named")
    func noNode() async throws {
      try await TestMarket.with { market in
        let empty = market.uncreatedNode("empty")
        try FileManager.default.createDirectory(atPath: empty.directory, withIntermediateDirectories: false)
        #expect(
          try await run(empty)
            == .failure(
              "error: \(empty.directory) holds no node; make one with: p2pnode init --network NETWORK.json --data "
                + empty.directory))
        let status = try await empty.command("status")
        #expect(
          status
            == .failure(
              "error: no node is running at \(empty.directory); start one: p2pnode run --data \(empty.directory)"))
        let node = try market.node("node")
        #expect(
          try await run(node, listen: "127.0.0.1:99999")
            == .failure(
              "error: --listen is \"127.0.0.1:99999\"; allowed: HOST:PORT, such as 127.0.0.1:47100 or [::1]:47100"))
      }
    }

    @Test("a directory whose path leaves no room for the socket is refused by the node and by its clients")
    func longPath() async throws {
      try await TestMarket.with { market in
        let name = String(repeating: "d", count: NodeSocket.maximumPathBytes - market.directory.path.utf8.count)
        let node = try market.node(name)
        let path = node.file("node.sock")
        let failure = FinishedCommand.failure(
          "error: the socket's path \(path) has \(path.utf8.count) bytes; allowed: at most 107; "
            + "choose a shorter data directory")
        #expect(try await run(node) == failure)
        #expect(try await node.command("status") == failure)
      }
    }

    @Test("a port in use and a directory in use are refused, and the node that uses them goes on")
    func inUse() async throws {
      try await TestMarket.with { market in
        let node = try market.node("node")
        let other = try market.node("other")
        let process = try node.launch()
        let address = try await eventually("the node runs") { try await node.address() }
        #expect(
          try await run(other, listen: address)
            == .failure(
              "error: cannot listen on \(address): another process listens there; stop it, or choose another port "
                + "(0 takes any)"))
        #expect(
          try await run(node)
            == .failure(
              "error: \(node.directory) is in use by process \(process.identifier); one node runs on a data directory "
                + "at a time. Stop that one, or use another --data directory"))
        #expect(throws: DirectoryLockError.self) { try DirectoryLock(directory: node.directory) }
        #expect(try await node.client.status().listen == address)
        // What kept one process from starting is gone with it.
        try await other.start(peers: [address])
      }
    }
  }
}
