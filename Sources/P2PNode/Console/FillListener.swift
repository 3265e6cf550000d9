import NodeAPI
import NodeClient

/// Tells a person at the console of fills as they happen, and keeps the orders that Tab offers up to date.
struct FillListener {
  /// How long is waited for a node that has gone.
  private static let pause = Duration.seconds(1)

  let interpreter: CommandInterpreter
  let feed: ConsoleFeed

  /// Listens until it is cancelled, through restarts of the node.
  func run() async {
    let told = Told()
    while !Task.isCancelled {
      do throws(NodeClientError) {
        try await told.begin(interpreter)
        try await interpreter.client.events([.trades, .orders], gpuClass: nil, after: told.last) { event in
          await take(event, told)
        }
      } catch {
        // A node of a version without events says so, and has none later either.
        if case .problem(let problem) = error, problem.status == 404 { return }
      }
      try? await Task.sleep(for: Self.pause)
    }
  }

  private func take(_ event: NodeEvent, _ told: Told) async {
    await told.note(event.id)
    switch event.news {
    case .trade(let trade): await tell(trade, told)
    case .order(let order): feed.note(order)
    case .reset:
      // What happened before cannot be told one by one, so what there is is looked through.
      guard let trades = try? await interpreter.client.trades(.mine) else { return }
      for trade in trades { await tell(trade, told) }
    case .other: break
    }
  }

  private func tell(_ trade: TradeDocument, _ told: Told) async {
    guard await told.isNews(trade), let text = try? await interpreter.documentText() else { return }
    feed.post(text.fill(trade))
  }

  /// What was told and heard.
  private actor Told {
    private var fills: FillNotices?
    /// The id of the last event.
    private(set) var last: String?

    /// What is settled when the console opens is no news.
    func begin(_ interpreter: CommandInterpreter) async throws(NodeClientError) {
      guard fills == nil else { return }
      fills = FillNotices(after: try await interpreter.client.trades(.mine))
    }

    func note(_ id: String) { if !id.isEmpty { last = id } }

    func isNews(_ trade: TradeDocument) -> Bool { fills?.isNews(trade) ?? false }
  }
}
