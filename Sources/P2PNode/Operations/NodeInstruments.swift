import Gossip
import Metrics
import NodeCore
import NodeMetrics
import Settlement
import Transport

/// Everything that the running node counts and times. The core has no metrics: what is counted is what goes in and out
/// of it.
///
/// Counting costs an addition without a lock, so all of this may be used on the hot paths.
final class NodeInstruments: Sendable {
  /// Where it is rendered.
  let registry = MetricsRegistry(NodeMetricsCatalog.all)

  let entriesVerified: CounterFamily
  let signaturesVerified: CounterFamily
  /// Those of ``entriesVerified`` and ``signaturesVerified`` that nearly all are: found once, not for each entry.
  let validEntries: Counter
  let validSignatures: Counter
  let verification: Timer
  let proofsVerified: CounterFamily
  let frauds: CounterFamily
  let rebuilds: Counter
  let rebuild: Timer

  let settlementSteps: [String: Timer]
  let ownEntry: Timer
  let ownEntryOperations: Recorder
  let reloads: CounterFamily

  let dials: CounterFamily
  let handshakeFailures: CounterFamily
  let connectionsOpened: CounterFamily
  let connectionsClosed: CounterFamily
  let disconnects: CounterFamily
  let shed: CounterFamily
  let historyRefusals: Counter

  let commit: Timer
  let commitEntries: Recorder
  let storeFailures: Counter
  let writerTurn: Timer
  let logLinesDropped: Counter
  let eventResets: Counter

  private let commands: [String: CounterFamily]
  private let commandSeconds: [String: Timer]
  private let refusals: CounterFamily
  private let rejects: [String: CounterFamily]
  /// By whether the entry is an own one.
  private let operations: (own: [Counter], other: [Counter])
  private let persisted: (own: Counter, other: Counter)
  private let persistedBytes: (own: Counter, other: Counter)
  private let requests: [String: CounterFamily]
  private let requestSeconds: [String: Timer]

  init() {
    let registry = registry
    func counter(_ name: String) -> Counter { Counter(label: name, factory: registry) }
    func timer(_ name: String) -> Timer { Timer(label: name, factory: registry) }
    func family(_ name: String, _ label: String, _ fixed: [(String, String)] = []) -> CounterFamily {
      CounterFamily(name, label: label, fixed: fixed, in: registry)
    }
    func timers(_ name: String, _ label: String, _ values: [String]) -> [String: Timer] {
      Dictionary(
        uniqueKeysWithValues: values.map {
          ($0, Timer(label: name, dimensions: [(label, $0)], factory: registry))
        })
    }
    func families(_ name: String, _ first: String, _ values: [String], by label: String) -> [String: CounterFamily] {
      Dictionary(uniqueKeysWithValues: values.map { ($0, family(name, label, [(first, $0)])) })
    }
    entriesVerified = family("p2pnode_entries_verified_total", "result")
    signaturesVerified = family("p2pnode_signatures_verified_total", "result")
    validEntries = entriesVerified["valid"]
    validSignatures = signaturesVerified["valid"]
    verification = timer("p2pnode_verification_seconds")
    proofsVerified = family("p2pnode_fraud_proofs_verified_total", "result")
    frauds = family("p2pnode_frauds_total", "kind")
    rebuilds = counter("p2pnode_rebuilds_total")
    rebuild = timer("p2pnode_rebuild_seconds")
    settlementSteps = timers("p2pnode_settlement_seconds", "step", NodeMetricsCatalog.steps)
    ownEntry = timer("p2pnode_own_entry_seconds")
    ownEntryOperations = Recorder(
      label: "p2pnode_own_entry_operations", dimensions: [], aggregate: true, factory: registry)
    reloads = family("p2pnode_configuration_reloads_total", "result")
    dials = family("p2pnode_dials_total", "result")
    handshakeFailures = family("p2pnode_handshake_failures_total", "reason")
    connectionsOpened = family("p2pnode_connections_opened_total", "direction")
    connectionsClosed = family("p2pnode_connections_closed_total", "reason")
    disconnects = family("p2pnode_disconnects_total", "cause")
    shed = family("p2pnode_messages_shed_total", "priority")
    historyRefusals = counter("p2pnode_history_requests_refused_total")
    commit = timer("p2pnode_store_commit_seconds")
    commitEntries = Recorder(
      label: "p2pnode_store_commit_entries", dimensions: [], aggregate: true, factory: registry)
    storeFailures = counter("p2pnode_store_failures_total")
    writerTurn = timer("p2pnode_writer_turn_seconds")
    logLinesDropped = counter("p2pnode_log_lines_dropped_total")
    eventResets = counter("p2pnode_event_resets_total")
    commands = families("p2pnode_commands_total", "command", NodeMetricsCatalog.commands, by: "result")
    commandSeconds = timers("p2pnode_command_seconds", "command", NodeMetricsCatalog.commands)
    refusals = family("p2pnode_commands_refused_total", "reason")
    rejects = families("p2pnode_trade_rejects_total", "origin", NodeMetricsCatalog.origins, by: "reason")
    func operations(of origin: String) -> [Counter] {
      NodeMetricsCatalog.operations.map {
        Counter(
          label: "p2pnode_operations_total", dimensions: [("origin", origin), ("operation", $0)], factory: registry)
      }
    }
    self.operations = (operations(of: "own"), operations(of: "other"))
    let (entries, bytes) = (
      family("p2pnode_entries_persisted_total", "origin"), family("p2pnode_entry_bytes_persisted_total", "origin")
    )
    persisted = (entries["own"], entries["other"])
    persistedBytes = (bytes["own"], bytes["other"])
    let methods = ["GET", "HEAD", "POST", "PATCH", "DELETE", MetricDefinition.other]
    requests = families("p2pnode_http_requests_total", "method", methods, by: "status")
    requestSeconds = timers("p2pnode_http_request_seconds", "method", methods)
  }

  /// Counts an entry that is handed to the disk.
  func persists(_ entry: SignedEntry, isOwn: Bool) {
    (isOwn ? persisted.own : persisted.other).increment()
    (isOwn ? persistedBytes.own : persistedBytes.other).increment(by: entry.bytes.count)
  }

  /// Counts an entry's operations by kind, and the reasons of those that decline a proposal.
  func count(_ entry: [Operation], isOwn: Bool) {
    var counts = InlineArray<16, Int>(repeating: 0)
    for operation in entry {
      counts[operation.metricIndex] += 1
      if case .reject(_, let reason, _) = operation {
        rejects[isOwn ? "own" : "other"]?[reason.metricLabel].increment()
      }
    }
    for (index, counter) in (isOwn ? operations.own : operations.other).enumerated() where counts[index] > 0 {
      counter.increment(by: counts[index])
    }
  }

  /// Counts a command and its answer.
  func answered<Value>(_ command: String, _ result: Result<Value, CommandRefusal>, after nanoseconds: Int64) {
    commandSeconds[command]?.recordNanoseconds(nanoseconds)
    switch result {
    case .success: commands[command]?["done"].increment()
    case .failure(let refusal):
      commands[command]?["refused"].increment()
      refusals[refusal.metricLabel].increment()
    }
  }

  /// Counts a request to the API.
  func answered(method: String, status: Int, after nanoseconds: Int64) {
    let method = requestSeconds[method] == nil ? MetricDefinition.other : method
    requestSeconds[method]?.recordNanoseconds(nanoseconds)
    requests[method]?["\(status / 100)xx"].increment()
  }
}

/// The counters of one metric, by what its one varying label says.
struct CounterFamily: Sendable {
  private let counters: [String: Counter]
  private let fallback: Counter

  init(_ name: String, label: String, fixed: [(String, String)], in registry: MetricsRegistry) {
    let definition = registry.definitions.first { $0.name == name }
    let values = definition?.labels.first { $0.name == label }?.values ?? []
    func counter(_ value: String) -> Counter {
      Counter(label: name, dimensions: fixed + [(label, value)], factory: registry)
    }
    counters = Dictionary(uniqueKeysWithValues: values.map { ($0, counter($0)) })
    fallback = counter(MetricDefinition.other)
  }

  /// The counter of a value; that of all others for one which the metric does not list.
  subscript(value: String) -> Counter { counters[value] ?? fallback }
}
