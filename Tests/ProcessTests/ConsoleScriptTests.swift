import NodeAPI
import Testing

extension NodeProcessTests {
  @Suite("A script piped into the console", .sharedMarket, .timeLimit(.minutes(5)))
  struct ConsoleScriptTests {
    private let node: TestNode

    init() throws { node = try #require(SharedMarket.current).first }

    @Test("a script without errors runs to its end with exit status 0; comments and empty lines do nothing")
    func clean() async throws {
      let result = try await node.command(
        "console", "--json",
        input: """
          # what we have
          offer 4 h100-sxm-80g at 2.00 for 1h in EU-FR

            # and what we want
          bid 2 a100-sxm-80g at 1.10 for 30m
          orders
          """)
      #expect(result.isSuccess, "\(result)")
      // With --json each command prints one document on one line.
      let lines = result.output.split(separator: "\n")
      try #require(lines.count == 3)
      let offer = try NodeJSON.decode(OrderDocument.self, from: lines[0].utf8)
      let bid = try NodeJSON.decode(OrderDocument.self, from: lines[1].utf8)
      let orders = try NodeJSON.decode([OrderDocument].self, from: lines[2].utf8)
      #expect(offer.gpus == 4 && offer.attributes?.region == "EU-FR")
      #expect(bid.gpus == 2 && bid.durationMs == 1_800_000)
      #expect(Set(orders.map(\.id)).isSuperset(of: [offer.id, bid.id]))
    }

    @Test("a line that fails is reported with its number, the rest is run, and the exit status is 1")
    func errors() async throws {
      let result = try await node.command(
        "console", "--json",
        input: """
          ofer 4 h100-sxm-80g at 2.00 for 1h
          # a comment counts as a line
          offer 4 h100-sxm-80 at 2.00 for 1h
          offer 4 h100-sxm-80g at 2.00 for 1h
          cancel zzzz
          cancel 00000000000000000000
          why 0000
          """)
      #expect(result.exit == .status(1))
      #expect(
        result.error == """
          line 1: error: "ofer" is not a command; did you mean offer? help lists the commands
          line 3: error: the GPU class "h100-sxm-80" is unknown; did you mean h100-sxm-80g? classes lists them
          line 5: error: the order's id is "zzzz"; allowed: its 64 hexadecimal digits, or the first 4 or more
          line 6: error: no order begins with 00000000000000000000; `orders` lists yours, `book` the rest
          line 7: error: no order begins with 0000; `orders` lists yours, `book` the rest

          """)
      let lines = result.output.split(separator: "\n")
      try #require(lines.count == 6)
      let problem = try NodeJSON.decode(ProblemDocument.self, from: lines[1].utf8)
      #expect(problem.type == "urn:p2pnode:bad-command")
      #expect(try NodeJSON.decode(OrderDocument.self, from: lines[2].utf8).state == "open")
    }

    @Test("an order is cancelled by the first digits of its id")
    func cancelByPrefix() async throws {
      let order = try await node.client.place(.offer(gpus: 1, priceMicros: 9_000_000))
      let result = try await node.command("console", "--json", input: "cancel \(order.id.prefix(10).uppercased())\n")
      #expect(result.isSuccess, "\(result)")
      let cancelled = try NodeJSON.decode(OrderDocument.self, from: result.output.utf8)
      #expect([cancelled.id, cancelled.state] == [order.id, "cancelled"])
      let again = try await node.command("console", input: "cancel \(order.id)\n")
      #expect(
        again
          == .failure("line 1: error: order \(order.id) is not an open order of this node; `orders` lists those"))
    }

    @Test("a mistyped command on the command line gets the nearest one suggested, as in a script")
    func nearestCommand() async throws {
      let result = try await NodeBinary.run(["ofer", "8", "h100-sxm-80g"])
      #expect(result.exit == .status(64))
      #expect(
        result.error
          == "error: \"ofer\" is not a command; did you mean offer? p2pnode --help lists the commands\n")
      #expect(try await NodeBinary.run(["help", "offer"]).exit == .status(0))
    }

    @Test("quit ends the script, whatever follows")
    func quit() async throws {
      let result = try await node.command("console", input: "quit\nnonsense\n")
      #expect(result == FinishedCommand(exit: .status(0), output: "", error: ""))
    }
  }
}
