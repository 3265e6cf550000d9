import Foundation
import Market
import NodeAPI
import NodeClient
import Testing

@testable import P2PNode

@Suite("The command interpreter")
struct CommandInterpreterTests {
  private let node = FakeNode()

  private func interpreter(_ format: CommandInterpreter.Format = .text(colours: false)) -> CommandInterpreter {
    CommandInterpreter(
      client: node, format: format, calendar: LocalCalendar(timeZone: .gmt), pollInterval: .zero, clock: { noon })
  }

  private func run(_ line: String, _ format: CommandInterpreter.Format = .text(colours: false)) async -> CommandResult {
    await interpreter(format).run(line: line)
  }

  @Test("an order is placed as it was spoken and echoed as it was understood")
  func place() async {
    let result = await run("offer 8 h100-sxm-80g at 2.10 for 12h")
    #expect(result.isSuccess)
    #expect(result.output.hasPrefix("offer 3f2a111111 open: sell 8 x h100-sxm-80g at 2.10 USD per GPU-hour"))
    #expect(result.output.hasSuffix("; worth 201.60 USD if all is sold"))
    var expected = OrderRequest(side: "offer", gpuClasses: ["h100-sxm-80g"], gpus: 8, priceMicros: 2_100_000)
    expected.durationMs = 43_200_000
    #expect(node.state.withLock { $0.placed } == [expected])
  }

  @Test("a line that is not understood asks the node for nothing but its classes")
  func grammarError() async {
    let result = await run("offer 8 h100-sxm-80g at 2.10 for ever")
    #expect(!result.isSuccess)
    #expect(result.output.isEmpty)
    #expect(
      result.failure == """
        offer 8 h100-sxm-80g at 2.10 for ever
                                         ^^^^
        error: the duration is "ever"; allowed: a span such as 90s, 30m, 3h, 2d or 1h30m
        """)
    #expect(node.requests == ["network"])
  }

  @Test("an order is cancelled by its whole id, whatever digits were typed")
  func cancel() async {
    _ = await run("offer 8 h100-sxm-80g at 2.10 for 12h")
    let result = await run("cancel 3f2a")
    #expect(result.output.hasPrefix("offer 3f2a111111 cancelled: "))
    #expect(node.requests.last == "cancel 3f2a" + String(repeating: "1", count: 60))
  }

  @Test("an amend asks for the order first, and states only what changes")
  func amend() async {
    _ = await run("bid 4 h100-sxm-80g at 2.40 for 3h")
    let result = await run("amend 3f2a gpus 2")
    #expect(result.output.contains("buy 2 x h100-sxm-80g for 3h"))
    #expect(result.output.hasSuffix("\nIt kept its priority."))
    let id = "3f2a" + String(repeating: "1", count: 60)
    #expect(node.requests.suffix(2) == ["order \(id)", "amend \(id)"])
    var expected = AmendRequest()
    expected.gpus = 2
    #expect(node.state.withLock { $0.amends } == [expected])
  }

  @Test("an amend of what the order's side cannot have is not sent")
  func amendWrongSide() async {
    _ = await run("offer 8 h100-sxm-80g at 2.10 for 12h")
    let result = await run("amend 3f2a within 24h")
    #expect(!result.isSuccess)
    #expect(result.failure?.hasPrefix("amend 3f2a within 24h\n           ^^^^^^\nerror: \"within\" does not") == true)
    #expect(node.requests.last == "order 3f2a")
  }

  @Test("a quote and a depth ask the node and place nothing")
  func quote() async {
    let result = await run("quote 4 h100-sxm-80g for 3h within 24h")
    #expect(result.output.hasPrefix("4 x h100-sxm-80g for 3h at any price, within Mon 12:00:00 to Tue 12:00:00"))
    var expected = QuoteRequest(gpuClasses: ["h100-sxm-80g"], gpus: 4)
    expected.durationMs = 10_800_000
    expected.withinMs = 86_400_000
    #expect(node.state.withLock { $0.quotes } == [expected])
    #expect(await run("depth h200-sxm-141g for 2h gpus 4").isSuccess)
    #expect(node.requests.filter { $0 != "network" } == ["quote", "depth h200-sxm-141g 7200000 4"])
    #expect(node.state.withLock { $0.placed.isEmpty })
  }

  @Test("the node's own words are passed on")
  func problem() async {
    let result = await run("why 3f2a9c81")
    #expect(result == CommandResult(failure: "error: no order 3f2a9c81", isSuccess: false))
  }

  @Test(
    "each command asks its route",
    arguments: [
      ("book", "book"), ("book h200-sxm-141g top 3", "book h200-sxm-141g 3"), ("orders", "orders mine"),
      ("orders all", "orders all"), ("trades", "trades mine"), ("trades all", "trades all"),
      ("receipts", "receipts mine"), ("receipts all", "receipts all"), ("peers", "peers"), ("status", "status"),
      ("record", "record own"), ("record 3f2a", "record 3f2a"),
      ("classes", "network"),
    ])
  func routes(line: String, request: String) async {
    let result = await run(line)
    #expect(result.isSuccess)
    #expect(!result.output.isEmpty)
    #expect(node.requests.last == request)
  }

  @Test("the network is asked for once")
  func networkOnce() async {
    let interpreter = interpreter()
    for line in ["book", "orders", "classes"] { _ = await interpreter.run(line: line) }
    #expect(node.requests.filter { $0 == "network" }.count == 1)
  }

  @Test(
    "with --json, every command prints exactly one JSON document",
    arguments: [
      "offer 8 h100-sxm-80g at 2.10 for 12h", "book", "book h100-sxm-80g", "orders", "trades", "receipts", "peers",
      "status", "classes", "help", "help offer", "stop", "nonsense", "cancel 3f2a", "offer 0", "verify /nowhere",
      "quote 4 h100-sxm-80g for 3h", "depth h100-sxm-80g", "amend 3f2a gpus 2", "amend 3f2a",
    ])
  func json(line: String) async throws {
    let single = await run(line, .json(.singleLine))
    #expect(!single.output.contains("\n"))
    _ = try JSONSerialization.jsonObject(with: Data(single.output.utf8))
    #expect(single.isSuccess == (single.failure == nil))
  }

  @Test("with --json, a failure is a problem document, and its words stand on standard error too")
  func jsonProblem() async throws {
    let result = await run("cancel 3f2a", .json(.pretty))
    let problem = try NodeJSON.decode(ProblemDocument.self, from: result.output.utf8)
    #expect(problem.status == 404)
    #expect(problem.detail == "no order 3f2a")
    #expect(result.failure == "error: no order 3f2a")
    let bad = try NodeJSON.decode(ProblemDocument.self, from: await run("nonsense", .json(.pretty)).output.utf8)
    #expect(bad.type == "urn:p2pnode:bad-command")
  }

  @Test("ids are short in text and whole in JSON")
  func ids() async throws {
    _ = await run("offer 8 h100-sxm-80g at 2.10 for 12h")
    let id = "3f2a" + String(repeating: "1", count: 60)
    #expect(!(await run("orders")).output.contains(id))
    #expect((await run("orders", .json(.singleLine))).output.contains(id))
  }

  @Test("stop returns when nothing answers any more")
  func stop() async {
    let result = await run("stop")
    #expect(result == CommandResult(output: "The node has stopped."))
    #expect(node.requests == ["stop", "status", "status", "status"])
  }

  @Test("a node that stops before its answer is through has stopped all the same")
  func stopWithoutAnswer() async {
    node.state.withLock { $0.failure = .connectionLost(request: "POST /v1/stop", reason: "closed") }
    let task = Task { await run("stop") }
    while node.requests.count < 3 { await Task.yield() }
    node.state.withLock { $0.failure = .noNode(dataDirectory: "/node") }
    #expect(await task.value.isSuccess)
  }

  @Test("without a node, the error says how to start one")
  func noNode() async {
    node.state.withLock { $0.failure = .noNode(dataDirectory: "/node") }
    let result = await run("book")
    #expect(result.failure == "error: no node is running at /node; start one: p2pnode run --data /node")
  }

  @Test("help and quit need no node")
  func withoutNode() async {
    node.state.withLock { $0.failure = .noNode(dataDirectory: "/node") }
    #expect(await run("help").output.contains("Explain why an open order has not traded."))
    #expect(await run("help bid").output.hasPrefix("bid GPUS CLASS[,CLASS] at PRICE"))
    #expect(await run("quit") == CommandResult(endsSession: true))
    #expect(node.requests.isEmpty)
  }

  @Test("an empty line and a comment do nothing", arguments: ["", "  ", "# book"])
  func nothing(line: String) async {
    #expect(await run(line) == CommandResult())
    #expect(node.requests.isEmpty)
  }

  @Test("colours are on only where they are asked for")
  func colours() async {
    #expect(!(await run("classes")).output.contains("\u{1B}"))
    #expect(await run("classes", .text(colours: true)).output.contains("\u{1B}"))
    #expect(!(await run("classes", .json(.pretty))).output.contains("\u{1B}"))
  }
}
