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
  let isTwice: Bool
  let threads: Int?
  /// Runs in which something does not hold, ascending by seed.
  private(set) var failures: [RunResult] = []
  private var traces: [UInt64] = []
  private var milliseconds: Int64 = 0
  private var events = 0
  private var settled = 0
  private var slowestHealing: Int64 = 0

  init(scenario: Scenario, cut: PlanCut, first: UInt64, count: Int, isTwice: Bool, threads: Int?) {
    self.scenario = scenario
    self.cut = cut
    self.first = first
    self.count = count
    self.isTwice = isTwice
    self.threads = threads
  }

  /// Runs them all; calls `report` for each failure when all are done.
  mutating func run(report: (RunResult) -> Void) {
    let results = Mutex<[RunResult?]>(Array(repeating: nil, count: count))
    let next = Atomic<Int>(0)
    let (scenario, cut, first, count, isTwice) = (scenario, cut, first, count, isTwice)
    DispatchQueue.concurrentPerform(iterations: threads ?? Self.cores) { _ in
      while true {
        let place = next.add(1, ordering: .relaxed).oldValue
        guard place < count else { return }
        let result = Self.result(scenario, cut, seed: first &+ UInt64(place), isTwice: isTwice)
        results.withLock { $0[place] = result }
      }
    }
    for result in results.withLock({ $0 }).compactMap({ $0 }) {
      traces.append(result.trace)
      milliseconds += result.milliseconds
      events += result.events
      settled += result.settled
      slowestHealing = max(slowestHealing, result.healingMilliseconds)
      if !result.violations.isEmpty {
        failures.append(result)
        report(result)
      }
    }
  }

  private static var cores: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

  private static func result(_ scenario: Scenario, _ cut: PlanCut, seed: UInt64, isTwice: Bool) -> RunResult {
    let plan = cut.applied(to: Plan(scenario, seed: seed))
    let result = SimulationRun(plan).run()
    guard isTwice else { return result }
    let again = SimulationRun(plan).run()
    guard again.trace != result.trace else { return result }
    return result.notReproduced(by: again)
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
      \(count) seeds\(isTwice ? ", each twice" : ""), \(failures.count) with violations, trace \(hex(trace))
      \(Int(virtual)) s of virtual time in \((seconds * 10).rounded() / 10) s, \(events) events, \(settled) trades, \
      quiet at the latest \(slowestHealing) ms after the faults
      """
  }
}
