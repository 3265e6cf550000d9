import ArgumentParser
import Foundation
import NodeAPI

/// `torture`: markets of real nodes that are killed, lose power, and get bad disks and clocks while they trade.
@main
struct TortureCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "torture",
    abstract: "Hurt real nodes while they trade, and look whether anything is lost.",
    discussion: """
      Each market has four nodes on this machine, on which orders are placed without a pause. One node after the other is \
      hurt, and has to come back, or to say what to do, which is then done. In the end no feed may have forked, every \
      receipt that was seen must be on both sides, nothing may be reserved, and all books must be equal. The exit status \
      is 0 only then.
      """)

  @Option(
    help: ArgumentHelp(
      "Cycles of kill; the other kinds' are in proportion (1,000 kills, 200 losses of power, 100 torn writes, ...).",
      valueName: "count"))
  var cycles = 50

  @Option(
    name: .customLong("only"), parsing: .upToNextOption,
    help: ArgumentHelp(
      "Only these kinds: \(TortureKind.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "kind"))
  var kinds: [TortureKind] = []

  @Option(help: ArgumentHelp("The seed of the draws (default: a random one, which is printed).", valueName: "number"))
  var seed: UInt64?

  @Option(help: ArgumentHelp("Markets at the same time, 1 to 64.", valueName: "count"))
  var parallel = 2

  @Option(help: ArgumentHelp("Run one batch of one kind again, of so many cycles.", valueName: "count"))
  var batch: Int?

  @Option(help: ArgumentHelp("Cycles of the kind before that batch.", valueName: "count"))
  var first = 0

  @Flag(name: .customLong("json"), help: "Print the report as exactly one JSON document.")
  var isJSON = false

  func validate() throws {
    guard cycles > 0 else { throw ValidationError("--cycles is \(cycles); allowed: 1 or more") }
    guard (1...64).contains(parallel) else { throw ValidationError("--parallel is \(parallel); allowed: 1 to 64") }
    guard first >= 0 else { throw ValidationError("--first is \(first); allowed: 0 or more") }
    guard let batch else { return }
    guard batch > 0 else { throw ValidationError("--batch is \(batch); allowed: 1 or more") }
    guard kinds.count == 1 else { throw ValidationError("--batch runs one kind again; allowed: with one --only") }
  }

  func run() async throws {
    let startedAt = ContinuousClock.now
    let seed = seed ?? UInt64(UInt32.random(in: .min ... .max))
    do {
      let batches = try await runBatches(seed: seed)
      let seconds = (ContinuousClock.now - startedAt) / .seconds(1)
      let report = TortureReport(batches: batches, seconds: seconds, seed: seed)
      print(isJSON ? try NodeJSON.text(report, layout: .pretty) : report.text)
      if !report.isSound { throw ExitCode.failure }
    } catch let error as TortureError {
      Self.say("error: \(error)")
      throw ExitCode.failure
    }
  }

  private typealias Done = (plan: Batch.Plan, directory: String, tally: TortureReport.Tally)

  private func runBatches(seed: UInt64) async throws -> [Done] {
    let products = try Self.products()
    let chosen = TortureKind.allCases.filter { kinds.isEmpty || kinds.contains($0) }
    let plans =
      if let batch { [Batch.Plan(kind: chosen[0], cycles: batch, first: first, seed: seed)] } else {
        TorturePlan.batches(kinds: chosen, kills: cycles, seed: seed)
      }
    let place = try Self.makeTemporary()
    defer { rmdir(place) }
    Self.say("Seed \(seed), \(plans.count) markets, in \(place).")
    return try await withThrowingTaskGroup(of: (Int, Done).self) { group in
      var finished: [(Int, Done)] = []
      for (index, plan) in plans.enumerated() {
        if index >= parallel, let one = try await group.next() { finished.append(one) }
        group.addTask {
          let directory = "\(place)/\(index)"
          let tally = try await Batch.run(plan, in: directory, products: products)
          let done = Done(plan: plan, directory: directory, tally: tally)
          Self.tell(done)
          return (index, done)
        }
      }
      return try await group.reduce(into: finished) { $0.append($1) }.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }

  /// The products of the build that this process is of, or the node that `P2PNODE_BINARY` names.
  private static func products() throws(TortureError) -> Batch.Products {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    let directory = URL(fileURLWithPath: own).deletingLastPathComponent()
    let node =
      ProcessInfo.processInfo.environment["P2PNODE_BINARY"] ?? directory.appendingPathComponent("p2pnode").path
    let faults = directory.appendingPathComponent("libfaults.so").path
    guard access(node, X_OK) == 0 else { throw .missing(path: node, product: "p2pnode") }
    guard access(faults, R_OK) == 0 else { throw .missing(path: faults, product: "faults") }
    return Batch.Products(node: node, faults: faults)
  }

  private static func makeTemporary() throws(TortureError) -> String {
    // Not $TMPDIR, which may be too long for a socket's path.
    var template = Array("/tmp/torture-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw .system("mkdtemp", path: "/tmp", reason: String(cString: strerror(errno)))
    }
    return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  private static func tell(_ done: Done) {
    let (plan, tally) = (done.plan, done.tally)
    say(
      "\(plan.kind.rawValue): \(tally.cycles) cycles, \(tally.receipts) receipts, \(tally.refused) refused, back within "
        + "\(tally.slowestReturn) s, at rest within \(tally.slowestEnd) s"
        + (tally.violations.isEmpty ? "" : ", FAILED"))
    guard !tally.violations.isEmpty else { return }
    say(
      TortureReport.text(
        .init(command: plan.command, directory: done.directory, violations: tally.violations)))
  }

  /// When the reader has gone there is nobody to tell, so a failure is not reported.
  private static func say(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8)) }
}
