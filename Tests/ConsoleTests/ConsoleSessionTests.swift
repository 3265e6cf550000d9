import Market
import NodeAPI
import NodeClient
import Synchronization
import Testing

@testable import P2PNode

/// The lines of a script, and what the prompts and completions were.
private final class FakeLines: LineSource {
  let state: Mutex<(lines: [String], prompts: [String], completions: [CommandCompletion])>

  init(_ lines: [String]) {
    state = Mutex((lines, [], []))
  }

  func next(prompt: String, completion: CommandCompletion) async -> String? {
    state.withLock { state in
      state.prompts.append(prompt)
      state.completions.append(completion)
      return state.lines.isEmpty ? nil : state.lines.removeFirst()
    }
  }
}

@Suite("The console")
struct ConsoleSessionTests {
  private let node = FakeNode()
  private let written = Collected()

  private final class Collected: Sendable {
    let lines = Mutex<[(stream: Terminal.Stream, text: String)]>([])

    func texts(_ stream: Terminal.Stream) -> [String] {
      lines.withLock { $0.filter { $0.stream == stream }.map(\.text) }
    }
  }

  private var session: ConsoleSession {
    let interpreter = CommandInterpreter(
      client: node, format: .text(colours: false), calendar: LocalCalendar(timeZone: .gmt), clock: { noon })
    return ConsoleSession(interpreter: interpreter) { [written] stream, text in
      written.lines.withLock { $0.append((stream, text)) }
      return true
    }
  }

  @Test("a script whose output nobody takes any more ends there, without success")
  func readerGone() async {
    let session = ConsoleSession(interpreter: session.interpreter) { [written] stream, text in
      written.lines.withLock { $0.append((stream, text)) }
      return stream == .error
    }
    #expect(await session.runScript(FakeLines(["nonsense", "classes", "classes"])) == false)
    #expect(written.texts(.output).count == 1 && written.texts(.error).count == 1)
  }

  @Test("a script goes on after an error, names its line, and fails at the end")
  func scriptWithError() async {
    let isSuccess = await session.runScript(FakeLines(["# comment", "nonsense", "", "classes"]))
    #expect(!isSuccess)
    #expect(written.texts(.error) == ["line 2: error: \"nonsense\" is not a command; help lists the commands"])
    #expect(written.texts(.output).count == 1)
  }

  @Test("a script without an error succeeds and prints nothing but results")
  func script() async {
    #expect(await session.runScript(FakeLines(["classes", "", "# end"])))
    #expect(written.texts(.output).count == 1)
    #expect(written.texts(.error).isEmpty)
  }

  @Test("quit ends a script; what follows is not read")
  func quit() async {
    let lines = FakeLines(["quit", "nonsense"])
    #expect(await session.runScript(lines))
    #expect(lines.state.withLock { $0.lines } == ["nonsense"])
  }

  @Test("a person is greeted, sees the state in the prompt, and completes own open orders")
  func conversation() async {
    let lines = FakeLines(["offer 8 h100-sxm-80g at 2.10 for 12h", "nonsense", "exit"])
    #expect(await session.converse(lines))
    #expect(
      written.texts(.output).first?.hasPrefix("local testnet: node ababababab, 4 peers, 2 open orders\n") == true)
    lines.state.withLock { state in
      #expect(state.prompts == Array(repeating: "local testnet running> ", count: 3))
      #expect(state.completions[0].gpuClasses == ["h100-sxm-80g", "h200-sxm-141g"])
      #expect(state.completions[0].ownOrders == [])
      #expect(state.completions[1].ownOrders == ["3f2a111111"])
    }
    #expect(written.texts(.error) == ["error: \"nonsense\" is not a command; help lists the commands"])
  }

  @Test("without a node the console does not open")
  func noNode() async {
    node.state.withLock { $0.failure = .noNode(dataDirectory: "/node") }
    #expect(!(await session.converse(FakeLines(["book"]))))
    #expect(written.texts(.error) == ["error: no node is running at /node; start one: p2pnode run --data /node"])
  }

  @Test("the prompt shows what is not as usual")
  func prompts() {
    var status = FakeNode.status
    status.state = "recovering"
    #expect(session.prompt(status) == "local testnet recovering> ")
    status.trouble = "disk full"
    #expect(session.prompt(status) == "local testnet trouble> ")
    #expect(session.prompt(nil) == "no node> ")
  }
}
