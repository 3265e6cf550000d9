import Testing

@Suite(
  "The dashboard in a browser",
  .enabled(if: BrowserRun.isInstalled, "needs Chromium and Playwright: scripts/setup --tests installs them"),
  .browserRun)
struct BrowserTests {
  @Test("what must hold in a browser", .timeLimit(.minutes(5)), arguments: Scenario.allCases)
  func holds(_ scenario: Scenario) throws {
    let run = try #require(BrowserRun.shared)
    let result = try #require(run.results[scenario.rawValue], "\(scenario.rawValue) did not run:\n\(run.trouble)")
    #expect(result.error == nil, "\(result.error ?? "")")
  }

  @Test("every scenario of the browser has its sentence here")
  func names() throws {
    let run = try #require(BrowserRun.shared)
    #expect(run.results.keys.sorted() == Scenario.allCases.map(\.rawValue).sorted(), "\(run.trouble)")
  }
}

/// What `Browser/scenarios.py` runs, by the names of its functions.
enum Scenario: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case modules, trade, forward, change, once, keyboard, peers, load, phone, reconnect, restart

  var testDescription: String {
    switch self {
    case .modules: "the modules' own tests pass"
    case .trade:
      "a trade made in the page appears in the other node's page without reload, with a receipt that verifies"
    case .forward: "a window drawn on the forward curve is priced by the node and can be bid for"
    case .change: "an order's reasons are told, and amend and cancel say what they cost"
    case .once: "an answer that is lost does not place a second order"
    case .keyboard: "an offer is placed and the charts are read with the keyboard alone"
    case .peers: "a peer with another book stands out"
    case .load: "ten thousand orders and a thousand changes a second are drawn once a frame"
    case .phone: "no view is wider than a phone"
    case .reconnect: "a lost connection is told and taken up where it broke"
    case .restart: "a restarted node's page says that the session ended, and goes on with the new link"
    }
  }
}
