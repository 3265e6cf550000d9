import Dispatch
import Foundation
import NodeAPI
import NodeCore
import NodeMetrics
import ServiceLifecycle
import Synchronization

/// How the node is: what status, the metrics, `/health` and `/ready` say beside the core.
final class NodeOperations: Service {
  let instruments: NodeInstruments
  let configurationTrouble = TroubleNote()
  let probe: WriterProbe
  private let runtime: NodeRuntime
  private let log: NodeLog
  private let machine: MachineFigures
  private let isBootstrap: Bool
  private let hub = Mutex<EventHub?>(nil)
  private let sampler: RateSampler

  /// - Parameters:
  ///   - directory: the data directory.
  ///   - isBootstrap: whether the node listens where the network's nodes begin to look for others.
  init(runtime: NodeRuntime, instruments: NodeInstruments, log: NodeLog, directory: String, isBootstrap: Bool) {
    self.runtime = runtime
    self.instruments = instruments
    self.log = log
    self.isBootstrap = isBootstrap
    machine = MachineFigures(directory: directory)
    probe = WriterProbe(ask: runtime.afterWaiting)
    sampler = RateSampler(registry: instruments.registry)
  }

  /// Tells from here on of what the clients of events cost.
  func observe(_ events: EventHub) { hub.withLock { $0 = events } }

  private var events: (listeners: Int, events: Int, byteCount: Int) { hub.withLock { $0 }?.figures ?? (0, 0, 0) }

  /// Samples the rates until the node stops.
  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        self.sampler.sample()
        try? await Task.sleep(for: RateSampler.pause)
      }
    }
  }

  // MARK: Status

  /// What status says beside the core.
  func statusFigures() async -> (queues: [QueueDocument], disk: DiskDocument, residentBytes: Int64) {
    let figures = await runtime.figures()
    let registry = instruments.registry
    func dropped(_ metric: String) -> Int64 { registry.total(of: metric) }
    var queues = waiting(figures).map { queue in
      QueueDocument(name: queue.name, length: Int64(queue.count))
    }
    func amend(_ name: String, _ change: (inout QueueDocument) -> Void) {
      for index in queues.indices where queues[index].name == name { change(&queues[index]) }
    }
    amend("verification") { $0.dropped = registry.value(of: "p2pnode_entries_verified_total", ["unchecked"]) }
    amend("history") { $0.dropped = dropped("p2pnode_history_requests_refused_total") }
    queues += bytes(figures).map {
      QueueDocument(name: "\($0.name)_bytes", length: Int64($0.count), bound: $0.limit.map(Int64.init))
    }
    amend("sending_bytes") { $0.dropped = dropped("p2pnode_messages_shed_total") }
    amend("events_bytes") { $0.dropped = dropped("p2pnode_event_resets_total") }
    amend("log_bytes") { $0.dropped = dropped("p2pnode_log_lines_dropped_total") }
    queues += figures.gauges.filter { $0.name.hasPrefix("entries_waiting") }.map {
      QueueDocument(name: $0.name, length: Int64($0.value), bound: Int64($0.limit))
    }
    return (queues, machine.disk, machine.residentBytes)
  }

  /// What happens in a second.
  var rates: RatesDocument { sampler.rates }

  // MARK: Health

  /// Why the node is not ready to trade; empty when it is.
  func obstacles() async -> [String] {
    guard await probe.responds() else { return [probe.complaint] }
    return obstacles(await runtime.figures().core)
  }

  private func obstacles(_ core: CoreFigures) -> [String] {
    var obstacles: [String] = []
    if core.state != .running { obstacles.append("the node is \(core.state.rawValue); needed: running") }
    if let trouble = core.storeTrouble { obstacles.append("the store cannot write: \(trouble)") }
    if core.peerCount == 0, !core.hasNobodyToAsk, !isBootstrap {
      obstacles.append("0 peers are connected; needed: 1, or a node that others find first")
    }
    return obstacles
  }

  // MARK: Metrics

  /// The metrics in Prometheus' text format. When the writer does not respond, without what only it can tell.
  func metricsText() async -> String {
    var samples = machine.samples
    samples.append(MetricSample("p2pnode_build_info", [Version.current], isTrue: true))
    samples.append(MetricSample("p2pnode_queue_bytes", ["log"], log.output.waitingBytes))
    samples.append(MetricSample("p2pnode_queue_limit_bytes", ["log"], LogOutput.maximumBytes))
    guard await probe.responds() else {
      samples.append(MetricSample("p2pnode_ready", isTrue: false))
      return instruments.registry.text(adding: samples)
    }
    let figures = await runtime.figures()
    samples.append(MetricSample("p2pnode_event_listeners", events.listeners))
    samples += queueSamples(figures) + MetricSample.core(figures.core) + MetricSample.runtime(figures)
    samples.append(MetricSample("p2pnode_ready", isTrue: obstacles(figures.core).isEmpty))
    samples += [
      ("store", figures.core.storeTrouble), ("clock", NodeClock.trouble), ("configuration", configurationTrouble.text),
    ].map { MetricSample("p2pnode_trouble", [$0.0], isTrue: $0.1 != nil) }
    return instruments.registry.text(adding: samples)
  }

  private func queueSamples(_ figures: RuntimeFigures) -> [MetricSample] {
    waiting(figures).map { MetricSample("p2pnode_queue_length", [$0.name], $0.count) }
      + bytes(figures).filter { $0.name != "log" }.flatMap { queue in
        [MetricSample("p2pnode_queue_bytes", [queue.name], queue.count)]
          + (queue.limit.map { [MetricSample("p2pnode_queue_limit_bytes", [queue.name], $0)] } ?? [])
      }
  }

  /// How many wait in each queue.
  private func waiting(_ figures: RuntimeFigures) -> [(name: String, count: Int)] {
    [
      ("writer_events", figures.inbox.events), ("writer_entries", figures.inbox.entries),
      ("writer_messages", figures.inbox.messages), ("verification", figures.verificationCount),
      ("store", figures.store.entries), ("parked_messages", figures.parkedCount), ("history", figures.historyCount),
      ("commands", figures.commandCount), ("events", events.events),
    ]
  }

  /// The bytes that wait where they are bounded or told.
  private func bytes(_ figures: RuntimeFigures) -> [(name: String, count: Int, limit: Int?)] {
    [
      ("store", figures.store.byteCount, StoreWriter.maximumBytes), ("sending", figures.sendingBytes, nil),
      ("log", log.output.waitingBytes, LogOutput.maximumBytes),
      ("events", events.byteCount, EventLog.maximumBytes),
    ]
  }
}

/// What is wrong, for whoever asks; nil when nothing is.
final class TroubleNote: Sendable {
  private let state = Mutex<String?>(nil)

  var text: String? { state.withLock { $0 } }

  func set(_ text: String?) { state.withLock { $0 = text } }
}
