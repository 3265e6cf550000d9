import Market
import NodeAPI
import NodeClient
import Synchronization
import Testing

@testable import P2PNode

/// A screen that draws some frames and is left.
private final class FakeScreen: LiveScreen {
  let frames = Mutex<[String]>([])
  let title = Mutex("")

  func show(
    title: String, changes: @escaping @Sendable (@escaping @Sendable () -> Void) async -> Void,
    frame: @escaping @Sendable (_ rows: Int) async -> String
  ) async {
    self.title.withLock { $0 = title }
    for rows in [22, 6] {
      let text = await frame(rows)
      frames.withLock { $0.append(text) }
    }
  }
}

@Suite("The console while it waits")
struct LiveConsoleTests {
  private let node = FakeNode()

  private func interpreter(
    screen: (any LiveScreen)? = nil, _ format: CommandInterpreter.Format = .text(colours: false)
  ) -> CommandInterpreter {
    CommandInterpreter(
      client: node, format: format, calendar: LocalCalendar(timeZone: .gmt), screen: screen, clock: { noon })
  }

  @Test("watch draws the answer, as much of the book as the screen has room for")
  func watch() async {
    let screen = FakeScreen()
    let result = await interpreter(screen: screen).run(line: "watch book h100-sxm-80g")
    #expect(result == CommandResult())
    #expect(screen.title.withLock { $0 } == "book h100-sxm-80g")
    #expect(screen.frames.withLock { $0 }.count == 2)
    #expect(node.requests.contains("book h100-sxm-80g 10"))
    #expect(node.requests.contains("book h100-sxm-80g 2"))
  }

  @Test("without a screen, or with --json, watch says what to do instead")
  func noScreen() async {
    let result = await interpreter().run(line: "watch peers")
    #expect(result.failure == "error: watch needs a terminal, and no --json; allowed here: peers")
    let json = await interpreter(screen: FakeScreen(), .json(.singleLine)).run(line: "watch peers")
    #expect(!json.isSuccess)
    #expect(node.requests.isEmpty)
  }

  @Test("what is watched is only what changes nothing")
  func watchable() async {
    for line in ["watch offer 8 h100-sxm-80g at 2 for 1h", "watch stop", "watch watch book", "watch"] {
      #expect(!(await interpreter(screen: FakeScreen()).run(line: line)).isSuccess, "\(line)")
    }
    #expect(node.state.withLock { $0.placed.isEmpty })
  }

  /// What is posted while the listener hears the given events.
  private func notices(_ events: [NodeEvent], trades: [TradeDocument] = []) async throws -> ConsoleFeed {
    node.state.withLock {
      $0.events = events
      $0.trades = trades
    }
    let feed = ConsoleFeed()
    let listener = Task { [interpreter = interpreter()] in
      await FillListener(interpreter: interpreter, feed: feed).run()
    }
    let deadline = ContinuousClock.now + .seconds(60)
    while !node.requests.contains(where: { $0.hasPrefix("events") }) {
      try #require(ContinuousClock.now < deadline, "the listener has not asked for events")
      await Task.yield()
    }
    listener.cancel()
    await listener.value
    return feed
  }

  @Test("each fill of this node is told once; what others trade, and what was there before, is not")
  func fills() async throws {
    let new = FakeNode.trade("2b", role: "provider", state: "settled")
    let feed = try await notices(
      [
        NodeEvent(id: "1", news: .trade(FakeNode.trade("1a", role: "buyer", state: "settled"))),
        NodeEvent(id: "2", news: .trade(FakeNode.trade("2b", role: "provider", state: "proposed"))),
        NodeEvent(id: "3", news: .trade(new)), NodeEvent(id: "4", news: .trade(new)),
        NodeEvent(id: "5", news: .trade(FakeNode.trade("3c", role: "observer", state: "settled"))),
      ], trades: [FakeNode.trade("1a", role: "buyer", state: "settled")])
    let notices = feed.takeNotices()
    #expect(notices.count == 1)
    #expect(notices.first?.hasPrefix("sold 4 x h100-sxm-80g at 2.10, ") == true, "\(notices)")
    #expect(notices.first?.contains("trade 2b2b2b2b2b") == true)
    #expect(feed.takeNotices().isEmpty)
  }

  @Test("an own order is offered by Tab while it is open")
  func orders() async throws {
    _ = await interpreter().run(line: "offer 8 h100-sxm-80g at 2.10 for 12h")
    var order = try await node.order("3f2a")
    let feed = try await notices([NodeEvent(id: "1", news: .order(order))])
    #expect(feed.completion.candidates(before: "why ").words == ["3f2a111111"])
    order.state = "filled"
    feed.note(order)
    #expect(feed.completion.candidates(before: "why ").words == [])
  }

  @Test("of many notices the latest are kept")
  func manyNotices() {
    let feed = ConsoleFeed()
    for number in 0..<1000 { feed.post("\(number)") }
    let kept = feed.takeNotices()
    #expect(kept.count == ConsoleFeed.maximumNotices)
    #expect(kept.last == "999")
  }
}

extension FakeNode {
  /// A trade of an hour from noon on.
  static func trade(_ digits: String, role: String, state: String) -> TradeDocument {
    TradeDocument(
      id: String(repeating: digits, count: 32), state: state, role: role, offer: String(repeating: "0f", count: 32),
      bid: String(repeating: "0b", count: 32), provider: String(repeating: "aa", count: 32),
      buyer: String(repeating: "bb", count: 32), taker: "buyer", gpuClass: "h100-sxm-80g", gpus: 4,
      startMs: noon.milliseconds, endMs: noon.milliseconds + 3_600_000, priceMicros: 2_100_000,
      totalMicros: 8_400_000, currency: "USD", deadlineMs: noon.milliseconds,
      settledMs: state == "settled" ? noon.milliseconds : nil)
  }
}
