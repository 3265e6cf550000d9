import ArgumentParser
import Foundation
import Market
import MarketFiles
import NodeAPI

/// `testnet`: a market of several nodes on this machine, with real offers and real demand.
@main
struct TestnetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "testnet",
    abstract: "Start a local market: several nodes, real offers, and real jobs as bids.",
    discussion: """
      Half of the nodes are providers, which place the real offers; the other half are renters, which place the first \
      jobs of a real demand trace as bids. A slot of this network stands for one of 900 s, so durations shrink alike. \
      Afterwards a console opens on a renter's node; without a terminal, the nodes run until SIGINT or SIGTERM. With \
      --exit, the command waits until no trade is undecided and all books are equal, prints a summary and stops the \
      nodes; its exit status is 0 only when both sides of every trade hold its receipt.
      """)

  @Option(help: ArgumentHelp("Nodes, 2 to 64.", valueName: "count"))
  var nodes = 5

  @Option(help: ArgumentHelp("Jobs to replay as bids.", valueName: "count"))
  var replay = 60

  @Option(help: ArgumentHelp("The seed of the draws (default: a random one, which is printed).", valueName: "number"))
  var seed: UInt64?

  @Option(help: ArgumentHelp("Real seconds that the replay takes, 0 to 86400.", valueName: "seconds"))
  var seconds: Int64 = 20

  @Flag(name: .customLong("exit"), help: "Wait until nothing is in doubt, print a summary and stop.")
  var exits = false

  @Flag(name: .customLong("json"), help: "Print the summary as exactly one JSON document (with --exit).")
  var isJSON = false

  @Option(
    name: .customLong("keep"),
    help: ArgumentHelp("Keep the nodes' directories here, and reuse those of a former run.", valueName: "dir"),
    completion: .directory)
  var keptDirectory: String?

  @Option(
    name: .customLong("network"),
    help: ArgumentHelp("The genesis file (default: Testnet/network.json of the project).", valueName: "file"),
    completion: .file(extensions: ["json"]))
  var networkFile: String?

  @Option(
    name: .customLong("data"),
    help: ArgumentHelp("The directory of the market data (default: Testnet/data of the project).", valueName: "dir"),
    completion: .directory)
  var dataDirectory: String?

  func validate() throws {
    guard (2...64).contains(nodes) else { throw ValidationError("--nodes is \(nodes); allowed: 2 to 64") }
    guard replay >= 0 else { throw ValidationError("--replay is \(replay); allowed: 0 or more") }
    guard (0...86_400).contains(seconds) else {
      throw ValidationError("--seconds is \(seconds); allowed: 0 to 86400")
    }
    guard exits || !isJSON else { throw ValidationError("--json prints the summary of --exit; allowed: both together") }
  }

  func run() async throws {
    let startedAt = ContinuousClock.now
    let trap = SignalTrap()
    let output = Narrator(isInteractive: isatty(STDERR_FILENO) == 1 && !isJSON)
    do {
      switch try await supervise(startedAt: startedAt, trap: trap, output: output) {
      case .done: return
      case .unsound: throw ExitCode.failure
      case .signal(let number): throw ExitCode(128 + number)
      }
    } catch let error as TestnetError {
      let problem = ProblemDocument(
        type: "urn:p2pnode:testnet", title: "The testnet failed", status: 500, detail: error.description)
      if isJSON { TestnetRun.print(try NodeJSON.text(problem, layout: .pretty)) }
      output.say("error: \(error)")
      throw ExitCode.failure
    }
  }

  /// How a run ended.
  private enum Outcome {
    case done
    case unsound
    case signal(Int32)
  }

  /// Runs the testnet, and stops all nodes however that ends.
  private func supervise(
    startedAt: ContinuousClock.Instant, trap: SignalTrap, output: Narrator
  ) async throws -> Outcome {
    let installation = try Installation(networkFile: networkFile, dataDirectory: dataDirectory)
    let genesis = try installation.genesis()
    let plan = try plan(installation: installation, genesis: genesis, output: output)
    let directory = try RunDirectory(keeping: keptDirectory, nodes: nodes)
    if directory.isKept { output.say("The passphrase of the nodes is in \(directory.passphraseFile).") }
    let fleet = Fleet(
      count: nodes, installation: installation, genesis: genesis, directory: directory, output: output)
    let isTerminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1
    let run = TestnetRun(
      installation: installation, genesis: genesis, plan: plan, directory: directory, fleet: fleet, output: output,
      trap: trap, ending: exits ? .summary : isTerminal ? .console : .untilSignal, startedAt: startedAt)

    let result = await Self.race(run, against: trap)
    let complaints = await fleet.stop()
    directory.removeIfTemporary()
    for complaint in complaints { output.say(complaint) }
    switch try result.get() {
    case .signal(let number): return .signal(number)
    case .summary(let summary):
      if let summary { TestnetRun.print(isJSON ? try NodeJSON.text(summary, layout: .pretty) : summary.text) }
      return complaints.isEmpty && summary?.isSound ?? true ? .done : .unsound
    }
  }

  private func plan(installation: Installation, genesis: Genesis, output: Narrator) throws -> ReplayPlan {
    let data = try installation.marketData(for: genesis)
    guard replay <= data.jobs.count else {
      throw TestnetError.replay(
        replay, available: data.jobs.count, path: "\(installation.dataDirectory)/\(MarketData.FileName.demand)")
    }
    let plan = ReplayPlan(
      data: data, genesis: genesis, replay: replay, seconds: seconds,
      seed: seed ?? UInt64(UInt32.random(in: .min ... .max)))
    let cut = plan.cutJobs == 0 ? "" : "; \(plan.cutJobs) of the jobs are longer than 6 h and cut to that"
    output.say("Seed \(plan.seed)\(cut).")
    return plan
  }

  /// What came first.
  private enum First: Sendable {
    case summary(RunSummary?)
    case signal(Int32)
  }

  private static func race(_ run: TestnetRun, against trap: SignalTrap) async -> Result<First, any Error> {
    await withTaskGroup(of: Result<First, any Error>?.self) { group in
      group.addTask {
        do { return .success(.summary(try await run.run())) } catch { return .failure(error) }
      }
      group.addTask {
        await trap.next().map { .success(.signal($0)) }
      }
      defer { group.cancelAll() }
      while let first = await group.next() {
        if let first { return first }
      }
      preconditionFailure("a race without a runner")
    }
  }
}
