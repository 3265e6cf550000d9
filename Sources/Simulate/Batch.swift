import Dispatch
import Glibc
import Simulator
import Synchronization

/// Many seeds, on all cores. Runs share nothing.
struct Batch {
  let scenario: Scenario
  let cut: PlanCut
  let first: UInt64
  let count: Int
  let threads: Int?
  /// Runs in which something does not hold, ascending by seed.
  private(set) var failures: [RunResult] = []
  /// The fingerprint of each run.
  private(set) var traces: [UInt64] = []
  private var milliseconds: Int64 = 0
  private var events = 0
  private var settled = 0
  private var purchases = 0
  private var confirmed = 0
  private var slowestHealing: Int64 = 0

  init(scenario: Scenario, cut: PlanCut, first: UInt64, count: Int, threads: Int?) {
    self.scenario = scenario
    self.cut = cut
    self.first = first
    self.count = count
    self.threads = threads
  }

  /// Runs them all; calls `report` for each failure when all are done.
  mutating func run(report: (RunResult) -> Void) {
    let results = Mutex<[RunResult?]>(Array(repeating: nil, count: count))
    let next = Atomic<Int>(0)
    let (scenario, cut, first, count) = (scenario, cut, first, count)
    DispatchQueue.concurrentPerform(iterations: threads ?? Self.cores) { _ in
      while true {
        let place = next.add(1, ordering: .relaxed).oldValue
        guard place < count else { return }
        CrashNote.runs(first &+ UInt64(place))
        let result = SimulationRun(cut.applied(to: Plan(scenario, seed: first &+ UInt64(place)))).run()
        results.withLock { $0[place] = result }
      }
    }
    for result in results.withLock({ $0 }).compactMap({ $0 }) {
      traces.append(result.trace)
      milliseconds += result.milliseconds
      events += result.events
      settled += result.settled
      purchases += result.purchases
      confirmed += result.confirmed
      slowestHealing = max(slowestHealing, result.healingMilliseconds)
      if !result.violations.isEmpty {
        failures.append(result)
        report(result)
      }
    }
  }

  private static var cores: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

  /// Compares with the fingerprints of another process, in which sets and dictionaries are in another order.
  mutating func compare(with others: [UInt64], report: (RunResult) -> Void) {
    for place in traces.indices where !others.indices.contains(place) || others[place] != traces[place] {
      let seed = first &+ UInt64(place)
      let other = others.indices.contains(place) ? hex(others[place]) : "none"
      let violation = Violation(rule: .notReproducible, details: "traces \(hex(traces[place])) and \(other)")
      if let failed = failures.firstIndex(where: { $0.seed == seed }) {
        failures[failed].violations.append(violation)
      } else {
        let result = RunResult(seed: seed, trace: traces[place], violations: [violation])
        failures.append(result)
        report(result)
      }
    }
    failures.sort { $0.seed < $1.seed }
  }

  /// One fingerprint over all runs.
  var trace: UInt64 {
    var trace = Trace()
    for value in traces { trace.mix(value) }
    return trace.value
  }

  var json: String {
    let violations = failures.flatMap { result in
      result.violations.map { violation in
        #"{"seed":\#(result.seed),"rule":"\#(violation.rule)","details":"\#(Self.escaped(violation.details))"}"#
      }
    }
    return #"{"seeds":\#(count),"violations":[\#(violations.joined(separator: ","))],"trace":"\#(hex(trace))"}"#
  }

  private func hex(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  private static func escaped(_ text: String) -> String {
    text.unicodeScalars.map { scalar in
      switch scalar {
      case "\"", "\\": "\\\(scalar)"
      case "\n": "\\n"
      default: "\(scalar)"
      }
    }.joined()
  }

  func summary(seconds: Double) -> String {
    let virtual = Double(milliseconds) / 1000
    return """
      \(count) seeds, \(failures.count) with violations, trace \(hex(trace))
      \(Int(virtual)) s of virtual time in \((seconds * 10).rounded() / 10) s, \(events) events, \(settled) trades, \(confirmed) of \(purchases) purchases, \
      quiet at the latest \(slowestHealing) ms after the faults
      """
  }
}
