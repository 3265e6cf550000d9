import ArgumentParser
import Foundation
import Simulator

/// Runs seeds.
struct Seeds: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "seeds",
    abstract: "Runs seeds, and shows what does not hold with the command that replays it.")

  @Option(help: "The one seed to run; its plan is shown.")
  var seed: UInt64?
  @Option(help: "How many seeds to run.")
  var seeds = 1
  @Option(help: "The first of them.")
  var start: UInt64 = 1
  @Option(help: "What goes wrong: \(Scenario.allCases.map(\.rawValue).joined(separator: ", ")).")
  var scenario: Scenario = .swarm
  @Option(help: "Honest nodes at the start, instead of what the seed draws.")
  var nodes: Int?
  @Option(help: "Seconds of the safety phase, instead of what the seed draws.")
  var seconds: Int64?
  @Option(help: "The numbers of the steps that are kept, such as 1,4-7, or none.", transform: numbers)
  var steps: [Int]?
  @Option(help: "The hostile nodes that are kept, by their places from 0, or none.", transform: numbers)
  var hostile: [Int]?
  @Option(help: "What goes well: packets, clocks, processing. May be repeated.")
  var calm: [PlanCut.Part] = []
  @Flag(help: "Run each seed again in another process, and compare the traces.")
  var twice = false
  @Flag(help: .hidden)
  var tracesOnly = false
  @Flag(help: "Show all that happens.")
  var trace = false
  @Flag(help: "Shorten the first run in which something does not hold.")
  var shorten = false
  @Flag(help: "One JSON document on standard output.")
  var json = false
  @Flag(help: "Measure what there are targets for, and write it into docs/SIMULATION.md; as the subcommand report.")
  var report = false
  @Flag(help: "What continuous integration runs: 2,000 seeds, each twice.")
  var ci = false
  @Option(help: "How many threads; all cores when left out.")
  var threads: Int?

  private static func numbers(_ text: String) throws -> [Int] {
    guard let numbers = PlanCut.numbers(text) else {
      throw ValidationError("\(text) is no list of numbers; allowed: numbers and ranges such as 1,4-7, or none")
    }
    return numbers
  }

  func validate() throws {
    guard (1...10_000_000).contains(seeds) else { throw ValidationError("--seeds is \(seeds); allowed: 1 to 10000000") }
    if let nodes, !(1...500).contains(nodes) { throw ValidationError("--nodes is \(nodes); allowed: 1 to 500") }
    if let seconds, !(1...86_400).contains(seconds) {
      throw ValidationError("--seconds is \(seconds); allowed: 1 to 86400")
    }
    if let threads, !(1...256).contains(threads) {
      throw ValidationError("--threads is \(threads); allowed: 1 to 256")
    }
  }

  private var cut: PlanCut {
    var cut = PlanCut()
    cut.nodes = nodes
    cut.seconds = seconds
    cut.steps = steps
    cut.hostile = hostile
    cut.calm = calm
    return cut
  }

  func run() throws {
    CrashNote.install()
    if report { return try Report.parse([]).run() }
    if let seed, !json, !tracesOnly { return try runOne(seed) }
    var batch = Batch(
      scenario: scenario, cut: cut, first: seed ?? start, count: ci ? 2000 : seed == nil ? seeds : 1,
      threads: threads)
    let clock = ContinuousClock()
    let begin = clock.now
    batch.run { result in if !json, !tracesOnly { show(result) } }
    if tracesOnly { return batch.traces.forEach { print(String($0, radix: 16)) } }
    if twice || ci { batch.compare(with: try again()) { result in if !json { show(result) } } }
    let took = begin.duration(to: clock.now)
    if json {
      print(batch.json)
    } else {
      print(batch.summary(seconds: Double(took.components.seconds) + Double(took.components.attoseconds) / 1e18))
    }
    if shorten, let first = batch.failures.first { shortenRun(first) }
    if !batch.failures.isEmpty { throw ExitCode(1) }
  }

  /// The fingerprints of the same runs in a new process.
  private func again() throws -> [UInt64] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = CommandLine.arguments.dropFirst().filter { $0 != "--json" } + ["--traces-only"]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return text.split(separator: "\n").compactMap { UInt64($0, radix: 16) }
  }

  private func runOne(_ seed: UInt64) throws {
    let plan = cut.applied(to: Plan(scenario, seed: seed))
    print(plan)
    let result = SimulationRun(plan, log: trace ? { print($0) } : nil).run()
    print(
      "  \(result.milliseconds / 1000) s of virtual time, \(result.events) events, \(result.entries) entries, "
        + "\(result.settled) trades, \(result.confirmed) of \(result.purchases) purchases, quiet after \(result.healingMilliseconds) ms, "
        + "trace \(String(result.trace, radix: 16))")
    if twice, try again() != [result.trace] {
      print("  VIOLATION \(Violation.Rule.notReproducible.rawValue)")
      throw ExitCode(1)
    }
    if result.violations.isEmpty { return print("  everything holds") }
    for violation in result.violations { print("  VIOLATION \(violation)") }
    if shorten { shortenRun(result) }
    throw ExitCode(1)
  }

  private func show(_ result: RunResult) {
    print("seed \(result.seed): \(result.violations[0])")
    print("  replay: simulate --seed \(result.seed) --scenario \(scenario.rawValue) \(cut.arguments) --trace")
  }

  private func shortenRun(_ result: RunResult) {
    let plan = Plan(scenario, seed: result.seed)
    var shrinker = Shrinker(plan: plan, rule: result.violations[0].rule, cut: cut) { cut in
      SimulationRun(cut.applied(to: plan)).run().violations
    }
    shrinker.shrink()
    print(
      "  shortened: simulate --seed \(result.seed) --scenario \(scenario.rawValue) \(shrinker.cut.arguments) --trace")
  }
}

extension Scenario: ExpressibleByArgument {}
extension PlanCut.Part: ExpressibleByArgument {}
