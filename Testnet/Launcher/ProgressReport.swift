import NodeAPI

/// Tells how far a run is.
struct ProgressReport: Sendable {
  let plan: ReplayPlan
  let replay: Replay
  let fleet: Fleet
  let output: Narrator

  /// Shows the progress while `body` runs, and once more when it has come to its end.
  func reporting<Output: Sendable>(_ body: @Sendable () async throws -> Output) async throws -> Output {
    let result = try await withThrowingTaskGroup(of: Void.self) { group in
      defer { group.cancelAll() }
      group.addTask { await report() }
      return try await body()
    }
    output.say(await line())
    return result
  }

  private func report() async {
    let interval: Duration = output.isInteractive ? .milliseconds(250) : .seconds(2)
    var shown = ""
    while !Task.isCancelled {
      let line = await line()
      if line != shown, !Task.isCancelled { output.show(progress: line) }
      shown = line
      try? await Task.sleep(for: interval)
    }
  }

  /// Tells of each node that ends, until it is cancelled.
  ///
  /// - Parameter passphraseFile: what a node is started again with by hand; nil when its directory does not stay.
  func watchNodes(passphraseFile: String?) async {
    var ended: Set<Int> = []
    while !Task.isCancelled {
      for node in fleet.nodes {
        guard let exit = node.exit, ended.insert(node.number).inserted else { continue }
        let again = passphraseFile.map {
          "; start it again: p2pnode run --data \(node.directory) --passphrase-file \($0)"
        }
        output.say("node \(node.number) ended with \(exit)\(again ?? ""); the end of \(node.log):\n\(node.logTail())")
      }
      try? await Task.sleep(for: .milliseconds(250))
    }
  }

  private func line() async -> String {
    let statuses = await withTaskGroup(of: StatusDocument?.self) { group in
      for node in fleet.nodes { group.addTask { try? await node.client.status() } }
      return await group.reduce(into: [StatusDocument]()) { if let status = $1 { $0.append(status) } }
    }
    let peers = statuses.map(\.peers)
    let range =
      switch (peers.min(), peers.max()) {
      case (let low?, let high?): low == high ? "\(low)" : "\(low) to \(high)"
      default: "none"
      }
    return "offers \(replay.offersPlaced)/\(plan.offers.count)  bids \(replay.bidsPlaced)/\(plan.bids.count)  "
      + "trades settled \(statuses.map(\.trades).max() ?? 0)  peers of a node \(range)"
  }
}
