import Foundation
import Market
import NodeAPI
import NodeClient

/// One run of the testnet: start, replay, and what comes after it.
struct TestnetRun: Sendable {
  /// What comes after the replay.
  enum Ending: Sendable {
    /// Wait until nothing is in doubt, and count.
    case summary
    /// Open a console on a renter's node.
    case console
    /// Run on until a signal comes.
    case untilSignal
  }

  let installation: Installation
  let genesis: Genesis
  let plan: ReplayPlan
  let directory: RunDirectory
  let fleet: Fleet
  let output: Narrator
  let trap: SignalTrap
  let ending: Ending
  /// When the launcher was started.
  let startedAt: ContinuousClock.Instant

  /// How long the nodes may take until nothing is in doubt, in seconds.
  static let convergenceSeconds: Int64 = 90
  /// How long after one look at the nodes the next one comes.
  private static let lookInterval = Duration.milliseconds(500)

  /// Runs the testnet to its ending.
  ///
  /// - Returns: the summary, when the ending is one.
  func run() async throws -> RunSummary? {
    let (entrance, isBootstrap) = try await fleet.start()
    let replay = Replay(plan: plan, fleet: fleet)
    let progress = ProgressReport(plan: plan, replay: replay, fleet: fleet, output: output)
    return try await withThrowingTaskGroup(of: Void.self) { group in
      defer { group.cancelAll() }
      group.addTask { await progress.watchNodes(passphraseFile: directory.isKept ? directory.passphraseFile : nil) }
      let summary = try await progress.reporting {
        try await replay.run()
        return ending == .summary ? try await converge(replay) : nil
      }
      if ending != .summary {
        Self.print(Places(run: self, entrance: entrance, isBootstrap: isBootstrap).text)
        try await stay()
      }
      return summary
    }
  }

  private func stay() async throws {
    if ending == .console, let renter = fleet.renters.first {
      let console = try ConsoleProcess(executable: installation.nodeExecutable, directory: renter.directory)
      trap.leaveInterruptsToChild()
      await console.wait()
    } else {
      while true { try await Task.sleep(for: .seconds(3600)) }
    }
  }

  private func converge(_ replay: Replay) async throws -> RunSummary {
    let deadline = ContinuousClock.now + .seconds(Self.convergenceSeconds)
    var check = ConvergenceCheck()
    while true {
      var doubts = check.look(at: await lookAtNodes())
      if doubts.isEmpty {
        let summary = try await summarize(replay)
        // A trade may have been made while the nodes were asked one by one.
        doubts = check.look(at: await lookAtNodes())
        if doubts.isEmpty { return summary }
      }
      guard ContinuousClock.now < deadline else {
        throw TestnetError.inDoubt(doubts, seconds: Self.convergenceSeconds)
      }
      try await Task.sleep(for: Self.lookInterval)
    }
  }

  private func lookAtNodes() async -> [ConvergenceCheck.Answer] {
    await withTaskGroup(of: ConvergenceCheck.Answer.self) { group in
      for node in fleet.nodes {
        group.addTask {
          do throws(NodeClientError) {
            return .init(node: node.number, status: .success(try await node.client.status()))
          } catch {
            return .init(node: node.number, status: .failure(error))
          }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }.sorted { $0.node < $1.node }
    }
  }

  private func summarize(_ replay: Replay) async throws -> RunSummary {
    let holdings = try await withThrowingTaskGroup(of: (Int, RunSummary.Holdings).self) { group in
      for node in fleet.nodes { group.addTask { (node.number, try await self.holdings(of: node)) } }
      return try await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }.map(\.1)
    }
    let milliseconds = (ContinuousClock.now - startedAt) / .milliseconds(1)
    return RunSummary(
      holdings: holdings, offers: replay.offersPlaced, bids: replay.bidsPlaced,
      seconds: milliseconds.rounded() / 1000, seed: plan.seed)
  }

  private func holdings(of node: TestnetNode) async throws -> RunSummary.Holdings {
    let status: StatusDocument
    let trades: [TradeDocument]
    let receipts: [ReceiptDocument]
    do throws(NodeClientError) {
      status = try await node.client.status()
      trades = try await node.client.trades(.all)
      receipts = try await node.client.receipts(.mine)
    } catch {
      throw TestnetError.request(node: node.number, reason: error)
    }
    return RunSummary.Holdings(
      node: status.node, digest: status.bookDigest,
      settled: trades.filter { $0.state == "settled" }.map {
        .init(trade: $0.id, provider: $0.provider, renter: $0.buyer)
      },
      receipts: try receipts.map { try verified($0, heldBy: node) })
  }

  private func verified(_ receipt: ReceiptDocument, heldBy node: TestnetNode) throws -> RunSummary.TradeParties {
    let trade = receipt.decoded.trade
    guard receipt.network == genesis.networkID.hex else {
      throw TestnetError.receipt(node: node.number, trade: trade, reason: "it is of the network \(receipt.network)")
    }
    do throws(ReceiptFileError) {
      let (trade, terms) = try receipt.verify()
      return .init(trade: trade.hex, provider: terms.provider.hex, renter: terms.buyer.hex)
    } catch {
      throw TestnetError.receipt(node: node.number, trade: trade, reason: error.description)
    }
  }

  /// Writes to standard output. When the reader has gone there is nobody to tell, so a failure is not reported.
  static func print(_ text: String) { try? FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8)) }
}
