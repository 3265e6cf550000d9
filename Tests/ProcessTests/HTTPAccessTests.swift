import Foundation
import NodeAPI
import Testing

extension NodeProcessTests {
  @Suite("The API over TCP", .timeLimit(.minutes(5)))
  struct HTTPAccessTests {
    private static let json = "Content-Type: application/json"
    private static let quote =
      #"{"gpu_classes":["any"],"gpus":1,"duration_ms":600000}"#

    /// Calls `body` with a node that serves its API over TCP.
    private func withListener(_ body: (TestNode, HTTPListener) async throws -> Void) async throws {
      try await TestMarket.with { market in
        let node = try market.node("node")
        try await node.start(options: ["--http", "127.0.0.1:0"])
        try await body(node, HTTPListener(of: node))
      }
    }

    private func problem(_ answer: RawAnswer) -> String? {
      guard answer.headers["content-type"] == "application/problem+json" else { return nil }
      return (try? NodeJSON.decode(ProblemDocument.self, from: answer.body.utf8))?.type
    }

    private func mode(_ path: String) throws -> Int {
      (try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int) ?? 0
    }

    @Test("only the user can open the socket, and read the token, which is new at each start")
    func files() async throws {
      try await withListener { node, listener in
        #expect(try mode(node.directory) == 0o700)
        #expect(try mode(node.file("node.sock")) == 0o600)
        #expect(try mode(node.file("api.cookie")) == 0o600)
        #expect(listener.token.utf8.count == 64)
        _ = try await node.stop()
        #expect(!FileManager.default.fileExists(atPath: node.file("api.cookie")))
        try await node.start(options: ["--http", "127.0.0.1:0"])
        let second = try await HTTPListener(of: node)
        #expect(second.token != listener.token)
        #expect(try await second.ask("GET", "/v1/status", listener.bearer).status == 401)
        try await node.kill()
        try await node.start()
        #expect(!FileManager.default.fileExists(atPath: node.file("api.cookie")), "a killed node's leads to nobody")
      }
    }

    @Test("without the token, or with a wrong one, nothing is answered, and nothing is told of what there is")
    func token() async throws {
      try await withListener { _, listener in
        let wrong = String(listener.token.reversed())
        for headers in [
          [], ["Authorization: Bearer \(wrong)"], ["Authorization: Bearer"], ["Authorization: Basic \(listener.token)"],
          ["Authorization: Bearer \(listener.token)0"], ["Cookie: p2pnode_session_\(listener.port)=\(listener.token)"],
        ] {
          for (method, target) in [("GET", "/v1/status"), ("POST", "/v1/stop"), ("GET", "/v1/nothing"), ("GET", "/x")] {
            let answer = try await listener.ask(method, target, headers + [Self.json])
            #expect(answer.status == 401 && problem(answer) == "urn:p2pnode:unauthorized", "\(headers) \(answer)")
            #expect(answer.headers["www-authenticate"] == "Bearer")
          }
        }
        let head = try await listener.ask("HEAD", "/v1/status")
        #expect(head.status == 401 && head.body.isEmpty)
        let status = try await listener.ask("GET", "/v1/status", listener.bearer)
        #expect(status.status == 200)
        #expect(try NodeJSON.decode(StatusDocument.self, from: status.body.utf8).state == "running")
      }
    }

    @Test(
      "the link exchanges the token for a cookie that only this page's own requests carry, and takes it out of sight")
    func cookie() async throws {
      try await withListener { node, listener in
        let printed = try await node.command("dashboard")
        #expect(printed.isSuccess)
        #expect(printed.output == "http://127.0.0.1:\(listener.port)/?token=\(listener.token)\n")
        let answer = try await listener.ask("GET", "/?token=\(listener.token)")
        #expect(answer.status == 303 && answer.headers["location"] == "/")
        let parts = (answer.headers["set-cookie"] ?? "").components(separatedBy: "; ")
        #expect(parts.dropFirst() == ["HttpOnly", "SameSite=Strict", "Path=/"])
        #expect(parts[0].hasPrefix("p2pnode_session_\(listener.port)=") && !parts[0].contains(listener.token))
        let cookies = ["Cookie: other=1; \(parts[0])"]
        #expect(try await listener.ask("GET", "/v1/status", cookies).status == 200)
        let own = cookies + [Self.json, "Origin: http://127.0.0.1:\(listener.port)", "Sec-Fetch-Site: same-origin"]
        #expect(try await listener.ask("POST", "/v1/quote", own, body: Self.quote).status == 200)
        let old = try await listener.ask("GET", "/?token=\(String(listener.token.reversed()))")
        #expect(old.status == 303 && old.headers["set-cookie"] == nil, "the page says that the link is of no use")
      }
    }

    @Test("a request that a browser makes for another page or under another name is refused, whatever it knows")
    func otherPages() async throws {
      try await withListener { _, listener in
        let port = listener.port
        for header in [
          "Host: evil.example", "Host: evil.example:\(port)", "Host: 127.0.0.1", "Host: 127.0.0.1:1", "Host: ",
          "Origin: http://evil.example", "Origin: null", "Origin: https://127.0.0.1:\(port)",
          "Origin: http://127.0.0.1:1", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site",
        ] {
          let answer = try await listener.ask("GET", "/v1/status", listener.bearer + [header])
          #expect(answer.status == 403 && problem(answer) == "urn:p2pnode:forbidden", "\(header): \(answer)")
          #expect(!answer.headers.keys.contains { $0.hasPrefix("access-control") })
        }
        for name in ["localhost:\(port)", "LOCALHOST:\(port)", "[::1]:\(port)"] {
          #expect(try await listener.ask("GET", "/v1/status", listener.bearer + ["Host: \(name)"]).status == 200)
        }
        let preflight = try await listener.ask(
          "OPTIONS", "/v1/orders",
          ["Origin: http://evil.example", "Access-Control-Request-Method: POST"])
        #expect(preflight.status == 403)
        let form = ["Content-Type: text/plain"] + listener.bearer
        let answer = try await listener.ask("POST", "/v1/quote", form, body: Self.quote)
        #expect(answer.status == 415 && problem(answer) == "urn:p2pnode:content-type")
        #expect(try await listener.ask("POST", "/v1/stop", listener.bearer).status == 415)
        #expect(try await listener.ask("GET", "/v1/status", listener.bearer).status == 200, "it was not stopped")
      }
    }

    @Test("the page needs no token; it takes nothing from elsewhere, and is not sent twice")
    func page() async throws {
      try await withListener { _, listener in
        let page = try await listener.ask("GET", "/")
        #expect(page.status == 200 && page.headers["content-type"] == "text/html; charset=utf-8")
        #expect(page.headers["content-security-policy"]?.hasPrefix("default-src 'self'; ") == true)
        #expect(page.headers["x-content-type-options"] == "nosniff")
        #expect(page.headers["referrer-policy"] == "no-referrer")
        #expect(page.headers["cache-control"] == "no-cache")
        let tag = try #require(page.headers["etag"])
        #expect(try await listener.ask("GET", "/", ["If-None-Match: \(tag)"]).status == 304)
        let head = try await listener.ask("HEAD", "/index.html")
        #expect(head.status == 200 && head.body.isEmpty && head.headers["content-length"] == "\(page.body.utf8.count)")
        for path in ["/..%2fidentity.key", "/../identity.key", "/%2e%2e/identity.key", "//index.html/", "/js/"] {
          #expect([400, 401, 404].contains(try await listener.ask("GET", path).status), "\(path)")
        }
      }
    }

    @Test("bodies and headers have bounds, and only what the table has is a route")
    func bounds() async throws {
      try await withListener { _, listener in
        let long = String(repeating: "x", count: 70_000)
        let body = try await listener.ask("POST", "/v1/orders", listener.bearer + [Self.json], body: "\"\(long)\"")
        #expect(body.status == 413 && problem(body) == "urn:p2pnode:too-large")
        #expect(try await listener.ask("GET", "/v1/status", listener.bearer + ["X: \(long)"]).status == 400)
        let many = (0..<200).map { "X-\($0): 1" }
        #expect(try await listener.ask("GET", "/v1/status", listener.bearer + many).status == 400)
        let method = try await listener.ask("PUT", "/v1/orders", listener.bearer + [Self.json], body: "{}")
        #expect(
          method.status == 405 && method.headers["allow"] == "GET, HEAD, POST" && problem(method) == "urn:p2pnode:http")
        let none = try await listener.ask("GET", "/v1/nothing", listener.bearer)
        #expect(none.status == 404 && problem(none) == "urn:p2pnode:http")
      }
    }

    @Test("a client that dawdles over its head or its body loses the connection, and nobody else waits for it")
    func dawdling() async throws {
      try await withListener { _, listener in
        let head = try await HTTPConnection(port: listener.port)
        try await head.send("GET /v1/status HTTP/1.1\r\nHost: 127.0.0.1:\(listener.port)\r\nX: ")
        let body = try await HTTPConnection(port: listener.port)
        let headers = listener.bearer + [Self.json, "Content-Length: 100"]
        try await body.send(listener.request("POST", "/v1/orders", headers) + "{")
        // A byte now and then is no progress.
        try await eventually("the slow head's connection is closed", within: .seconds(40)) {
          if !head.isClosed { try await head.send("x") }
          return head.isClosed
        }
        #expect(try await listener.ask("GET", "/v1/status", listener.bearer).status == 200)
        try await eventually("the slow body's connection is closed", within: .seconds(60)) { body.isClosed }
        #expect(body.answer == nil)
      }
    }

    @Test("an address that other machines reach needs a word more, and one that is taken is said to be")
    func addresses() async throws {
      try await withListener { node, listener in
        _ = try await node.stop()
        let remote = try await NodeBinary.run(
          ["run", "--data", node.directory, "--http", "0.0.0.0:0", "--log-format", "human"],
          environment: TestNode.environment)
        #expect(remote.exit == .status(1) && remote.error.contains("--http-allow-remote"), "\(remote)")
        try await node.start(options: ["--http", "0.0.0.0:0", "--http-allow-remote", "--http-name", "gpu.example:80"])
        let open = try await HTTPListener(of: node)
        #expect(try await open.ask("GET", "/v1/status", open.bearer + ["Host: gpu.example"]).status == 200)
        #expect(try await open.ask("GET", "/v1/status", open.bearer + ["Host: gpu.example:\(open.port)"]).status == 403)
        let second = try await NodeBinary.run(
          ["dashboard", "--data", node.directory, "--json"], environment: [:])
        #expect(second.output.contains("\"url\" : \"http://127.0.0.1:\(open.port)/?token="), "\(second)")
        _ = try await node.stop()
        let holder = try await RawListener()
        let taken = try await NodeBinary.run(
          [
            "run", "--data", node.directory, "--listen", "127.0.0.1:0", "--http", "127.0.0.1:\(holder.port)",
            "--log-format", "human",
          ],
          environment: TestNode.environment)
        #expect(
          taken.exit == .status(1)
            && taken.error.contains("--http is 127.0.0.1:\(holder.port): Address already in use"), "\(taken)")
        await holder.close()
      }
    }

    @Test("the command for the link says whether no node runs or it serves none")
    func noDashboard() async throws {
      try await TestMarket.with { market in
        let node = try market.node("node")
        let stopped = try await node.command("dashboard")
        let directory = node.directory
        #expect(
          stopped
            == .failure(
              "error: no node is running at \(directory); start one with a dashboard: p2pnode run --data \(directory) "
                + "--http 127.0.0.1:8080"))
        try await node.start()
        let silent = try await node.command("dashboard")
        #expect(silent.exit == .status(1) && silent.error.contains("runs without --http"), "\(silent)")
      }
    }
  }
}
